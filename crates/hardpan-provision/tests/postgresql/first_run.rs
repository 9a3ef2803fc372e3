//! A first run, a second one, and a look before either.

use hardpan_provision::step::Verdict;

use crate::bench::{Bench, EVERYTHING};
use crate::support::postgresql::{self, Server};

#[tokio::test]
async fn a_first_run_makes_everything_and_a_second_one_changes_nothing() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);

    let look = bench.dry_run(EVERYTHING).await;
    assert_eq!(look.exit(), 0);
    assert_eq!(look.verdict("pg/role/n8n"), Verdict::WouldCreate);
    assert_eq!(look.verdict("pg/database/n8n"), Verdict::WouldCreate);
    let made = "SELECT rolname FROM pg_roles WHERE rolname = 'n8n' UNION \
                SELECT datname FROM pg_database WHERE datname = 'n8n'";
    assert!(server.query(made).is_empty(), "a look makes nothing");

    let first = bench.run(EVERYTHING).await;
    assert_eq!(first.exit(), 0, "{:#?}", first.report.outcomes);
    assert_eq!(first.verdict("pg/database/n8n/schema/Odd \"name\""), Verdict::Created);
    let second = bench.run(EVERYTHING).await;
    assert_eq!(second.but(Verdict::Unchanged), Vec::<String>::new());
    let look = bench.dry_run(EVERYTHING).await;
    assert_eq!(look.but(Verdict::Unchanged), Vec::<String>::new());
    eprintln!("first run {:?}, unchanged rerun {:?}", first.report.elapsed, second.report.elapsed);

    // What was made is what was meant: the service works with it, a reader reads it, and nobody else comes in.
    let mut service = server.config();
    service.user("n8n").password(bench.secret_of("n8n")).dbname("n8n");
    let made = "CREATE TABLE orders (id bigint); INSERT INTO orders VALUES (7); SHOW statement_timeout";
    assert_eq!(postgresql::query(&service, made).unwrap(), [["30s"]]);
    let table = "SELECT schemaname FROM pg_tables WHERE tablename = 'orders'";
    assert_eq!(server.query_in("n8n", table), [["app"]], "the search path is two names, not one");
    server.query("CREATE ROLE stranger LOGIN PASSWORD 'stranger'; ALTER ROLE reader LOGIN PASSWORD 'reader'");
    let mut reader = server.config();
    reader.user("reader").password("reader").dbname("n8n");
    assert_eq!(postgresql::query(&reader, "SELECT id FROM app.orders").unwrap(), [["7"]]);
    let stranger = reader.clone().user("stranger").password("stranger").clone();
    let refused = postgresql::query(&stranger, "SELECT 1").unwrap_err();
    assert!(refused.contains("CONNECT"), "{refused}");

    // The table came after the grant on all tables of the schema, with privileges of its own by default: nothing to do.
    let third = bench.run(EVERYTHING).await;
    assert_eq!(third.but(Verdict::Unchanged), ["changed      pg/role/reader: login true -> false"]);
}

#[tokio::test]
async fn names_and_texts_with_quotes_are_taken_as_they_are() {
    const PLAN: &str = r#"
postgresql:
  pg:
    host: 127.0.0.1
    port: ${PORT}
    password_file: admin
    roles:
      victim: {}
      'x"; DROP ROLE victim; --': {login: true, password_file: n8n, settings: {app.note: "it's; DROP ROLE victim; \\"}}
      Ärger: {member_of: ['x"; DROP ROLE victim; --']}
    databases:
      "a 'b' \"c\" $1": {owner: Ärger, settings: {app.note: '"'}, schemas: {"'": {}}}
"#;
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    bench.secret("n8n", r#"a'b"c\d $1; DROP ROLE victim; -- äöü"#);
    let first = bench.run(PLAN).await;
    assert_eq!(first.but(Verdict::Created), Vec::<String>::new());
    let second = bench.run(PLAN).await;
    assert_eq!(second.but(Verdict::Unchanged), Vec::<String>::new());
    assert_eq!(server.query("SELECT rolname FROM pg_roles WHERE rolname = 'victim'").len(), 1);
    let mut odd = server.config();
    odd.user("x\"; DROP ROLE victim; --").password(bench.secret_of("n8n")).dbname("a 'b' \"c\" $1");
    assert_eq!(postgresql::query(&odd, "SHOW app.note").unwrap(), [["it's; DROP ROLE victim; \\"]]);
}

#[tokio::test]
async fn only_what_was_asked_for_is_made() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    let only = ["pg/role/app".to_owned()];
    let run = bench.run_as(EVERYTHING, &only, false, |_| {}).await;
    assert_eq!(run.exit(), 0);
    assert_eq!(run.verdict("pg/role/app"), Verdict::Created);
    assert_eq!(run.report.outcomes.len(), 1);
    assert_eq!(server.query("SELECT rolname FROM pg_roles WHERE rolname IN ('app', 'n8n')"), [["app"]]);
}
