//! The five services beside the bare loop, in turns.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Plan, all_taken};
use crate::bench::{Report, median};
use crate::client::Trader;
use crate::load::{self, Mode, Quantiles};
use crate::venue::{Process, Usage, Venue, free_ports};

/// How many connections the closed loop has.
const CONNECTIONS: usize = 32;

/// How many orders begin per second in the open loop.
const RATE: f64 = 10_000.0;

/// How many connections the open loop has: enough that none is waited for at this rate even when answers take 25 ms.
const CONNECTIONS_OPEN: usize = 256;

/// By how much the median may be longer than that of the bare loop.
const P50_RATIO_MAX: f64 = 2.5;

/// By how much the slowest of a hundred may be longer.
const P99_RATIO_MAX: f64 = 4.0;

/// What an order may cost in all services together, in microseconds of processor time.
const PROCESSOR_US_MAX: f64 = 100.0;

/// What the five services may hold when nothing happens, in megabytes.
const IDLE_MB_MAX: f64 = 150.0;

/// How long nothing happens before memory is looked at.
const IDLE: Duration = Duration::from_secs(2);

/// Memory of the services when nothing happens, by service in bytes.
pub(super) fn idle_memory(venue: &Venue, report: &mut Report) -> Result<BTreeMap<String, u64>> {
    std::thread::sleep(IDLE);
    let usage = venue.usage()?;
    let resident: BTreeMap<String, u64> =
        usage.into_iter().map(|(name, usage)| (name, usage.resident_bytes)).collect();
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let parts = resident.iter().map(|(name, bytes)| format!(" {name}={:.1}", megabytes(*bytes)));
    let sum = megabytes(resident.values().sum());
    report.lines.push(format!("idle_mb={sum:.1}{}", parts.collect::<String>()));
    report.at_most("megabytes of the five idle services", sum, IDLE_MB_MAX);
    Ok(resident)
}

/// What one mode found over all rounds.
#[derive(Default)]
struct Series {
    bare: Vec<Quantiles>,
    venue: Vec<Quantiles>,
    bare_per_second: Vec<f64>,
    per_second: Vec<f64>,
    bare_processor_us: Vec<f64>,
    processor_us: BTreeMap<String, Vec<f64>>,
}

/// Both modes, in turns with the bare loop.
pub(super) fn measure(
    plan: &Plan,
    folder: &Path,
    venue: &Venue,
    traders: &[Trader],
    report: &mut Report,
) -> Result<Value> {
    let program = std::env::current_exe().context("finding this program")?;
    let port = free_ports(1)?[0];
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let log = folder.join("bare-log");
    let mut bare = Process::new("the bare loop", &program, address, &folder.join("bare.log")).arguments([
        "bare",
        "--listen",
        &address.to_string(),
        "--folder",
        &log.display().to_string(),
    ]);
    bare.start()?;
    bare.wait_ready(super::START_MAX)?;
    let modes =
        [("closed", CONNECTIONS, Mode::Closed), ("open", CONNECTIONS_OPEN, Mode::Open { rate: RATE })];
    let mut found = [Series::default(), Series::default()];
    for round in 0..plan.rounds {
        for ((name, connections, mode), series) in modes.into_iter().zip(&mut found) {
            let seed = round as u64 + 1;
            let target = format!("http://{address}").parse()?;
            let id = bare.id().context("the bare loop does not run")?;
            let before = Usage::of(id)?;
            let load = plan.load(target, traders.to_vec(), connections, mode, seed);
            let findings = all_taken(load::run(&load)?, "the bare loop")?;
            let used = Usage::of(id)?.processor.saturating_sub(before.processor);
            series.bare.push(findings.latency());
            series.bare_per_second.push(findings.per_second());
            series.bare_processor_us.push(per_order(used, findings.sent));
            let before = venue.usage()?;
            let load = plan.load(venue.gateway()?, traders.to_vec(), connections, mode, seed);
            let findings = all_taken(load::run(&load)?, name)?;
            series.venue.push(findings.latency());
            series.per_second.push(findings.per_second());
            for ((service, before), (_, after)) in before.into_iter().zip(venue.usage()?) {
                let used = after.processor.saturating_sub(before.processor);
                series.processor_us.entry(service).or_default().push(per_order(used, findings.sent));
            }
        }
    }
    ensure!(bare.ended()?.is_none(), "the bare loop ended by itself\n{}", bare.last_words());
    bare.kill()?;
    let mut json = json!({});
    for ((name, ..), series) in modes.into_iter().zip(&found) {
        json[name] = series.judge(name, report);
    }
    Ok(json)
}

fn per_order(used: Duration, orders: u64) -> f64 {
    used.as_secs_f64() * 1e6 / orders.max(1) as f64
}

/// One of the quantiles.
type Of = fn(&Quantiles) -> f64;

impl Series {
    fn judge(&self, name: &str, report: &mut Report) -> Value {
        let middle = |all: &[Quantiles], of: Of| median(all.iter().map(of).collect());
        let ratio = |of: Of| {
            median(
                self.venue
                    .iter()
                    .zip(&self.bare)
                    .map(|(venue, bare)| of(venue) / of(bare).max(1.0))
                    .collect(),
            )
        };
        let (p50, p99): (Of, Of) = (|all| all.p50_us, |all| all.p99_us);
        let (p50_ratio, p99_ratio) = (ratio(p50), ratio(p99));
        for (who, all, per_second) in
            [("bare", &self.bare, &self.bare_per_second), ("exchange", &self.venue, &self.per_second)]
        {
            report.lines.push(format!(
                "{name} {who} per_s={:.0} p50_us={:.0} p99_us={:.0} p99_9_us={:.0} max_us={:.0}",
                median(per_second.clone()),
                middle(all, p50),
                middle(all, p99),
                middle(all, |all| all.p999_us),
                middle(all, |all| all.max_us),
            ));
        }
        let services: BTreeMap<&String, f64> =
            self.processor_us.iter().map(|(service, all)| (service, median(all.clone()))).collect();
        let sum: f64 = services.values().sum();
        let parts = services.iter().map(|(service, used)| format!(" {service}={used:.1}"));
        let bare = median(self.bare_processor_us.clone());
        report
            .lines
            .push(format!("{name} cpu_us_per_order={sum:.1}{} (bare {bare:.1})", parts.collect::<String>()));
        report.at_most(&format!("{name}: p50 beside the bare loop"), p50_ratio, P50_RATIO_MAX);
        report.at_most(&format!("{name}: p99 beside the bare loop"), p99_ratio, P99_RATIO_MAX);
        report.at_most(&format!("{name}: processor microseconds per order"), sum, PROCESSOR_US_MAX);
        json!({
            "p50_us": middle(&self.venue, p50), "p99_us": middle(&self.venue, p99),
            "bare_p50_us": middle(&self.bare, p50), "bare_p99_us": middle(&self.bare, p99),
            "p50_ratio": p50_ratio, "p99_ratio": p99_ratio,
            "per_second": median(self.per_second.clone()),
            "processor_us_per_order": sum, "processor_us_by_service": services, "bare_processor_us_per_order": bare,
        })
    }
}
