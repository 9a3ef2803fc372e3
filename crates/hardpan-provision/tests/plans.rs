//! The plans of the stack are read without a word, and name their secrets as services have them.

#![expect(clippy::disallowed_methods, reason = "the plans lie on the disk")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use hardpan_compose::{Loader, PathKind, ReadError};
use hardpan_provision::plan::{self, Plan, Target};
use hardpan_source::FileTable;

/// The plans of the five init containers (document 002, section 5).
const PLANS: [&str; 5] = [
    "04-data/minio/provision.yml",
    "04-data/valkey-cluster/provision.yml",
    "04-data/mng-db/provision.yml",
    "04-data/postgresql-cluster/provision.yml",
    "05-messaging/kafka/provision.yml",
];

fn infra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra").canonicalize().expect("the stack is there")
}

fn read(path: &Path, variables: &HashMap<String, String>) -> Plan {
    let text = std::fs::read_to_string(path).expect("the plan can be read");
    let mut files = FileTable::new();
    let file = files.add(path.display().to_string(), text.clone());
    let (plan, problems) = plan::read(&text, file, variables);
    let said: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(said, Vec::<&str>::new(), "{}", path.display());
    plan
}

/// Every plan below a folder.
fn plans_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            plans_below(&path, found);
        } else if path.ends_with("provision.yml") {
            found.push(path);
        }
    }
}

#[test]
fn every_plan_of_the_stack_is_sound_without_any_variable() {
    let mut found = Vec::new();
    plans_below(&infra(), &mut found);
    for plan in PLANS {
        assert!(found.contains(&infra().join(plan)), "{plan} is missing");
    }
    for path in found {
        assert!(!read(&path, &HashMap::new()).targets.is_empty());
    }
}

#[test]
fn hosts_and_ports_can_be_said_by_variables() {
    let variables = HashMap::from([
        ("MNG_PG_HOST".to_owned(), "127.0.0.1".to_owned()),
        ("MNG_PG_PORT".to_owned(), "15432".to_owned()),
    ]);
    let plan = read(&infra().join(PLANS[2]), &variables);
    let Target::Postgresql(target) = &plan.targets[0] else { panic!("a PostgreSQL target") };
    assert_eq!(target.hosts[0].to_string(), "127.0.0.1:15432");
}

/// Notes which files were asked for, and has a secret in each.
#[derive(Default)]
struct Secrets(Mutex<Vec<String>>);

impl Loader for Secrets {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        self.0.lock().expect("nobody panicked").push(path.to_owned());
        Ok(b"secret".to_vec())
    }

    fn kind(&self, _: &str) -> Option<PathKind> {
        None
    }

    fn real_path(&self, _: &str) -> Option<String> {
        None
    }
}

#[test]
fn secrets_of_the_stack_are_docker_secrets() {
    for path in PLANS {
        let secrets = Secrets::default();
        let plan = read(&infra().join(path), &HashMap::new());
        plan.prepare(&[], &secrets, plan::SECRETS_FOLDER).expect("every secret is there");
        let asked = secrets.0.into_inner().expect("nobody panicked");
        assert!(asked.len() > 1, "{path}");
        for file in asked {
            let name = file.strip_prefix("/run/secrets/").unwrap_or_default();
            assert!(!name.is_empty() && !name.contains('/'), "{path}: {file}");
        }
    }
}
