//! Runs of plans against nodes: in this process, or in one that can be killed.
//!
//! What a newcomer must know: every run looks for every secret in all that it says, so each test is one about secrets too.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hardpan_compose::{Loader, PathKind, ReadError};
use hardpan_provision::step::Verdict;
use hardpan_provision::{Options, Report, plan};
use hardpan_source::FileTable;
use tempfile::TempDir;

use crate::support::valkey::{Node, Nodes};

struct Disk;

impl Loader for Disk {
    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, ReadError> {
        std::fs::read(path).map_err(|_| ReadError::NotFound)
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        std::fs::metadata(path)
            .ok()
            .map(|found| if found.is_dir() { PathKind::Directory } else { PathKind::File })
    }

    fn real_path(&self, path: &str) -> Option<String> {
        Some(path.to_owned())
    }
}

/// A plan in a folder with its secrets.
pub(crate) struct Plan {
    folder: TempDir,
    secrets: HashMap<String, String>,
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) report: Report,
    /// Everything that it told, for people and for machines.
    pub(crate) told: String,
    pub(crate) took: Duration,
}

impl Plan {
    /// A plan for nodes, with further lines of the target.
    pub(crate) fn new(addresses: &[String], password: Option<&str>, lines: &str) -> Self {
        let plan = Self { folder: TempDir::with_prefix("plan-").unwrap(), secrets: HashMap::new() };
        let mut text = format!("valkey:\n  vk:\n    nodes: [{}]\n", addresses.join(", "));
        if password.is_some() {
            text.push_str("    password_file: password\n");
        }
        lines.lines().for_each(|line| text.push_str(&format!("    {line}\n")));
        std::fs::write(plan.folder.path().join("plan.yml"), text).unwrap();
        plan.with(password.map(|password| ("password", password)))
    }

    pub(crate) fn of(nodes: &Nodes, lines: &str) -> Self {
        Self::new(&nodes.addresses(), nodes.password.as_deref(), lines)
    }

    /// With further secrets, or others than before.
    pub(crate) fn with<'s>(mut self, secrets: impl IntoIterator<Item = (&'s str, &'s str)>) -> Self {
        for (name, secret) in secrets {
            std::fs::write(self.folder.path().join(name), format!("{secret}\n")).unwrap();
            self.secrets.insert(name.to_owned(), secret.to_owned());
        }
        self
    }

    pub(crate) fn run(&self) -> Ran {
        self.run_with(Options { timeout: Duration::from_secs(90), dry_run: false })
    }

    pub(crate) fn run_within(&self, seconds: u64) -> Ran {
        self.run_with(Options { timeout: Duration::from_secs(seconds), dry_run: false })
    }

    pub(crate) fn run_with(&self, options: Options) -> Ran {
        let begin = Instant::now();
        let (report, told) = run(self.folder.path(), options);
        let ran = Ran { told, report, took: begin.elapsed() };
        if ran.took > Duration::from_secs(15) {
            eprintln!("a slow run: {}", ran.told);
        }
        for (name, secret) in &self.secrets {
            assert!(!ran.told.contains(secret), "the secret {name} is told: {}", ran.told);
        }
        ran
    }

    /// The same run in a process of its own.
    pub(crate) fn start(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_run_that_another_test_starts", "--nocapture"])
            .env(FOLDER, self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Fails where the process shows a secret to whoever lists processes.
    pub(crate) fn check_process(&self, process: u32) {
        for file in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{process}/{file}")).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for (name, secret) in &self.secrets {
                assert!(!text.contains(secret), "the secret {name} is in {file}");
            }
        }
    }
}

impl Ran {
    /// The exit code, and what became of an object.
    pub(crate) fn verdict(&self, id: &str) -> (u8, Option<Verdict>) {
        let outcomes = &self.report.outcomes;
        let outcome = outcomes.iter().find(|outcome| outcome.id.as_str() == id);
        (self.report.exit().code(), outcome.map(|outcome| outcome.verdict))
    }
}

/// Says which plan the process is to carry out.
const FOLDER: &str = "HARDPAN_TEST_PLAN";

/// Not a test by itself: what [`Plan::start`] runs.
pub(crate) fn run_what_another_test_starts() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let options = Options { timeout: Duration::from_secs(90), dry_run: false };
        let (report, told) = run(Path::new(&folder), options);
        println!("{told}\nEXIT {}", report.exit().code());
    }
}

fn run(folder: &Path, options: Options) -> (Report, String) {
    let text = std::fs::read_to_string(folder.join("plan.yml")).unwrap();
    let file = FileTable::new().add("plan.yml".to_owned(), text.clone());
    let (plan, problems) = plan::read(&text, file, &HashMap::new());
    assert!(problems.is_empty(), "{problems:?}");
    let prepared = plan.prepare(&[], &Disk, folder.to_str().unwrap()).unwrap();
    let told = Rc::new(Mutex::new(String::new()));
    let begin = Instant::now();
    let listener = {
        let told = Rc::clone(&told);
        Rc::new(move |event: &hardpan_provision::Event| {
            *told.lock().unwrap() +=
                &format!("{:?} {}\n{}\n{event:?}\n", begin.elapsed(), event.human(), event.json());
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(hardpan_provision::run(prepared, options, listener));
    let told = format!("{}{}\n{}\n{report:?}", told.lock().unwrap(), report.human(), report.json());
    (report, told)
}

/// What all nodes agree on, and that it is a whole cluster with replicas on other hosts.
pub(crate) fn check_formed(nodes: &[Node], replicas: usize) {
    let mut seen: Option<Vec<String>> = None;
    let primaries = nodes.len() / (replicas + 1);
    for node in nodes {
        assert!(node.call(&["CLUSTER", "INFO"]).contains("cluster_state:ok"), "{}", node.address());
        let shards = node.call(&["CLUSTER", "SHARDS"]);
        assert_eq!(shards.lines().filter(|line| *line == "nodes").count(), primaries, "{shards}");
        let picture = node.call(&["CLUSTER", "NODES"]);
        let mut lines: Vec<String> = picture.lines().map(role).collect();
        lines.sort();
        assert_eq!(lines.len(), nodes.len(), "{picture}");
        assert!(seen.as_ref().is_none_or(|seen| *seen == lines), "{}: {seen:?} {lines:?}", node.address());
        seen = Some(lines);
    }
    let picture = nodes[0].call(&["CLUSTER", "NODES"]);
    let lines: Vec<Vec<&str>> = picture.lines().map(|line| line.split(' ').collect()).collect();
    let primaries: Vec<&Vec<&str>> = lines.iter().filter(|line| line[2].contains("master")).collect();
    assert_eq!(primaries.len(), nodes.len() / (replicas + 1), "{picture}");
    let mut epochs: Vec<&str> = primaries.iter().map(|line| line[6]).collect();
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), primaries.len(), "epochs are unique: {picture}");
    for primary in primaries {
        let own: Vec<_> = lines.iter().filter(|line| line[3] == primary[0]).collect();
        assert_eq!(own.len(), replicas, "{picture}");
        let host = |line: &[&str]| line[1].split(':').next().unwrap().to_owned();
        assert!(own.iter().all(|replica| host(replica) != host(primary)), "{picture}");
    }
}

/// The id, whom it replicates, and its slots.
fn role(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    format!("{} {} {}", words[0], words[3], words[8..].join(" "))
}

/// Makes every node blank again.
pub(crate) fn reset(nodes: &[Node]) {
    for node in nodes {
        drop(node.try_call(&["FLUSHALL"]));
        node.call(&["CLUSTER", "RESET", "HARD"]);
    }
}

/// Asks until it is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
