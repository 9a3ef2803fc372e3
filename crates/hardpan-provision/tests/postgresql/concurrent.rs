//! Two at once: runs that follow each other, and others who do the same by hand.

use std::cell::Cell;
use std::time::Duration;

use hardpan_provision::Event;
use hardpan_provision::step::Verdict;

use crate::bench::{Bench, EVERYTHING, NUMBERED};
use crate::support::postgresql::{self, Server};

/// The key of the lock: `hardpan` in ASCII.
const LOCK: &str = "29380541517160814";

#[tokio::test]
async fn two_runs_at_once_both_end_well_and_make_everything_once() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    let (one, other) = tokio::join!(bench.run(EVERYTHING), bench.run(EVERYTHING));
    assert_eq!((one.exit(), other.exit()), (0, 0), "{one:#?} {other:#?}");
    let all_unchanged = |run: &crate::bench::Run| run.but(Verdict::Unchanged).is_empty();
    assert!(all_unchanged(&one) != all_unchanged(&other), "{one:#?} {other:#?}");
    assert_eq!(bench.run(EVERYTHING).await.but(Verdict::Unchanged), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_waits_for_the_lock_until_its_deadline_and_a_look_needs_none() {
    let Some(server) = Server::start() else { return };
    let mut bench = Bench::new(&server);
    bench.variable("N", "1");
    let (client, connection) = server.config().connect(tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await.unwrap();
    bench.timeout = Duration::from_secs(2);
    let run = bench.run(NUMBERED).await;
    assert_eq!(run.exit(), 3);
    let reason = run.outcome("pg").reason.clone().unwrap();
    assert!(reason.contains("another run holds the lock"), "{reason}");
    assert_eq!(bench.dry_run(NUMBERED).await.exit(), 0);

    drop(client);
    drop(connection.await);
    bench.timeout = Duration::from_secs(60);
    assert_eq!(bench.run(NUMBERED).await.exit(), 0);
}

#[tokio::test]
async fn what_somebody_else_makes_meanwhile_is_taken_over_and_brought_in_line() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    bench.variable("N", "1");
    let (config, done) = (server.config(), Cell::new(false));
    let run = bench.run_as(NUMBERED, &[], false, move |event| {
        let Event::Outcome(outcome) = event else { return };
        // The plan was made before this: the role, the database and the schema are not expected to be there.
        if outcome.id.as_str() == "pg/role/app1" && !done.replace(true) {
            postgresql::query(&config, "CREATE ROLE svc1 CONNECTION LIMIT 3").unwrap();
            postgresql::query(&config, "CREATE DATABASE db1").unwrap();
            let mut inside = config.clone();
            postgresql::query(inside.dbname("db1"), "CREATE SCHEMA app").unwrap();
        }
    });
    let run = run.await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    assert_eq!(run.verdict("pg/role/svc1"), Verdict::Changed);
    assert!(run.differences("pg/database/db1").contains(&"owner postgres -> svc1".to_owned()), "{run:#?}");
    assert_eq!(bench.run(NUMBERED).await.but(Verdict::Unchanged), Vec::<String>::new());
}
