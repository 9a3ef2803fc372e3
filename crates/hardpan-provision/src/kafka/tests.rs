//! What is planned for what was found, without a server.

use std::collections::HashMap;

use hardpan_source::FileTable;

use super::message::{AclEntry, Setting, acl_code};
use super::user::{Credential, Password};
use super::{Change, Kafka, State, topic, user};
use crate::backend::Backend as _;
use crate::plan::kafka::{Mechanism, Target};
use crate::plan::{self, Target as Any};
use crate::step::{Action, Step};

/// A target with these keys, in flow style or one a line.
pub(super) fn target(keys: &str) -> Target {
    let lines: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("kafka:\n  kafka:\n    bootstrap: [kafka-1:19092]\n{lines}");
    let file = FileTable::new().add("provision.yml", text.as_str());
    let (plan, problems) = plan::read(&text, file, &HashMap::new());
    assert!(problems.is_empty(), "{problems:?}");
    match plan.targets.into_iter().next() {
        Some(Any::Kafka(target)) => target,
        other => panic!("{other:?}"),
    }
}

/// Every step in a line: what is done, to what, and why.
fn lines(target: &Target, state: &State) -> Vec<String> {
    let steps = Kafka::plan(target, state);
    let ids: Vec<_> = steps.iter().map(|step| step.id.clone()).collect();
    assert_eq!(ids, target.objects(), "a step for every object, in order");
    steps.iter().map(line).collect()
}

fn line(step: &Step<Change>) -> String {
    let differences: Vec<String> = step.differences.iter().map(ToString::to_string).collect();
    let action = match &step.action {
        Action::Nothing => "nothing".to_owned(),
        Action::Create(_) => "create".to_owned(),
        Action::Change(_) => "change".to_owned(),
        Action::Refuse(help) => format!("refuse ({help})"),
        Action::Fail(failure) => format!("fail ({failure})"),
    };
    format!("{} {action} {}", step.id, differences.join(", ")).trim_end().to_owned()
}

fn change(target: &Target, state: &State) -> Change {
    match Kafka::plan(target, state).remove(0).action {
        Action::Create(change) | Action::Change(change) => change,
        other => panic!("{other:?}"),
    }
}

fn orders(replicas: &[usize], config: &[(&str, &str, i8)]) -> State {
    let setting = |(name, value, kind): &(&str, &str, i8)| {
        ((*name).to_owned(), Setting { value: Some((*value).to_owned()), kind: *kind })
    };
    let found = topic::Found { replicas: replicas.to_vec(), config: config.iter().map(setting).collect() };
    State { topics: [("orders".to_owned(), found)].into(), ..State::default() }
}

fn app(credentials: &[(Mechanism, i32, Password)]) -> State {
    let credentials = credentials
        .iter()
        .map(|&(mechanism, iterations, password)| (mechanism, Credential { iterations, password }))
        .collect();
    State { users: [("app".to_owned(), user::Found { credentials })].into(), ..State::default() }
}

#[test]
fn what_is_not_there_is_made_in_the_order_of_the_plan() {
    let target = target(
        "topics: {orders: {partitions: 3}}
users: {app: {password_file: app}}
acls: [{principal: 'User:app', resource: topic, name: orders, operations: [READ, DESCRIBE]}]",
    );
    assert_eq!(
        lines(&target, &State::default()),
        ["kafka/user/app create", "kafka/topic/orders create", "kafka/acl/User:app/topic/orders create"]
    );
}

#[test]
fn partitions_are_added_and_never_taken_away() {
    let target = target("topics: {orders: {partitions: 3}}");
    assert_eq!(lines(&target, &orders(&[1; 3], &[])), ["kafka/topic/orders nothing"]);
    assert_eq!(lines(&target, &orders(&[1; 2], &[])), ["kafka/topic/orders change partitions 2 -> 3"]);
    assert_eq!(
        lines(&target, &orders(&[1; 6], &[])),
        [
            "kafka/topic/orders refuse (Kafka never takes partitions away: say `partitions: 6`, or make another topic) partitions 6 -> 3"
        ]
    );
}

#[test]
fn replicas_are_not_moved_and_it_is_said_how_they_are() {
    let target = target("brokers: 3\ntopics: {orders: {replication: 3}}");
    assert_eq!(lines(&target, &orders(&[3, 3], &[])), ["kafka/topic/orders nothing"]);
    assert_eq!(
        lines(&target, &orders(&[1, 3], &[])),
        [
            "kafka/topic/orders refuse (move the replicas with kafka-reassign-partitions, or say `replication: 3`) replication 1 to 3 -> 3"
        ]
    );
}

#[test]
fn only_settings_that_differ_are_changed_and_spelling_is_no_difference() {
    let target = target(
        "topics:
  orders:
    config:
      retention.ms: 0086400000
      cleanup.policy: 'compact, delete'
      preallocate: 'TRUE'
      min.cleanable.dirty.ratio: 0.50
      compression.type: zstd",
    );
    let same = [
        ("retention.ms", "86400000", 5),
        ("cleanup.policy", "compact,delete", 7),
        ("preallocate", "true", 1),
        ("min.cleanable.dirty.ratio", "0.5", 6),
        ("compression.type", "zstd", 2),
    ];
    assert_eq!(lines(&target, &orders(&[1], &same)), ["kafka/topic/orders nothing"]);
    let mut other = same;
    other[4].1 = "producer";
    let state = orders(&[1], &other);
    assert_eq!(lines(&target, &state), ["kafka/topic/orders change compression.type producer -> zstd"]);
    let config = [("compression.type".to_owned(), "zstd".to_owned())].into();
    let topic = "orders".to_owned();
    assert_eq!(change(&target, &state), Change::AlterTopic { topic, partitions: None, config });
    let state = orders(&[1], &same[..4]);
    assert_eq!(lines(&target, &state), ["kafka/topic/orders change compression.type unset -> zstd"]);
}

#[test]
fn a_refused_topic_is_not_changed_in_part_and_every_difference_is_said() {
    let target = target("topics: {orders: {partitions: 1, config: {retention.ms: 1}}}");
    assert_eq!(
        lines(&target, &orders(&[1; 2], &[("retention.ms", "2", 5)])),
        [
            "kafka/topic/orders refuse (Kafka never takes partitions away: say `partitions: 2`, or make another topic) partitions 2 -> 1, retention.ms 2 -> 1"
        ]
    );
}

#[test]
fn a_password_is_set_when_the_login_with_it_fails_and_keeps_its_rounds() {
    use Mechanism::{ScramSha256, ScramSha512};
    let target = target("users: {app: {password_file: app, mechanisms: [SCRAM-SHA-512, SCRAM-SHA-256]}}");
    let state = app(&[(ScramSha256, 4096, Password::Same), (ScramSha512, 4096, Password::Same)]);
    assert_eq!(lines(&target, &state), ["kafka/user/app nothing"]);
    let state = app(&[(ScramSha256, 4096, Password::Differs), (ScramSha512, 4096, Password::Same)]);
    assert_eq!(lines(&target, &state), ["kafka/user/app change password for SCRAM-SHA-256"]);
    let user = "app".to_owned();
    let credentials = vec![(ScramSha256, 4096)];
    assert_eq!(change(&target, &state), Change::SetPassword { user, credentials });
    let state = app(&[(ScramSha512, 4096, Password::Unknown)]);
    assert_eq!(
        lines(&target, &state),
        [
            "kafka/user/app change mechanisms SCRAM-SHA-512 -> SCRAM-SHA-256, SCRAM-SHA-512, password for SCRAM-SHA-512 (no login on this listener shows it)"
        ]
    );
}

#[test]
fn rounds_are_compared_only_where_the_plan_says_them() {
    let state = app(&[(Mechanism::ScramSha512, 4096, Password::Same)]);
    let any = target("users: {app: {password_file: app}}");
    assert_eq!(lines(&any, &state), ["kafka/user/app nothing"]);
    let said = target("users: {app: {password_file: app, iterations: 16384}}");
    assert_eq!(lines(&said, &state), ["kafka/user/app change iterations of SCRAM-SHA-512 4096 -> 16384"]);
    let user = "app".to_owned();
    let credentials = vec![(Mechanism::ScramSha512, 8192)];
    assert_eq!(change(&any, &State::default()), Change::SetPassword { user, credentials });
}

#[test]
fn a_mechanism_that_nobody_planned_is_not_left_open_silently() {
    let target = target("users: {app: {password_file: app}}");
    let state = app(&[
        (Mechanism::ScramSha256, 4096, Password::Unknown),
        (Mechanism::ScramSha512, 4096, Password::Same),
    ]);
    assert_eq!(
        lines(&target, &state),
        [
            "kafka/user/app refuse (somebody may log in with SCRAM-SHA-256: add it to `mechanisms`, or delete it with kafka-configs) mechanisms SCRAM-SHA-256, SCRAM-SHA-512 -> SCRAM-SHA-512"
        ]
    );
}

#[test]
fn only_missing_operations_are_allowed_anew() {
    let target = target(
        "acls:
- {principal: 'User:app', resource: topic, name: app-, pattern: prefixed, operations: [WRITE, READ]}
- {principal: 'User:app', resource: cluster, operations: [ALTER], permission: deny}",
    );
    let read = AclEntry {
        resource: 2,
        name: "app-".into(),
        pattern: acl_code::PREFIXED,
        principal: "User:app".to_owned(),
        host: "*".to_owned(),
        operation: 3,
        permission: acl_code::ALLOW,
    };
    let write = AclEntry { operation: 4, ..read.clone() };
    let literal = AclEntry { pattern: acl_code::LITERAL, ..write.clone() };
    let state = State { acls: [read, literal].into(), ..State::default() };
    assert_eq!(
        lines(&target, &state),
        [
            "kafka/acl/User:app/topic/app-... change operations READ -> READ, WRITE",
            "kafka/acl/User:app/cluster/kafka-cluster/deny create"
        ]
    );
    assert_eq!(change(&target, &state), Change::CreateAcls(vec![write]));
}
