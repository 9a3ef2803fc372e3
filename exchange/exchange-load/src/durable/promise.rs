//! The promises: 5,000 orders per second for a minute.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Plan, all_taken};
use crate::bench::Report;
use crate::client::Trader;
use crate::load::{self, Mode};
use crate::venue::{Buckets, Name, Venue};

/// Orders per second.
const RATE: f64 = 5_000.0;

/// For how long, and for how long in a quick run.
const TIMES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(5)];

/// What 99 of a hundred answers of the gateway may take, in milliseconds.
const GATEWAY_P99_MS_MAX: f64 = 100.0;

/// What matching may take for 99 of a hundred commands, in microseconds.
const MATCHING_P99_US_MAX: f64 = 500.0;

/// The histogram of matching: from a command read from the stream to its events written to the next.
const MATCHING_HISTOGRAM: &str = "exchange_matching_seconds";

pub(super) fn measure(plan: &Plan, venue: &Venue, traders: &[Trader], report: &mut Report) -> Result<Value> {
    let matching = venue.address(Name::MatchingEngine);
    let mut load = plan.load(venue.gateway()?, traders.to_vec(), 256, Mode::Open { rate: RATE }, 99);
    load.time = TIMES[usize::from(plan.quick)];
    let before = Buckets::read(matching, MATCHING_HISTOGRAM)?;
    let findings = all_taken(load::run(&load)?, "5,000 orders per second")?;
    let commands = Buckets::read(matching, MATCHING_HISTOGRAM)?.since(&before);
    let latency = findings.latency();
    let matching_us = commands.quantile_at_most(0.99) * 1e6;
    report.lines.push(format!(
        "promise per_s={:.0} gateway {latency} matching_commands={} matching_p99_us_at_most={matching_us:.0}",
        findings.per_second(),
        commands.count(),
    ));
    report.at_most("gateway p99 at 5,000 per second, ms", latency.p99_us / 1e3, GATEWAY_P99_MS_MAX);
    report.at_most("matching p99 at 5,000 per second, us", matching_us, MATCHING_P99_US_MAX);
    Ok(
        json!({ "gateway": findings.json(), "matching_p99_us": matching_us, "matching_commands": commands.count() }),
    )
}
