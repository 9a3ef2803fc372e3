//! `hardpan provision` as a user sees it before anything is connected to: what is said of the plan, and of what was typed.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

struct Output {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs hardpan in a folder with a scrubbed environment.
fn provision(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_hardpan"))
        .arg("provision")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
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

#[test]
fn a_plan_with_mistakes_ends_with_2_and_shows_them_where_they_are() {
    let folder = folder("postgresql:\n  pg:\n    host: pg\n    password: canary-5f1\n    prot: 5432\n");
    let output = provision(folder.path(), &["plan.yml"], &[]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""));
    let expected = "\
error[plan::literal-secret]: a secret is not written into a plan: `password` means nothing here
 --> plan.yml:4:5
  |
4 |     password: **********
  |     ^^^^^^^^
  |
  = help: put it into a file below /run/secrets/ and name the file with `password_file`

error[plan::unknown-key]: `prot` means nothing here
 --> plan.yml:5:5
  |
5 |     prot: ****
  |     ^^^^
  |
  = help: did you mean `port`?

2 errors: nothing was done
";
    assert_eq!(output.stderr, expected);
    let output = provision(folder.path(), &["plan.yml", "--format", "json"], &[]);
    assert_eq!(output.code, Some(2));
    let report: serde_json::Value = serde_json::from_str(&output.stderr).expect("JSON");
    assert_eq!(report["diagnostics"][0]["code"], "plan::literal-secret");
    assert_eq!(report["diagnostics"][0]["location"]["line"], 4);
    assert!(!output.stderr.contains("canary"));
}

#[test]
fn what_was_typed_wrong_ends_with_2() {
    let folder = folder("kafka: {k: {bootstrap: ['127.0.0.1:1'], topics: {orders: }}}");
    for (arguments, expected) in [
        (vec!["nowhere.yml"], "cannot read nowhere.yml: no such file or directory"),
        (vec!["plan.yml", "--timeout", "soon"], "error: --timeout: time: invalid duration"),
        (vec!["plan.yml", "--timeout", "0s"], "is not greater than zero"),
        (vec!["plan.yml", "--only", "k/topic/order"], "did you mean `k/topic/orders`?"),
        (vec!["plan.yml", "--env-file", "nowhere.env"], "cannot read nowhere.env"),
        (vec![], "<PLAN>"),
    ] {
        let output = provision(folder.path(), &arguments, &[]);
        assert_eq!(output.code, Some(2), "{arguments:?}\n{}", output.stderr);
        assert!(output.stderr.contains(expected), "{arguments:?}\n{}", output.stderr);
    }
}

#[test]
fn a_missing_secret_file_ends_with_2_before_anything_is_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    listener.set_nonblocking(true).expect("a socket that does not wait");
    let folder =
        folder(&format!("postgresql: {{pg: {{host: 127.0.0.1, port: {port}, password_file: pg_password}}}}"));
    let output = provision(folder.path(), &["plan.yml", "--secrets", "secrets"], &[]);
    assert_eq!(output.code, Some(2));
    assert!(output.stderr.contains("there is no file secrets/pg_password"), "{}", output.stderr);
    assert!(listener.accept().is_err(), "nothing was connected to");
}

#[test]
fn variables_come_from_the_environment_and_below_it_from_env_files() {
    let folder = folder(
        "kafka: {k: {bootstrap: ['127.0.0.1:${PORT}'], brokers: '${BROKERS:?how many}', topics: {t: {replication: 3}}}}",
    );
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is written");
    write(".env", "PORT=1\nBROKERS=1\n");
    write("other.env", "PORT=1\nBROKERS=2\n");
    for (arguments, variables, brokers) in [
        (vec!["plan.yml"], vec![], "1"),
        (vec!["plan.yml", "--env-file", "other.env"], vec![], "2"),
        (vec!["plan.yml"], vec![("BROKERS", "0")], "a whole number from 1"),
    ] {
        let output = provision(folder.path(), &arguments, &variables);
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        let expected =
            if brokers.len() == 1 { format!("`brokers` is {brokers}") } else { brokers.to_owned() };
        assert!(output.stderr.contains(&expected), "{expected}: {}", output.stderr);
    }
}

#[test]
fn the_plan_can_come_from_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hardpan"))
        .args(["provision", "-"])
        .env_clear()
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("hardpan starts");
    let mut stdin = child.stdin.take().expect("its input");
    std::io::Write::write_all(&mut stdin, b"nonsense: 1\n").expect("it is written");
    drop(stdin);
    let output = child.wait_with_output().expect("hardpan ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("<stdin>:1:1"));
}

#[test]
fn the_help_has_the_table_of_exit_codes() {
    let output = provision(Path::new("/"), &["--help"], &[]);
    assert_eq!(output.code, Some(0));
    for (exit, meaning) in hardpan_provision::EXIT_CODES {
        assert!(output.stdout.contains(&format!("{}  {meaning}", exit.code())), "{}", output.stdout);
    }
}
