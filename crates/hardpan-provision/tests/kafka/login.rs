//! Passwords: wrong ones, new ones, and doors without any.

use std::time::{Duration, Instant};

use hardpan_provision::step::Verdict;

use crate::bench::Bench;
use crate::brokers::shared;
use crate::observer;
use crate::support::fresh_password;
use crate::support::kafka::ADMIN;

#[tokio::test]
async fn a_wrong_password_is_refused_until_the_deadline_and_named() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster).impatient();
    bench.fresh("admin");
    let start = Instant::now();
    let run = bench.run("topics: {wrong.topic: {}}").await;
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    assert_eq!(run.exit(), 3);
    assert_eq!(run.lines(), ["not ready kafka", "skipped kafka/topic/wrong.topic"]);
    let reason = run.reason("kafka");
    assert!(reason.starts_with("the credentials of `admin` were refused until the deadline"), "{reason}");
    assert!(reason.contains("SASL_AUTHENTICATION_FAILED"), "{reason}");
    bench.assert_secret(&cluster.logs());
}

#[tokio::test]
async fn a_password_follows_its_file_and_the_old_one_is_worth_nothing() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster);
    let keys = "users: {turn-app: {password_file: turn-app, mechanisms: [SCRAM-SHA-256, SCRAM-SHA-512]}}
acls: [{principal: 'User:turn-app', resource: topic, name: turn, operations: [CREATE, DESCRIBE]}]";
    let old = bench.fresh("turn-app");
    assert_eq!(bench.run(keys).await.exit(), 0);
    let as_app = |password: &str, mechanism: &str| {
        let app = Bench::at(&cluster.bootstrap(), 3, Some("turn-app")).impatient();
        app.secret("turn-app", password);
        app.with_mechanism(mechanism)
    };
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let run = as_app(&old, mechanism).run("topics: {turn: {}}").await;
        assert_eq!(run.exit(), 0, "{:#?}", run.report);
    }

    let new = bench.fresh("turn-app");
    let run = bench.run(keys).await;
    assert_eq!(
        run.lines(),
        [
            "changed kafka/user/turn-app password for SCRAM-SHA-256, password for SCRAM-SHA-512",
            "unchanged kafka/acl/User:turn-app/topic/turn"
        ]
    );
    assert!(bench.run(keys).await.all_are(Verdict::Unchanged));
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        assert_eq!(as_app(&new, mechanism).run("topics: {turn: {}}").await.exit(), 0);
        assert_eq!(as_app(&old, mechanism).run("topics: {turn: {}}").await.exit(), 3);
    }
    bench.secret("turn-old", &old);
    bench.assert_secret(&cluster.logs());
}

#[tokio::test]
async fn rounds_follow_the_plan_and_a_mechanism_of_somebody_else_is_refused() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster);
    bench.fresh("round-app");
    let user = |keys: &str| format!("users: {{round-app: {{password_file: round-app, {keys}}}}}");
    assert_eq!(bench.run(&user("iterations: 4096, mechanisms: [SCRAM-SHA-256]")).await.exit(), 0);
    let run = bench.run(&user("iterations: 10000, mechanisms: [SCRAM-SHA-256]")).await;
    assert_eq!(run.lines(), ["changed kafka/user/round-app iterations of SCRAM-SHA-256 4096 -> 10000"]);
    assert_eq!(observer::credentials(&cluster, "round-app"), [(1, 10000)]);
    let run = bench.run(&user("")).await;
    assert_eq!(run.lines(), ["refused kafka/user/round-app mechanisms SCRAM-SHA-256 -> SCRAM-SHA-512"]);
    assert_eq!(run.exit(), 1);
}

#[tokio::test]
async fn where_no_login_shows_a_password_it_is_set_anew_and_said() {
    let Some(cluster) = shared() else { return };
    // The door for brokers wants no login, so none can be tried there.
    let bench = Bench::at(&cluster.internal_bootstrap(), 3, None);
    bench.fresh("blind-app");
    let keys = "users: {blind-app: {password_file: blind-app}}";
    assert_eq!(bench.run(keys).await.lines(), ["created kafka/user/blind-app"]);
    let changed =
        "changed kafka/user/blind-app password for SCRAM-SHA-512 (no login on this listener shows it)";
    assert_eq!(bench.run(keys).await.lines(), [changed]);
}

#[tokio::test]
async fn a_door_that_wants_another_login_is_described() {
    let Some(cluster) = shared() else { return };
    let keys = "topics: {door.topic: {}}";
    let run = Bench::at(&cluster.bootstrap(), 3, None).impatient().run(keys).await;
    assert_eq!(run.exit(), 3);
    assert!(run.reason("kafka").contains("a listener does that wants a login"), "{run:?}");

    let bench = Bench::at(&cluster.internal_bootstrap(), 3, Some(ADMIN)).impatient();
    bench.secret(ADMIN, &cluster.password);
    let run = bench.run(keys).await;
    assert_eq!(run.exit(), 1);
    assert!(run.reason("kafka").contains("has no login"), "{run:?}");

    bench.assert_secret(&cluster.logs());
}

#[tokio::test]
async fn a_password_that_goes_over_the_wire_as_it_is_is_accepted_or_refused() {
    let Some(cluster) = shared() else { return };
    let keys = "topics: {plain.topic: {}}";
    let bench = Bench::new(&cluster).with_mechanism("PLAIN").impatient();
    let run = bench.run(keys).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report);
    bench.secret("admin", &fresh_password());
    let run = bench.run(keys).await;
    assert_eq!(run.exit(), 3);
    assert!(run.reason("kafka").starts_with("the credentials of `admin` were refused"), "{run:?}");
    bench.assert_secret(&cluster.logs());
}
