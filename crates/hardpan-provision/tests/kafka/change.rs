//! What is made, what stays, and what becomes of what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hardpan_provision::step::Verdict;

use crate::bench::Bench;
use crate::brokers::shared;
use crate::observer;

const EVERYTHING: &str = "users:
  first-app: {password_file: first-app, mechanisms: [SCRAM-SHA-256, SCRAM-SHA-512]}
  first-other: {password_file: first-other, iterations: 16384}
topics:
  first.orders: {partitions: 6, replication: 3, config: {min.insync.replicas: 2, retention.ms: 604800000}}
  first.trades: {partitions: 1, replication: 3, config: {cleanup.policy: 'compact, delete'}}
  first.default: {}
acls:
  - {principal: 'User:first-app', resource: topic, name: first., pattern: prefixed, operations: [WRITE, DESCRIBE]}
  - {principal: 'User:first-app', resource: cluster, operations: [IDEMPOTENT_WRITE]}
  - {principal: 'User:first-app', resource: group, name: '*', operations: [READ], permission: deny, host: 10.0.0.1}";

#[tokio::test]
async fn a_first_run_makes_everything_and_a_second_one_changes_nothing() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster);
    bench.fresh("first-app");
    bench.fresh("first-other");

    let look = bench.run_as(EVERYTHING, &[], true).await;
    assert!(look.all_are(Verdict::WouldCreate), "{:#?}", look.lines());
    assert_eq!(look.exit(), 0);
    assert_eq!(observer::replicas(&cluster, "first.orders"), [0; 0], "a look makes nothing");

    let first = bench.run(EVERYTHING).await;
    assert!(first.all_are(Verdict::Created), "{:#?}", first.report);
    assert_eq!((first.exit(), first.report.outcomes.len()), (0, 8));
    assert_eq!(observer::replicas(&cluster, "first.orders"), [3; 6]);
    assert_eq!(observer::replicas(&cluster, "first.default"), [3], "the brokers' defaults");
    let set = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let orders = observer::config(&cluster, "first.orders");
    assert_eq!(orders, set(&[("min.insync.replicas", "2"), ("retention.ms", "604800000")]));
    assert_eq!(observer::credentials(&cluster, "first-app"), [(1, 8192), (2, 8192)]);
    assert_eq!(observer::credentials(&cluster, "first-other"), [(2, 16384)]);
    let expected = [
        (2, "first.".to_owned(), 4, 4, 3),
        (2, "first.".to_owned(), 4, 8, 3),
        (3, "*".to_owned(), 3, 3, 2),
        (4, "kafka-cluster".to_owned(), 3, 12, 3),
    ];
    assert_eq!(observer::acls(&cluster, "User:first-app"), BTreeSet::from(expected));

    // The best of some, because other tests keep the machine busy meanwhile.
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let second = bench.run(EVERYTHING).await;
        assert!(second.all_are(Verdict::Unchanged), "{:#?}", second.report);
        assert_eq!(second.exit(), 0);
        best = best.min(second.report.elapsed);
    }
    assert!(best < Duration::from_secs(1), "an unchanged rerun took {best:?}");
    eprintln!("first run {:?}, unchanged rerun {best:?}", first.report.elapsed);
    bench.assert_secret(&cluster.logs());
}

#[tokio::test]
async fn only_what_was_asked_for_is_made() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster);
    let keys = "topics: {only.wanted: {}, only.other: {}}";
    let run = bench.run_as(keys, &["kafka/topic/only.wanted"], false).await;
    assert_eq!(run.lines(), ["created kafka/topic/only.wanted"]);
    assert_eq!(observer::replicas(&cluster, "only.other"), [0; 0]);
}

#[tokio::test]
async fn settings_are_brought_in_line_partitions_are_added_and_others_stay() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster);
    let topic = |keys: &str| format!("topics: {{drift.topic: {{{keys}}}}}");
    let before = "partitions: 2, replication: 2, config: {retention.ms: 1000, max.message.bytes: 2000}";
    assert_eq!(bench.run(&topic(before)).await.exit(), 0);
    let run = bench.run(&topic("partitions: 5, config: {retention.ms: 2000}")).await;
    assert_eq!(run.lines(), ["changed kafka/topic/drift.topic partitions 2 -> 5, retention.ms 1000 -> 2000"]);
    assert_eq!(observer::replicas(&cluster, "drift.topic"), [2; 5]);
    let config = observer::config(&cluster, "drift.topic");
    assert_eq!(config["retention.ms"], "2000");
    assert_eq!(config["max.message.bytes"], "2000", "the plan no longer says it");

    let run = bench.run(&topic("partitions: 3, replication: 3, config: {retention.ms: 3000}")).await;
    assert_eq!(
        run.lines(),
        ["refused kafka/topic/drift.topic partitions 5 -> 3, replication 2 -> 3, retention.ms 2000 -> 3000"]
    );
    assert_eq!(run.exit(), 1);
    let help = run.report.outcomes[0].help.clone().unwrap_or_default();
    assert!(help.contains("`partitions: 5`") && help.contains("kafka-reassign-partitions"), "{help}");
    assert_eq!(observer::replicas(&cluster, "drift.topic"), [2; 5]);
    assert_eq!(observer::config(&cluster, "drift.topic")["retention.ms"], "2000");
}

#[tokio::test]
async fn what_the_brokers_do_not_take_fails_with_their_words_and_the_rest_is_done() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster);
    let keys = "topics: {odd.bad: {config: {retention.ms: soon}}, odd.good: {}, odd.unknown: {config: {colour: red}}}";
    let run = bench.run(keys).await;
    assert_eq!(
        run.lines(),
        ["failed kafka/topic/odd.bad", "created kafka/topic/odd.good", "failed kafka/topic/odd.unknown"]
    );
    assert!(run.reason("kafka/topic/odd.bad").contains("INVALID_CONFIG"), "{run:?}");
    assert!(run.reason("kafka/topic/odd.unknown").contains("colour"), "{run:?}");
    assert_eq!(run.exit(), 1);
}

#[tokio::test]
async fn a_missing_operation_is_added_to_an_entry() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::new(&cluster);
    let acl = |operations: &str| {
        format!(
            "acls: [{{principal: 'User:entry', resource: topic, name: entry, operations: [{operations}]}}]"
        )
    };
    assert_eq!(bench.run(&acl("READ")).await.exit(), 0);
    let run = bench.run(&acl("READ, WRITE")).await;
    assert_eq!(run.lines(), ["changed kafka/acl/User:entry/topic/entry operations READ -> READ, WRITE"]);
    let run = bench.run(&acl("WRITE")).await;
    assert_eq!(run.lines(), ["unchanged kafka/acl/User:entry/topic/entry"]);
    assert_eq!(observer::acls(&cluster, "User:entry").len(), 2, "others stay");
}

#[tokio::test]
async fn two_runs_at_once_do_not_collide() {
    let Some(cluster) = shared() else { return };
    let (one, other) = (Bench::new(&cluster), Bench::new(&cluster));
    let password = one.fresh("twice-app");
    other.secret("twice-app", &password);
    let keys = |partitions: u8| {
        format!(
            "users: {{twice-app: {{password_file: twice-app}}}}
topics: {{twice.a: {{partitions: {partitions}}}, twice.b: {{partitions: {partitions}, config: {{retention.ms: {partitions}000}}}}}}
acls: [{{principal: 'User:twice-app', resource: topic, name: twice., pattern: prefixed, operations: [ALL]}}]"
        )
    };
    for partitions in [1, 3, 6] {
        let keys = keys(partitions);
        let (first, second) = tokio::join!(one.run(&keys), other.run(&keys));
        assert_eq!((first.exit(), second.exit()), (0, 0), "{:#?} {:#?}", first.report, second.report);
        assert_eq!(observer::replicas(&cluster, "twice.a").len(), usize::from(partitions));
        let third = one.run(&keys).await;
        assert!(third.all_are(Verdict::Unchanged), "{:#?}", third.report);
    }
}
