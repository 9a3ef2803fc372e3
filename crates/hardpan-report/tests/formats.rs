//! Every format over a project with secrets: documents are valid against their schemas, and no secret is in any of them.

#![expect(clippy::disallowed_methods, reason = "the projects lie on the disk")]

use std::fs;
use std::path::Path;

use hardpan_compose::{Loader, PathKind, ReadError, Request, Stages, load};
use hardpan_report::{Gate, Renderer, Report, Shown};
use hardpan_rules::codes::Severity;
use hardpan_rules::fix::Editor;
use hardpan_rules::policy::Date;
use hardpan_rules::{Outcome, Row, Settings, check, matrix};
use hardpan_source::Edit;
use serde_json::Value;

/// Every secret of the fixture has this in it.
const CANARY: &str = "canary";

struct Checked {
    directory: String,
    policy: String,
    outcome: Outcome,
    matrix: Vec<Row>,
    edits: Vec<Vec<Edit>>,
}

impl Checked {
    fn new(file: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shop");
        let directory = directory.to_str().expect("the repository's path is text").to_owned();
        let request = Request {
            current_dir: directory.clone(),
            home: Some("/home/user".to_owned()),
            files: vec![file.to_owned()],
            env_files: vec!["shop.env".to_owned()],
            profiles: vec!["*".to_owned()],
            stages: Stages { drop_unused: false, ..Stages::default() },
            ..Request::default()
        };
        let policy = format!("{directory}/hardpan.yml");
        let text = fs::read_to_string(&policy).expect("the policy is there");
        let settings = Settings {
            root: directory.clone(),
            policy: Some((policy.clone(), text)),
            house_rules: true,
            today: Date::parse("2026-01-01").expect("a day"),
        };
        let mut outcome = check(load(&request, &Disk), &settings, &Disk);
        hardpan_report::shorten_paths(&mut outcome, &directory);
        let matrix = matrix(&outcome);
        let mut editor = Editor::new(&outcome);
        let edits = outcome.findings.iter();
        let edits = edits.map(|finding| editor.edits_of(finding).unwrap_or_default()).collect::<Vec<_>>();
        Self { directory, policy, outcome, matrix, edits }
    }

    fn report(&self) -> Report<'_> {
        Report {
            version: "1.2.3",
            project: Some("shop"),
            directory: &self.directory,
            current_dir: &self.directory,
            policy_path: Some(&self.policy),
            outcome: &self.outcome,
            matrix: &self.matrix,
            edits: &self.edits,
            gate: Gate { fail_on: Severity::Medium, strict: true },
            known: 0,
        }
    }
}

const PROJECTS: [&str; 2] = ["compose.yaml", "broken.yaml"];

fn valid(schema: &str, document: &str) -> Value {
    let mut schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    // SARIF's schema has a pattern with a bracket too many, which only lenient engines take. No report has a language.
    for object in ["run", "toolComponent"] {
        if let Some(language) = schema.pointer_mut(&format!("/definitions/{object}/properties/language")) {
            language.as_object_mut().expect("a schema is an object").remove("pattern");
        }
    }
    let document: Value = serde_json::from_str(document).expect("the report is JSON");
    let validator =
        jsonschema::options().should_validate_formats(true).build(&schema).expect("the schema is one");
    let problems: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    document
}

#[test]
fn sarif_is_valid_and_has_fixes_regions_and_suppressions() {
    for project in PROJECTS {
        let checked = Checked::new(project);
        let log = valid(
            include_str!("fixtures/sarif-schema-2.1.0.json"),
            &hardpan_report::sarif(&checked.report()),
        );
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let results = run["results"].as_array().expect("results are a list");
        assert_eq!(results.len(), checked.outcome.findings.len());
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            assert_eq!(result["kind"] == "open", result["level"] == "none", "{result}");
        }
        assert!(results.iter().any(|result| result["fixes"][0]["artifactChanges"][0].is_object()));
        let suppressed = results.iter().any(|result| result["suppressions"][0]["kind"] == "external");
        assert_eq!(suppressed, project == "compose.yaml");
        let is_successful = run["invocations"][0]["executionSuccessful"].as_bool();
        assert_eq!(is_successful, Some(project == "compose.yaml"));
    }
}

#[test]
fn the_json_report_is_valid_and_has_edits() {
    for project in PROJECTS {
        let checked = Checked::new(project);
        let report = valid(hardpan_report::REPORT_SCHEMA, &hardpan_report::json(&checked.report()));
        assert_eq!(report["project"]["resolved"], project == "compose.yaml");
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(checked.outcome.findings.len()));
        assert_eq!(report["policy"]["file"], "hardpan.yml");
        let findings = report["findings"].as_array().expect("findings are a list");
        let mut edits = findings.iter().map(|finding| &finding["fix"]["edits"][0]);
        let edit = edits.find(|edit| edit.is_object()).expect("one of them can be cured");
        assert!(edit["line"].is_u64() && edit["replacement"].is_string(), "{edit}");
    }
}

#[test]
fn columns_count_characters() {
    let checked = Checked::new("compose.yaml");
    let report = valid(hardpan_report::REPORT_SCHEMA, &hardpan_report::json(&checked.report()));
    let findings = report["findings"].as_array().expect("findings are a list");
    let edit = findings
        .iter()
        .filter(|finding| finding["services"][0] == "worker" && finding["rule"] == "HP-SEC-001")
        .map(|finding| &finding["fix"]["edits"][0])
        .next()
        .expect("the worker can be cured");
    let text = fs::read_to_string(format!("{}/compose.yaml", checked.directory)).expect("it is there");
    let line = text.lines().find(|line| line.starts_with("  worker:")).expect("the worker is there");
    assert_eq!(
        edit["column"].as_u64(),
        Some(line.chars().count() as u64),
        "before the closing brace: {edit}"
    );
}

#[test]
fn junit_is_well_formed() {
    for project in PROJECTS {
        let checked = Checked::new(project);
        let text = hardpan_report::junit(&checked.report());
        for name in ["testsuites", "testsuite", "testcase", "failure"] {
            let (open, close) =
                (text.matches(&format!("<{name} ")).count(), text.matches(&format!("</{name}>")).count());
            let closed_itself = text
                .lines()
                .filter(|line| line.trim_start().starts_with(&format!("<{name} ")) && line.ends_with("/>"));
            assert_eq!(open, close + closed_itself.count(), "{name}");
        }
        let failures = checked.outcome.findings.iter().filter(|one| checked.report().gate.fails(one)).count();
        assert_eq!(text.matches("<failure ").count(), failures);
    }
}

#[test]
fn no_secret_is_in_any_format() {
    for project in PROJECTS {
        let checked = Checked::new(project);
        let report = checked.report();
        let shown = |verbose| Shown { max: usize::MAX, verbose, per_service: verbose };
        let plain = Renderer::plain();
        let sources = report.sources();
        for (format, text) in [
            ("human", hardpan_report::human(&report, shown(false), &plain)),
            ("verbose", hardpan_report::human(&report, shown(true), &Renderer::styled())),
            (
                "diagnostics",
                hardpan_report::diagnostics(
                    &sources,
                    &checked.outcome.diagnostics,
                    "the project cannot be loaded",
                    &plain,
                ),
            ),
            ("matrix", hardpan_report::matrix_text(&report)),
            ("json", hardpan_report::json(&report)),
            ("sarif", hardpan_report::sarif(&report)),
            ("junit", hardpan_report::junit(&report)),
            ("github", hardpan_report::github(&report)),
        ] {
            assert!(!text.is_empty());
            assert!(!text.contains(CANARY), "{format} of {project} shows a secret:\n{text}");
        }
        for (_, file) in checked.outcome.files.iter() {
            let text = hardpan_report::diff(file.path(), file.text(), "");
            let is_env_file = file.path().ends_with(".env");
            assert!(is_env_file || !text.contains(CANARY), "{text}");
        }
    }
}

struct Disk;

impl Loader for Disk {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::NotFound,
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

    fn list(&self, path: &str) -> Vec<(String, PathKind)> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries
            .map(|entry| {
                let kind = if entry.path().is_dir() { PathKind::Directory } else { PathKind::File };
                (entry.file_name().to_string_lossy().into_owned(), kind)
            })
            .collect()
    }
}
