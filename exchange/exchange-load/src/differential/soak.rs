//! Seed after seed until time is up.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Case, Divergence, Tally};

/// A case that failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// Where the whole case failed.
    pub divergence: Divergence,
    /// The few steps that are enough, and where those fail.
    pub shrunk: (Case, Divergence),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (case, divergence) = &self.shrunk;
        writeln!(formatter, "seed {} fails {}", self.seed, self.divergence)?;
        writeln!(formatter, "these {} steps are enough, with {:?} ids:", case.steps.len(), case.ids)?;
        for (number, step) in case.steps.iter().enumerate() {
            writeln!(formatter, "{number:>4} {step:?}")?;
        }
        write!(formatter, "{divergence}")
    }
}

/// Runs the cases of `first_seed` and its successors for some time, at least one; `begin` hears of each before it runs, so
/// that a panic can be traced to its seed. Returns what happened and how many cases there were.
///
/// # Errors
/// The first case that fails.
pub fn soak(
    first_seed: u64,
    time: Duration,
    mut begin: impl FnMut(u64),
) -> Result<(Tally, u64), Box<Failure>> {
    let start = Instant::now();
    let mut tally = Tally::default();
    let mut cases = 0;
    loop {
        let seed = first_seed.wrapping_add(cases);
        begin(seed);
        let mut case = Case::new(seed);
        match case.run() {
            Ok(one) => tally.add(&one),
            Err(divergence) => {
                case.shrink();
                // The whole case failed, so what is left of it does; running it again says where.
                let found = case.run().err().unwrap_or_else(|| divergence.clone());
                return Err(Box::new(Failure { seed, divergence, shrunk: (case, found) }));
            }
        }
        cases += 1;
        if start.elapsed() >= time {
            return Ok((tally, cases));
        }
    }
}
