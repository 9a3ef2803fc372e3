//! A token bucket as one number: the moment at which it is full again (the generic cell rate algorithm).
//!
//! A token taken moves that moment `emission` nanoseconds into the future; a token is there as long as the moment is no further
//! away than a full bucket takes to fill. Nothing is counted up in the background, and a bucket that is full equals none.

use crate::clock::Nanos;

/// How fast tokens come, and how many a full bucket holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Nanoseconds for one token.
    emission: u64,
    /// Tokens of a full bucket.
    burst: u32,
}

/// How a bucket stands after a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Tokens of a full bucket.
    pub(crate) limit: u32,
    /// Tokens that are there now.
    pub(crate) remaining: u32,
    /// Nanoseconds until it is full.
    pub(crate) full_in: u64,
    /// Nanoseconds until there are as many tokens as were asked for; zero: they were taken.
    pub(crate) wait: u64,
}

impl Quota {
    /// `tokens` in `period_ns`, with buckets of `burst`, both times `permille` / 1000. At least one token and one nanosecond each.
    #[must_use]
    pub(crate) fn new(tokens: u32, period_ns: u64, burst: u32, permille: u32) -> Self {
        let tokens = u128::from(tokens.max(1)) * u128::from(permille.max(1));
        // Rounded up: the rate is never more than was said.
        let emission = (u128::from(period_ns) * 1_000).div_ceil(tokens).max(1);
        let burst = u64::from(burst) * u64::from(permille.max(1)) / 1_000;
        Self {
            emission: u64::try_from(emission).unwrap_or(u64::MAX),
            burst: u32::try_from(burst.max(1)).unwrap_or(u32::MAX),
        }
    }

    /// Nanoseconds that this many tokens take to come.
    #[must_use]
    pub(crate) fn span(&self, tokens: u32) -> u64 {
        self.emission.saturating_mul(u64::from(tokens))
    }

    /// Tokens of a full bucket.
    #[must_use]
    pub(crate) fn burst(&self) -> u32 {
        self.burst
    }

    /// Takes tokens out of the bucket that is full at `full_at`, or says how long to wait for them. More than a bucket holds is
    /// never there.
    pub(crate) fn take(&self, full_at: &mut Nanos, now: Nanos, tokens: u32) -> Standing {
        let missing = full_at.saturating_sub(now);
        let wanted = missing.saturating_add(self.span(tokens));
        let wait = wanted.saturating_sub(self.span(self.burst));
        if wait > 0 {
            return self.standing(missing, wait);
        }
        *full_at = now.saturating_add(wanted);
        self.standing(wanted, 0)
    }

    fn standing(&self, missing: u64, wait: u64) -> Standing {
        let tokens = self.span(self.burst).saturating_sub(missing) / self.emission;
        let remaining = u32::try_from(tokens).unwrap_or(u32::MAX);
        Standing { limit: self.burst, remaining, full_in: missing, wait }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Quota, Standing};

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let quota = Quota::new(20, SECOND, 40, 1_000);
        let mut full_at = 0;
        for left in (0..40).rev() {
            let standing = quota.take(&mut full_at, 5, 1);
            assert_eq!((standing.remaining, standing.wait), (left, 0));
        }
        let refused = quota.take(&mut full_at, 5, 1);
        assert_eq!(refused, Standing { limit: 40, remaining: 0, full_in: 2 * SECOND, wait: SECOND / 20 });
        assert_eq!(quota.take(&mut full_at, 5 + SECOND / 20 - 1, 1).wait, 1);
        assert_eq!(quota.take(&mut full_at, 5 + SECOND / 20, 1).wait, 0);
    }

    #[test]
    fn a_tier_multiplies_rate_and_burst() {
        let quota = Quota::new(10, 3_600 * SECOND, 20, 10_000);
        assert_eq!((quota.burst(), quota.span(1)), (200, 36 * SECOND));
        let half = Quota::new(10, SECOND, 20, 500);
        assert_eq!((half.burst(), half.span(1)), (10, SECOND / 5));
    }

    #[test]
    fn more_than_a_bucket_holds_is_refused_and_takes_nothing() {
        let quota = Quota::new(1, SECOND, 2, 1_000);
        let mut full_at = 0;
        assert!(quota.take(&mut full_at, 0, 3).wait > 0);
        assert_eq!(full_at, 0);
    }

    proptest! {
        /// Whatever the times of the questions: in any window no more passes than a burst and the rate.
        #[test]
        fn no_window_passes_more_than_a_burst_and_the_rate(
            tokens in 1_u32..1_000,
            burst in 1_u32..2_000,
            steps in proptest::collection::vec((0_u64..50_000_000, 1_u32..4), 1..400),
        ) {
            let quota = Quota::new(tokens, SECOND, burst, 1_000);
            let (mut full_at, mut now) = (0, 0);
            let mut passed: Vec<(u64, u32)> = Vec::new();
            for (step, cost) in steps {
                now += step;
                if quota.take(&mut full_at, now, cost).wait == 0 {
                    passed.push((now, cost));
                }
            }
            for first in 0..passed.len() {
                let mut sum = 0_u64;
                for (at, cost) in &passed[first..] {
                    sum += u64::from(*cost);
                    let window = at - passed[first].0;
                    prop_assert!(sum <= u64::from(burst) + window / quota.span(1));
                }
            }
        }

        /// Whoever waits as long as they were told to gets what they asked for.
        #[test]
        fn the_wait_that_is_told_suffices(tokens in 1_u32..100_000, burst in 1_u32..1_000, asked in 0_u32..5_000) {
            let quota = Quota::new(tokens, SECOND, burst, 1_000);
            let mut full_at = 0;
            for _ in 0..asked {
                let standing = quota.take(&mut full_at, 0, 1);
                if standing.wait > 0 {
                    prop_assert_eq!(quota.take(&mut full_at, standing.wait, 1).wait, 0);
                    break;
                }
            }
        }
    }
}
