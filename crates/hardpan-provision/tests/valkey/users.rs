//! Users are set on every node, compared, kept over a restart, and their passwords changed.

use hardpan_provision::step::Verdict;

use crate::harness::Plan;
use crate::support::fresh_password;
use crate::support::valkey::{Nodes, Settings};

const USERS: &str = "\
mode: standalone
users:
  app:
    password_file: app
    keys: ['app:*']
    read_keys: ['log:*']
    channels: ['app:*']
    commands: [+@read, +@write, +@pubsub, +cluster|slots, -flushall, -@dangerous, +config|get]
  off: { enabled: false }";

fn two() -> Settings {
    Settings { hosts: vec!["127.0.0.1", "127.0.0.2"], ..Settings::default() }
}

#[test]
fn users_are_set_on_every_node_and_what_drifted_is_brought_in_line() {
    let Some(mut nodes) = Nodes::start(&two()) else { return };
    let (old, new) = (fresh_password(), fresh_password());
    let plan = Plan::of(&nodes, USERS).with([("app", old.as_str())]);
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/user/app"), (0, Some(Verdict::Created)), "{}", ran.told);
    assert_eq!(ran.verdict("vk/user/off"), (0, Some(Verdict::Created)), "{}", ran.told);
    for node in &nodes.nodes {
        assert!(std::fs::read_to_string(node.acl_file()).unwrap().contains("user app on"));
        // The node is none of a cluster: it may, and has no slot for the key.
        let answer = node.try_call_as("app", &old, &["GET", "app:1"]).unwrap_err();
        assert!(answer.starts_with("CLUSTERDOWN"), "{answer}");
        assert!(node.try_call_as("app", &old, &["GET", "other"]).unwrap_err().starts_with("NOPERM"));
        assert!(node.try_call_as("app", &old, &["FLUSHALL"]).unwrap_err().starts_with("NOPERM"));
        assert!(node.try_call_as("off", &old, &["PING"]).unwrap_err().starts_with("WRONGPASS"));
    }
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/user/app"), (0, Some(Verdict::Unchanged)), "{}", ran.told);
    assert_eq!(ran.verdict("vk/user/off"), (0, Some(Verdict::Unchanged)), "{}", ran.told);

    // On one node somebody gave it more.
    nodes.nodes[1].call(&["ACL", "SETUSER", "app", "+@all", "~*", "nopass"]);
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/user/app"), (0, Some(Verdict::Changed)), "{}", ran.told);
    let where_ = nodes.nodes[1].address();
    for difference in [
        format!("commands on {where_} +@all -> -@all"),
        format!("keys on {where_} ~* -> "),
        format!("password on {where_} none needed"),
    ] {
        assert!(ran.told.contains(&difference), "{difference}: {}", ran.told);
    }

    // The secret file has another password, and the nodes are started again afterwards.
    let plan = plan.with([("app", new.as_str())]);
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/user/app"), (0, Some(Verdict::Changed)), "{}", ran.told);
    for node in &mut nodes.nodes {
        node.kill();
        node.go_on();
        assert!(node.try_call_as("app", &old, &["PING"]).unwrap_err().starts_with("WRONGPASS"));
        node.try_call_as("app", &new, &["CLUSTER", "SLOTS"]).unwrap();
    }
    assert_eq!(plan.run().verdict("vk/user/app"), (0, Some(Verdict::Unchanged)));
    let logs = nodes.logs();
    assert!(!logs.contains(&old) && !logs.contains(&new), "a node has written a password down");
}

#[test]
fn users_are_kept_in_the_configuration_where_there_is_no_file_of_users() {
    let settings = Settings { acl_file: false, ..two() };
    let Some(mut nodes) = Nodes::start(&settings) else { return };
    let password = fresh_password();
    let plan = Plan::of(&nodes, USERS).with([("app", password.as_str())]);
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/user/app"), (0, Some(Verdict::Created)), "{}", ran.told);
    for node in &mut nodes.nodes {
        node.kill();
        node.go_on();
    }
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/user/app"), (0, Some(Verdict::Unchanged)), "{}", ran.told);
    assert_eq!(ran.verdict("vk/user/off"), (0, Some(Verdict::Unchanged)), "{}", ran.told);
    // Where the plan wants a file of users, that there is none is no success.
    let file =
        Plan::of(&nodes, "mode: standalone\npersist_users: acl-file\nusers: { late: { commands: [+get] } }");
    for _ in 0..2 {
        let ran = file.run();
        assert_eq!(ran.verdict("vk/user/late"), (1, Some(Verdict::Failed)), "{}", ran.told);
        assert!(ran.told.contains("ACL file"), "{}", ran.told);
        // A user that is not kept is not set either, or the second run would find it there.
        for node in &nodes.nodes {
            assert!(!node.call(&["ACL", "LIST"]).contains("late"));
        }
    }
}

#[test]
fn a_rule_that_the_server_does_not_have_fails_that_user_alone() {
    let Some(nodes) = Nodes::start(&two()) else { return };
    let plan = Plan::of(
        &nodes,
        "mode: standalone\nusers: { bad: { commands: [+nosuchcommand] }, good: { commands: [+get] } }",
    );
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/user/bad"), (1, Some(Verdict::Failed)), "{}", ran.told);
    assert_eq!(ran.verdict("vk/user/good"), (1, Some(Verdict::Created)), "{}", ran.told);
    assert!(ran.told.contains("nosuchcommand"), "{}", ran.told);
}
