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
    let mut dice = Dice { random: Random::new(plan.seed), left: Vec::new() };
    let mut left = plan.kills;
    while left > 0 {
        let pause = PAUSE_MS.start + dice.random.below(PAUSE_MS.end - PAUSE_MS.start);
        std::thread::sleep(Duration::from_millis(pause));
        let ended = venue.ended()?;
        if !ended.is_empty() {
            findings.violations.extend(ended);
            venue.start_ended()?;
            venue.wait_ready(READY_MAX)?;
            continue;
        }
        let mut killed = vec![one(venue, &mut dice, findings)?];
        left -= 1;
        let began = Instant::now();
        if left > 0 && dice.random.per_cent(SECOND_PER_CENT) {
            std::thread::sleep(Duration::from_millis(dice.random.below(200)));
            killed.push(one(venue, &mut dice, findings)?);
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

/// Chance, which lets every service die once before any dies again.
struct Dice {
    random: Random,
    left: Vec<Name>,
}

impl Dice {
    fn service(&mut self) -> Name {
        if self.left.is_empty() {
            self.left = SERVICES.to_vec();
        }
        // The number is below that of the services left.
        let at = self.random.below(self.left.len() as u64) as usize;
        self.left.swap_remove(at)
    }
}

fn one(venue: &mut Venue, dice: &mut Dice, findings: &mut Findings) -> Result<Name> {
    let name = dice.service();
    let service = venue.service(name)?;
    service.kill()?;
    service.start()?;
    *findings.kills.entry(name.program()).or_default() += 1;
    Ok(name)
}
