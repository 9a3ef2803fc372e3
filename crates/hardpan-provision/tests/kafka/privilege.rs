//! An account that lacks privileges is told which, one after the other, until it has what it needs and no more.

use hardpan_provision::step::Verdict;

use crate::bench::Bench;
use crate::brokers::shared;
use crate::support::fresh_password;

#[tokio::test]
async fn every_missing_privilege_is_named_and_those_named_are_enough() {
    let Some(cluster) = shared() else { return };
    let admin = Bench::new(&cluster);
    let (password, app) = (fresh_password(), fresh_password());
    admin.secret("least", &password);
    admin.secret("least-app", &app);
    let give = async |acl: &str| {
        let keys = match acl {
            "" => "users: {least: {password_file: least}}".to_owned(),
            acl => format!("acls: [{{principal: 'User:least', {acl}}}]"),
        };
        let run = admin.run(&keys).await;
        assert_eq!(run.exit(), 0, "{:#?}", run.report);
    };
    give("").await;

    let least = Bench::at(&cluster.bootstrap(), 3, Some("least"));
    least.secret("least", &password);
    least.secret("least-app", &app);
    let first = "users: {least-app: {password_file: least-app}}
topics: {least.topic: {config: {retention.ms: 1000}}}
acls: [{principal: 'User:least-app', resource: topic, name: least.topic, operations: [READ]}]";
    let second =
        first.replace("{config: {retention.ms: 1000}}", "{partitions: 2, config: {retention.ms: 2000}}");

    let cluster_wide = |operation: &str| format!("resource: cluster, operations: [{operation}]");
    let on_topic = |operation: &str| format!("resource: topic, name: least.topic, operations: [{operation}]");
    // What is asked for, which object fails, what is missing, and what is given then.
    let ladder = [
        (first, "kafka", "DESCRIBE on the cluster to look at SCRAM users", cluster_wide("DESCRIBE")),
        (first, "kafka", "DESCRIBE on the topic least.topic to look at", on_topic("DESCRIBE")),
        (first, "kafka/user/least-app", "ALTER on the cluster to set the password", cluster_wide("ALTER")),
        (first, "kafka/topic/least.topic", "CREATE on the topic least.topic or on", on_topic("CREATE")),
        (first, "kafka", "DESCRIBE_CONFIGS on the topic least.topic", on_topic("DESCRIBE_CONFIGS")),
        (&second, "kafka/topic/least.topic", "ALTER_CONFIGS on the topic", on_topic("ALTER_CONFIGS")),
        (&second, "kafka/topic/least.topic", "ALTER on the topic least.topic to add", on_topic("ALTER")),
    ];
    for (keys, id, missing, given) in ladder {
        let run = least.run(keys).await;
        assert_eq!(run.exit(), 1, "{missing}: {:#?}", run.report);
        let reason = run.reason(id);
        let expected = format!("`User:least` lacks the privilege {missing}");
        assert!(reason.starts_with(&expected), "{expected}: {:#?}", run.report);
        assert!(reason.contains("AUTHORIZATION_FAILED"), "{reason}");
        give(&given).await;
    }
    assert_eq!(least.run(&second).await.exit(), 0);
    assert!(least.run(&second).await.all_are(Verdict::Unchanged));
    least.assert_secret(&cluster.logs());
}
