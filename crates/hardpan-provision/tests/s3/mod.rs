//! What tests of object stores share: a plan is run with secrets that are kept in memory, and what it says is kept.
//!
//! What a newcomer must know: every run is searched for every secret that was given, so no test has to think of it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "not every test uses all of it, and all of it is for tests"
)]

pub mod proxy;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use hardpan_compose::{Loader, PathKind, ReadError};
use hardpan_provision::step::Verdict;
use hardpan_provision::{Event, Options, Report, plan};
use hardpan_source::FileTable;

use super::support::s3::{ACCESS_KEY, Server};

pub const OPTIONS: Options = Options { timeout: Duration::from_secs(60), dry_run: false };
pub const DRY: Options = Options { timeout: Duration::from_secs(60), dry_run: true };

/// Secrets by the names of their files.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Those of the account that may do everything.
    pub fn of(server: &Server) -> Self {
        Self::default().with("root_user", ACCESS_KEY).with("root_key", &server.secret_key)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn value(&self, name: &str) -> String {
        self.0[name].clone()
    }

    /// Puts them into a folder.
    pub fn write(&self, folder: &Path) {
        self.0.iter().for_each(|(name, value)| std::fs::write(folder.join(name), value).unwrap());
    }

    /// Those of a folder.
    pub fn read(folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        Self(entries.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect())
    }

    /// Those that nobody may see: keys, not names.
    pub fn canaries(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str).filter(|value| value.starts_with("Canary-"))
    }
}

impl Loader for Secrets {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.0.get(name).map(|value| value.clone().into_bytes()).ok_or(ReadError::NotFound)
    }

    fn kind(&self, _: &str) -> Option<PathKind> {
        None
    }

    fn real_path(&self, _: &str) -> Option<String> {
        None
    }
}

/// What became of a run.
pub struct Ran {
    pub report: Report,
    /// What was said, as lines for people and as JSON.
    pub said: String,
}

impl Ran {
    pub fn exit(&self) -> u8 {
        self.report.exit().code()
    }

    /// `bucket/logs created`, one for each object.
    pub fn verdicts(&self) -> Vec<String> {
        let line =
            |id: &str, verdict: Verdict| format!("{} {}", id.trim_start_matches("store/"), verdict.as_str());
        self.report.outcomes.iter().map(|one| line(one.id.as_str(), one.verdict)).collect()
    }

    /// What was said of an object that was not brought in line.
    pub fn reason(&self, id: &str) -> String {
        let id = if id.is_empty() { "store".to_owned() } else { format!("store/{id}") };
        let outcome = self.report.outcomes.iter().find(|one| one.id.as_str() == id);
        let outcome = outcome.unwrap_or_else(|| panic!("nothing was said of {id}:\n{}", self.said));
        format!(
            "{} (help: {})",
            outcome.reason.as_deref().unwrap_or_default(),
            outcome.help.as_deref().unwrap_or_default()
        )
    }

    pub fn differences(&self, id: &str) -> String {
        let outcome = self.report.outcomes.iter().find(|one| one.id.as_str() == format!("store/{id}"));
        let outcome = outcome.unwrap_or_else(|| panic!("nothing was said of {id}:\n{}", self.said));
        outcome.differences.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    pub fn is(&self, verdict: &str) -> bool {
        self.exit() == 0 && self.verdicts().iter().all(|line| line.ends_with(verdict))
    }
}

/// A plan for the target `store`: what stands below it is indented by four spaces.
pub fn plan(endpoint: &str, objects: &str) -> String {
    plan_as(endpoint, "root_user", "root_key", objects)
}

/// The same with another account.
pub fn plan_as(endpoint: &str, user: &str, key: &str, objects: &str) -> String {
    format!(
        "s3:\n  store:\n    endpoint: {endpoint}\n    access_key_file: {user}\n    secret_key_file: {key}\n{objects}"
    )
}

/// Runs a plan to its end.
pub async fn run(plan: &str, secrets: &Secrets, options: Options) -> Ran {
    let said = Rc::new(RefCell::new(String::new()));
    let report = run_and_tell(plan, secrets, options, Rc::clone(&said)).await;
    let said = format!("{}{}\n{}\n", said.borrow(), report.human(), report.json());
    for canary in secrets.canaries() {
        assert!(!said.contains(canary), "a secret was said:\n{said}");
    }
    assert!(!format!("{report:?}").contains("Canary-"), "{report:?}");
    Ran { report, said }
}

/// Runs a plan and notes what is said, also when it is given up in the middle.
pub async fn run_and_tell(
    text: &str,
    secrets: &Secrets,
    options: Options,
    said: Rc<RefCell<String>>,
) -> Report {
    let mut files = FileTable::new();
    let file = files.add("plan.yml", text.to_owned());
    let (plan, problems) = plan::read(text, file, &HashMap::new());
    let problems: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(problems, Vec::<&str>::new(), "{text}");
    let prepared = plan.prepare(&[], secrets, "/secrets").expect("every secret is there");
    let listener = Rc::new(move |event: &Event| {
        said.borrow_mut().push_str(&format!("{}\n{}\n", event.human(), event.json()));
    });
    hardpan_provision::run(prepared, options, listener).await
}
