//! How long the writer waits for waiters to come back before it begins the next batch.
//!
//! Those who were just told that their record is durable are about to submit the next one; those who came in meanwhile are
//! already there. The sum of both is the most that can be *expected*. The writer waits until so many are there, but no longer
//! than [`LINGER_SHARE`] of what a sync takes, and never longer than [`LINGER_MAX`]: that is what a lone submitter can lose.
//!
//! Where nobody comes back (an open load: each connection submits once), waiting is in vain. So the writer remembers how it went:
//! when less than half of those released came back in time, it skips the next waits, twice as many each time; when they come
//! again it waits again.
//!
//! It *spins* while it waits. That costs its core about 10 us for each batch where waiters are tasks, and at most
//! [`LINGER_SHARE`] of a sync. Giving the core away instead was measured to cost 25 us more for each batch of 128: the waiters
//! run on the other core, and the writer came back late.

use std::time::Duration;

/// The longest wait.
pub const LINGER_MAX: Duration = Duration::from_micros(100);

/// The part of the last sync that a wait may take: one half.
pub const LINGER_SHARE: u32 = 2;

/// How often the writer looks, in pauses of the processor. Each look takes the counter's cache line from the submitters.
const LOOK_EVERY: u32 = 32;

/// How many waits are skipped at most after waits that were in vain.
const SKIP_MAX: u32 = 64;

/// What the writer knows of its waiters.
#[derive(Debug)]
pub(crate) struct Linger {
    /// The longest wait.
    time_max: Duration,
    /// How many waits are still to be skipped.
    skip: u32,
    /// How many will be skipped after the next wait that is in vain.
    skip_next: u32,
}

impl Default for Linger {
    fn default() -> Self {
        Self::new(LINGER_MAX)
    }
}

impl Linger {
    /// Waits no longer than `time_max` at a time; with zero never.
    pub(crate) fn new(time_max: Duration) -> Self {
        Self { time_max: time_max.min(LINGER_MAX), skip: 0, skip_next: 0 }
    }

    /// Waits until `gathered` reports as many as can be expected, or `elapsed` says that time is up. `there` were gathered
    /// when the `released` were told: whoever came since is one of those, and must not be counted twice.
    pub(crate) fn wait(
        &mut self,
        there: usize,
        released: usize,
        sync: Duration,
        gathered: impl Fn() -> usize,
        elapsed: impl Fn() -> Duration,
    ) {
        if released == 0 || self.time_max.is_zero() {
            return;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        let expected = there + released;
        let time = (sync / LINGER_SHARE).min(self.time_max);
        loop {
            if gathered() >= expected {
                self.skip_next = 0;
                return;
            }
            if elapsed() >= time {
                break;
            }
            for _ in 0..LOOK_EVERY {
                std::hint::spin_loop();
            }
        }
        if gathered().saturating_sub(there) * 2 >= released {
            self.skip_next = 0;
            return;
        }
        self.skip_next = (self.skip_next * 2 + 1).min(SKIP_MAX);
        self.skip = self.skip_next;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const SYNC: Duration = Duration::from_micros(100);

    fn never() -> Duration {
        Duration::ZERO
    }

    #[test]
    fn nobody_is_waited_for_where_nobody_was_released() {
        Linger::default().wait(0, 0, SYNC, || panic!("nobody is counted"), never);
    }

    #[test]
    fn whoever_is_told_never_to_wait_does_not() {
        Linger::new(Duration::ZERO).wait(0, 5, SYNC, || panic!("nobody is counted"), never);
    }

    #[test]
    fn a_wait_ends_when_all_who_can_be_expected_are_there() {
        let gathered = Cell::new(3);
        Linger::default().wait(3, 5, SYNC, || gathered.replace((gathered.get() + 1).min(8)), never);
        assert_eq!(gathered.get(), 8);
    }

    #[test]
    fn whoever_came_back_before_the_wait_began_is_not_waited_for_again() {
        let looked = Cell::new(0);
        let all_there = || {
            looked.set(looked.get() + 1);
            8
        };
        Linger::default().wait(3, 5, SYNC, all_there, never);
        assert_eq!(looked.get(), 1);
    }

    #[test]
    fn a_wait_ends_when_its_share_of_a_sync_is_over() {
        let time = Cell::new(Duration::ZERO);
        let tick = || time.replace(time.get() + Duration::from_micros(1));
        Linger::default().wait(0, 5, SYNC, || 0, tick);
        assert_eq!(time.get(), Duration::from_micros(51));
        time.set(Duration::ZERO);
        Linger::default().wait(0, 5, SYNC * 1000, || 0, tick);
        assert_eq!(time.get(), Duration::from_micros(101));
    }

    #[test]
    fn waits_in_vain_become_rare_and_one_that_pays_makes_them_common_again() {
        let mut linger = Linger::default();
        let waited = |linger: &mut Linger, gathered: usize| {
            let looked = Cell::new(false);
            let look = || {
                looked.set(true);
                gathered
            };
            linger.wait(0, 1, SYNC, look, || SYNC);
            looked.get()
        };
        let waits = (0..1000).filter(|_| waited(&mut linger, 0)).count();
        assert!(waits < 25, "{waits}");
        while !waited(&mut linger, 1) {}
        assert!(waited(&mut linger, 1));
        assert!(waited(&mut linger, 0));
        assert!(!waited(&mut linger, 0));
        assert!(waited(&mut linger, 0));
    }
}
