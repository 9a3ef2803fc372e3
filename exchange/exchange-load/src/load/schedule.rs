//! When requests are to begin: fixed before the first one is sent.

use std::time::Duration;

use crate::flow::Random;

/// The moments at which requests are to begin, from the start of the run: arrivals of many who know nothing of one another, so
/// the gaps between them are exponentially distributed.
#[derive(Debug, Clone)]
pub struct Schedule {
    arrivals_ns: Vec<u64>,
}

impl Schedule {
    /// `rate` arrivals per second for `time`, always the same ones for the same seed.
    #[must_use]
    pub fn new(rate: f64, time: Duration, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mean_ns = 1e9 / rate.max(1e-9);
        let end = time.as_nanos() as f64;
        let mut at = 0.0;
        let mut arrivals_ns = Vec::with_capacity((rate * time.as_secs_f64() * 1.05) as usize + 16);
        loop {
            at += mean_ns * -(1.0 - share(&mut random)).ln();
            if at >= end {
                return Self { arrivals_ns };
            }
            arrivals_ns.push(at as u64);
        }
    }

    /// The moments, in nanoseconds, in order.
    #[must_use]
    pub fn arrivals_ns(&self) -> &[u64] {
        &self.arrivals_ns
    }
}

/// A number from 0 up to, but not including, 1.
fn share(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_the_rate_asked_for_and_come_in_order() {
        let schedule = Schedule::new(10_000.0, Duration::from_secs(5), 1);
        let arrivals = schedule.arrivals_ns();
        assert!((48_000..52_000).contains(&arrivals.len()), "{} arrivals", arrivals.len());
        assert!(arrivals.is_sorted());
        assert_eq!(arrivals, Schedule::new(10_000.0, Duration::from_secs(5), 1).arrivals_ns());
        let gaps = arrivals.windows(2).filter(|pair| pair[1] - pair[0] > 100_000).count();
        // e^-1 of the gaps of a Poisson process are longer than the mean.
        let share = gaps as f64 / arrivals.len() as f64;
        assert!((0.35..0.39).contains(&share), "{share}");
    }
}
