//! Every rule against its folder `rules/<name>`: the page, and projects that break it (`bad`, `bad-*`) or keep it
//! (`good`, `good-*`), each with the findings that `report.snap` records. A project that a fix applies to has what it
//! becomes beside it: `fixed` for `bad`, `fixed-x` for `bad-x`. `HARDPAN_BLESS=1` writes snapshots and fixed projects.
//!
//! A case is a folder with a `compose.yaml` and what belongs to it. `hardpan.yml` in it is its policy; the house
//! rules are on in any case. A file `environment` has variables of the process.

#![expect(clippy::disallowed_methods, reason = "the projects lie on the disk")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hardpan_compose::{Loader, PathKind, ReadError, Request, Stages, load};
use hardpan_rules::fix::fix;
use hardpan_rules::policy::Date;
use hardpan_rules::{Finding, Names, Outcome, Rule, Safety, Settings, Verdict, check, rules};

/// The headings of a rule's page, in order.
const HEADINGS: [&str; 7] = [
    "## What it finds",
    "## Why it matters",
    "## When it is acceptable",
    "## Example",
    "## Better",
    "## Fix",
    "## Sources",
];

#[test]
fn every_rule_says_of_its_projects_what_is_recorded() {
    let only = std::env::var("HARDPAN_RULE").ok();
    let mut problems = String::new();
    for rule in
        rules().filter(|rule| only.as_deref().is_none_or(|only| rule.code == only || rule.name == only))
    {
        for problem in Case::all(rule).iter().flat_map(Case::problems) {
            let _ = writeln!(problems, "{} {problem}", rule.code);
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn every_rule_has_a_page_and_projects_that_break_and_keep_it() {
    let mut problems = String::new();
    let (mut codes, mut names) = (HashSet::new(), HashSet::new());
    for rule in rules() {
        let folder = folder(rule);
        let mut complain = |problem: &str| {
            let _ = writeln!(problems, "{} {}: {problem}", rule.code, folder.display());
        };
        if !codes.insert(rule.code) || !names.insert(rule.name) {
            complain("the code or the name is there twice");
        }
        if hardpan_rules::codes::find(rule.code).is_none() {
            complain("the code is not in the list of codes");
        }
        if rule.sources.is_empty() {
            complain("it has no source");
        }
        if rule.doc.lines().next() != Some(&format!("# {} {}", rule.code, rule.name)) {
            complain("the page does not begin with `# CODE name`");
        }
        let headings: Vec<&str> = rule.doc.lines().filter(|line| line.starts_with("## ")).collect();
        if headings != HEADINGS {
            complain(&format!("the page has the headings {headings:?}"));
        }
        for source in rule.sources {
            if !rule.doc.contains(source) {
                complain(&format!("the page does not name the source {source:?}"));
            }
        }
        let cases = Case::all(rule);
        if !cases.iter().any(|case| case.is_bad()) || !cases.iter().any(|case| !case.is_bad()) {
            complain("it needs a project `bad` and a project `good`");
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

/// A requirement that names a rule is proven by something that exists.
#[test]
fn every_code_that_a_check_decides_has_a_rule() {
    let built: HashSet<&str> = rules().map(|rule| rule.code).collect();
    let missing: Vec<&str> = hardpan_rules::codes::all()
        .filter(|code| code.is_checked() && !built.contains(code.code))
        .map(|code| code.code)
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    let unlisted: Vec<&str> =
        rules().filter(|rule| !rule.info().is_checked()).map(|rule| rule.code).collect();
    assert_eq!(unlisted, Vec::<&str>::new(), "the list of codes says that these come later");
}

#[test]
fn every_folder_belongs_to_a_rule() {
    let names: HashSet<&str> = rules().map(|rule| rule.name).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for path in folders(&root) {
        let name = path.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        assert!(names.contains(name.as_str()), "rules/{name} has no rule");
    }
}

fn folder(rule: &Rule) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(rule.name)
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

struct Case {
    rule: &'static Rule,
    directory: PathBuf,
    name: String,
}

impl Case {
    fn all(rule: &'static Rule) -> Vec<Self> {
        let all = folders(&folder(rule)).into_iter().map(|directory| {
            let name = directory.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            Self { rule, directory, name }
        });
        all.filter(|case| !case.name.starts_with("fixed")).collect()
    }

    fn is_bad(&self) -> bool {
        self.name.starts_with("bad")
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let outcome = run(&self.directory);
        let violations = outcome
            .findings
            .iter()
            .filter(|finding| finding.code == self.rule.code && finding.verdict == Verdict::Violation)
            .count();
        match (self.is_bad(), violations) {
            (true, 0) => problems.push(format!("{}: breaks nothing", self.name)),
            (false, 1..) => problems.push(format!("{}: breaks the rule", self.name)),
            _ => {}
        }
        let found = report(self.rule, &outcome, &self.directory);
        let snapshot = self.directory.with_file_name(format!("{}.snap", self.name));
        let recorded = fs::read_to_string(&snapshot).unwrap_or_default();
        if found != recorded {
            if std::env::var_os("HARDPAN_BLESS").is_some() {
                fs::write(&snapshot, &found).expect("the snapshot can be written");
            } else {
                problems.push(format!("{}: found\n{found}recorded\n{recorded}", self.name));
            }
        }
        problems.extend(self.problems_of_fixes(&outcome));
        problems
    }

    /// Applies every fix of the rule and compares the files that change with those in `fixed`.
    fn problems_of_fixes(&self, outcome: &Outcome) -> Vec<String> {
        let of_rule = |finding: &Finding| finding.code == self.rule.code;
        if !outcome.findings.iter().any(|finding| of_rule(finding) && finding.fix.is_some()) {
            return Vec::new();
        }
        let root = self.directory.to_string_lossy().into_owned();
        let settings = settings(&self.directory);
        let fixed = fix(&request(&self.directory), &settings, &Disk, Safety::Unsafe, &of_rule);
        let target =
            self.directory.with_file_name(self.name.replacen("bad", "fixed", 1).replacen("good", "fixed", 1));
        let mut problems = Vec::new();
        for (path, text) in &fixed.texts {
            let path = target.join(path.strip_prefix(&format!("{root}/")).unwrap_or(path));
            if fs::read_to_string(&path).unwrap_or_default() == *text {
                continue;
            }
            if std::env::var_os("HARDPAN_BLESS").is_some() {
                fs::create_dir_all(path.parent().expect("a file lies in a folder"))
                    .expect("a folder can be made");
                fs::write(&path, text).expect("a file can be written");
            } else {
                problems.push(format!("{}: fixing gives {}\n{text}", self.name, path.display()));
            }
        }
        for attempt in &fixed.attempts {
            if let Some(refusal) = &attempt.refusal {
                problems.push(format!("{}: {} refused: {refusal}", self.name, attempt.title));
            }
        }
        problems
    }
}

fn request(directory: &Path) -> Request {
    Request {
        current_dir: directory.to_string_lossy().into_owned(),
        home: Some("/home/user".to_owned()),
        environment: environment(directory),
        profiles: vec!["*".to_owned()],
        stages: Stages { drop_unused: false, ..Stages::default() },
        ..Request::default()
    }
}

/// The policy of the case, else the house rules; the day is the same on every day.
fn settings(directory: &Path) -> Settings {
    let path = directory.join("hardpan.yml");
    let policy = fs::read_to_string(&path).ok().map(|text| (path.to_string_lossy().into_owned(), text));
    Settings {
        root: directory.to_string_lossy().into_owned(),
        house_rules: policy.is_none(),
        policy,
        today: Date::parse("2026-11-21").expect("a day"),
    }
}

fn run(directory: &Path) -> Outcome {
    check(load(&request(directory), &Disk), &settings(directory), &Disk)
}

fn environment(directory: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(directory.join("environment")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What one rule says, with every place as `file:line:column`.
fn report(rule: &Rule, outcome: &Outcome, directory: &Path) -> String {
    let base = format!("{}/", directory.display());
    let place = |span: hardpan_source::Span| {
        let file = outcome.files.get(span.file);
        let at = file.line_column(span.start);
        let path = file.path().strip_prefix(&base).unwrap_or(file.path());
        format!("{path}:{}:{} `{}`", at.line, at.column, excerpt(outcome.files.text(span)))
    };
    let mut text = String::new();
    for finding in outcome.findings.iter().filter(|finding| finding.code == rule.code) {
        let services = match finding.services.as_slice() {
            [] => String::new(),
            names => format!("{}: ", Names(names)),
        };
        let _ = writeln!(
            text,
            "{} {}: {services}{}",
            finding.severity.as_str(),
            finding.verdict.as_str(),
            finding.message
        );
        if let Some(label) = &finding.primary {
            let _ = writeln!(text, "{}", format!("  at {} {}", place(label.span), label.text).trim_end());
        }
        for label in &finding.related {
            let _ = writeln!(text, "{}", format!("  see {} {}", place(label.span), label.text).trim_end());
        }
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  help: {help}");
        }
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "  fix ({}): {}", fix.safety.as_str(), fix.title);
        }
    }
    for tally in outcome.tallies.iter().filter(|tally| tally.code == rule.code) {
        let _ = writeln!(
            text,
            "{} violated, {} unknown, {} satisfied",
            tally.violated, tally.unknown, tally.satisfied
        );
        for (reason, count) in &tally.not_applicable {
            let _ = writeln!(text, "{count} not applicable: {reason}");
        }
    }
    text.replace(&base, "")
}

fn excerpt(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.len() < text.len() { format!("{line} …") } else { line.to_owned() }
}

struct Disk;

impl Loader for Disk {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::NotFound,
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

    fn list(&self, path: &str) -> Vec<(String, PathKind)> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| {
                let kind = if entry.path().is_dir() { PathKind::Directory } else { PathKind::File };
                (entry.file_name().to_string_lossy().into_owned(), kind)
            })
            .collect();
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        names
    }
}
