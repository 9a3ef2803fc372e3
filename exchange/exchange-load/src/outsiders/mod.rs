//! Programs that share no code with the exchange: a client of the stream, and one that exercises the OpenAPI document.
//!
//! Not responsible for installing them: they are Python packages in an environment that the caller names. A newcomer needs to know
//! one thing: what these find wrong is wrong in the interface, whatever our own clients think of it.

mod openapi;
mod rebuild;

pub use openapi::{OpenApi, check_openapi};
pub use rebuild::{Rebuild, rebuild};

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a program that must end in time and with success; returns what it printed.
fn run(command: &mut Command, most: Duration) -> Result<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting Python")?;
    let (mut out, mut err) =
        (child.stdout.take().context("no output")?, child.stderr.take().context("no errors")?);
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        drop(err.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let output = std::thread::spawn(move || {
        let mut text = Vec::new();
        drop(out.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if began.elapsed() > most {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let output = output.join().map_err(|_| anyhow::anyhow!("a reader panicked"))?;
    let errors = errors.join().map_err(|_| anyhow::anyhow!("a reader panicked"))?;
    match status {
        Some(status) if status.success() => Ok(output),
        Some(status) => bail!("it ended with {status}\n{output}\n{errors}"),
        None => bail!("it did not end within {most:?}\n{output}\n{errors}"),
    }
}
