//! All services in one process: how many durable orders per second.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::{ACCOUNTS, Plan, START_MAX, all_taken, settings};
use crate::bench::{Report, median};
use crate::load::{self, Mode};
use crate::venue::Venue;

/// How many connections send as fast as they can.
const CONNECTIONS: usize = 256;

/// Durable orders per second.
const PER_SECOND_MIN: f64 = 20_000.0;

pub(super) fn measure(plan: &Plan, folder: &Path, report: &mut Report) -> Result<Value> {
    let venue = Venue::start(settings(plan, folder.join("together"), true), START_MAX)?;
    let traders = venue.open_accounts(ACCOUNTS)?;
    let (mut rates, mut processor_us) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        let load = plan.load(venue.gateway()?, traders.clone(), CONNECTIONS, Mode::Closed, round as u64 + 1);
        let before = venue.usage()?;
        let findings = all_taken(load::run(&load)?, "all in one process")?;
        let used = venue.usage()?[0].1.processor.saturating_sub(before[0].1.processor);
        rates.push(findings.per_second());
        processor_us.push(used.as_secs_f64() * 1e6 / findings.sent.max(1) as f64);
    }
    let (rate, processor_us) = (median(rates), median(processor_us));
    report.lines.push(format!("together per_s={rate:.0} cpu_us_per_order={processor_us:.1}"));
    report.at_least("durable orders per second through one process", rate, PER_SECOND_MIN);
    venue.stop()?;
    Ok(json!({ "per_second": rate, "processor_us_per_order": processor_us }))
}
