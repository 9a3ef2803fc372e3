//! The servers that the other tests run against do start, answer, and go away.

mod support;

use support::postgresql;

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
