//! Carrying out plans through the crate's public face, with everything that was said kept for a look at it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use hardpan_compose::{Loader, PathKind, ReadError};
use hardpan_provision::plan::{self, Prepared};
use hardpan_provision::step::Verdict;
use hardpan_provision::{Event, Options, Report};
use hardpan_source::FileTable;

use crate::support::fresh_password;
use crate::support::kafka::{ADMIN, Cluster};

/// Secrets, how to connect, and all that was said.
pub struct Bench {
    /// The beginning of every plan: the target with its keys up to `sasl`.
    pub head: String,
    secrets: RefCell<HashMap<String, String>>,
    said: RefCell<Vec<String>>,
    timeout: Duration,
}

/// What became of a plan.
#[derive(Debug)]
pub struct Run {
    pub report: Report,
    pub events: Vec<Event>,
}

impl Bench {
    /// As the account that may do everything, at the door for clients. Its password is the secret `admin`.
    pub fn new(cluster: &Cluster) -> Self {
        let bench = Self::at(&cluster.bootstrap(), 3, Some(ADMIN));
        bench.secret("admin", &cluster.password);
        bench
    }

    /// At these addresses, as this user, whose password is the secret with its name.
    pub fn at(bootstrap: &[String], brokers: usize, user: Option<&str>) -> Self {
        let addresses = bootstrap.join("', '");
        let mut head = format!("kafka:\n  kafka:\n    bootstrap: ['{addresses}']\n    brokers: {brokers}\n");
        if let Some(user) = user {
            head += &format!("    sasl: {{user: {user}, password_file: {user}}}\n");
        }
        let timeout = Duration::from_secs(60);
        Self { head, secrets: RefCell::default(), said: RefCell::default(), timeout }
    }

    /// Ends soon.
    pub fn impatient(self) -> Self {
        self.patient(Duration::from_secs(5))
    }

    /// Ends after so long at the latest.
    pub fn patient(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Logs in by another mechanism.
    pub fn with_mechanism(mut self, mechanism: &str) -> Self {
        self.head = self.head.replace("sasl: {", &format!("sasl: {{mechanism: {mechanism}, "));
        self
    }

    pub fn secret(&self, name: &str, value: &str) {
        self.secrets.borrow_mut().insert(format!("/secrets/{name}"), format!("{value}\n"));
    }

    /// A new password, which is given back.
    pub fn fresh(&self, name: &str) -> String {
        let password = fresh_password();
        self.secret(name, &password);
        password
    }

    /// Everything that was said of all runs, in every form.
    pub fn said(&self) -> String {
        self.said.borrow().join("\n")
    }

    /// The whole plan, of which these are the keys after `sasl`.
    pub fn text(&self, keys: &str) -> String {
        let keys = keys.lines().map(|line| format!("    {line}\n"));
        self.head.clone() + &keys.collect::<String>()
    }

    pub async fn run(&self, keys: &str) -> Run {
        self.run_as(keys, &[], false).await
    }

    pub async fn run_as(&self, keys: &str, only: &[&str], dry_run: bool) -> Run {
        let prepared = prepare(&self.text(keys), only, &self.secrets.borrow());
        let events = Rc::new(RefCell::new(Vec::new()));
        let listener = {
            let events = Rc::clone(&events);
            Rc::new(move |event: &Event| events.borrow_mut().push(event.clone()))
        };
        let report =
            hardpan_provision::run(prepared, Options { timeout: self.timeout, dry_run }, listener).await;
        let events = events.take();
        let mut said = self.said.borrow_mut();
        for event in &events {
            said.extend([event.human(), event.json(), format!("{event:?}")]);
        }
        said.extend([report.human(), report.json(), format!("{report:?}")]);
        drop(said);
        Run { report, events }
    }

    /// None of the secrets was said or logged, nor what they look like in base64.
    pub fn assert_secret(&self, logs: &str) {
        use base64::Engine as _;
        let said = self.said();
        for password in self.secrets.borrow().values() {
            let password = password.trim_end();
            let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(password);
            for text in [&*said, logs] {
                assert!(!text.contains(password) && !text.contains(&encoded), "a secret was told");
            }
        }
    }
}

/// A plan that can be carried out.
pub fn prepare(text: &str, only: &[&str], secrets: &HashMap<String, String>) -> Prepared {
    let mut files = FileTable::new();
    let file = files.add("provision.yml", text);
    let (plan, problems) = plan::read(text, file, &HashMap::new());
    assert!(problems.is_empty(), "{problems:#?}\n{text}");
    let only: Vec<String> = only.iter().map(|id| (*id).to_owned()).collect();
    plan.prepare(&only, &Secrets(secrets), "/secrets").expect("every secret is there")
}

impl Run {
    /// The exit code.
    pub fn exit(&self) -> u8 {
        self.report.exit().code()
    }

    /// Every outcome in a line without help.
    pub fn lines(&self) -> Vec<String> {
        let outcomes = self.report.outcomes.iter();
        outcomes
            .map(|one| {
                let differences: Vec<String> = one.differences.iter().map(ToString::to_string).collect();
                let line = format!("{} {} {}", one.verdict.as_str(), one.id, differences.join(", "));
                line.trim_end().to_owned()
            })
            .collect()
    }

    /// The reason of the outcome that has one, of which there must be one at most of its kind.
    pub fn reason(&self, id: &str) -> &str {
        let outcome = self.report.outcomes.iter().find(|one| one.id.as_str() == id).expect("an outcome");
        outcome.reason.as_deref().unwrap_or_default()
    }

    pub fn all_are(&self, verdict: Verdict) -> bool {
        self.report.outcomes.iter().all(|outcome| outcome.verdict == verdict)
    }
}

struct Secrets<'a>(&'a HashMap<String, String>);

impl Loader for Secrets<'_> {
    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, ReadError> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or(ReadError::NotFound)
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        self.0.contains_key(path).then_some(PathKind::File)
    }

    fn real_path(&self, path: &str) -> Option<String> {
        self.0.contains_key(path).then(|| path.to_owned())
    }
}
