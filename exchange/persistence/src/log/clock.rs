//! The clock that stamps records.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exchange_types::TimestampNs;

/// The machine's clock, held so that it never goes back behind what the log has: event time must not.
#[derive(Debug)]
pub(super) struct Clock {
    last: u64,
    behind: Arc<Behind>,
}

/// How far the machine's clock is behind the last record.
#[derive(Debug, Default)]
pub(crate) struct Behind(AtomicU64);

impl Behind {
    /// How far; zero when all is well.
    pub(crate) fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Clock {
    /// A clock that begins at `last`, the time of the log's last record.
    pub(super) fn new(last: TimestampNs) -> (Self, Arc<Behind>) {
        let behind = Arc::new(Behind::default());
        (Self { last: last.0, behind: Arc::clone(&behind) }, behind)
    }

    pub(super) fn now(&mut self) -> TimestampNs {
        self.stamp(machine_time())
    }

    fn stamp(&mut self, machine: TimestampNs) -> TimestampNs {
        self.behind.0.store(self.last.saturating_sub(machine.0), Ordering::Relaxed);
        self.last = self.last.max(machine.0);
        TimestampNs(self.last)
    }
}

/// What the machine's clock says.
pub(crate) fn machine_time() -> TimestampNs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampNs(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_back_stands_still_and_says_so() {
        let (mut clock, behind) = Clock::new(TimestampNs(1_000));
        assert_eq!(clock.stamp(TimestampNs(400)), TimestampNs(1_000));
        assert_eq!(behind.get(), Duration::from_nanos(600));
        assert_eq!(clock.stamp(TimestampNs(1_001)), TimestampNs(1_001));
        assert_eq!(clock.stamp(TimestampNs(1_001)), TimestampNs(1_001));
        assert_eq!(behind.get(), Duration::ZERO);
    }
}
