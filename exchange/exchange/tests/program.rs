//! The program as it is started: what it says, how it ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Long enough for a machine that builds something else meanwhile.
const DEADLINE: Duration = Duration::from_secs(180);

/// The program with nothing of the environment that the tests run in.
fn exchange(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exchange"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// Ports that are free now. Somebody else could take one before it is used; nothing on a test machine does.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

const LISTEN: [&str; 5] = [
    "GATEWAY_LISTEN",
    "MATCHING_ENGINE_LISTEN",
    "MARKET_DATA_LISTEN",
    "RISK_ENGINE_LISTEN",
    "PERSISTENCE_LISTEN",
];

/// A running exchange that does not outlive its test.
struct Running {
    child: Child,
    ports: [u16; 5],
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    fn start(target: &str, home: &Path, ports: [u16; 5]) -> Self {
        let mut command = exchange(&["--target", target, "--home", home.to_str().unwrap()]);
        for (variable, port) in LISTEN.iter().zip(ports) {
            command.env(variable, format!("127.0.0.1:{port}"));
        }
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, ports }
    }

    /// Asks a service until it answers 200.
    fn wait_until_ready(&mut self, service: usize) {
        let start = Instant::now();
        while !answer(self.ports[service], "/ready").is_some_and(|text| text.starts_with("HTTP/1.1 200 ")) {
            assert!(start.elapsed() < DEADLINE, "{} is not ready in time", LISTEN[service]);
            assert!(self.child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks for the end, and returns the exit code and what was logged.
    fn end(mut self) -> (i32, String) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        self.wait()
    }

    fn wait(&mut self) -> (i32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < DEADLINE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut text = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (status.code().unwrap(), text)
    }
}

fn answer(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

#[test]
fn all_services_run_in_one_process_and_end_in_order() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut running = Running::start("all", home.path(), free_ports());
        (0..5).for_each(|service| running.wait_until_ready(service));
        let text = answer(running.ports[0], "/v1/markets").unwrap();
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
        let (code, text) = running.end();
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("exchange token --home"), "{text}");
        assert!(!text.contains("ended by itself"), "{text}");
    }
}

#[test]
fn a_port_that_is_taken_ends_all_services_and_says_which() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ports = free_ports();
    ports[2] = taken.local_addr().unwrap().port();
    let (code, text) = Running::start("all", home.path(), ports).wait();
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("market-data") && text.contains("cannot listen on"), "{text}");
}

#[test]
fn some_services_may_be_named() {
    let home = tempfile::tempdir().unwrap();
    let mut running = Running::start("persistence,risk-engine", home.path(), free_ports());
    running.wait_until_ready(4);
    assert!(answer(running.ports[3], "/health").is_some());
    assert!(answer(running.ports[0], "/health").is_none(), "the gateway was not asked for");
    let (code, text) = running.end();
    assert_eq!(code, 0, "{text}");
}

#[test]
fn everything_that_is_wrong_is_listed_before_anything_begins() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = exchange(&["--target", "all"]);
    command.current_dir(folder.path());
    command.env("GATEWAY_LISTEN", "localhost").env("PERSISTENCE_URL", "ftp://x").env("LOG_FORMAT", "xml");
    let (code, stdout, stderr) = run(command);
    assert_eq!((code, stdout.as_str()), (2, ""));
    for line in [
        "error: 4 variable(s) of the environment are wrong:",
        "  GATEWAY_LISTEN: found `localhost`, expected an address and a port such as `127.0.0.1:8080`",
        "  PERSISTENCE_URL: found `ftp://x`, expected `http://host:port`",
        "  LOG_FORMAT: found `xml`, expected `json` or `text`",
        "  JWT_PUBLIC_KEY_FILE: it is not set",
    ] {
        assert!(stderr.lines().any(|found| found == line), "{line}\n in {stderr}");
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing was made");
}

#[test]
fn wrong_usage_is_told_and_help_is_no_error() {
    for arguments in [&[][..], &["--target", "kafka"], &["token"], &["token", "--account", "1"], &["keys"]] {
        let (code, stdout, stderr) = run(exchange(arguments));
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
    }
    for arguments in [&["--help"][..], &["--version"], &["token", "--help"]] {
        let (code, stdout, _) = run(exchange(arguments));
        assert_eq!(code, 0, "{arguments:?}");
        assert!(!stdout.is_empty());
    }
}

#[test]
fn keys_are_made_once_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("keys");
    let arguments = ["keys", "--out", out.to_str().unwrap()];
    let (code, stdout, stderr) = run(exchange(&arguments));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("JWT_PUBLIC_KEY_FILE"), "{stdout}");
    let private = out.join("token-private.pem");
    assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
    let pem = fs::read_to_string(&private).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");

    let (code, _, stderr) = run(exchange(&arguments));
    assert_eq!(code, 2);
    assert!(stderr.contains("is there already"), "{stderr}");
    assert_eq!(fs::read_to_string(&private).unwrap(), pem);
    assert!(!stderr.contains(pem.lines().nth(1).unwrap()), "a key is never shown");
}

#[test]
fn a_token_says_who_asks_and_a_wrong_wish_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    assert_eq!(run(exchange(&["keys", "--out", out])).0, 0);
    let key = folder.path().join("token-private.pem");
    let token = |arguments: &[&str]| {
        let mut command = exchange(&["token", "--key-file", key.to_str().unwrap()]);
        command.args(arguments);
        run(command)
    };
    let (code, stdout, stderr) = token(&["--account", "7", "--expires", "30m", "--tier", "maker"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stdout.trim_end().split('.').count(), 3);
    for (arguments, problem) in [
        (&["--account", "7", "--scope", "admin"][..], "`--admin`"),
        (&["--admin", "--scope", "trade"], "`--account`"),
        (&["--account", "-1"], "unexpected argument"),
        (&["--account", "1", "--admin"], "--admin"),
        (&["--account", "1", "--expires", "soon"], "expected a time"),
    ] {
        let (code, stdout, stderr) = token(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.contains(problem), "{arguments:?}: {stderr}");
    }
    let missing = folder.path().join("none.pem");
    let (code, _, stderr) =
        run(exchange(&["token", "--account", "1", "--key-file", missing.to_str().unwrap()]));
    assert_eq!(code, 3, "{stderr}");
}

#[test]
fn the_table_of_variables_names_each_once() {
    let (code, page, _) = run(exchange(&["variables"]));
    assert_eq!(code, 0);
    let mut names: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(names.len() > 20, "{page}");
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a variable stands in one table only");
    for name in LISTEN.into_iter().chain(["JWT_PUBLIC_KEY_FILE", "DATA_DIR", "LOG_LEVEL"]) {
        assert!(names.contains(&name), "{name}");
    }
}
