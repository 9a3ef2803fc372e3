//! Faults: five real processes, load, and `kill -9` at random moments.
//!
//! Not responsible for machines that lose power: the simulation does that. A newcomer needs to know one thing: every answer is
//! written down while services die, and when all is over the log itself says what happened; the two are compared, request by
//! request.

mod closing;
mod consumers;
mod floor;
mod ledger;
mod record;
mod supervisor;
#[cfg(test)]
mod tests;
mod trader;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::durable::without_limits;
use crate::venue::{Programs, Settings, Venue, folder_beside};
use floor::Trading;
use ledger::Ledger;

/// How long the services together may take to be ready for the first time.
const START_MAX: Duration = Duration::from_secs(30);

/// How many accounts trade, and how many connections each has.
const ACCOUNTS: usize = 6;
const DEALERS: u64 = 2;

/// For how long everybody trades on after the last kill.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// What is done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is run; files are made beside it.
    pub programs: Programs,
    /// How many kills.
    pub kills: u32,
    /// What services, moments and orders are drawn from.
    pub seed: u64,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Kills by service.
    pub kills: BTreeMap<&'static str, u32>,
    /// The longest time from a start to ready.
    pub ready_max: Duration,
    /// Requests, by what became of them.
    pub requests: BTreeMap<&'static str, u64>,
    /// Those that were rejected or not taken, by the code of the problem.
    pub refusals: BTreeMap<String, u64>,
    /// Outcomes that the consumer of outcomes has seen, all of them in order.
    pub outcomes: u64,
    /// Changes of the book over the public stream, and how often it was opened.
    pub depth: (u64, u64),
    /// Items of market data's own stream, and how often it was opened.
    pub feed: (u64, u64),
    /// Orders found again in the history.
    pub found_again: u64,
    /// Everything that must not be.
    pub violations: Vec<String>,
}

/// Kills, and checks. `progress` is told each kill.
///
/// # Errors
/// When the venue does not start, or a service does not come back: with where its logs and data are. Whatever else is wrong is
/// among the findings, and the folder is kept then, too.
pub fn run(plan: &Plan, progress: impl FnMut(&str)) -> Result<Findings> {
    let folder = folder_beside(&plan.programs.folder(), "faults")?;
    let findings = trade_and_check(plan, folder.clone(), progress)
        .with_context(|| format!("seed {}; logs and data are kept in {}", plan.seed, folder.display()))?;
    if findings.violations.is_empty() {
        std::fs::remove_dir_all(&folder).context("removing what was written")?;
    } else {
        let evidence = findings.violations.join("\n");
        std::fs::write(folder.join("violations.txt"), evidence).context("writing the violations down")?;
    }
    Ok(findings)
}

fn trade_and_check(plan: &Plan, folder: PathBuf, mut progress: impl FnMut(&str)) -> Result<Findings> {
    let mut venue = Venue::start(settings(plan, folder), START_MAX)?;
    let traders = venue.open_accounts(ACCOUNTS)?;
    progress(&format!("ready, gateway at {}", venue.gateway()?));
    let trading = Trading::start(&venue, traders, plan.seed, DEALERS)?;
    let mut findings = Findings::default();
    let killed = supervisor::kill(plan, &mut venue, &mut findings, &mut progress);
    if killed.is_ok() {
        std::thread::sleep(AFTERWARDS);
    }
    let seen = trading.end();
    killed?;
    let seen = seen?;
    findings.violations.extend(venue.ended()?);
    let data = venue.data();
    venue.stop()?;
    let ledger = Ledger::read(&data)?;
    floor::compare(&seen, &ledger, &mut findings)?;
    Ok(findings)
}

/// Small segments and frequent snapshots, so that kills meet the change from one to the next; and a breaker that is open for two
/// seconds, because half a minute of refusals after each fifth failure would be most of what is seen.
fn settings(plan: &Plan, folder: PathBuf) -> Settings {
    let mut environment = without_limits();
    for (name, value) in [
        ("SNAPSHOT_INTERVAL", "2s"),
        ("SNAPSHOT_EVENTS", "20000"),
        ("LOG_SEGMENT_BYTES", "4194304"),
        ("BREAKER_OPEN", "2s"),
        ("LOG_LEVEL", "info"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    Settings { programs: plan.programs.clone(), folder, together: false, environment }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(what, count)| format!(" {what}={count}")).collect::<String>()
        };
        let kills: u32 = self.kills.values().sum();
        write!(formatter, "kills={kills}")?;
        self.kills.iter().try_for_each(|(service, kills)| write!(formatter, " {service}={kills}"))?;
        writeln!(formatter, "\nready_max_ms={}", self.ready_max.as_millis())?;
        writeln!(formatter, "requests{}", count(&self.requests))?;
        let refusals = self.refusals.iter().map(|(code, count)| format!(" {code}={count}"));
        writeln!(formatter, "refusals{}", refusals.collect::<String>())?;
        writeln!(
            formatter,
            "outcomes={} depth_messages={} over {} streams, feed_items={} over {} streams, orders found again={}",
            self.outcomes, self.depth.0, self.depth.1, self.feed.0, self.feed.1, self.found_again,
        )?;
        writeln!(formatter, "violations={}", self.violations.len())?;
        let told = self.violations.iter().take(verify::TOLD_MAX);
        told.into_iter().try_for_each(|violation| writeln!(formatter, "  {violation}"))
    }
}
