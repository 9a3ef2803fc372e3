//! The five plans of the stack, carried out by five programs at once against real servers, as its init containers do it.
//!
//! A newcomer needs to know one thing: every secret here is fresh and recognisable, so that it can be looked for wherever it should
//! not be.

#[path = "../../hardpan-provision/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{fresh_password, kafka, patroni, postgresql, s3, valkey};

/// The plans with the target that each has, in the order in which they are printed.
const PLANS: [(&str, &str); 5] = [
    ("04-data/minio", "minio"),
    ("04-data/valkey-cluster", "valkey-cluster"),
    ("04-data/mng-db", "mng-pg"),
    ("04-data/postgresql-cluster", "pg-cluster"),
    ("05-messaging/kafka", "kafka"),
];

/// Long enough for a machine that compiles meanwhile. What it takes on one that does not is printed.
const EVERYTHING_MAX: Duration = Duration::from_secs(100);

struct Stack {
    minio: s3::Server,
    valkey: valkey::Nodes,
    mng_pg: postgresql::Server,
    pg_cluster: patroni::Cluster,
    kafka: kafka::Cluster,
    folder: tempfile::TempDir,
    /// By the name of the file.
    secrets: BTreeMap<String, String>,
}

fn plan(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra").join(folder).join("provision.yml")
}

/// The names of secret files in a plan.
fn secret_names(plan: &str) -> Vec<String> {
    let words: Vec<&str> = plan.split([' ', '{', '}', ',', '\n']).filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).filter(|pair| pair[0].ends_with("_file:"));
    pairs.map(|pair| pair[1].to_owned()).collect()
}

impl Stack {
    /// All servers, and a fresh secret in every file that a plan names.
    fn start() -> Option<Self> {
        let minio = s3::Server::minio()?;
        let valkey = valkey::Nodes::start(&valkey::Settings::default())?;
        let mng_pg = postgresql::Server::start()?;
        let pg_cluster = patroni::Cluster::start()?;
        let kafka = kafka::Cluster::start()?;
        let mut secrets = BTreeMap::new();
        for (folder, _) in PLANS {
            for name in secret_names(&std::fs::read_to_string(plan(folder)).expect("the plan can be read")) {
                secrets.insert(name, fresh_password());
            }
        }
        for (name, value) in [
            ("minio_root_user", s3::ACCESS_KEY),
            ("minio_root_password", &minio.secret_key),
            ("valkey_password", valkey.password.as_deref().expect("it has a password")),
            ("mng_pg_password", &mng_pg.password),
            ("pg_cluster_superuser_password", &pg_cluster.password),
            ("kafka_admin_password", &kafka.password),
        ] {
            let old = secrets.insert(name.to_owned(), value.to_owned());
            assert!(old.is_some(), "no plan names {name}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        for (name, value) in &secrets {
            std::fs::write(folder.path().join(name), format!("{value}\n")).expect("a secret is written");
        }
        Some(Self { minio, valkey, mng_pg, pg_cluster, kafka, folder, secrets })
    }

    /// Where the servers of the stack are in this test.
    fn variables(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("S3_ENDPOINT".to_owned(), self.minio.endpoint()),
            ("MNG_PG_HOST".to_owned(), "127.0.0.1".to_owned()),
            ("MNG_PG_PORT".to_owned(), self.mng_pg.port.to_string()),
            ("PG_CLUSTER_HOST".to_owned(), "127.0.0.1".to_owned()),
            ("PG_CLUSTER_PORT".to_owned(), self.pg_cluster.router.port.to_string()),
        ];
        let numbered = |name: &str, addresses: Vec<String>| {
            let addresses = addresses.into_iter().enumerate();
            addresses.map(|(at, address)| (format!("{name}_{}", at + 1), address)).collect::<Vec<_>>()
        };
        variables.extend(numbered("VALKEY_NODE", self.valkey.addresses()));
        variables.extend(numbered("KAFKA", self.kafka.bootstrap()));
        variables
    }

    fn provision(&self, folder: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_hardpan"))
            .arg("provision")
            .arg(plan(folder))
            .arg("--secrets")
            .arg(self.folder.path())
            .args(["--timeout", "90s"])
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.variables())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("hardpan starts")
    }

    /// Runs all five at once; gives what each printed, and how long the slowest took.
    fn provision_all(&self) -> (Vec<String>, Duration) {
        let start = Instant::now();
        let mut running: Vec<Child> = PLANS.iter().map(|(folder, _)| self.provision(folder)).collect();
        for process in &running {
            self.is_discreet(process.id());
        }
        let mut texts = Vec::new();
        for (process, (folder, _)) in running.iter_mut().zip(PLANS) {
            let mut text = String::new();
            process.stdout.take().expect("its output").read_to_string(&mut text).expect("text");
            process.stderr.take().expect("its errors").read_to_string(&mut text).expect("text");
            let status = process.wait().expect("it ends");
            assert_eq!(status.code(), Some(0), "{folder}\n{text}");
            texts.push(text);
        }
        (texts, start.elapsed())
    }

    /// No secret is among the arguments or in the environment of a process. One that has ended already has neither.
    fn is_discreet(&self, process: u32) {
        for file in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{process}/{file}")).unwrap_or_default();
            self.has_no_secret(file, &String::from_utf8_lossy(&bytes));
        }
    }

    fn has_no_secret(&self, place: &str, text: &str) {
        // The access key is a name: servers may log it.
        for (name, value) in self.secrets.iter().filter(|(name, _)| *name != "minio_root_user") {
            assert!(!text.contains(value.as_str()), "{name} is in {place}");
        }
    }
}

/// The words at the beginnings of the lines about objects.
fn verdicts(text: &str) -> BTreeMap<&str, usize> {
    let mut verdicts = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with("waiting") && !line.starts_with("done")) {
        *verdicts.entry(line.split("  ").next().unwrap_or_default()).or_default() += 1;
    }
    verdicts
}

#[test]
fn the_five_plans_of_the_stack_are_carried_out_once_and_found_unchanged_after_that() {
    let Some(stack) = Stack::start() else { return };
    let (texts, first) = stack.provision_all();
    for (text, (_, target)) in texts.iter().zip(PLANS) {
        let verdicts = verdicts(text);
        assert!(verdicts.contains_key("created"), "{text}");
        assert!(verdicts.keys().all(|word| ["created", "changed", "unchanged"].contains(word)), "{text}");
        assert!(text.contains(&format!(" {target}/")), "{text}");
    }
    let (again, second) = stack.provision_all();
    for (text, before) in again.iter().zip(&texts) {
        let (found, before) = (verdicts(text), verdicts(before));
        assert_eq!(found.keys().collect::<Vec<_>>(), [&"unchanged"], "{text}");
        assert_eq!(found["unchanged"], before.values().sum::<usize>(), "{text}");
    }
    println!("five plans: first run {first:.1?}, unchanged rerun {second:.1?}");
    assert!(first < EVERYTHING_MAX && second < EVERYTHING_MAX);

    for (text, (folder, _)) in texts.iter().chain(&again).zip(PLANS.iter().cycle()) {
        stack.has_no_secret(&format!("the output of {folder}"), text);
    }
    stack.has_no_secret("the log of mng-pg", &stack.mng_pg.log());
    for node in &stack.pg_cluster.nodes {
        stack.has_no_secret("the log of pg-cluster", &node.log());
    }
    stack.has_no_secret("the logs of valkey-cluster", &stack.valkey.logs());
    stack.has_no_secret("the logs of kafka", &stack.kafka.logs());
    stack.has_no_secret("the log of minio", &stack.minio.log());

    // What the plans made can be used by whom it was made for.
    let mut n8n = stack.mng_pg.config();
    n8n.user("n8n").password(&stack.secrets["n8n_db_password"]).dbname("n8n");
    assert_eq!(postgresql::query(&n8n, "CREATE TABLE kept (a int); SELECT current_user").unwrap(), [["n8n"]]);
    n8n.dbname("grafana");
    let refused =
        postgresql::query(&n8n, "SELECT 1").expect_err("one service does not enter another's database");
    assert!(refused.contains("permission denied"), "{refused}");
    let app = &stack.secrets["valkey_app_password"];
    let node = &stack.valkey.nodes[0];
    assert!(
        node.try_call_as("app", app, &["CLUSTER", "NODES"]).is_ok_and(|nodes| nodes.lines().count() >= 6)
    );
    assert!(node.try_call_as("app", app, &["FLUSHALL"]).unwrap_err().contains("NOPERM"));
}
