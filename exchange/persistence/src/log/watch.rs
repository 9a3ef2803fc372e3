//! Watching over the log: what stops it is told, and a tick is logged where nothing else is.

use std::sync::Arc;
use std::time::Duration;

use exchange_service::commit::Committer;
use exchange_service::health::Health;
use exchange_service::log::SegmentedLog;
use exchange_service::storage::FileStorage;
use exchange_types::{Command, encode_command};

use super::clock::Behind;
use super::{CLOCK_PART, LogHandle, PART, State};

/// How often somebody looks at the log. It says by itself that it is stopped to whoever submits; this is for all others.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// From when on a clock that is behind the log is worth a word.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// What is watched.
pub(crate) struct Watch {
    /// The log.
    pub(crate) log: LogHandle,
    /// How far the machine's clock is behind.
    pub(crate) behind: Arc<Behind>,
    /// After what time without a record a tick is logged.
    pub(crate) tick_interval: Duration,
    /// Where the result is told.
    pub(crate) health: Health,
}

impl Watch {
    /// Looks at the log for as long as it is polled.
    pub(crate) async fn run(self, committer: &Committer<SegmentedLog<FileStorage>>) -> ! {
        let mut tick = Vec::new();
        encode_command(&Command::Tick, &mut tick);
        self.health.healthy(PART);
        loop {
            let waiting = self.log.shared.submitter.waiting();
            self.log.shared.metrics.waiting(waiting);
            follow_state(&self.log, committer, &self.health);
            self.look_at_clock();
            let running = *self.log.shared.state.borrow() == State::Running;
            let rest = self.tick_interval.saturating_sub(self.log.shared.tail.idle());
            if running && tick_is_due(rest, waiting) {
                // A stopped log says so itself.
                let _ = self.log.submit(&tick);
            }
            let pause = if rest.is_zero() { self.tick_interval } else { rest };
            tokio::time::sleep(LOOK_EVERY.min(pause)).await;
        }
    }

    fn look_at_clock(&self) {
        let behind = self.behind.get();
        if behind > BEHIND_MAX {
            let reason = format!(
                "the machine's clock is {} s behind the last record, so time stands still until it catches up",
                behind.as_secs()
            );
            self.health.degraded(CLOCK_PART, reason);
        } else {
            self.health.healthy(CLOCK_PART);
        }
    }
}

/// Whether a tick is to be logged: `rest` of the interval is left, and so many submissions wait for the writer. While the disk is slow
/// nothing is appended and the log looks idle, but what waits carries the time as well as a tick does, and one tick as well as many.
fn tick_is_due(rest: Duration, waiting: usize) -> bool {
    rest.is_zero() && waiting == 0
}

/// Tells everybody once the log is stopped.
pub(crate) fn follow_state(
    log: &LogHandle,
    committer: &Committer<SegmentedLog<FileStorage>>,
    health: &Health,
) {
    if *log.shared.state.borrow() != State::Running || !committer.is_finished() {
        return;
    }
    let cause = log.shared.submitter.stopped().unwrap_or_else(|| Arc::from("its writer is gone"));
    let reason = format!(
        "the log is stopped and takes nothing any more: {cause}. What is durable stays; restart the service once the cause is gone"
    );
    health.unhealthy(PART, reason);
    log.shared.state.send_replace(State::Stopped(cause));
}

impl LogHandle {
    /// Tells everybody that the log was closed in good order.
    pub(crate) fn closed(&self) {
        self.shared.state.send_if_modified(|state| {
            let running = *state == State::Running;
            if running {
                *state = State::Closed;
            }
            running
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_due_where_nothing_was_logged_and_nothing_waits() {
        assert!(tick_is_due(Duration::ZERO, 0));
        assert!(!tick_is_due(Duration::from_nanos(1), 0));
        assert!(!tick_is_due(Duration::ZERO, 1), "a slow disk is no reason for more and more ticks");
    }
}
