//! The plans of the stack's own databases, and how long they take.

use std::time::Duration;

use hardpan_provision::step::Verdict;

use crate::bench::{Bench, EVERYTHING};
use crate::support::fresh_password;
use crate::support::postgresql::Server;

/// What an unchanged rerun may take. Logins compute thousands of hashes, which take a hundred times as long unoptimised.
const RERUN_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

const MANAGEMENT: &str = include_str!("../../../../infra/04-data/mng-db/provision.yml");
const CLUSTER: &str = include_str!("../../../../infra/04-data/postgresql-cluster/provision.yml");

#[tokio::test]
async fn the_plans_of_the_stack_are_carried_out_and_a_rerun_takes_no_time() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    for (plan, prefix, admin) in
        [(MANAGEMENT, "MNG_PG", "mng_pg_password"), (CLUSTER, "PG_CLUSTER", "pg_cluster_superuser_password")]
    {
        bench.variable(&format!("{prefix}_HOST"), "127.0.0.1");
        bench.variable(&format!("{prefix}_PORT"), &server.port.to_string());
        for name in plan.lines().filter_map(|line| line.trim().strip_prefix("password_file: ")) {
            bench.secret(name, &fresh_password());
        }
        bench.secret(admin, &server.password);
        let first = bench.run(plan).await;
        assert_eq!(first.exit(), 0, "{:#?}", first.report.outcomes);
        assert!(!first.but(Verdict::Unchanged).is_empty());
        fastest_rerun(&bench, plan, prefix, first.report.elapsed).await;
    }
    let first = bench.run(EVERYTHING).await;
    assert_eq!(first.exit(), 0, "{:#?}", first.report.outcomes);
    fastest_rerun(&bench, EVERYTHING, "everything", first.report.elapsed).await;
}

/// The fastest of a few reruns, because other tests run meanwhile.
async fn fastest_rerun(bench: &Bench, plan: &str, name: &str, first: Duration) {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let run = bench.run(plan).await;
        assert_eq!(run.but(Verdict::Unchanged), Vec::<String>::new(), "{name}");
        fastest = fastest.min(run.report.elapsed);
    }
    eprintln!("{name}: first run {first:?}, fastest unchanged rerun {fastest:?}");
    assert!(fastest < RERUN_MAX, "{name}: {fastest:?}");
}
