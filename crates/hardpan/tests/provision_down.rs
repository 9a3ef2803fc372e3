//! `hardpan provision` with servers that are not there: it ends at the deadline, and says what it waited for.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

struct Output {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs hardpan in a folder with a scrubbed environment.
fn provision(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_hardpan"))
        .arg("provision")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("hardpan runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("hardpan prints UTF-8");
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn folder(plan: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plan.yml"), plan).expect("the plan is written");
    folder
}

/// A port on which nobody listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// A plan for every backend, of servers that are not there.
fn down(port: u16) -> tempfile::TempDir {
    let folder = folder(&format!(
        "
postgresql: {{pg: {{host: 127.0.0.1, port: {port}, password_file: canary, databases: {{app: }}}}}}
valkey: {{cache: {{nodes: ['127.0.0.1:{port}'], mode: standalone, password_file: canary, users: {{app: }}}}}}
kafka: {{kafka: {{bootstrap: ['127.0.0.1:{port}'], topics: {{orders: }}}}}}
s3: {{store: {{endpoint: 'http://127.0.0.1:{port}', access_key_file: key, secret_key_file: canary, buckets: {{logs: }}}}}}
"
    ));
    std::fs::write(folder.path().join("canary"), "canary-9c2e\n").expect("it is written");
    std::fs::write(folder.path().join("key"), "key-id\n").expect("it is written");
    folder
}

#[test]
fn servers_that_are_not_there_end_the_run_with_3_at_the_deadline() {
    let folder = down(free_port());
    let start = Instant::now();
    let output = provision(folder.path(), &["plan.yml", "--secrets", ".", "--timeout", "2s"]);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(output.code, Some(3), "{}{}", output.stdout, output.stderr);
    for target in ["pg", "cache", "kafka", "store"] {
        let line = output
            .stdout
            .lines()
            .find(|line| line.starts_with(&format!("not ready    {target}: waited for ")));
        let line = line.unwrap_or_else(|| panic!("{target}:\n{}", output.stdout));
        assert!(line.contains("until the deadline; the last answer: "), "{line}");
    }
    assert!(output.stdout.contains("skipped      pg/database/app: see pg"), "{}", output.stdout);
    let last = output.stdout.lines().last().expect("a summary");
    assert!(last.starts_with("not done: 4 not ready, 4 skipped ("), "{last}");
    assert!(!output.stdout.contains("canary-9c2e") && !output.stderr.contains("canary-9c2e"));
}

#[test]
fn the_same_as_json_is_one_object_a_line() {
    let folder = down(free_port());
    let arguments = ["plan.yml", "--secrets", ".", "--timeout", "1s", "--format", "json", "--only", "kafka"];
    let output = provision(folder.path(), &arguments);
    assert_eq!(output.code, Some(3));
    let lines: Vec<serde_json::Value> =
        output.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert!(lines.iter().any(|line| line["event"] == "waiting" && line["id"] == "kafka"));
    let step = lines.iter().find(|line| line["event"] == "step" && line["id"] == "kafka/topic/orders");
    assert_eq!(step.expect("a step for the topic")["verdict"], "skipped");
    let summary = lines.last().expect("a summary");
    assert_eq!((&summary["event"], &summary["exit"]), (&"summary".into(), &3.into()));
    assert_eq!(summary["counts"]["not ready"], 1);
}

#[test]
fn a_run_that_is_told_to_end_ends_at_once_with_3() {
    let folder = down(free_port());
    let mut running = Command::new(env!("CARGO_BIN_EXE_hardpan"))
        .args(["provision", "plan.yml", "--secrets", ".", "--timeout", "10m"])
        .current_dir(folder.path())
        .env_clear()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("hardpan starts");
    // Once it says that it waits, it listens for signals.
    let mut lines = BufReader::new(running.stdout.take().expect("its output")).lines();
    let waits = lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("waiting"));
    assert!(waits, "it says that it waits");
    let start = Instant::now();
    let told = Command::new("kill").args(["-TERM", &running.id().to_string()]).status().expect("kill runs");
    assert!(told.success());
    let output = running.wait_with_output().expect("it ends");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"), "{output:?}");
}
