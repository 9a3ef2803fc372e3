//! Loads every project in `tests/fixtures` and compares it with what the reference makes of it; `fixtures/README.md` has
//! the format. With `HARDPAN_REFERENCE` set, the reference itself is asked first, and writes what is missing.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the fixtures lie on the disk")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hardpan_compose::{Loader, PathKind, ReadError, Request, Stages, load};
use hardpan_diag::Severity;
use serde_json::{Map, Value};

const PROJECT: &str = "@PROJECT@";

#[test]
fn every_fixture_loads_as_the_reference_loads_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let reference = std::env::var("HARDPAN_REFERENCE").ok();
    let mut cases = Vec::new();
    for topic in folders(&root) {
        cases.extend(folders(&topic));
    }
    assert!(!cases.is_empty(), "there are fixtures in {}", root.display());
    let mut report = String::new();
    for directory in &cases {
        let case = Case::read(directory);
        let mut problems = reference.as_deref().map_or(Vec::new(), |program| case.ask_reference(program));
        problems.extend(case.check());
        if !problems.is_empty() {
            let name = directory.strip_prefix(&root).unwrap_or(directory);
            report += &format!("\n{}\n    {}\n", name.display(), problems.join("\n    "));
        }
    }
    assert!(report.is_empty(), "{report}");
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .expect("the fixtures can be listed")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

struct Case {
    directory: PathBuf,
    /// The content of `case.json`.
    settings: Value,
}

impl Case {
    fn read(directory: &Path) -> Self {
        let settings = fs::read_to_string(directory.join("case.json")).unwrap_or_else(|_| "{}".to_owned());
        let settings =
            serde_json::from_str(&settings).unwrap_or_else(|error| panic!("{directory:?}: {error}"));
        Self { directory: directory.to_owned(), settings }
    }

    fn text(&self, key: &str) -> Option<String> {
        self.settings[key].as_str().map(|text| self.with_path(text))
    }

    fn list(&self, key: &str) -> Vec<String> {
        let items = self.settings[key].as_array().map_or(&[][..], Vec::as_slice);
        items.iter().filter_map(Value::as_str).map(|text| self.with_path(text)).collect()
    }

    fn flag(&self, key: &str) -> bool {
        self.settings[key].as_bool().unwrap_or(false)
    }

    fn environment(&self) -> Vec<(String, String)> {
        let mut variables = Map::new();
        variables.insert("HOME".to_owned(), Value::from("/home/user"));
        variables.extend(self.settings["environment"].as_object().cloned().unwrap_or_default());
        variables
            .into_iter()
            .filter_map(|(name, value)| Some((name, self.with_path(value.as_str()?))))
            .collect()
    }

    fn current_dir(&self) -> PathBuf {
        self.text("current_dir").map_or(self.directory.clone(), |below| self.directory.join(below))
    }

    fn with_path(&self, text: &str) -> String {
        text.replace(PROJECT, &self.directory.to_string_lossy())
    }

    fn without_path(&self, text: &str) -> String {
        text.replace(&*self.directory.to_string_lossy(), PROJECT)
    }

    fn expectation(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.directory.join(name)).ok()
    }

    /// What hardpan makes of the case, against what is recorded.
    fn check(&self) -> Vec<String> {
        let request = Request {
            current_dir: self.current_dir().to_string_lossy().into_owned(),
            home: self.environment().into_iter().find(|(name, _)| name == "HOME").map(|(_, home)| home),
            environment: self.environment(),
            files: self.list("files"),
            env_files: self.list("env_files"),
            profiles: self.list("profiles"),
            project_directory: self.text("project_directory"),
            project_name: self.text("project_name"),
            services: self.list("services"),
            stages: Stages {
                interpolate: !self.flag("no_interpolate"),
                normalize: !self.flag("no_normalize"),
                resolve_paths: !self.flag("no_path_resolution"),
                check_consistency: !self.flag("no_consistency"),
                resolve_environment: true,
                drop_unused: true,
                check_container_names: !self.flag("no_consistency"),
                resolve_named_environment: !self.flag("no_env_resolution"),
                decode: !self.flag("no_interpolate"),
            },
        };
        let stdin = self.text("stdin").map(|file| self.directory.join(file));
        let loaded = load(&request, &Disk { stdin });
        let messages = |severity: Severity| -> Vec<String> {
            let all = loaded.diagnostics.as_slice().iter();
            all.filter(|one| one.severity == severity).map(|one| self.without_path(&one.message)).collect()
        };
        let errors = messages(Severity::Error);
        let mut problems = Vec::new();
        match (self.expectation("expected.json"), self.expectation("expected.error.txt")) {
            (Some(expected), None) if errors.is_empty() => {
                let project = loaded.project.as_ref().expect("a load without errors gives a project");
                let text = if request.stages.interpolate { project.to_json() } else { project.to_raw_json() };
                let found = serde_json::from_str(&self.without_path(&text)).expect("the output is JSON");
                let expected = serde_json::from_str(&expected).expect("the fixture is JSON");
                differences("", &found, &expected, &mut problems);
            }
            (Some(_), None) => problems.push(format!("refused, expected a project: {errors:?}")),
            (None, Some(expected)) => {
                if !errors.iter().any(|error| collapse(error).contains(&collapse(&expected))) {
                    problems.push(format!("found the errors {errors:?}, expected {:?}", expected.trim()));
                }
            }
            (None, None) => problems.push("has no expectation; record one".to_owned()),
            (Some(_), Some(_)) => problems.push("has two expectations, expected one".to_owned()),
        }
        let warnings = messages(Severity::Warning);
        for line in self.expectation("expected.warnings.txt").unwrap_or_default().lines() {
            if !warnings.iter().any(|warning| collapse(warning).contains(&collapse(line))) {
                problems.push(format!("found the warnings {warnings:?}, expected {line:?}"));
            }
        }
        problems
    }

    /// What the reference makes of the case, against what is recorded; records what is not.
    fn ask_reference(&self, program: &str) -> Vec<String> {
        let mut command = Command::new(program);
        for (key, flag) in [("files", "-f"), ("env_files", "--env-file"), ("profiles", "--profile")] {
            for value in self.list(key) {
                command.args([flag, &value]);
            }
        }
        for (key, flag) in [("project_directory", "--project-directory"), ("project_name", "-p")] {
            if let Some(value) = self.text(key) {
                command.args([flag, &value]);
            }
        }
        command.args(["config", "--format", "json"]);
        let flags =
            ["no_interpolate", "no_normalize", "no_path_resolution", "no_consistency", "no_env_resolution"];
        for flag in flags.into_iter().filter(|flag| self.flag(flag)) {
            command.arg(format!("--{}", flag.replace('_', "-")));
        }
        command.args(self.list("services"));
        command.current_dir(self.current_dir()).env_clear().envs(self.environment());
        command.stdin(match self.text("stdin") {
            Some(file) => {
                Stdio::from(fs::File::open(self.directory.join(file)).expect("the input can be opened"))
            }
            None => Stdio::null(),
        });
        let output = command.output().expect("the command can be started");
        let (name, text) = if output.status.success() {
            ("expected.json", self.without_path(&String::from_utf8_lossy(&output.stdout)))
        } else {
            ("expected.error.txt", self.without_path(&refusal(&String::from_utf8_lossy(&output.stderr))))
        };
        let recorded = |name: &str| self.expectation(name);
        match (recorded("expected.json"), recorded("expected.error.txt")) {
            (None, None) => {
                fs::write(self.directory.join(name), text).expect("the fixture can be written");
                Vec::new()
            }
            (Some(json), None) if name == "expected.json" => {
                let mut problems = Vec::new();
                let (found, expected) = (serde_json::from_str(&text), serde_json::from_str(&json));
                differences(
                    "",
                    &found.expect("it was compared"),
                    &expected.expect("it was compared"),
                    &mut problems,
                );
                problems.iter().map(|problem| format!("the reference: {problem}")).collect()
            }
            (None, Some(error)) if name == "expected.error.txt" => {
                let all = self.without_path(&String::from_utf8_lossy(&output.stderr));
                let agrees = collapse(&all).contains(&collapse(&error));
                if agrees { Vec::new() } else { vec![format!("the reference refuses otherwise: {all}")] }
            }
            _ => vec![format!("the reference answers otherwise: {text}")],
        }
    }
}

/// The last message of the reference without what only says which file it was reading.
fn refusal(stderr: &str) -> String {
    let message = stderr.trim_end().lines().last().unwrap_or_default();
    for prefix in ["validating ", "failed to parse "] {
        if let Some((_, cause)) = message.strip_prefix(prefix).and_then(|rest| rest.split_once(": ")) {
            return format!("{cause}\n");
        }
    }
    format!("{message}\n")
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every place where two values differ, one line each.
fn differences(path: &str, found: &Value, expected: &Value, lines: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, value) in expected {
                match found.get(key) {
                    Some(other) => differences(&format!("{path}.{key}"), other, value, lines),
                    None => lines.push(format!("{path}.{key}: found nothing, expected {value}")),
                }
            }
            for (key, value) in found.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                lines.push(format!("{path}.{key}: found {value}, expected nothing"));
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                differences(&format!("{path}[{at}]"), found, expected, lines);
            }
        }
        _ if found != expected => lines.push(format!("{path}: found {found}, expected {expected}")),
        _ => {}
    }
}

/// Reads the real file system; standard input is a file.
struct Disk {
    stdin: Option<PathBuf>,
}

impl Loader for Disk {
    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, ReadError> {
        let path = match &self.stdin {
            Some(stdin) if path == "-" => stdin.as_path(),
            _ => Path::new(path),
        };
        fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => ReadError::NotFound,
            std::io::ErrorKind::IsADirectory => ReadError::IsDirectory,
            _ => ReadError::Other(error.to_string()),
        })
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        let metadata = fs::metadata(path).ok()?;
        Some(if metadata.is_dir() { PathKind::Directory } else { PathKind::File })
    }

    fn real_path(&self, path: &str) -> Option<String> {
        fs::canonicalize(path).ok().map(|path| path.to_string_lossy().into_owned())
    }
}
