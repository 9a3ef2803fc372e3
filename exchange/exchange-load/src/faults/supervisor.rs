//! Who kills, and starts again at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Findings, Plan};
use crate::flow::Random;
use crate::venue::{Name, READY_MAX, SERVICES, Venue};

/// The time between a venue that is ready and the next kill, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 50..900;

/// In this many of a hundred cases a second service dies before the first is ready again.
const SECOND_PER_CENT: u64 = 20;

/// Kills as often as planned. A service that ends by itself is a violation, and is started again.
pub(super) fn kill(
    plan: &Plan,
    venue: &mut Venue,
    findings: &mut Findings,
    progress: &mut impl FnMut(&str),
) -> Result<()> {
    let mut random = Random::new(plan.seed);
    let mut left = plan.kills;
    while left > 0 {
        let pause = PAUSE_MS.start + random.below(PAUSE_MS.end - PAUSE_MS.start);
        std::thread::sleep(Duration::from_millis(pause));
        let ended = venue.ended()?;
        if !ended.is_empty() {
            findings.violations.extend(ended);
            venue.start_ended()?;
            venue.wait_ready(READY_MAX)?;
            continue;
        }
        let mut killed = vec![one(venue, &mut random, findings)?];
        left -= 1;
        let began = Instant::now();
        if left > 0 && random.per_cent(SECOND_PER_CENT) {
            std::thread::sleep(Duration::from_millis(random.below(200)));
            killed.push(one(venue, &mut random, findings)?);
            left -= 1;
        }
        let names: Vec<&str> = killed.iter().map(|name| name.program()).collect();
        let names = names.join(" and ");
        venue.wait_ready(READY_MAX).with_context(|| format!("after a kill of {names}"))?;
        let ready = began.elapsed();
        findings.ready_max = findings.ready_max.max(ready);
        progress(&format!("killed {names}, ready after {} ms, {left} to go", ready.as_millis()));
    }
    Ok(())
}

fn one(venue: &mut Venue, random: &mut Random, findings: &mut Findings) -> Result<Name> {
    // The number is below that of the services.
    let name = SERVICES[random.below(SERVICES.len() as u64) as usize];
    let service = venue.service(name)?;
    service.kill()?;
    service.start()?;
    *findings.kills.entry(name.program()).or_default() += 1;
    Ok(name)
}
