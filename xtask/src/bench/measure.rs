//! Processor time and peak memory of child processes.
//!
//! Safe Rust cannot ask the kernel what a child used, and the ticks in `/proc` are too coarse for a program that ends
//! after milliseconds. A few lines of Python can: see `measure.py`, which this file feeds.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// One of the programs that are compared.
pub(super) struct Program<'a> {
    pub(super) path: &'a Path,
    pub(super) arguments: Vec<String>,
    /// The exit codes that are no failure.
    pub(super) accepts: &'static [i32],
    /// How often it runs in each round; the round's figure is the mean.
    pub(super) runs: u32,
}

/// What one run of a program costs.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    /// User and system time of one run, the median over all rounds.
    pub(super) cpu_seconds: f64,
    /// Largest resident set of any run, in megabytes of 1024 * 1024 bytes.
    pub(super) peak_mb: f64,
}

/// Runs all programs in turn, `rounds` times, in `folder` and with an almost empty environment, and answers in the order asked.
///
/// # Errors
/// When Python is missing, or when one of the programs does not end as it may.
pub(super) fn interleaved(programs: &[Program<'_>], folder: &Path, rounds: u32) -> Result<Vec<Usage>> {
    let order = json!({
        "folder": folder,
        "rounds": rounds,
        "programs": programs
            .iter()
            .map(|program| {
                let call: Vec<Value> = std::iter::once(json!(program.path))
                    .chain(program.arguments.iter().map(|argument| json!(argument)))
                    .collect();
                json!({ "call": call, "runs": program.runs, "accepts": program.accepts })
            })
            .collect::<Vec<_>>(),
    });
    let mut child = Command::new("python3")
        .args(["-c", include_str!("measure.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting python3, which measures")?;
    child
        .stdin
        .take()
        .context("python3 has no standard input")?
        .write_all(order.to_string().as_bytes())
        .context("telling python3 what to measure")?;
    let output = child.wait_with_output().context("waiting for python3")?;
    if !output.status.success() {
        bail!("measuring failed ({}); what it said stands above", output.status);
    }
    let answer: Value = serde_json::from_slice(&output.stdout).context("reading what was measured")?;
    let usages: Option<Vec<Usage>> = answer
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            Some(Usage {
                cpu_seconds: one["cpu_seconds"].as_f64()?,
                peak_mb: one["peak_kb"].as_f64()? / 1024.0,
            })
        })
        .collect();
    let usages = usages.context("an answer lacks its numbers")?;
    if usages.len() != programs.len() {
        bail!("asked for {} answers, found {}", programs.len(), usages.len());
    }
    Ok(usages)
}
