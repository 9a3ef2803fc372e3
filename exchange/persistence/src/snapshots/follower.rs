//! The follower's thread, and what is said of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exchange_service::health::Health;
use exchange_service::log::SegmentReader;
use exchange_service::service::Frame;
use exchange_service::snapshot::{
    FollowerThread, Restored, SnapshotError, SnapshotFollower, SnapshotOptions, SnapshotStore, Step,
};
use exchange_service::storage::{FileStorage, Operation, StorageError};

use super::{CHECKPOINTS_PART, Checkpoints, PART, Venue};
use crate::log::{LogHandle, chain, machine_time};

/// How often somebody looks whether the thread lives.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How many records are folded at a time at the end.
const RECORDS_PER_STEP: u64 = 100_000;

type Thread = FollowerThread<SnapshotFollower<FileStorage, SegmentReader<FileStorage>, Venue>>;

/// The follower.
pub(crate) struct Follower {
    /// `None` once it has ended.
    thread: Mutex<Option<Thread>>,
    health: Health,
    checkpoints: Arc<Checkpoints>,
}

impl Follower {
    /// Starts to fold behind a state.
    pub(crate) fn start(
        log: &LogHandle,
        store: SnapshotStore<FileStorage>,
        (venue, restored): (Venue, Restored),
        options: SnapshotOptions,
        checkpoints: Arc<Checkpoints>,
        frame: &Frame,
    ) -> Result<Self, SnapshotError> {
        let now = machine_time();
        let follower = SnapshotFollower::new(store, log.source(), (venue, &restored), options, now)?;
        let newest = frame.metrics.gauge("snapshot_position", "sequence that the newest snapshot covers");
        newest.set(restored.snapshot.map_or(0, |id| id.sequence.0.cast_signed()));
        let health = frame.health.clone();
        let report = move |result: Result<&Step, &SnapshotError>| {
            let step = match result {
                Ok(step) => step,
                Err(error) => {
                    let reason = format!(
                        "no snapshot was made: {}. It is tried again and again; nothing is lost, and a restart takes longer until then",
                        chain(error)
                    );
                    return health.degraded(PART, reason);
                }
            };
            health.healthy(PART);
            if let Some(id) = step.snapshot {
                newest.set(id.sequence.0.cast_signed());
                tracing::info!(file = id.name(), "snapshot");
            }
            for invalid in &step.invalid {
                tracing::warn!(file = invalid.file, reason = invalid.reason, "invalid snapshot");
            }
        };
        let thread = FollowerThread::start(follower, machine_time, report)
            .map_err(|error| StorageError::new(Operation::Create, "the thread of the snapshots", error))?;
        frame.health.healthy(PART);
        Ok(Self { thread: Mutex::new(Some(thread)), health: frame.health.clone(), checkpoints })
    }

    fn take(&self) -> Option<Thread> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_finished(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(FollowerThread::is_finished)
    }

    /// Says what ended the follower, if anything does. Never returns: the log goes on without snapshots.
    pub(crate) async fn watch(&self) {
        loop {
            match self.checkpoints.result() {
                Ok(_) => self.health.healthy(CHECKPOINTS_PART),
                Err(difference) => self.health.unhealthy(CHECKPOINTS_PART, difference.to_string()),
            }
            tokio::time::sleep(LOOK_EVERY).await;
            if self.is_finished()
                && let Some(thread) = self.take()
            {
                // It has ended, so this does not wait.
                let cause = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| thread.stop())) {
                    Ok(Ok(_)) => "it ended".to_owned(),
                    Ok(Err(error)) => chain(&error),
                    Err(_) => "the fold panicked: an invariant of the venue is broken".to_owned(),
                };
                let reason = format!(
                    "no snapshots are made any more: {cause}. Nothing is lost, and a restart takes longer"
                );
                self.health.unhealthy(PART, reason);
            }
        }
    }

    /// Ends it. What it has not yet written down is written first, so that the next start need not fold it.
    pub(crate) async fn end(self) {
        let Some(thread) = self.take() else { return };
        let ended = tokio::task::spawn_blocking(move || {
            let mut follower = thread.stop()?;
            let now = machine_time();
            while follower.step(now, RECORDS_PER_STEP)?.records > 0 {}
            follower.write_if_behind(now)
        });
        match ended.await {
            Ok(Ok(Some(id))) => tracing::info!(file = id.name(), "snapshot"),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::error!(error = chain(&error), "no last snapshot"),
            Err(error) => tracing::error!(%error, "no last snapshot"),
        }
    }
}
