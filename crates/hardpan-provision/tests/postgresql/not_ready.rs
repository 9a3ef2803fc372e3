//! Servers that are not there, hang, come late, or do not know who asks.

use std::time::{Duration, Instant};

use hardpan_provision::Event;
use hardpan_provision::step::Verdict;

use crate::bench::{Bench, NUMBERED};
use crate::support::postgresql::Server;
use crate::support::{fresh_password, ports};

#[tokio::test]
async fn a_server_that_is_down_ends_the_run_at_the_deadline_with_the_last_answer() {
    let mut bench = Bench::at(ports::free());
    bench.timeout = Duration::from_secs(2);
    bench.variable("N", "1");
    let start = Instant::now();
    let run = bench.run(NUMBERED).await;
    assert_eq!(run.exit(), 3);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let target = run.outcome("pg");
    assert_eq!(target.verdict, Verdict::NotReady);
    let reason = target.reason.as_deref().unwrap();
    assert!(reason.contains("127.0.0.1") && reason.contains("to accept a connection"), "{reason}");
    assert!(reason.contains("Connection refused"), "{reason}");
    assert_eq!(run.verdict("pg/database/db1"), Verdict::Skipped);
}

#[tokio::test]
async fn a_server_that_hangs_ends_the_run_at_the_deadline() {
    let Some(server) = Server::start() else { return };
    let mut bench = Bench::new(&server);
    bench.timeout = Duration::from_secs(2);
    bench.variable("N", "1");
    server.freeze();
    let start = Instant::now();
    let run = bench.run(NUMBERED).await;
    server.thaw();
    assert_eq!(run.exit(), 3, "{:#?}", run.report.outcomes);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_server_that_comes_up_during_the_run_is_waited_for() {
    let Some(mut server) = Server::start() else { return };
    let bench = Bench::new(&server);
    bench.variable("N", "1");
    server.stop();
    let starting = tokio::task::spawn_blocking(move || {
        server.go_on();
        server
    });
    let run = bench.run(NUMBERED).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    let first = run.events.first().expect("something was said");
    assert!(matches!(first, Event::Waiting { .. }), "that it waits is said: {first:?}");
    drop(starting.await);
}

#[tokio::test]
async fn a_wrong_password_is_tried_until_the_deadline_because_it_may_become_right() {
    let Some(server) = Server::start() else { return };
    let mut bench = Bench::new(&server);
    bench.variable("N", "1");
    let later = fresh_password();
    bench.secret("admin", &later);
    bench.timeout = Duration::from_secs(2);
    let run = bench.run(NUMBERED).await;
    assert_eq!(run.exit(), 3);
    let reason = run.outcome("pg").reason.clone().unwrap();
    assert!(reason.contains("credentials of `postgres` were refused"), "{reason}");
    assert!(reason.contains("28P01"), "{reason}");

    bench.timeout = Duration::from_secs(60);
    let sql = format!("ALTER ROLE postgres PASSWORD '{later}'");
    let waiting = bench.run_as(NUMBERED, &[], false, {
        let config = server.config();
        // Once it waits, the password becomes right.
        move |event| {
            if matches!(event, Event::Waiting { .. }) {
                crate::support::postgresql::query(&config, &sql).unwrap();
            }
        }
    });
    assert_eq!(waiting.await.exit(), 0);
}

#[tokio::test]
async fn a_server_that_asks_for_a_password_where_the_plan_has_none_refuses_the_credentials() {
    const PLAN: &str = "postgresql: {pg: {host: 127.0.0.1, port: \"${PORT}\", roles: {app: {}}}}";
    let Some(server) = Server::start() else { return };
    let mut bench = Bench::new(&server);
    bench.timeout = Duration::from_secs(1);
    let run = bench.run(PLAN).await;
    assert_eq!(run.exit(), 3);
    let reason = run.outcome("pg").reason.clone().unwrap();
    assert!(reason.contains("credentials of `postgres` were refused"), "{reason}");
    assert!(reason.contains("password missing"), "{reason}");
}

#[tokio::test]
async fn a_first_database_that_is_not_there_fails_at_once() {
    const PLAN: &str = r#"
postgresql: {pg: {host: 127.0.0.1, port: "${PORT}", password_file: admin, database: nowhere, roles: {app: {}}}}
"#;
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    let run = bench.run(PLAN).await;
    assert_eq!(run.exit(), 1);
    let reason = run.outcome("pg").reason.clone().unwrap();
    assert!(reason.contains("there is no database `nowhere`"), "{reason}");
}
