//! From a folder to a running log: recovery, and what it says when it cannot.

use std::path::Path;
use std::sync::Arc;

use exchange_service::commit::Committer;
use exchange_service::log::{Log, LogError, SegmentedLog};
use exchange_service::snapshot::{Recovered, Restored, SnapshotError, SnapshotStore, recover};
use exchange_service::storage::{FileStorage, StorageError};
use exchange_types::Epoch;

use super::clock::{Behind, Clock};
use super::follow::TailFollower;
use super::{LogHandle, LogMetrics, Tail};
use crate::Settings;
use crate::snapshots::{Checkpoints, Venue};

/// The folder of the log and the snapshots inside that of the service.
const FOLDER: &str = "log";

/// A log that runs, and what was found in it.
pub(crate) struct Opened {
    /// The log.
    pub(crate) log: LogHandle,
    /// Its writer.
    pub(crate) committer: Committer<SegmentedLog<FileStorage>>,
    /// How far the machine's clock is behind the log.
    pub(crate) behind: Arc<Behind>,
    /// The state after the last record, and how it came about.
    pub(crate) state: (Venue, Restored),
    /// The snapshots.
    pub(crate) snapshots: SnapshotStore<FileStorage>,
    /// The disk.
    pub(crate) storage: FileStorage,
}

/// Why the log did not open, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("the log in `{folder}` cannot be opened: {problem}. {advice}")]
pub(crate) struct OpenError {
    folder: String,
    problem: String,
    advice: &'static str,
}

/// Opens the log and restores the state.
pub(crate) fn open(
    settings: &Settings,
    metrics: &LogMetrics,
    checkpoints: &Arc<Checkpoints>,
) -> Result<Opened, OpenError> {
    let folder = settings.data_dir.join(FOLDER);
    let fail = |error: SnapshotError| OpenError {
        folder: folder.display().to_string(),
        problem: chain(&error),
        advice: advice(&error),
    };
    begin(settings, &folder, metrics, checkpoints).map_err(fail)
}

fn begin(
    settings: &Settings,
    folder: &Path,
    metrics: &LogMetrics,
    checkpoints: &Arc<Checkpoints>,
) -> Result<Opened, SnapshotError> {
    let storage = FileStorage::open(folder)?;
    let epoch = Epoch(SegmentedLog::held_epoch(&storage)?.0 + 1);
    let recovered = recover(storage.clone(), settings.log, epoch, || Venue::new(Arc::clone(checkpoints)))?;
    let Recovered { mut log, recovery, fold, restored, snapshots } = recovered;
    for invalid in &restored.invalid {
        tracing::warn!(
            file = invalid.file,
            offset = invalid.offset,
            reason = invalid.reason,
            "invalid snapshot"
        );
    }
    if let Some(torn) = &recovery.torn {
        // Ordinary after a crash: nobody was told of it.
        tracing::warn!(?torn, "the torn end of the log was cut");
    }
    tracing::info!(
        epoch = recovery.epoch.0,
        first = recovery.first.0,
        last = recovery.last.0,
        segments = recovery.segments,
        snapshot = restored.snapshot.map_or(0, |id| id.sequence.0),
        folded = restored.records,
        "the log is open"
    );
    log.prepare_ahead().map_err(thread_error)?;
    let tail = Arc::new(Tail::new(recovery.last, settings.ring_bytes));
    let source = log.source();
    let (mut clock, behind) = Clock::new(fold.time());
    let follower = TailFollower::new(Arc::clone(&tail), metrics.clone());
    let committer =
        Committer::start_with(log, move || clock.now(), follower, settings.linger).map_err(thread_error)?;
    let log = LogHandle::new(committer.submitter(), source, tail, metrics.clone());
    Ok(Opened { log, committer, behind, state: (fold, restored), snapshots, storage })
}

fn thread_error(error: std::io::Error) -> SnapshotError {
    StorageError::new(exchange_service::storage::Operation::Lock, "a thread for the log", error).into()
}

/// What somebody can do about it at three in the morning.
fn advice(error: &SnapshotError) -> &'static str {
    match error {
        SnapshotError::LogLostRecords { .. } => {
            "The log has lost records that were durable: bring the missing segment back from a copy of the folder; \
             moving the snapshot away accepts the loss"
        }
        SnapshotError::Gap { .. } => {
            "The snapshots that the pruned log needs are missing or damaged: bring them back from a copy of the folder"
        }
        SnapshotError::Log(LogError::Corrupt { .. }) => {
            "The file is damaged and nothing was changed: bring it back from a copy of the folder, or look at the disk"
        }
        SnapshotError::Log(LogError::Storage(error)) | SnapshotError::Storage(error) if error.is_full() => {
            "Make room on the disk and start again: nothing is lost"
        }
        SnapshotError::Storage(error) if error.source.kind() == std::io::ErrorKind::WouldBlock => {
            "Another process uses the folder: stop it first, or name another DATA_DIR"
        }
        _ => "Look at the disk and at the rights of the folder, and start again",
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
