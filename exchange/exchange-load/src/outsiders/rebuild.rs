//! A book that a Python program rebuilds from the public stream while orders come in.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::run;
use crate::client::{Target, Trader};
use crate::load::{self, Mix, Mode, Plan};

const SCRIPT: &str = include_str!("rebuild.py");

/// How long the program may take beside the time it is told to.
const SLACK: Duration = Duration::from_secs(60);

/// What is done.
#[derive(Debug, Clone)]
pub struct Rebuild {
    /// A Python that has `websockets` and `requests`.
    pub python: PathBuf,
    /// The gateway.
    pub gateway: Target,
    /// Those who trade meanwhile.
    pub traders: Vec<Trader>,
    /// For how long.
    pub time: Duration,
    /// How often the book is compared.
    pub comparisons: u32,
    /// Orders and cancels per second.
    pub rate: f64,
}

/// Trades, and lets the program follow. Returns what it printed.
///
/// # Errors
/// When the two books differ, a message does not follow the one before, or nothing was traded.
pub fn rebuild(plan: &Rebuild) -> Result<String> {
    let load = Plan {
        target: plan.gateway.clone(),
        traders: plan.traders.clone(),
        connections: 16,
        mode: Mode::Open { rate: plan.rate },
        // The program takes a moment to start, and its comparisons need a book that changes.
        time: plan.time + Duration::from_secs(2),
        warm_up: Duration::ZERO,
        mix: Mix::default(),
        seed: 7,
    };
    let loading = std::thread::spawn(move || load::run(&load));
    let output = run(
        Command::new(&plan.python)
            .args(["-c", SCRIPT])
            .arg(plan.gateway.to_string())
            .arg("BTC-USD")
            .arg(plan.time.as_secs_f64().to_string())
            .arg(plan.comparisons.to_string()),
        plan.time + SLACK,
    );
    let findings = loading.join().map_err(|_| anyhow::anyhow!("the load panicked"))??;
    let output = output.context("the independent client")?;
    anyhow::ensure!(findings.failures() == 0, "orders were not taken meanwhile:\n{findings}");
    Ok(format!("{}\n{findings}", output.trim_end()))
}
