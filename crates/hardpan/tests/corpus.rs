//! Real public projects beside what Docker Compose 2.40.3 printed for them.
//!
//! Needs `HARDPAN_CORPUS`, the folder of recorded cases, which `cargo xtask test` sets where it finds it; without it the
//! tests say that they were skipped. The projects are other people's work, so they are read where they lie.
#![expect(clippy::print_stdout, reason = "what ran")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The home directory that the records were made with.
const HOME: &str = "/home/oracle";

#[test]
fn projects_load_as_recorded_with_all_profiles() {
    check(Mode { profiles: Profiles::All, record: "", flags: &[] });
}

#[test]
fn projects_load_as_recorded_with_their_own_profiles() {
    check(Mode { profiles: Profiles::Own, record: ".noprofile", flags: &[] });
}

#[test]
fn projects_load_as_recorded_without_interpolation() {
    check(Mode { profiles: Profiles::All, record: ".nointerp", flags: &["--no-interpolate"] });
}

/// Every rule on every project: an answer each time, and 2 exactly where the project cannot be loaded.
#[test]
fn projects_are_judged_without_failing() {
    let Some((_, cases)) = corpus() else { return };
    let mode = Mode { profiles: Profiles::All, record: "", flags: &[] };
    let (mut failures, mut findings) = (Vec::new(), 0);
    for case in &cases {
        let output = hardpan(case, &mode, &["check", "--house", "--format", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let loads = hardpan(case, &mode, &["config", "--quiet"]).status.success();
        let is_expected = match output.status.code() {
            Some(0 | 1) => loads,
            Some(2) => !loads,
            _ => false,
        };
        match (output.status.code(), report["findings"].as_array()) {
            (_, Some(found)) if is_expected => findings += found.len(),
            (code, _) => {
                let said = String::from_utf8_lossy(&output.stderr);
                failures.push(format!("{}: ended with {code:?}: {said}", name(case)));
            }
        }
    }
    println!("{} projects judged, {findings} findings", cases.len());
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Profiles {
    All,
    Own,
}

struct Mode {
    profiles: Profiles,
    /// What the names of the records have behind `expected`.
    record: &'static str,
    flags: &'static [&'static str],
}

/// What the reference did: any of these, because it is not always the same.
#[derive(Default)]
struct Record {
    printed: Vec<Value>,
    refused: bool,
}

fn check(mode: Mode) {
    let Some((corpus, cases)) = corpus() else { return };
    let (mut equal, mut without_record, mut failures) = (0, 0, Vec::new());
    for case in &cases {
        match compare(&corpus, case, &mode) {
            Some(Ok(())) => equal += 1,
            Some(Err(problem)) => failures.push(format!("{}: {problem}", name(case))),
            None => without_record += 1,
        }
    }
    println!("{equal} projects as recorded, {without_record} without a record of this mode");
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(equal > 0, "the corpus has records of this mode");
}

/// The folder of the corpus and its cases; none, and said so, where it is absent.
fn corpus() -> Option<(PathBuf, Vec<PathBuf>)> {
    let Some(corpus) = std::env::var_os("HARDPAN_CORPUS").map(PathBuf::from) else {
        skipped(
            "real projects, because there is no corpus; `cargo xtask test` beside the shared folder has it",
        );
        return None;
    };
    // Through a link hardpan sees the folder under its real name.
    let corpus = corpus.canonicalize().expect("the corpus is there");
    let mut cases: Vec<PathBuf> = fs::read_dir(&corpus)
        .expect("the corpus can be listed")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.join("case.json").is_file())
        .collect();
    cases.sort();
    Some((corpus, cases))
}

/// Written past the capture of the test harness: a test that did not run never passes silently.
fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

fn name(case: &Path) -> String {
    case.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// None where there is no record for the mode.
fn compare(corpus: &Path, case: &Path, mode: &Mode) -> Option<Result<(), String>> {
    let record = record(case, mode);
    if record.printed.is_empty() && !record.refused {
        return None;
    }
    let output = hardpan(case, mode, &["config", "--format", "json"]);
    let text = |bytes: &[u8]| with_tokens(&String::from_utf8_lossy(bytes), corpus, case);
    Some(match output.status.code() {
        Some(0) if record.printed.is_empty() => {
            Err("hardpan accepts it, the reference refuses it".to_owned())
        }
        Some(0) => serde_json::from_str::<Value>(&text(&output.stdout))
            .map_err(|error| format!("the output is not JSON: {error}"))
            .and_then(|found| closest(&record.printed, &found)),
        Some(2) if record.refused => Ok(()),
        Some(2) => Err(format!("hardpan refuses it, the reference accepts it: {}", text(&output.stderr))),
        code => Err(format!("hardpan ended with {code:?}: {}", text(&output.stderr))),
    })
}

/// Runs hardpan on a case as the record was made.
fn hardpan(case: &Path, mode: &Mode, command: &[&str]) -> std::process::Output {
    let description = json(&case.join("case.json"));
    let folder = case.join("project").join(description["dir"].as_str().unwrap_or("."));
    let variables: BTreeMap<&str, &str> = description["env"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    Command::new(env!("CARGO_BIN_EXE_hardpan"))
        .args(arguments(&description, mode))
        .args(command)
        .args(mode.flags)
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("HOME", HOME)])
        .envs(variables)
        .stdin(Stdio::null())
        .output()
        .expect("hardpan runs")
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file of the corpus can be read");
    serde_json::from_str(&text).expect("a description of the corpus is JSON")
}

fn record(case: &Path, mode: &Mode) -> Record {
    let meta = json(&case.join("expected.meta.json"));
    let is_same = mode.profiles == Profiles::Own && meta["none"]["same_as_all"] == true;
    let stem = format!("expected{}.", if is_same { "" } else { mode.record });
    let mut record = Record::default();
    for entry in fs::read_dir(case).expect("a case can be listed") {
        let path = entry.expect("an entry can be read").path();
        let file = name(&path);
        let Some(rest) = file.strip_prefix(&stem) else { continue };
        // Where the reference has several answers, the others are `alt1`, `alt2`.
        let rest = match rest.split_once('.') {
            Some((number, rest)) if number.strip_prefix("alt").is_some_and(is_number) => rest,
            _ => rest,
        };
        match rest {
            "json" => record.printed.push(json(&path)),
            "error.txt" => record.refused = true,
            _ => {}
        }
    }
    record
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn arguments(description: &Value, mode: &Mode) -> Vec<String> {
    let list = |key: &str| -> Vec<String> {
        match &description[key] {
            Value::String(one) => vec![one.clone()],
            Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let all = vec!["*".to_owned()];
    let profiles = if mode.profiles == Profiles::All { all } else { list("profiles") };
    [
        ("--project-directory", list("project_directory")),
        ("-f", list("files")),
        ("--env-file", list("env_file")),
        ("--profile", profiles),
    ]
    .into_iter()
    .flat_map(|(flag, values)| values.into_iter().flat_map(move |value| [flag.to_owned(), value]))
    .collect()
}

/// Records hold tokens in place of the folders of the machine that made them.
fn with_tokens(text: &str, corpus: &Path, case: &Path) -> String {
    let project = case.join("project");
    [(project.as_path(), "@PROJECT@"), (case, "@CASE@"), (corpus, "@CORPUS@"), (Path::new(HOME), "@HOME@")]
        .iter()
        .fold(text.to_owned(), |text, (path, token)| text.replace(&path.display().to_string(), token))
}

/// Equal to one of the recorded outputs, or the first difference from the first of them.
fn closest(printed: &[Value], found: &Value) -> Result<(), String> {
    let differences: Vec<String> =
        printed.iter().map_while(|expected| difference(expected, found, "$").err()).collect();
    if differences.len() < printed.len() { Ok(()) } else { Err(differences[0].clone()) }
}

/// The order of keys does not count, 1 equals 1.0, and everything else does: types, and the order of lists.
fn difference(expected: &Value, found: &Value, path: &str) -> Result<(), String> {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            if let Some(key) = b.keys().find(|key| !a.contains_key(*key)) {
                return Err(format!("{path}.{key}: too much: {}", b[key]));
            }
            a.iter().try_for_each(|(key, value)| match b.get(key) {
                Some(other) => difference(value, other, &format!("{path}.{key}")),
                None => Err(format!("{path}.{key}: missing: {value}")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .try_for_each(|(at, (a, b))| difference(a, b, &format!("{path}[{at}]"))),
        (Value::Number(a), Value::Number(b)) if a == b || near(a.as_f64(), b.as_f64()) => Ok(()),
        (a, b) if a == b => Ok(()),
        (a, b) => Err(format!("{path}: want {a}, got {b}")),
    }
}

/// Two integers that differ are never near: both are exact where it matters.
fn near(a: Option<f64>, b: Option<f64>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if (a.fract() != 0.0 || b.fract() != 0.0 || a == b) && (a - b).abs() <= 1e-9 * a.abs().max(1.0))
}
