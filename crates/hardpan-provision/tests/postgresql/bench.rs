//! Carrying out plans through the crate's public face, with everything that was said kept for a look at it.
//!
//! What a newcomer must know: secrets are files in a folder of the bench, and each holds a canary.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use hardpan_compose::{Loader, PathKind, ReadError};
use hardpan_provision::step::{Outcome, Verdict};
use hardpan_provision::{Event, Options, Report, plan};
use hardpan_source::FileTable;

use crate::support::fresh_password;
use crate::support::postgresql::Server;

/// What a service such as n8n needs, with something of every kind that a plan can say.
pub const EVERYTHING: &str = r#"
postgresql:
  pg:
    hosts: ["127.0.0.1:${PORT}"]
    password_file: admin
    roles:
      app: {}
      reader: {login: false}
      n8n:
        login: true
        password_file: n8n
        createdb: false
        connection_limit: 20
        valid_until: "2099-01-01"
        member_of: [app]
        settings: {search_path: 'app, public', statement_timeout: 30s}
    databases:
      n8n:
        owner: n8n
        encoding: utf-8
        locale: C
        connection_limit: 40
        settings: {timezone: UTC}
        extensions: [pg_trgm, {name: citext, schema: app}]
        schemas:
          app: {owner: n8n}
          Odd "name": {}
        grants:
          - {privileges: [CONNECT], on: database, to: [reader, n8n]}
          - {privileges: [USAGE], on: schema, schema: app, to: [reader]}
          - {privileges: [SELECT], on: tables, schema: app, to: [reader]}
          - {privileges: [ALL], on: sequences, schema: app, to: [app], grant_option: true}
          - {privileges: [EXECUTE], on: functions, schema: app, to: [reader]}
        revokes:
          - {privileges: [CONNECT, TEMPORARY], on: database, from: [public]}
          - {privileges: [CREATE], on: schema, schema: public, from: [public]}
          - {privileges: [ALL], on: functions, schema: app, from: [public]}
        default_privileges:
          - {owner: n8n, privileges: [SELECT], on: tables, schema: app, to: [reader]}
          - {owner: n8n, privileges: [USAGE, SELECT], on: sequences, to: [reader]}
"#;

/// Eight objects whose names end in `${N}`, so that many can be made on one server.
pub const NUMBERED: &str = r#"
postgresql:
  pg:
    host: 127.0.0.1
    port: ${PORT}
    password_file: admin
    roles:
      app${N}: {}
      svc${N}: {login: true, password_file: n8n, member_of: ["app${N}"], settings: {work_mem: 8MB}}
    databases:
      db${N}:
        owner: svc${N}
        settings: {timezone: UTC}
        schemas: {app: {owner: "svc${N}"}}
        extensions: [{name: pg_trgm, schema: app}]
        grants: [{privileges: [USAGE], on: schema, schema: app, to: ["app${N}"]}]
        revokes: [{privileges: [CONNECT], on: database, from: [public]}]
        default_privileges: [{owner: "svc${N}", privileges: [SELECT], on: tables, to: ["app${N}"]}]
"#;

/// The objects of [`NUMBERED`].
pub const NUMBERED_OBJECTS: usize = 8;

/// Secrets, variables, and all that was said.
pub struct Bench {
    secrets: RefCell<HashMap<String, String>>,
    variables: RefCell<HashMap<String, String>>,
    said: RefCell<Vec<String>>,
    pub timeout: Duration,
}

/// What became of a plan.
#[derive(Debug)]
pub struct Run {
    pub report: Report,
    /// As they came.
    pub events: Vec<Event>,
}

impl Bench {
    /// For one server, whose superuser's password is the secret `admin`. `n8n` is another.
    pub fn new(server: &Server) -> Self {
        let bench = Self::at(server.port);
        bench.secret("admin", &server.password);
        bench
    }

    pub fn at(port: u16) -> Self {
        let variables = HashMap::from([("PORT".to_owned(), port.to_string())]);
        let timeout = Duration::from_secs(60);
        let variables = RefCell::new(variables);
        let bench = Self { secrets: RefCell::default(), variables, said: RefCell::default(), timeout };
        bench.secret("admin", &fresh_password());
        bench.secret("n8n", &fresh_password());
        bench
    }

    /// Writes a secret file.
    pub fn secret(&self, name: &str, value: &str) {
        self.secrets.borrow_mut().insert(format!("/secrets/{name}"), format!("{value}\n"));
    }

    pub fn variable(&self, name: &str, value: &str) {
        self.variables.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    pub fn secret_of(&self, name: &str) -> String {
        self.secrets.borrow()[&format!("/secrets/{name}")].trim_end().to_owned()
    }

    /// Everything that was said of all runs, in every form.
    pub fn said(&self) -> String {
        self.said.borrow().join("\n")
    }

    pub async fn run(&self, text: &str) -> Run {
        self.run_as(text, &[], false, |_| {}).await
    }

    pub async fn dry_run(&self, text: &str) -> Run {
        self.run_as(text, &[], true, |_| {}).await
    }

    /// Carries out a plan; `watch` sees every event as it comes.
    pub async fn run_as(
        &self,
        text: &str,
        only: &[String],
        dry_run: bool,
        watch: impl Fn(&Event) + 'static,
    ) -> Run {
        let mut files = FileTable::new();
        // Keys are not interpolated.
        let number = self.variables.borrow().get("N").cloned().unwrap_or_default();
        let text = &text.replace("${N}", &number);
        let file = files.add("provision.yml", text);
        let (plan, problems) = plan::read(text, file, &self.variables.borrow());
        assert!(problems.is_empty(), "{problems:#?}");
        let secrets = Secrets(self.secrets.borrow().clone());
        let prepared = plan.prepare(only, &secrets, "/secrets").expect("every secret is there");
        let events = Rc::new(RefCell::new(Vec::new()));
        let listener = {
            let events = Rc::clone(&events);
            Rc::new(move |event: &Event| {
                events.borrow_mut().push(event.clone());
                watch(event);
            })
        };
        let options = Options { timeout: self.timeout, dry_run };
        let report = hardpan_provision::run(prepared, options, listener).await;
        let events = events.take();
        let mut said = self.said.borrow_mut();
        for event in &events {
            said.extend([event.human(), event.json(), format!("{event:?}")]);
        }
        said.extend([report.human(), report.json(), format!("{report:?}")]);
        drop(said);
        Run { report, events }
    }
}

impl Run {
    pub fn exit(&self) -> u8 {
        self.report.exit().code()
    }

    pub fn outcome(&self, id: &str) -> &Outcome {
        let found = self.report.outcomes.iter().find(|one| one.id.as_str() == id);
        found.unwrap_or_else(|| panic!("there is no {id} in {:#?}", self.report))
    }

    pub fn verdict(&self, id: &str) -> Verdict {
        self.outcome(id).verdict
    }

    /// The differences of an object, as they are printed.
    pub fn differences(&self, id: &str) -> Vec<String> {
        self.outcome(id).differences.iter().map(ToString::to_string).collect()
    }

    /// Every object whose verdict is another one, as lines.
    pub fn but(&self, verdict: Verdict) -> Vec<String> {
        let others = self.report.outcomes.iter().filter(|one| one.verdict != verdict);
        others.map(|one| Event::Outcome(one.clone()).human()).collect()
    }
}

/// Secret files that are not on a disk.
struct Secrets(HashMap<String, String>);

impl Loader for Secrets {
    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, ReadError> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or(ReadError::NotFound)
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        self.0.contains_key(path).then_some(PathKind::File)
    }

    fn real_path(&self, path: &str) -> Option<String> {
        Some(path.to_owned())
    }
}
