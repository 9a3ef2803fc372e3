//! A run that is killed, at every step, and the next one that finishes the work; and what a process listing shows meanwhile.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use hardpan_provision::step::Verdict;
use hardpan_provision::{Event, Options};
use tempfile::TempDir;

use crate::bench::{Bench, prepare};
use crate::brokers::shared;

/// Names the folder with the plan and the secrets. Set only for a process that this file starts.
const FOLDER: &str = "HARDPAN_TEST_CRASH_FOLDER";
/// After how many steps the process hangs, to be killed there.
const STEPS: &str = "HARDPAN_TEST_CRASH_STEPS";

/// Not a test by itself: the process that is killed. It says each step and hangs after so many.
#[tokio::test(flavor = "current_thread")]
async fn killed_process() {
    let (Ok(folder), Ok(steps)) = (std::env::var(FOLDER), std::env::var(STEPS)) else { return };
    let folder = Path::new(&folder);
    let text = std::fs::read_to_string(folder.join("provision.yml")).unwrap();
    let mut secrets = HashMap::new();
    for entry in std::fs::read_dir(folder.join("secrets")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("/secrets/{}", path.file_name().unwrap().to_string_lossy());
        secrets.insert(name, std::fs::read_to_string(path).unwrap());
    }
    let left: Rc<Cell<i32>> = Rc::new(Cell::new(steps.parse().unwrap()));
    let listener = Rc::new(move |event: &Event| {
        let mut output = std::io::stdout().lock();
        writeln!(output, "{}", event.json()).unwrap();
        output.flush().unwrap();
        left.set(left.get() - i32::from(matches!(event, Event::Outcome(_))));
        if left.get() <= 0 {
            writeln!(output, "HANGS").unwrap();
            output.flush().unwrap();
            loop {
                std::thread::park();
            }
        }
    });
    let options = Options { timeout: Duration::from_secs(60), dry_run: false };
    hardpan_provision::run(prepare(&text, &[], &secrets), options, listener).await;
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a run that hangs after so many steps, kills it there, and gives all that it said and what a listing of processes
/// shows of it.
fn kill_after(steps: usize, folder: &Path) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::killed_process", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(STEPS, steps.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let mut said = String::new();
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let hangs = lines.by_ref().map(Result::unwrap).find(|line| {
        said += line;
        line == "HANGS"
    });
    assert!(hangs.is_some(), "it ended before step {steps}: {said}");
    for file in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{}/{file}", child.0.id())).unwrap();
        assert!(!bytes.is_empty());
        said += &String::from_utf8_lossy(&bytes);
    }
    said
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_step_is_finished_by_the_next() {
    let Some(cluster) = shared() else { return };
    let objects = 5;
    for steps in 1..=objects {
        let bench = Bench::new(&cluster);
        let password = bench.fresh("crash-app");
        let name = format!("crash{steps}");
        let keys = format!(
            "users: {{{name}-app: {{password_file: crash-app}}}}
topics: {{{name}.a: {{partitions: 2}}, {name}.b: {{config: {{retention.ms: 1000}}}}}}
acls:
  - {{principal: 'User:{name}-app', resource: topic, name: {name}., pattern: prefixed, operations: [READ, WRITE]}}
  - {{principal: 'User:{name}-app', resource: group, name: {name}, operations: [READ]}}"
        );
        let folder = TempDir::with_prefix("crash-").unwrap();
        let secrets = folder.path().join("secrets");
        std::fs::create_dir(&secrets).unwrap();
        std::fs::write(secrets.join("admin"), &cluster.password).unwrap();
        std::fs::write(secrets.join("crash-app"), &password).unwrap();
        std::fs::write(folder.path().join("provision.yml"), bench.text(&keys)).unwrap();
        let said = kill_after(steps, folder.path());
        for secret in [&cluster.password, &password] {
            assert!(!said.contains(secret), "a secret was told");
        }

        let second = bench.run(&keys).await;
        assert_eq!(second.exit(), 0, "{:#?}", second.report);
        let made = second.report.outcomes.iter().filter(|one| one.verdict == Verdict::Unchanged).count();
        assert_eq!(made, steps, "what was made before is left alone: {:#?}", second.report);
        assert!(bench.run(&keys).await.all_are(Verdict::Unchanged));
        bench.assert_secret(&cluster.logs());
    }
}
