//! Durable acknowledgements of the five services beside a bare loop, in the same run and with the same client.
//!
//! Not responsible for building the programs. A newcomer needs to know one thing: the exchange and the bare loop take turns on the
//! same disk and under the same client, and what is judged is the ratio of the two; absolute figures are those of the machine.

pub mod bare;
mod compare;
mod promise;
mod together;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::{Report, Verdict};
use crate::client::{Target, Trader};
use crate::load::{Findings, Mix, Mode, Plan as Load};
use crate::venue::{Programs, Settings, Venue, folder_beside};

/// How long the services together may take to be ready for the first time, with everything else that a machine does.
const START_MAX: Duration = Duration::from_secs(30);

/// How many accounts trade.
pub const ACCOUNTS: usize = 16;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is run; files are made beside it.
    pub programs: Programs,
    /// Rounds; the figures are their medians.
    pub rounds: usize,
    /// Short runs whose speeds are shown and not judged.
    pub quick: bool,
}

impl Plan {
    /// How long one measurement counts, and how long it warms up.
    fn times(&self) -> (Duration, Duration) {
        if self.quick {
            (Duration::from_secs(1), Duration::from_millis(500))
        } else {
            (Duration::from_secs(5), Duration::from_secs(1))
        }
    }

    fn load(&self, target: Target, traders: Vec<Trader>, connections: usize, mode: Mode, seed: u64) -> Load {
        let (time, warm_up) = self.times();
        Load { target, traders, connections, mode, time, warm_up, mix: Mix::ORDERS, seed }
    }
}

/// Everything, as lines and verdicts, and as JSON.
///
/// # Errors
/// When something does not start, or an order is not taken: latencies of a server that refuses mean nothing.
pub fn report(plan: &Plan) -> Result<(Report, Value)> {
    let folder = folder_beside(&plan.programs.folder(), "durable-bench")?;
    let mut report = Report::default();
    let five = five(plan, &folder, &mut report).with_context(|| kept(&folder))?;
    // What has been measured is told, even where the other half cannot be.
    let together = match together::measure(plan, &folder, &mut report) {
        Ok(found) => found,
        Err(error) => {
            let text = format!("all services in one process: {error:#}; {}", kept(&folder));
            report.verdicts.push(Verdict { text, reached: false });
            return Ok((report, json!({ "five": five })));
        }
    };
    std::fs::remove_dir_all(&folder).context("removing what was written")?;
    Ok((report, json!({ "five": five, "together": together })))
}

fn kept(folder: &std::path::Path) -> String {
    format!("logs and data are kept in {}", folder.display())
}

fn five(plan: &Plan, folder: &std::path::Path, report: &mut Report) -> Result<Value> {
    let venue = Venue::start(settings(plan, folder.join("five"), false), START_MAX)?;
    let idle = compare::idle_memory(&venue, report)?;
    let traders = venue.open_accounts(ACCOUNTS)?;
    let compared = compare::measure(plan, folder, &venue, &traders, report)?;
    let promise = promise::measure(plan, &venue, &traders, report)?;
    venue.stop()?;
    Ok(json!({ "idle_bytes": idle, "compared": compared, "promise": promise }))
}

fn settings(plan: &Plan, folder: PathBuf, together: bool) -> Settings {
    Settings { programs: plan.programs.clone(), folder, together, environment: without_limits() }
}

/// Limits are for clients that are not to be measured.
#[must_use]
pub fn without_limits() -> BTreeMap<String, String> {
    ["MARKET_DATA", "ACCOUNT", "ORDERS", "CANCELS", "WITHDRAWALS", "ADMIN", "IP"]
        .into_iter()
        .map(|class| (format!("RATE_{class}"), "off".to_owned()))
        .collect()
}

/// What was found, where nothing went wrong.
fn all_taken(findings: Findings, what: &str) -> Result<Findings> {
    let failures = findings.failures();
    // A run that falls behind its schedule does not send the last requests. That is a finding, and it shows in the latencies.
    let unsent = findings.errors.iter().filter(|(error, _)| error.starts_with("not sent"));
    let refused = failures - unsent.map(|(_, count)| count).sum::<u64>();
    anyhow::ensure!(refused == 0, "{what}: {refused} orders were not taken:\n{findings}");
    anyhow::ensure!(findings.successes() > 0, "{what}: no order was taken");
    Ok(findings)
}
