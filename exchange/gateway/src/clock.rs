//! The time that limits and breakers count in.
//!
//! Not responsible for dates: it only says how much time has passed since some moment. A newcomer needs to know one thing: what
//! decides gets the time as a number, so that a test moves it by hand and waits for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A moment: nanoseconds since the clock's beginning.
pub type Nanos = u64;

/// A clock that never goes back. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    /// The machine's monotonic clock, from this moment on.
    Machine(Instant),
    /// Moved by a test.
    Hand(Arc<AtomicU64>),
}

impl Default for Clock {
    fn default() -> Self {
        Self(Source::Machine(Instant::now()))
    }
}

impl Clock {
    /// A clock that stands still until it is [moved](Self::advance).
    #[must_use]
    pub fn by_hand() -> Self {
        Self(Source::Hand(Arc::default()))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Nanos {
        match &self.0 {
            // 2^64 nanoseconds are 584 years.
            Source::Machine(beginning) => nanos(beginning.elapsed()),
            Source::Hand(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Moves a clock that stands still; the machine's is not moved.
    pub fn advance(&self, by: Duration) {
        if let Source::Hand(now) = &self.0 {
            now.fetch_add(nanos(by), Ordering::Relaxed);
        }
    }
}

/// A span as nanoseconds; the longest that can be told where it is longer.
#[must_use]
pub fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
