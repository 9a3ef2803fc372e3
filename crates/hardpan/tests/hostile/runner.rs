//! Runs the program on one project and holds it to decision, place, time and memory.
#![expect(clippy::print_stdout, reason = "figures for people who run the tests with --nocapture")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// For builds without optimisation on a busy machine; with optimisation nearly all cases take milliseconds.
const TIME_MAX: Duration = Duration::from_secs(60);

/// For the cases that reach a limit of the loader, or have tens of megabytes.
const TIME_SLOW_MAX: Duration = Duration::from_secs(300);

/// What the program may take in memory at any time.
const MEMORY_MAX_KB: u64 = 2 << 20;

/// A project in a folder of its own, about to be loaded.
pub(crate) struct Case {
    name: &'static str,
    folder: TempDir,
    is_slow: bool,
}

/// What became of a run.
struct Outcome {
    code: Option<i32>,
    /// The diagnostics, as the program reports them to other programs.
    errors: Vec<Value>,
    stderr: String,
}

impl Case {
    pub(crate) fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        Self { name, folder, is_slow: false }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
        self
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        fs::create_dir(self.path(name)).expect("a folder can be made");
        self
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        std::os::unix::fs::symlink(target, self.path(name)).expect("a link can be made");
        self
    }

    /// A file that nobody may read.
    pub(crate) fn locked(self, name: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o000)).expect("the file is ours");
        self
    }

    /// A large file that takes no room on the disk.
    pub(crate) fn sparse(self, name: &str, bytes: u64) -> Self {
        let file = fs::File::create(self.path(name)).expect("a file can be made");
        file.set_len(bytes).expect("a file can be made longer");
        self
    }

    /// Takes long without optimisation, and is left out then.
    pub(crate) fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }

    fn is_left_out(&self) -> bool {
        let is_left_out = self.is_slow && cfg!(debug_assertions) && !wants_all();
        if is_left_out {
            skipped(&format!("hostile: {}, because this build is not optimised", self.name));
        }
        is_left_out
    }

    /// The program must load the project.
    pub(crate) fn accepted(&self) {
        if self.is_left_out() {
            return;
        }
        let outcome = self.run();
        assert_eq!(outcome.code, Some(0), "{}: {}", self.name, outcome.stderr);
    }

    /// The program must refuse the project, and one of its errors must say this.
    pub(crate) fn refused(&self, says: &str) {
        if self.is_left_out() {
            return;
        }
        let outcome = self.run();
        assert_eq!(outcome.code, Some(2), "{}: {}", self.name, outcome.stderr);
        let is_said = outcome.errors.iter().any(|error| message(error).contains(says));
        assert!(is_said, "{}: no error says `{says}`: {}", self.name, outcome.stderr);
    }

    /// The program must refuse the project, and an error that says this must be about that place: `file:line:column`
    /// or a part of it.
    pub(crate) fn refused_at(&self, says: &str, place: &str) {
        if self.is_left_out() {
            return;
        }
        let outcome = self.run();
        assert_eq!(outcome.code, Some(2), "{}: {}", self.name, outcome.stderr);
        let places: Vec<String> = outcome
            .errors
            .iter()
            .filter(|error| message(error).contains(says))
            .map(|error| {
                let at = &error["location"];
                format!("{}:{}:{}", at["file"].as_str().unwrap_or("nowhere"), at["line"], at["column"])
            })
            .collect();
        let shown = &places[..places.len().min(3)];
        let is_there = places.iter().any(|found| is_place(found, place));
        assert!(
            is_there,
            "{}: no error that says `{says}` is about {place}, but {shown:?}: {}",
            self.name, outcome.stderr
        );
    }

    fn run(&self) -> Outcome {
        // The streams go to files outside of the project, so that nobody has to read them while the program runs.
        let streams = tempfile::tempdir().expect("a folder can be made");
        let stream = |name: &str| fs::File::create(streams.path().join(name)).expect("a file can be made");
        let start = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_hardpan"))
            .args(["-f", "compose.yaml", "config", "--quiet", "--diagnostics", "json"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", "/home/user")
            .stdin(Stdio::null())
            .stdout(stream("out"))
            .stderr(stream("err"))
            .spawn()
            .expect("the program can be started");
        let (status, memory_kb) = self.wait(child, start);
        println!("{:45} {:7.2} s {:5} MB", self.name, start.elapsed().as_secs_f64(), memory_kb >> 10);
        let stderr = fs::read_to_string(streams.path().join("err")).expect("the program writes UTF-8");
        assert!(memory_kb <= MEMORY_MAX_KB, "{}: {} MB", self.name, memory_kb >> 10);
        let report: Value = serde_json::from_str(&stderr).unwrap_or_default();
        let errors = report["diagnostics"].as_array().cloned().unwrap_or_default();
        let mut stderr = stderr;
        stderr.truncate(stderr.floor_char_boundary(2_000));
        Outcome { code: status.code(), errors, stderr }
    }

    /// Waits for the end, no longer than allowed, and gives the most memory that was seen.
    fn wait(&self, mut child: Child, start: Instant) -> (ExitStatus, u64) {
        let time_max = if self.is_slow { TIME_SLOW_MAX } else { TIME_MAX };
        let mut memory_kb = 0;
        loop {
            memory_kb = memory_kb.max(peak_memory_kb(child.id()).unwrap_or(0));
            if let Some(status) = child.try_wait().expect("the program can be waited for") {
                return (status, memory_kb);
            }
            if start.elapsed() > time_max {
                child.kill().expect("the program can be stopped");
                let _ = child.wait();
                panic!("{}: takes more than {:?} ({} MB so far)", self.name, time_max, memory_kb >> 10);
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn message(error: &Value) -> &str {
    error["message"].as_str().unwrap_or_default()
}

/// `compose.yaml:3:1` is not a part of `compose.yaml:3:12`, but `compose.yaml` and `compose.yaml:3:` are.
fn is_place(found: &str, place: &str) -> bool {
    let is_whole = place.split(':').count() == 3 && !place.ends_with(':');
    if is_whole { found.ends_with(place) } else { found.contains(place) }
}

/// The most memory that a running process has had; none where the system does not say.
fn peak_memory_kb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// True where permissions mean nothing.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let own = tempfile::tempdir().expect("a folder can be made");
    fs::metadata(own.path()).is_ok_and(|metadata| metadata.uid() == 0)
}

/// True where the cases with tens of megabytes shall run as well.
pub(crate) fn wants_all() -> bool {
    std::env::var_os("HARDPAN_HOSTILE").is_some_and(|value| value == "all")
}

/// Says what was left out, past the capturing of the test's output.
pub(crate) fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}
