//! What is refused, what is waited for in vain, and with which word.

use std::time::Duration;

use hardpan_provision::Options;
use hardpan_provision::step::Verdict;

use crate::harness::{Plan, check_formed, wait_until};
use crate::support::valkey::{Nodes, Settings};
use crate::support::{ports, resp};

fn lines(nodes: &Nodes, node: usize) -> usize {
    nodes.nodes[node].call(&["CLUSTER", "NODES"]).lines().count()
}

#[test]
fn a_node_that_does_not_listen_or_hangs_ends_the_run_at_its_deadline_and_is_named() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let mut addresses = nodes.addresses();
    addresses[3] = format!("127.0.0.1:{}", ports::free());
    let ran = Plan::new(&addresses, nodes.password.as_deref(), "").run_within(2);
    assert_eq!(ran.verdict("vk"), (3, Some(Verdict::NotReady)), "{}", ran.told);
    assert!(ran.told.contains(&format!("{} to accept a connection", addresses[3])), "{}", ran.told);
    assert!(ran.took < Duration::from_secs(4), "{:?}", ran.took);
    assert_eq!(lines(&nodes, 0), 1, "nothing was begun");

    nodes.nodes[4].freeze();
    let ran = Plan::of(&nodes, "").run_within(2);
    nodes.nodes[4].thaw();
    assert_eq!(ran.verdict("vk"), (3, Some(Verdict::NotReady)), "{}", ran.told);
    assert!(ran.told.contains(&nodes.nodes[4].address()), "{}", ran.told);
    assert!(ran.took < Duration::from_secs(4), "{:?}", ran.took);
    addresses[3] = "no-such-host.invalid:6379".to_owned();
    let ran = Plan::new(&addresses, nodes.password.as_deref(), "").run_within(2);
    assert_eq!(ran.verdict("vk"), (3, Some(Verdict::NotReady)), "{}", ran.told);
}

#[test]
fn a_cluster_whose_node_is_away_is_waited_for_until_it_is_back() {
    let Some(mut nodes) = Nodes::start(&Settings::default()) else { return };
    let plan = Plan::of(&nodes, "");
    nodes.nodes[2].stop();
    let mut run = plan.start();
    std::thread::sleep(Duration::from_millis(500));
    assert!(run.try_wait().unwrap().is_none(), "it waits");
    nodes.nodes[2].go_on();
    assert!(run.wait().unwrap().success());
    check_formed(&nodes.nodes, 1);
}

#[test]
fn wrong_credentials_are_tried_until_the_deadline_and_then_named() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    for (password, lines) in [(Some("Canary-wrong"), ""), (Some("Canary-wrong"), "user: nobody"), (None, "")]
    {
        let ran = Plan::new(&nodes.addresses(), password, lines).run_within(2);
        assert_eq!(ran.verdict("vk"), (3, Some(Verdict::NotReady)), "{}", ran.told);
        assert!(ran.told.contains("credentials of"), "{}", ran.told);
    }
}

#[test]
fn a_missing_privilege_ends_the_run_at_once_and_is_named() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let reads =
        "+ping +info +client|list +client|setname +multi +exec +cluster|nodes +cluster|info +cluster|shards";
    let enough =
        format!("{reads} +cluster|set-config-epoch +cluster|addslotsrange +cluster|meet +cluster|replicate");
    for (rules, missing) in [
        ("+ping", "`+client|list`"),
        ("+ping +client +multi +exec", "`+cluster|nodes`"),
        (reads, "`+cluster|set-config-epoch`"),
    ] {
        for node in &nodes.nodes {
            let words = ["ACL", "SETUSER", "builder", "reset", "on", ">Canary-builder"];
            node.call(&words.into_iter().chain(rules.split(' ')).collect::<Vec<_>>());
        }
        let plan = Plan::new(&nodes.addresses(), Some("Canary-builder"), "user: builder");
        let ran = plan.run();
        assert_eq!(ran.report.exit().code(), 1, "{}", ran.told);
        assert!(
            ran.told.contains("lacks the privilege") && ran.told.contains(missing),
            "{missing}: {}",
            ran.told
        );
        assert!(ran.took < Duration::from_secs(10), "{:?}", ran.took);
    }
    for node in &nodes.nodes {
        let words = ["ACL", "SETUSER", "builder", "reset", "on", ">Canary-builder"];
        node.call(&words.into_iter().chain(enough.split(' ')).collect::<Vec<_>>());
    }
    let ran = Plan::new(&nodes.addresses(), Some("Canary-builder"), "user: builder").run();
    assert_eq!(ran.verdict("vk/cluster"), (0, Some(Verdict::Created)), "{}", ran.told);
    check_formed(&nodes.nodes, 1);
}

#[test]
fn a_node_of_another_cluster_is_refused_and_nothing_is_touched_until_the_plan_says_so() {
    let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
    let settings = Settings { hosts: hosts.to_vec(), ..Settings::default() };
    let Some(mut nodes) = Nodes::start(&settings) else { return };
    let stranger = nodes.nodes.pop().unwrap();
    nodes.nodes[5].call(&["CLUSTER", "MEET", stranger.host, &stranger.port.to_string()]);
    wait_until("they know each other", || {
        let picture = nodes.nodes[5].call(&["CLUSTER", "NODES"]);
        picture.lines().count() == 2 && !picture.contains("handshake")
    });
    let plan = Plan::of(&nodes, "users: { app: { commands: [+get] } }");
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/cluster"), (1, Some(Verdict::Refused)), "{}", ran.told);
    assert_eq!(ran.verdict("vk/user/app"), (1, Some(Verdict::Skipped)), "{}", ran.told);
    assert!(ran.told.contains(&format!("cluster of {}", nodes.nodes[5].address())), "{}", ran.told);
    assert!(ran.told.contains(&stranger.address()), "{}", ran.told);
    assert_eq!((lines(&nodes, 0), lines(&nodes, 5)), (1, 2));
    assert!(!nodes.nodes[5].call(&["ACL", "LIST"]).contains("app"), "its users are left alone too");

    let ran = Plan::of(&nodes, "reset: empty").run();
    assert_eq!(ran.verdict("vk/cluster"), (0, Some(Verdict::Changed)), "{}", ran.told);
    check_formed(&nodes.nodes, 1);
}

#[test]
fn a_node_with_data_is_refused_and_reset_only_where_the_plan_says_with_data() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let node = &nodes.nodes[3];
    node.call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    wait_until("it takes a key", || node.try_call(&["SET", "precious", "1"]).is_ok());
    for lines in ["", "reset: empty"] {
        let ran = Plan::of(&nodes, lines).run();
        assert_eq!(ran.verdict("vk/cluster"), (1, Some(Verdict::Refused)), "{}", ran.told);
        assert!(ran.told.contains(&format!("keys in {} 1 -> 0", node.address())), "{}", ran.told);
    }
    assert_eq!(node.call(&["GET", "precious"]), "1");
    let ran = Plan::of(&nodes, "reset: with-data").run();
    assert_eq!(ran.verdict("vk/cluster"), (0, Some(Verdict::Changed)), "{}", ran.told);
    check_formed(&nodes.nodes, 1);
}

#[test]
fn a_replica_that_cannot_log_in_to_its_primary_is_no_ready_cluster() {
    let Some(mut nodes) = Nodes::start(&Settings::default()) else { return };
    for node in &mut nodes.nodes {
        node.stop();
        let file = node.acl_file().with_file_name("valkey.conf");
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("primaryauth"));
        std::fs::write(&file, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        node.go_on();
    }
    let ran = Plan::of(&nodes, "").run_within(12);
    assert_eq!(ran.verdict("vk"), (3, Some(Verdict::NotReady)), "{}", ran.told);
    assert!(ran.told.contains("`primaryauth` has to be set"), "{}", ran.told);
}

#[test]
fn a_run_waits_while_another_one_is_at_work_and_one_that_only_looks_does_not() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let first = nodes.nodes.iter().min_by_key(|node| node.address()).unwrap();
    let mut other = resp::connect(&first.address()).unwrap();
    for words in
        [&["AUTH", nodes.password.as_deref().unwrap()][..], &["CLIENT", "SETNAME", "hardpan-provision"]]
    {
        resp::call(&mut other, words).unwrap();
    }
    let plan = Plan::of(&nodes, "");
    let ran = plan.run_within(1);
    assert_eq!(ran.verdict("vk"), (3, Some(Verdict::NotReady)), "{}", ran.told);
    assert!(ran.told.contains("another run of hardpan"), "{}", ran.told);
    let dry = plan.run_with(Options { timeout: Duration::from_secs(20), dry_run: true });
    assert_eq!(dry.verdict("vk/cluster"), (0, Some(Verdict::WouldCreate)), "{}", dry.told);
    // The other one is killed.
    drop(other);
    assert_eq!(plan.run().verdict("vk/cluster"), (0, Some(Verdict::Created)));
}
