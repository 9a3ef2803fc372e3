//! Passwords: set by verifier, changed when the secret file changes, and compared in whichever way is possible.

use hardpan_provision::step::Verdict;

use crate::bench::Bench;
use crate::support::fresh_password;
use crate::support::postgresql::{self, Server};

const PLAN: &str = r#"
postgresql:
  pg:
    host: 127.0.0.1
    port: "${PORT}"
    user: "${WHO:-postgres}"
    password_file: admin
    roles:
      n8n: {login: true, password_file: n8n}
      batch: {login: false, password_file: batch}
"#;

fn may_log_in(server: &Server, role: &str, password: &str) -> bool {
    let mut config = server.config();
    match postgresql::query(config.user(role).password(password), "SELECT 1") {
        Ok(_) => true,
        Err(error) => {
            assert!(error.contains("28P01"), "{error}");
            false
        }
    }
}

/// Carries the plan out three times with a new secret in between, and looks at what the server lets in.
async fn rotate(server: &Server, bench: &Bench) {
    bench.secret("batch", &fresh_password());
    assert_eq!(bench.run(PLAN).await.but(Verdict::Created), Vec::<String>::new());
    assert_eq!(bench.run(PLAN).await.but(Verdict::Unchanged), Vec::<String>::new());
    let old = bench.secret_of("n8n");
    assert!(may_log_in(server, "n8n", &old));

    bench.secret("n8n", &fresh_password());
    let rotated = bench.run(PLAN).await;
    assert_eq!(rotated.but(Verdict::Unchanged), ["changed      pg/role/n8n: password"]);
    assert!(may_log_in(server, "n8n", &bench.secret_of("n8n")));
    assert!(!may_log_in(server, "n8n", &old));
    assert_eq!(bench.run(PLAN).await.but(Verdict::Unchanged), Vec::<String>::new());

    // A role that may not log in has its password compared as well.
    bench.secret("batch", &fresh_password());
    assert_eq!(bench.run(PLAN).await.but(Verdict::Unchanged), ["changed      pg/role/batch: password"]);
    assert_eq!(bench.run(PLAN).await.but(Verdict::Unchanged), Vec::<String>::new());
}

/// Lets somebody else than the superuser carry out the plan.
fn as_limited(server: &Server, bench: &Bench) {
    let password = fresh_password();
    server.query(&format!("CREATE ROLE limited LOGIN CREATEROLE PASSWORD '{password}'"));
    bench.variable("WHO", "limited");
    bench.secret("admin", &password);
}

#[tokio::test]
async fn a_password_is_changed_when_its_file_changes() {
    let Some(server) = Server::start() else { return };
    rotate(&server, &Bench::new(&server)).await;
    let stored = "SELECT DISTINCT left(rolpassword, 19) FROM pg_authid WHERE rolname IN ('n8n', 'batch')";
    assert_eq!(server.query(stored), [["SCRAM-SHA-256$4096:"]]);
}

#[tokio::test]
async fn who_may_not_read_verifiers_finds_out_by_logging_in() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    as_limited(&server, &bench);
    rotate(&server, &bench).await;
}

#[tokio::test]
async fn an_md5_hash_is_replaced_by_a_verifier_of_the_same_password() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    bench.secret("batch", &fresh_password());
    let password = bench.secret_of("n8n");
    server.query(&format!("SET password_encryption = md5; CREATE ROLE n8n LOGIN PASSWORD '{password}'"));
    let run = bench.run(PLAN).await;
    assert_eq!(run.differences("pg/role/n8n"), ["password"]);
    assert!(may_log_in(&server, "n8n", &password), "pg_hba.conf asks for SCRAM");
}

#[tokio::test]
async fn a_password_that_cannot_be_compared_is_set_anew_and_that_is_said() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    as_limited(&server, &bench);
    bench.secret("batch", &fresh_password());
    assert_eq!(bench.run(PLAN).await.exit(), 0);
    let file = server.query("SHOW hba_file")[0][0].clone();
    server.query(&format!("COPY (SELECT 'host all all 127.0.0.1/32 trust') TO '{file}'"));
    server.query("SELECT pg_reload_conf()");
    let trusted = crate::support::postgresql::query(server.config().user("n8n").password("x"), "SELECT 1");
    assert!(trusted.is_ok(), "{trusted:?}");
    let run = bench.run(PLAN).await;
    assert_eq!(run.exit(), 0, "{:#?}", run.report.outcomes);
    assert_eq!(
        run.differences("pg/role/n8n"),
        ["password, which cannot be compared (the server asks for no password here) and is set anew"]
    );
}
