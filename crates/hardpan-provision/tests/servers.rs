//! The servers that the other tests run against do start, answer, and go away.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test program is started to be killed, and files of servers are read"
)]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{haproxy, http, kafka, patroni, postgresql, s3, valkey};

#[test]
fn a_postgresql_answers_logs_statements_and_goes_on_after_a_stop() {
    let Some(mut server) = postgresql::Server::start() else { return };
    server.query("CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)");
    server.kill();
    assert!(postgresql::query(&server.config(), "SELECT 1").is_err());
    server.go_on();
    assert_eq!(server.query("SELECT a FROM kept"), [["7"]]);
    assert!(server.log().contains("CREATE TABLE kept"));
    assert!(!server.log().contains(&server.password));
}

#[test]
fn a_postgresql_standby_follows_takes_no_writes_and_can_be_promoted() {
    let Some(primary) = postgresql::Server::start() else { return };
    let Some(standby) = primary.standby() else { return };
    assert_eq!(standby.query("SELECT pg_is_in_recovery()"), [["t"]]);
    let error = postgresql::query(&standby.config(), "CREATE ROLE nobody_here").unwrap_err();
    assert!(error.contains("read-only"), "{error}");
    drop(primary);
    standby.promote();
    standby.query("CREATE ROLE somebody");
}

#[test]
fn blank_valkey_nodes_know_nobody_until_they_are_formed() {
    let Some(mut valkey) = valkey::Nodes::start(&valkey::Settings::default()) else { return };
    for node in &valkey.nodes {
        assert_eq!(node.call(&["CLUSTER", "NODES"]).lines().count(), 1);
        assert!(node.try_call_as("default", "wrong", &["PING"]).unwrap_err().contains("WRONGPASS"));
    }
    valkey.form(1);
    let known = valkey.nodes[0].call(&["CLUSTER", "NODES"]);
    assert_eq!(known.matches("slave").count(), 3, "{known}");
    valkey.nodes[5].kill();
    assert!(valkey.nodes[5].try_call(&["PING"]).is_err());
    valkey.nodes[5].go_on();
    assert_eq!(valkey.nodes[5].call(&["CLUSTER", "NODES"]).lines().count(), 6);
    valkey.nodes[5].call(&["ACL", "SETUSER", "app", "on", ">something", "+get", "~*"]);
    valkey.nodes[5].call(&["ACL", "SAVE"]);
    assert!(std::fs::read_to_string(valkey.nodes[5].acl_file()).unwrap().contains("user app"));
}

/// Set in the test program that is to be killed.
const VICTIM: &str = "HARDPAN_TEST_VICTIM";

#[test]
fn a_server_ends_when_the_test_program_is_killed() {
    let one = valkey::Settings { hosts: vec!["127.0.0.1"], password: false, acl_file: false };
    if std::env::var_os(VICTIM).is_some() {
        // On a thread that ends before the program does, as that of another test may.
        let nodes = std::thread::spawn(move || valkey::Nodes::start(&one)).join().unwrap();
        println!(
            "address {}",
            nodes.map_or_else(String::new, |nodes| {
                let address = nodes.addresses().remove(0);
                std::mem::forget(nodes);
                address
            })
        );
        std::thread::sleep(Duration::from_secs(600));
    }
    if support::program("valkey-server").is_none() {
        return;
    }
    // It is killed before it can remove anything.
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_server_ends_when_the_test_program_is_killed", "--nocapture"])
        .env(VICTIM, "1")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("address ").map(|(_, address)| address.to_owned()))
        .unwrap();
    assert!(support::resp::connect(&address).is_ok());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while support::resp::connect(&address).is_ok() {
        assert!(Instant::now() < deadline, "the server on {address} outlives the program that started it");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn each_s3_server_refuses_who_does_not_sign_and_goes_on_after_a_kill() {
    for server in [s3::Server::minio(), s3::Server::versity()] {
        let Some(mut server) = server else { continue };
        assert_eq!(http::status(server.port, "/"), Ok(403));
        server.kill();
        assert!(http::status(server.port, "/").is_err());
        server.go_on();
        assert_eq!(http::status(server.port, "/"), Ok(403));
        assert!(!server.log().contains(&server.secret_key), "{}", server.log());
    }
}

#[test]
fn three_kafka_brokers_know_each_other_and_again_after_one_was_killed() {
    let Some(mut kafka) = kafka::Cluster::start() else { return };
    kafka.kill(2);
    kafka.go_on(2);
    assert_eq!(kafka.bootstrap().len(), 3);
    assert!(!kafka.logs().contains(&kafka.password));
}

#[test]
fn a_router_that_knows_no_roles_leads_to_the_primary_and_to_the_standby() {
    let Some(primary) = postgresql::Server::start() else { return };
    let Some(standby) = primary.standby() else { return };
    let backends = [&primary, &standby].map(|server| haproxy::Backend { port: server.port, http_port: 0 });
    let Some(router) = haproxy::Router::start(&backends, haproxy::Check::Port) else { return };
    let config = primary.through(router.port);
    let roles: BTreeSet<String> = (0..4)
        .map(|_| postgresql::query(&config, "SELECT pg_is_in_recovery()").unwrap().remove(0).remove(0))
        .collect();
    assert_eq!(roles, BTreeSet::from(["f".to_owned(), "t".to_owned()]));
}

#[test]
fn a_patroni_cluster_is_led_by_one_and_by_the_other_when_that_one_is_stopped() {
    let Some(mut patroni) = patroni::Cluster::start() else { return };
    let first = patroni.leader();
    let follower = patroni.config_of(patroni.nodes[1 - first].port);
    let error = postgresql::query(&follower, "CREATE ROLE nobody_here").unwrap_err();
    assert!(error.contains("read-only"), "{error}");
    postgresql::query(&patroni.config(), "CREATE ROLE somebody").unwrap();
    patroni.stop(first);
    patroni.wait();
    assert_eq!(patroni.leader(), 1 - first);
    let sql = "SELECT count(*) FROM pg_roles WHERE rolname = 'somebody'";
    assert_eq!(postgresql::query(&patroni.config(), sql).unwrap(), [["1"]]);
}
