//! The follower of the log that makes snapshots, and what those are read for.
//!
//! The follower itself is the real one; here it gets its turns. A newcomer needs to know one thing: it runs beside the owner of
//! the log in one process and ends with it, and it folds durable records only.

use exchange_core::FastEngine;
use exchange_service::log::{SegmentReader, SegmentSource};
use exchange_service::snapshot::{Fold, SnapshotFollower, SnapshotOptions, SnapshotStore, restore};
use exchange_types::{Sequence, TimestampNs};

use super::{Handled, Stage, Stop, chain};
use crate::check::Violation;
use crate::disk::{SharedDisk, is_fault};
use crate::fold::{Fast, Venue};
use crate::kernel::Party;
use crate::message::Timer;

/// Records that the follower folds in one turn at most.
const RECORDS_PER_TURN: u64 = 256;

/// The follower as a process.
#[derive(Debug)]
pub struct Follower {
    real: SnapshotFollower<SharedDisk, SegmentReader<SharedDisk>, Venue<Fast>>,
}

impl Follower {
    /// Starts behind a log that is open, with the newest valid snapshot.
    ///
    /// # Errors
    /// [`Stop::Ended`] when the disk fails; a violation when there is anything else to complain of.
    pub fn start(stage: &mut Stage, log: &SegmentSource<SharedDisk>) -> Result<Self, Stop> {
        let mut store = SnapshotStore::new(stage.disk.clone());
        let failed = |error: exchange_service::snapshot::SnapshotError| judge(&error);
        let (fold, restored) = restore(&mut store, log, Venue::new).map_err(failed)?;
        stage.oracle.restored(&restored, fold.state_hash())?;
        let options = SnapshotOptions {
            events: stage.plan.log.snapshot_every,
            interval_ns: stage.plan.log.snapshot_interval_ns,
            keep: stage.plan.log.snapshots_kept,
        };
        let now = TimestampNs(stage.kernel.now_ns());
        let real = SnapshotFollower::new(store, log, (fold, &restored), options, now).map_err(failed)?;
        stage.kernel.timer(Party::Follower, stage.plan.log.follow_every_ns, Timer::ReadOn);
        Ok(Self { real })
    }

    /// It is this follower's turn.
    ///
    /// # Errors
    /// [`Stop::Ended`] when the disk fails.
    pub fn read_on(&mut self, stage: &mut Stage) -> Handled {
        let now = stage.kernel.now_ns();
        let step = self.real.step(TimestampNs(now), RECORDS_PER_TURN).map_err(|error| judge(&error))?;
        if let Some(id) = step.snapshot {
            stage.kernel.trace.words(&[id.sequence.0, id.state_hash]);
            stage.kernel.trace.line(now, || format!("a snapshot of {}", id.sequence));
            stage.oracle.snapshot(id)?;
        }
        stage.kernel.timer(Party::Follower, stage.plan.log.follow_every_ns, Timer::ReadOn);
        Ok(())
    }
}

/// A disk that fails ends the process. Damage, gaps and lost records are nothing that any fault here excuses.
fn judge(error: &exchange_service::snapshot::SnapshotError) -> Stop {
    use exchange_service::log::LogError;
    use exchange_service::snapshot::SnapshotError;
    match error {
        SnapshotError::Storage(cause) | SnapshotError::Log(LogError::Storage(cause)) if is_fault(cause) => {
            Stop::Ended(chain(error))
        }
        _ => {
            let rule = "snapshots and log fit together after every crash";
            Violation { rule, found: chain(error) }.into()
        }
    }
}

/// The newest engine that snapshots give, not after a sequence.
///
/// # Errors
/// [`Stop::Ended`] when the disk fails.
pub(super) fn newest_engine(stage: &mut Stage, not_after: Sequence) -> Result<Option<FastEngine>, Stop> {
    let ended = |error: exchange_service::storage::StorageError| Stop::Ended(error.to_string());
    let mut store = SnapshotStore::new(stage.disk.clone());
    let (ids, _) = store.list().map_err(ended)?;
    let mut state = Vec::new();
    for id in ids.into_iter().filter(|id| id.sequence <= not_after) {
        if store.read(id, &mut state).map_err(ended)?.is_err() {
            continue;
        }
        let mut venue = Venue::new();
        if venue.restore(&state).is_ok() && venue.state_hash() == id.state_hash {
            return Ok(Some(venue.engine));
        }
    }
    Ok(None)
}
