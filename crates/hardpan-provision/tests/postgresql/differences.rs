//! What exists and differs: brought in line and said, or refused with the difference.

use hardpan_provision::step::Verdict;

use crate::bench::{Bench, EVERYTHING, NUMBERED};
use crate::support::postgresql::Server;

#[tokio::test]
async fn what_was_changed_by_hand_is_brought_in_line_and_said() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    assert_eq!(bench.run(EVERYTHING).await.exit(), 0);
    server.query("ALTER ROLE n8n CREATEDB CONNECTION LIMIT 3 VALID UNTIL 'infinity'");
    server.query("ALTER ROLE n8n RESET search_path");
    server.query("REVOKE app FROM n8n");
    server.query("ALTER ROLE n8n SET statement_timeout TO '1h'");
    server.query("CREATE ROLE other");
    server.query("ALTER DATABASE n8n OWNER TO other");
    server.query("ALTER DATABASE n8n CONNECTION LIMIT 7");
    server.query("ALTER DATABASE n8n SET timezone TO 'CET'");
    server.query("GRANT CONNECT ON DATABASE n8n TO public");
    server.query("REVOKE CONNECT ON DATABASE n8n FROM reader");
    for sql in [
        "ALTER SCHEMA app OWNER TO other",
        "CREATE TABLE app.one (id int)",
        "CREATE TABLE app.two (id int)",
        "GRANT SELECT ON app.one TO reader",
        "ALTER DEFAULT PRIVILEGES FOR ROLE n8n REVOKE USAGE ON SEQUENCES FROM reader",
    ] {
        server.query_in("n8n", sql);
    }
    let look = bench.dry_run(EVERYTHING).await;
    let run = bench.run(EVERYTHING).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    let expected = [
        (
            "pg/role/n8n",
            vec![
                "createdb true -> false",
                "connection_limit 3 -> 20",
                "valid_until infinity -> 2099-01-01 00:00:00+00",
                "setting search_path not set -> app, public",
                "setting statement_timeout 1h -> 30s",
                "member_of app no -> yes",
            ],
        ),
        (
            "pg/database/n8n",
            vec!["setting timezone CET -> UTC", "connection_limit 7 -> 40", "owner other -> n8n"],
        ),
        ("pg/database/n8n/schema/app", vec!["owner other -> n8n"]),
        ("pg/database/n8n/grant/reader,n8n/database", vec!["CONNECT for reader no -> yes"]),
        ("pg/database/n8n/grant/reader/tables/app", vec!["SELECT for reader missing on 1 of 2 -> yes"]),
        ("pg/database/n8n/revoke/public/database", vec!["CONNECT for public yes -> no"]),
        ("pg/database/n8n/default/n8n/reader/sequences", vec!["USAGE for reader no -> yes"]),
    ];
    for (id, differences) in &expected {
        assert_eq!(run.verdict(id), Verdict::Changed, "{id}");
        assert_eq!(run.differences(id), *differences, "{id}");
        assert_eq!(look.verdict(id), Verdict::WouldChange, "{id}");
        assert_eq!(look.differences(id), *differences, "{id}");
    }
    let changed = run.report.outcomes.iter().filter(|one| one.verdict == Verdict::Changed).count();
    assert_eq!(changed, expected.len(), "{:#?}", run.report.outcomes);
    assert_eq!(bench.run(EVERYTHING).await.but(Verdict::Unchanged), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_plan_does_not_say_stays() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    bench.variable("N", "1");
    assert_eq!(bench.run(NUMBERED).await.exit(), 0);
    server.query("CREATE ROLE extra");
    server.query("GRANT extra TO svc1");
    server.query("ALTER ROLE svc1 CREATEDB CONNECTION LIMIT 3");
    server.query("ALTER ROLE svc1 SET log_min_duration_statement TO '1s'");
    server.query("GRANT CREATE ON DATABASE db1 TO extra");
    assert_eq!(bench.run(NUMBERED).await.but(Verdict::Unchanged), Vec::<String>::new());
}

#[tokio::test]
async fn encoding_and_locale_are_refused_and_nothing_inside_is_touched() {
    const PLAN: &str = r#"
postgresql:
  pg:
    host: 127.0.0.1
    port: "${PORT}"
    password_file: admin
    roles: {owner: {}}
    databases:
      old: {owner: owner, encoding: UTF8, locale: C.UTF-8, schemas: {app: {}}}
      new: {owner: owner}
"#;
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    server
        .query("CREATE DATABASE old TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'POSIX'");
    let run = bench.run(PLAN).await;
    assert_eq!(run.exit(), 1);
    assert_eq!(run.verdict("pg/database/old"), Verdict::Refused);
    assert_eq!(
        run.differences("pg/database/old"),
        ["encoding SQL_ASCII -> UTF8", "lc_collate C -> C.UTF-8", "lc_ctype C -> C.UTF-8"]
    );
    assert!(run.outcome("pg/database/old").help.as_deref().unwrap().contains("dump"));
    assert_eq!(run.verdict("pg/database/old/schema/app"), Verdict::Skipped);
    assert_eq!(run.verdict("pg/database/new"), Verdict::Created, "the rest is done");
    let owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'old'";
    assert_eq!(server.query(owner), [["postgres"]]);
    assert!(server.query_in("old", "SELECT 1 FROM pg_namespace WHERE nspname = 'app'").is_empty());
}

#[tokio::test]
async fn an_extension_is_moved_and_updated_and_one_that_cannot_be_moved_is_refused() {
    const PLAN: &str = r#"
postgresql:
  pg:
    host: 127.0.0.1
    port: "${PORT}"
    password_file: admin
    databases:
      db:
        schemas: {ext: {}}
        extensions:
          - {name: pg_trgm, schema: ext, version: "1.6"}
          - {name: plpgsql, schema: ext}
          - no_such_extension
"#;
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    server.query("CREATE DATABASE db TEMPLATE template0");
    server.query_in("db", "CREATE EXTENSION pg_trgm VERSION '1.5'");
    let run = bench.run(PLAN).await;
    assert_eq!(run.exit(), 1);
    assert_eq!(run.verdict("pg/database/db/extension/pg_trgm"), Verdict::Changed);
    assert_eq!(
        run.differences("pg/database/db/extension/pg_trgm"),
        ["schema public -> ext", "version 1.5 -> 1.6"]
    );
    assert_eq!(run.verdict("pg/database/db/extension/plpgsql"), Verdict::Refused);
    assert_eq!(run.differences("pg/database/db/extension/plpgsql"), ["schema pg_catalog -> ext"]);
    let missing = run.outcome("pg/database/db/extension/no_such_extension");
    assert_eq!(missing.verdict, Verdict::Failed);
    assert!(missing.reason.as_deref().unwrap().contains("is not available"), "{missing:?}");
    assert!(missing.help.as_deref().unwrap().contains("package"), "{missing:?}");
}
