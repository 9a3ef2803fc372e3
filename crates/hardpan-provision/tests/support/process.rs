//! A server's process: what it writes, whether it is ready, and its end.
//!
//! What a newcomer must know: a server ends with the object that holds it, and also when the test program dies, because the
//! kernel then sends it a signal.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

/// How long a server may take to end before it is killed.
const STOP_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
/// What of a log is shown when a server does not start.
const LOG_SHOWN_MAX: usize = 4000;

/// How a program is to be run.
pub struct Run<'a> {
    /// What messages call it.
    pub name: &'a str,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Its working folder, where its output goes too.
    pub folder: &'a Path,
    /// What it is told to end by, such as `INT`.
    pub signal: &'static str,
    /// For one that refuses root: run it as `nobody`, to whom the folder must belong.
    pub unprivileged: bool,
}

/// A running server. It is ended on drop.
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
    signal: &'static str,
}

impl Process {
    /// Starts it with an empty environment but for a usual path. What it writes is appended to `NAME.log` in its folder.
    pub fn start(run: &Run<'_>) -> Self {
        let log = run.folder.join(format!("{}.log", run.name));
        let output = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = command(run);
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let child = spawn(command).unwrap_or_else(|error| panic!("starting {}: {error}", run.name));
        Self { child, name: run.name.to_owned(), log, signal: run.signal }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Asks until the answer is yes. The test fails when the server ends before, or takes longer than it may.
    pub fn wait_until_ready(&mut self, mut ready: impl FnMut() -> Result<(), String>) {
        let deadline = Instant::now() + super::START_MAX;
        loop {
            let answer = ready();
            let Err(why) = answer else { return };
            let ended = self.child.try_wait().unwrap();
            if let Some(status) = ended {
                panic!("{} ended ({status}): {}", self.name, tail(&self.log()));
            }
            assert!(Instant::now() < deadline, "{} is not ready: {why}\n{}", self.name, tail(&self.log()));
            std::thread::sleep(POLL);
        }
    }

    /// Sends a signal, such as `STOP` for a server that hangs and `CONT` for one that goes on.
    pub fn send(&self, signal: &str) {
        send(self.child.id(), signal);
    }

    /// Ends it in its own way, or at once when that takes too long.
    pub fn stop(&mut self) {
        if self.child.try_wait().unwrap().is_some() {
            return;
        }
        self.send(self.signal);
        // One that was stopped takes no other signal.
        self.send("CONT");
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline {
            if self.child.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(POLL);
        }
        self.kill();
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Ended, and how; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs a program to its end, as the same user and in the same environment as servers. The test fails when it does not
/// succeed, or not in time.
pub fn run_to_end(run: &Run<'_>) {
    let mut process = Process::start(run);
    let deadline = Instant::now() + super::START_MAX;
    let status = loop {
        if let Some(status) = process.ended() {
            break status;
        }
        assert!(Instant::now() < deadline, "{} does not end: {}", run.name, tail(&process.log()));
        std::thread::sleep(POLL);
    };
    assert!(status.success(), "{} ({status}): {}", run.name, tail(&process.log()));
}

/// Sends a signal to a process, which may be gone already.
pub fn send(process: u32, signal: &str) {
    let sent = Command::new("kill")
        .arg(format!("-{signal}"))
        .arg(process.to_string())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // It fails only when there is nothing left to send to.
    let _gone = !sent.success();
}

/// Gives a folder and all in it to the user as whom servers run that refuse root.
pub fn give_to_unprivileged(folder: &Path) {
    if is_root() {
        let given = Command::new("chown").args(["-R", "nobody"]).arg(folder).status().unwrap();
        assert!(given.success());
    }
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn command(run: &Run<'_>) -> Command {
    let mut command = Command::new("setpriv");
    command.arg(format!("--pdeathsig={}", run.signal));
    if run.unprivileged && is_root() {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    command.arg("--").arg(&run.program).args(&run.arguments);
    command.current_dir(run.folder);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
    command.envs(run.environment.iter().map(|(name, value)| (name, value)));
    command
}

type Wish = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a process from a thread that lives as long as the test program: the kernel takes the end of the thread that started a
/// process for the death of its parent, and a test's own thread ends with the test.
fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<mpsc::Sender<Wish>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (sender, wishes) = mpsc::channel::<Wish>();
        std::thread::spawn(move || {
            for (mut command, answer) in wishes {
                drop(answer.send(command.spawn()));
            }
        });
        sender
    });
    let (answer, child) = mpsc::channel();
    keeper.send((command, answer)).expect("the keeper never ends");
    child.recv().expect("the keeper answers")
}

fn tail(log: &str) -> &str {
    let mut start = log.len().saturating_sub(LOG_SHOWN_MAX);
    while !log.is_char_boundary(start) {
        start += 1;
    }
    &log[start..]
}
