//! A cluster is formed, and finished wherever somebody left it.

use std::io::Read as _;
use std::time::{Duration, Instant};

use hardpan_provision::Options;
use hardpan_provision::step::Verdict;

use crate::harness::{Plan, check_formed, reset, wait_until};
use crate::support::valkey::{Node, Nodes, Settings};

#[test]
fn blank_nodes_become_a_cluster_and_a_second_run_changes_nothing() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let plan = Plan::of(&nodes, "");
    let dry = plan.run_with(Options { timeout: Duration::from_secs(20), dry_run: true });
    assert_eq!(dry.verdict("vk/cluster"), (0, Some(Verdict::WouldCreate)), "{}", dry.told);
    assert_eq!(nodes.nodes[0].call(&["CLUSTER", "NODES"]).lines().count(), 1);

    let first = plan.run();
    assert_eq!(first.verdict("vk/cluster"), (0, Some(Verdict::Created)), "{}", first.told);
    check_formed(&nodes.nodes, 1);
    let second = plan.run();
    assert_eq!(second.verdict("vk/cluster"), (0, Some(Verdict::Unchanged)), "{}", second.told);
    eprintln!("formed in {:?}, an unchanged run in {:?}", first.took, second.took);
    assert!(second.took < Duration::from_secs(5), "{:?}", second.took);
}

#[test]
fn a_cluster_that_was_formed_by_other_means_is_recognised_also_after_a_failover() {
    let Some(mut nodes) = Nodes::start(&Settings::default()) else { return };
    nodes.form(1);
    // Valkey's own means end before all nodes know each other.
    let knows_all = |node: &Node| {
        let picture = node.call(&["CLUSTER", "NODES"]);
        let is_in_step = node.call(&["INFO", "replication"]).contains("master_link_status:up");
        let is_primary = node.call(&["ROLE"]).starts_with("master");
        picture.matches(" connected").count() == 6
            && picture.matches("slave").count() == 3
            && (is_primary || is_in_step)
    };
    wait_until("they know each other", || nodes.nodes.iter().all(knows_all));
    let plan = Plan::of(&nodes, "");
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/cluster"), (0, Some(Verdict::Unchanged)), "{}", ran.told);
    // A primary is away until its replica has taken over, and comes back as a replica.
    nodes.nodes[0].kill();
    let away = plan.run_within(1);
    assert_eq!(away.report.exit().code(), 3, "{}", away.told);
    let others = &nodes.nodes[1..];
    wait_until("a replica takes over", || {
        let picture = others[0].call(&["CLUSTER", "NODES"]);
        picture
            .lines()
            .filter(|line| line.contains("master") && !line.contains("fail") && line.contains('-'))
            .count()
            == 3
            && others.iter().all(|node| node.call(&["CLUSTER", "INFO"]).contains("cluster_state:ok"))
            && picture.lines().any(|line| line.contains("master,fail"))
    });
    nodes.nodes[0].go_on();
    let back = plan.run();
    assert_eq!(back.verdict("vk/cluster"), (0, Some(Verdict::Unchanged)), "{}", back.told);
    let own = nodes.nodes[0].call(&["CLUSTER", "NODES"]);
    assert!(own.lines().any(|line| line.contains("myself,slave")), "{own}");
}

/// The commands that form a cluster, in the order in which a run sends them, as `(node, words)`.
fn commands(nodes: &Nodes) -> Vec<(usize, Vec<String>)> {
    let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut all = Vec::new();
    for node in 0..6 {
        all.push((node, words(format!("CLUSTER SET-CONFIG-EPOCH {}", node + 1))));
    }
    for (node, range) in ["0 5460", "5461 10921", "10922 16383"].into_iter().enumerate() {
        all.push((node, words(format!("CLUSTER ADDSLOTSRANGE {range}"))));
    }
    for node in 0..6 {
        for other in &nodes.nodes[node + 1..] {
            all.push((node, words(format!("CLUSTER MEET {} {}", other.host, other.port))));
        }
    }
    // Their primaries are on other hosts, as a run wants it.
    for (node, primary) in [(3, 1), (4, 2), (5, 0)] {
        let id = nodes.nodes[primary].call(&["CLUSTER", "MYID"]);
        all.push((node, words(format!("CLUSTER REPLICATE {id}"))));
    }
    all
}

#[test]
fn what_was_left_after_any_command_is_finished() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let plan = Plan::of(&nodes, "");
    for count in [1, 6, 7, 9, 10, 13, 19, 24, 25, 26, 27] {
        reset(&nodes.nodes);
        for (node, words) in commands(&nodes).into_iter().take(count) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let node = &nodes.nodes[node];
            // A node has to have heard of its primary first.
            wait_until(&format!("{words:?}"), || node.try_call(&words).is_ok());
        }
        let begin = Instant::now();
        let ran = plan.run();
        assert_eq!(ran.report.exit().code(), 0, "after {count} commands: {}", ran.told);
        check_formed(&nodes.nodes, 1);
        eprintln!("after {count} commands: finished in {:?}", begin.elapsed());
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_is_finished_by_the_next_one() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let plan =
        Plan::of(&nodes, "users: { app: { password_file: app, keys: ['app:*'], commands: [+@read] } }")
            .with([("app", "Canary-of-an-application")]);
    for milliseconds in [50, 70, 80, 90, 100, 130, 160, 250, 500, 1200] {
        reset(&nodes.nodes);
        nodes.nodes.iter().for_each(|node| drop(node.call(&["ACL", "DELUSER", "app"])));
        let mut run = plan.start();
        plan.check_process(run.id());
        std::thread::sleep(Duration::from_millis(milliseconds));
        run.kill().unwrap();
        run.wait().unwrap();
        let known = nodes.nodes[0].call(&["CLUSTER", "NODES"]).lines().count();
        let ran = plan.run();
        assert_eq!(ran.report.exit().code(), 0, "killed after {milliseconds} ms: {}", ran.told);
        check_formed(&nodes.nodes, 1);
        let again = plan.run();
        assert_eq!(again.verdict("vk/user/app"), (0, Some(Verdict::Unchanged)), "{}", again.told);
        eprintln!(
            "killed after {milliseconds} ms, when the first node knew {known}: finished in {:?}",
            ran.took
        );
    }
    assert!(!nodes.logs().contains("Canary-"), "a node has written a secret down");
}

#[test]
fn two_runs_at_once_do_not_collide() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let plan =
        Plan::of(&nodes, "users: { app: { password_file: app, keys: ['app:*'], commands: [+@read] } }")
            .with([("app", "Canary-of-an-application")]);
    // The order of nodes in the second plan is another one.
    let mut turned = nodes.addresses();
    turned.reverse();
    for other in [nodes.addresses(), turned] {
        reset(&nodes.nodes);
        let other = Plan::new(&other, nodes.password.as_deref(), "");
        let mut runs = [plan.start(), other.start(), plan.start()];
        for run in &mut runs {
            let mut told = String::new();
            run.stdout.take().unwrap().read_to_string(&mut told).unwrap();
            run.wait().unwrap();
            assert!(told.contains("EXIT 0"), "{told}");
        }
        check_formed(&nodes.nodes, 1);
    }
}

#[test]
fn a_replica_that_lost_its_disk_takes_its_place_again_and_data_stays() {
    let Some(nodes) = Nodes::start(&Settings::default()) else { return };
    let plan = Plan::of(&nodes, "");
    assert_eq!(plan.run().report.exit().code(), 0);
    let wrote = nodes.nodes.iter().any(|node| node.try_call(&["SET", "kept", "7"]).is_ok());
    assert!(wrote, "one of the primaries has the key");
    let replica = nodes.nodes.iter().find(|node| node.call(&["ROLE"]).starts_with("slave")).unwrap();
    replica.call(&["CLUSTER", "RESET", "HARD"]);
    let ran = plan.run();
    assert_eq!(ran.verdict("vk/cluster"), (0, Some(Verdict::Changed)), "{}", ran.told);
    check_formed(&nodes.nodes, 1);
    assert!(nodes.nodes.iter().any(|node| node.try_call(&["GET", "kept"]).is_ok_and(|kept| kept == "7")));
}

#[test]
fn nodes_that_all_came_back_at_another_address_find_each_other() {
    let Some(mut nodes) = Nodes::start(&Settings::default()) else { return };
    assert_eq!(Plan::of(&nodes, "").run().report.exit().code(), 0);
    for node in &mut nodes.nodes {
        node.stop();
        let port = crate::support::ports::free_with_bus();
        let file = node.acl_file().with_file_name("valkey.conf");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace(&format!("port {}\n", node.port), &format!("port {port}\n"));
        std::fs::write(&file, text).unwrap();
        node.port = port;
    }
    nodes.nodes.iter_mut().for_each(crate::support::valkey::Node::go_on);
    let ran = Plan::of(&nodes, "").run();
    assert_eq!(ran.verdict("vk/cluster"), (0, Some(Verdict::Changed)), "{}", ran.told);
    check_formed(&nodes.nodes, 1);
}
