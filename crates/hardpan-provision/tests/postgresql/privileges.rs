//! Accounts that may do less than the plan asks for: which privilege is missing is said, and the rest is done.

use hardpan_provision::step::Verdict;

use crate::bench::{Bench, Run};
use crate::support::fresh_password;
use crate::support::postgresql::Server;

const PLAN: &str = r#"
postgresql:
  pg:
    host: 127.0.0.1
    port: "${PORT}"
    user: limited
    password_file: admin
    roles:
      app: {}
      boss: {superuser: true}
    databases:
      mine: {schemas: {app: {}}}
      postgres:
        schemas: {extra: {}}
        extensions: [pg_stat_statements]
        grants: [{privileges: [CREATE], on: database, to: [app]}]
"#;

fn bench(server: &Server, attributes: &str) -> Bench {
    let bench = Bench::new(server);
    let password = fresh_password();
    server.query(&format!("CREATE ROLE limited LOGIN {attributes} PASSWORD '{password}'"));
    bench.secret("admin", &password);
    bench
}

fn lacks(run: &Run, id: &str, privilege: &str) {
    let outcome = run.outcome(id);
    assert_eq!(outcome.verdict, Verdict::Failed, "{outcome:?}");
    let reason = outcome.reason.as_deref().unwrap();
    assert!(reason.contains(&format!("`limited` lacks the privilege {privilege}")), "{reason}");
    // Of somebody who holds nothing at all, GRANT complains with a warning alone.
    assert!(reason.contains("42501") || reason.contains("01007"), "{reason}");
    assert!(outcome.help.as_deref().unwrap().starts_with("give `limited`"), "{outcome:?}");
}

#[tokio::test]
async fn a_missing_privilege_is_named_and_what_needs_the_object_is_skipped() {
    let Some(server) = Server::start() else { return };
    let bench = bench(&server, "");
    let start = std::time::Instant::now();
    let run = bench.run(PLAN).await;
    assert!(start.elapsed() < bench.timeout / 2, "a missing privilege is not waited for");
    assert_eq!(run.exit(), 1);
    lacks(&run, "pg/role/app", "CREATEROLE to create the role app");
    lacks(&run, "pg/role/boss", "CREATEROLE to create the role boss");
    lacks(&run, "pg/database/mine", "CREATEDB to create the database mine");
    assert_eq!(run.verdict("pg/database/mine/schema/app"), Verdict::Skipped);
    assert_eq!(
        run.outcome("pg/database/mine/schema/app").reason.as_deref(),
        Some("it needs pg/database/mine")
    );
    lacks(&run, "pg/database/postgres/schema/extra", "CREATE on the database `postgres`");
    lacks(&run, "pg/database/postgres/extension/pg_stat_statements", "CREATE on the database `postgres`");
    let grant = "pg/database/postgres/grant/app/database";
    assert_eq!(run.outcome(grant).reason.as_deref(), Some("it needs pg/role/app"));
}

#[tokio::test]
async fn what_the_account_may_do_is_done() {
    let Some(server) = Server::start() else { return };
    let bench = bench(&server, "CREATEROLE CREATEDB");
    let run = bench.run(PLAN).await;
    assert_eq!(run.exit(), 1);
    assert_eq!(run.verdict("pg/role/app"), Verdict::Created);
    assert_eq!(run.verdict("pg/database/mine"), Verdict::Created);
    assert_eq!(run.verdict("pg/database/mine/schema/app"), Verdict::Created);
    lacks(&run, "pg/role/boss", "SUPERUSER (for `superuser: true`)");
    lacks(
        &run,
        "pg/database/postgres/grant/app/database",
        "ownership of, or the GRANT OPTION on, the database `postgres`",
    );
    let again = bench.run(PLAN).await;
    assert_eq!(again.verdict("pg/role/app"), Verdict::Unchanged);
}

#[tokio::test]
async fn a_database_that_lets_nobody_in_is_named() {
    let Some(server) = Server::start() else { return };
    let bench = bench(&server, "CREATEROLE CREATEDB");
    server.query("CREATE DATABASE mine TEMPLATE template0");
    server.query("REVOKE CONNECT ON DATABASE mine FROM public");
    let run = bench.run(PLAN).await;
    assert_eq!(run.exit(), 1);
    lacks(&run, "pg", "CONNECT on the database `mine`");
}

#[tokio::test]
async fn a_privilege_that_somebody_else_granted_is_refused_with_his_name() {
    const PLAN: &str = r#"
postgresql:
  pg:
    host: 127.0.0.1
    port: "${PORT}"
    password_file: admin
    databases:
      db: {revokes: [{privileges: [USAGE], on: schema, schema: app, from: [friend]}]}
"#;
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    server.query("CREATE DATABASE db TEMPLATE template0");
    server.query("CREATE ROLE giver");
    server.query("CREATE ROLE friend");
    server.query_in(
        "db",
        "CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO giver WITH GRANT OPTION; SET ROLE giver; \
         GRANT USAGE ON SCHEMA app TO friend",
    );
    let run = bench.run(PLAN).await;
    let id = "pg/database/db/revoke/friend/schema/app";
    assert_eq!(run.verdict(id), Verdict::Refused);
    assert_eq!(run.differences(id), ["USAGE for friend on \"app\" granted by giver -> no"]);
}
