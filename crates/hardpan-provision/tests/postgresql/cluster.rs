//! A primary with a standby: the plan is carried out on whichever is the primary, also when that changes in the middle.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hardpan_provision::Event;
use hardpan_provision::step::Verdict;

use crate::bench::{Bench, EVERYTHING, NUMBERED};
use crate::support::postgresql::Server;
use crate::support::{haproxy, patroni};

fn plan() -> String {
    let one = "    host: 127.0.0.1\n    port: ${PORT}\n";
    let two = "    hosts: [\"127.0.0.1:${STANDBY}\", \"127.0.0.1:${PORT}\"]\n";
    assert!(NUMBERED.contains(one));
    NUMBERED.replace(one, two)
}

#[tokio::test]
async fn the_plan_is_carried_out_on_the_primary_and_after_a_failover_on_the_new_one() {
    let Some(primary) = Server::start() else { return };
    let Some(standby) = primary.standby() else { return };
    let mut bench = Bench::new(&primary);
    bench.variable("STANDBY", &standby.port.to_string());
    bench.variable("N", "1");
    let run = bench.run(&plan()).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);

    // The standby alone is not enough.
    bench.timeout = Duration::from_secs(2);
    bench.variable("PORT", &standby.port.to_string());
    let run = bench.run(NUMBERED).await;
    assert_eq!(run.exit(), 3);
    let reason = run.outcome("pg").reason.clone().unwrap();
    assert!(reason.contains("to be the primary") && reason.contains("it is a standby"), "{reason}");

    // The primary is lost after the second step of another plan, and the standby takes over.
    bench.timeout = Duration::from_secs(90);
    bench.variable("PORT", &primary.port.to_string());
    bench.variable("N", "2");
    let caught_up = "SELECT pg_last_wal_replay_lsn() >= (SELECT pg_last_wal_receive_lsn())";
    let (primary, standby) = (Rc::new(RefCell::new(primary)), Rc::new(standby));
    let watch = {
        let (primary, standby) = (Rc::clone(&primary), Rc::clone(&standby));
        let done = RefCell::new(0);
        move |event: &Event| {
            if matches!(event, Event::Outcome(_)) {
                *done.borrow_mut() += 1;
                if *done.borrow() == 2 {
                    primary.borrow_mut().kill();
                    assert_eq!(standby.query(caught_up), [["t"]]);
                    standby.promote();
                }
            }
        }
    };
    let run = bench.run_as(&plan(), &[], false, watch).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    let made = "SELECT datname FROM pg_database WHERE datname LIKE 'db_' ORDER BY 1";
    assert_eq!(standby.query(made), [["db1"], ["db2"]]);
    let again = bench.run(&plan()).await;
    assert_eq!(again.but(Verdict::Unchanged), Vec::<String>::new());
}

/// A router that knows no roles leads every other connection to the standby.
#[tokio::test]
async fn behind_a_router_that_knows_no_roles_the_primary_is_found_for_every_connection() {
    let Some(primary) = Server::start() else { return };
    let Some(standby) = primary.standby() else { return };
    let backends = [&standby, &primary].map(|server| haproxy::Backend { port: server.port, http_port: 0 });
    let Some(router) = haproxy::Router::start(&backends, haproxy::Check::Port) else { return };
    let bench = Bench::new(&primary);
    bench.variable("PORT", &router.port.to_string());
    let run = bench.run(EVERYTHING).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    assert_eq!(bench.run(EVERYTHING).await.but(Verdict::Unchanged), Vec::<String>::new());
    assert_eq!(primary.query("SELECT datname FROM pg_database WHERE datname = 'n8n'"), [["n8n"]]);
}

/// Patroni hands over the lead in the middle of a run, and the router follows it.
#[tokio::test]
async fn a_patroni_cluster_that_changes_its_leader_in_the_middle_is_provisioned_through_its_router() {
    let Some(cluster) = patroni::Cluster::start() else { return };
    let mut bench = Bench::at(cluster.router.port);
    bench.secret("admin", &cluster.password);
    bench.timeout = Duration::from_secs(180);
    bench.variable("N", "1");
    let run = bench.run(NUMBERED).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    eprintln!("through the router: first run {:?}", run.report.elapsed);

    let before = cluster.leader();
    let cluster = Rc::new(RefCell::new(cluster));
    bench.variable("N", "2");
    let watch = {
        let (cluster, done) = (Rc::clone(&cluster), RefCell::new(0));
        move |event: &Event| {
            if matches!(event, Event::Outcome(_)) {
                *done.borrow_mut() += 1;
                if *done.borrow() == 3 {
                    cluster.borrow_mut().stop(before);
                }
            }
        }
    };
    let run = bench.run_as(NUMBERED, &[], false, watch).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    assert_ne!(cluster.borrow().leader(), before);
    assert_eq!(bench.run(NUMBERED).await.but(Verdict::Unchanged), Vec::<String>::new());
}
