//! Old records go, if somebody wants that.
//!
//! Not responsible for how: the log drops whole segments from its front. A newcomer needs to know one thing: by default nothing
//! ever goes. Where `LOG_RETENTION` is set, a record goes when it is older than that, *and* every snapshot that is kept covers
//! it, *and* the history has it. What idempotency keys need is in the snapshots, for as long as they count.

use std::time::Duration;

use exchange_service::commit::Committer;
use exchange_service::log::{LogReader, LogSource, SegmentedLog};
use exchange_service::snapshot::SnapshotStore;
use exchange_service::storage::{FileStorage, StorageError};
use exchange_types::{Sequence, TimestampNs};

use crate::log::{LogHandle, chain, machine_time};

/// How often somebody looks, at most.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What decides how much of the log is kept.
pub(crate) struct Retention {
    /// The log.
    pub(crate) log: LogHandle,
    /// The disk of the snapshots.
    pub(crate) storage: FileStorage,
    /// How long records are kept; `None`: for ever.
    pub(crate) time: Option<Duration>,
}

impl Retention {
    /// Looks every now and then, for as long as it is polled. `history` says up to where the history has come.
    pub(crate) async fn run(
        self,
        committer: &Committer<SegmentedLog<FileStorage>>,
        history: impl Fn() -> Sequence,
    ) -> ! {
        let Some(time) = self.time else { never().await };
        // Kept for what it knows: a snapshot is read once.
        let mut store = SnapshotStore::new(self.storage);
        loop {
            tokio::time::sleep((time / 10).clamp(Duration::from_millis(10), LOOK_EVERY)).await;
            let log = self.log.clone();
            let covered = history();
            let looked = tokio::task::spawn_blocking(move || {
                let keep = keep_from(&log, &mut store, time, covered);
                (store, keep)
            });
            let Ok((returned, keep)) = looked.await else { never().await };
            store = returned;
            match keep {
                Ok(Some(keep)) if keep > self.log.source().first() => {
                    tracing::info!(keep = keep.0, "records before this one go");
                    committer.prune(keep);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error = chain(&error), "nobody can say which records may go"),
            }
        }
    }
}

async fn never() -> ! {
    loop {
        std::future::pending::<()>().await;
    }
}

/// The first record that must stay; `None`: all must.
fn keep_from(
    log: &LogHandle,
    store: &mut SnapshotStore<FileStorage>,
    time: Duration,
    covered_by_history: Sequence,
) -> Result<Option<Sequence>, StorageError> {
    let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let oldest = TimestampNs(machine_time().0.saturating_sub(time));
    let Some(by_age) = first_segment_since(log, oldest) else { return Ok(None) };
    // Reads snapshots only once there is something that may go.
    let Some(by_snapshots) = store.needed_from()? else { return Ok(None) };
    Ok(Some(by_age.min(by_snapshots).min(covered_by_history.next())))
}

/// The first record of the last segment whose predecessors hold nothing but records before `oldest`.
fn first_segment_since(log: &LogHandle, oldest: TimestampNs) -> Option<Sequence> {
    let mut keep = None;
    for first in log.source().segments().into_iter().skip(1) {
        // Times never go back, so what stands before a record is not younger than that. A segment that has no record yet, or was
        // pruned meanwhile, says nothing.
        let before = log.source().reader(first).ok().and_then(|mut reader| {
            let record = reader.next().ok()??;
            (record.time <= oldest).then_some(())
        });
        if before.is_none() {
            break;
        }
        keep = Some(first);
    }
    keep
}
