//! `hardpan provision` as a process against a real PostgreSQL: killed at every step, refused, and listened to for secrets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "../../hardpan-provision/tests/support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use support::fresh_password;
use support::postgresql::Server;

const PLAN: &str = "
postgresql:
  pg:
    host: 127.0.0.1
    port: ${PORT}
    password_file: admin
    roles:
      app#: {}
      svc#: {login: true, password_file: service, member_of: [app#], settings: {work_mem: 8MB}}
    databases:
      db#:
        owner: svc#
        schemas: {app: {owner: svc#}}
        extensions: [{name: pg_trgm, schema: app}]
        grants: [{privileges: [USAGE], on: schema, schema: app, to: [app#]}]
        revokes: [{privileges: [CONNECT], on: database, from: [public]}]
";

/// The objects of the plan.
const OBJECTS: usize = 7;

struct Bench {
    folder: tempfile::TempDir,
    port: u16,
    canaries: Vec<String>,
    /// All output of all processes.
    said: String,
}

impl Bench {
    fn new(port: u16, admin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Self { folder, port, canaries: Vec::new(), said: String::new() };
        bench.secret("admin", admin);
        bench.secret("service", &fresh_password());
        bench
    }

    fn secret(&mut self, name: &str, value: &str) {
        std::fs::write(self.folder.path().join(name), value).unwrap();
        self.canaries.push(value.to_owned());
    }

    /// Writes the plan of a number, and begins to carry it out.
    fn start(&self, number: usize, more: &[&str]) -> Child {
        let plan = PLAN.replace('#', &number.to_string());
        std::fs::write(self.folder.path().join("plan.yml"), plan).unwrap();
        let path = self.folder.path().display().to_string();
        Command::new(env!("CARGO_BIN_EXE_hardpan"))
            .args(["provision", "plan.yml", "--secrets", &path])
            .args(more)
            .current_dir(&path)
            .env_clear()
            .env("PORT", self.port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("hardpan runs")
    }

    fn run(&mut self, number: usize, more: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.start(number, more).wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        self.said.push_str(&stdout);
        self.said.push_str(&stderr);
        (status.code(), format!("{stdout}{stderr}"))
    }

    fn assert_hidden(&self, place: &str, text: &str) {
        for canary in &self.canaries {
            assert!(!text.contains(canary.as_str()), "a secret is in {place}");
        }
    }
}

/// What the system shows of a process.
fn shown(process: u32) -> String {
    let folder = Path::new("/proc").join(process.to_string());
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap_or_default();
    String::from_utf8_lossy(&[read("cmdline"), read("environ")].concat()).into_owned()
}

#[test]
fn a_process_killed_at_any_step_leaves_work_that_the_next_one_finishes_and_shows_no_secret() {
    let Some(server) = Server::start() else { return };
    let mut bench = Bench::new(server.port, &server.password);
    for step in 1..=OBJECTS {
        let mut child = bench.start(step, &[]);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..step {
            lines.read_line(&mut bench.said).unwrap();
        }
        let shown = shown(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        lines.read_to_string(&mut bench.said).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut bench.said).unwrap();
        assert!(
            shown.contains("plan.yml") && shown.contains("PORT="),
            "the process was looked at: {shown:?}"
        );
        bench.assert_hidden("the listing of processes", &shown);

        let (code, said) = bench.run(step, &[]);
        assert_eq!(code, Some(0), "killed after step {step}: {said}");
        let unchanged = said.lines().filter(|line| line.starts_with("unchanged ")).count();
        assert!(unchanged >= step, "what was done before step {step} is not done again: {said}");
        // Another secret, for the next number.
        bench.secret("service", &fresh_password());
    }
    let (code, said) = bench.run(1, &["--format", "json"]);
    assert_eq!(code, Some(0), "the secret has changed: {said}");
    assert!(said.contains(r#""id":"pg/role/svc1""#) && said.contains(r#""what":"password""#), "{said}");
    let (code, said) = bench.run(1, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(said.lines().filter(|line| line.starts_with("unchanged ")).count(), OBJECTS, "{said}");

    bench.secret("admin", &fresh_password());
    let (code, said) = bench.run(1, &["--timeout", "1s"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the credentials of `postgres` were refused until the deadline"), "{said}");

    bench.assert_hidden("the output", &bench.said);
    let log = server.log();
    assert!(log.contains("SCRAM-SHA-256$4096:"), "statements are logged");
    bench.assert_hidden("the server's log", &log);
}

#[test]
fn a_server_that_is_not_there_ends_the_process_with_3() {
    let mut bench = Bench::new(support::ports::free(), "Canary-unused");
    let (code, said) = bench.run(1, &["--timeout", "1s"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("to accept a connection until the deadline; the last answer: "), "{said}");
    assert!(said.contains("Connection refused"), "{said}");
}
