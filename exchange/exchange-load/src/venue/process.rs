//! One process: start, wait until it is ready, kill, stop, start again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a service may take until it is ready.
pub const READY_MAX: Duration = Duration::from_secs(10);

/// How long it may take to end when it is asked to.
const STOP_MAX: Duration = Duration::from_secs(20);

/// How often it is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// A program with its environment, running or not. It is killed when this goes.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    address: SocketAddr,
    log: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// Not started yet. What it prints is appended to `log`.
    #[must_use]
    pub fn new(name: &str, program: &Path, address: SocketAddr, log: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            address,
            log: log.to_owned(),
            child: None,
        }
    }

    /// With these arguments.
    #[must_use]
    pub fn arguments<T: Into<String>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// With these variables and no others.
    #[must_use]
    pub fn environment(mut self, environment: BTreeMap<String, String>) -> Self {
        self.environment = environment;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number; `None`: it does not run.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&mut self) -> Result<()> {
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        writeln!(log, "--- {} starts", self.name)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// The status with which it ended by itself; `None`: it runs, or was never started.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(match &mut self.child {
            Some(child) => child.try_wait()?,
            None => None,
        })
    }

    /// True where its `/ready` answers 200 now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        get(self.address, "/ready").is_ok_and(|(status, _)| status == 200)
    }

    /// Waits until it is ready, and says how long that took.
    ///
    /// # Errors
    /// When it ends, or is not ready in time: with what it says of its health and the end of its log.
    pub fn wait_ready(&mut self, most: Duration) -> Result<Duration> {
        let began = Instant::now();
        while !self.is_ready() {
            if let Some(status) = self.ended()? {
                bail!("{} ended by itself: {status}\n{}", self.name, self.last_words());
            }
            if began.elapsed() > most {
                let health = get(self.address, "/health").map(|(_, body)| body);
                let health = health.unwrap_or_else(|error| format!("no answer: {error}"));
                let late = most.as_secs_f64();
                bail!("{} is not ready after {late:.0} s: {health}\n{}", self.name, self.last_words());
            }
            std::thread::sleep(ASK_EVERY);
        }
        Ok(began.elapsed())
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().with_context(|| format!("{} does not run", self.name))?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Asks it to end, as an operator does, and waits for that.
    ///
    /// # Errors
    /// When it does not end in time, or not with success.
    pub fn stop(&mut self) -> Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        let id = Pid::from_child(child);
        kill_process(id, Signal::TERM).with_context(|| format!("stopping {}", self.name))?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if began.elapsed() > STOP_MAX {
                bail!("{} does not end when it is asked to\n{}", self.name, self.last_words());
            }
            std::thread::sleep(ASK_EVERY);
        };
        self.child = None;
        if !status.success() {
            bail!("{} ended with {status} when it was asked to\n{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// The last lines of its log.
    #[must_use]
    pub fn last_words(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = File::open(&self.log) {
            let mut bytes = Vec::new();
            if file.read_to_end(&mut bytes).is_ok() {
                text = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself; then there is nothing to kill.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Asks for a path and waits for the answer: for the few questions that a supervisor has.
///
/// # Errors
/// When nobody answers within two seconds.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let (_, body) = answer.split_once("\r\n\r\n").context("the answer is cut short")?;
    Ok((status.context("the answer has no status")?, body.to_owned()))
}
