//! From files to a state: the newest valid snapshot, and the log behind it.

use exchange_types::{Epoch, Sequence};

use super::format::SnapshotId;
use super::store::{InvalidSnapshot, SnapshotStore, UNFINISHED};
use super::{Fold, SnapshotError};
use crate::log::{Log, LogError, LogOptions, LogReader, LogSource, Recovery, SegmentedLog};
use crate::storage::Storage;

/// How a state came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The snapshot it began with; `None`: with nothing.
    pub snapshot: Option<SnapshotId>,
    /// Newer snapshots that could not be used, and why.
    pub invalid: Vec<InvalidSnapshot>,
    /// How many records were folded behind it.
    pub records: u64,
    /// How many events came of them.
    pub events: u64,
    /// The last record folded.
    pub sequence: Sequence,
    /// The epoch of that record; zero, if there is none.
    pub epoch: Epoch,
}

impl Restored {
    /// What an error of the log means to whoever has this state.
    fn explain(&self, error: LogError) -> SnapshotError {
        match (error, self.snapshot) {
            (LogError::Lost { last, .. }, Some(id)) => {
                SnapshotError::LogLostRecords { file: id.name(), sequence: id.sequence, last }
            }
            (LogError::NotHere { first, .. }, _) => SnapshotError::Gap { sequence: self.sequence, first },
            (error, _) => SnapshotError::Log(error),
        }
    }
}

/// What [`recover`] gives.
pub struct Recovered<S: Storage, F> {
    /// The log, ready to be appended to.
    pub log: SegmentedLog<S>,
    /// What opening it found.
    pub recovery: Recovery,
    /// The state after the last record.
    pub fold: F,
    /// How it came about.
    pub restored: Restored,
    /// The snapshots, with what was learnt about them.
    pub snapshots: SnapshotStore<S>,
}

/// Opens the log in `storage` and restores the state. Records that the snapshot covers are not read again.
///
/// # Errors
/// As [`SegmentedLog::open`] and [`restore`]. A log that does not go on where the snapshot ends is refused before anything in it
/// is changed.
pub fn recover<S: Storage, F: Fold>(
    storage: S,
    options: LogOptions,
    epoch: Epoch,
    fresh: impl Fn() -> F,
) -> Result<Recovered<S, F>, SnapshotError> {
    let mut snapshots = SnapshotStore::new(storage.clone());
    let begun = begin(&mut snapshots, &fresh)?;
    let check_from = options.check_from.max(begun.restored.sequence.next());
    let options = LogOptions { check_from, ..options };
    // Judged before the log changes anything: the tail that it would cut may be what the snapshot proves to have been durable.
    let (log, mut recovery) =
        SegmentedLog::open_behind(storage, options, epoch, Some(begun.restored.sequence))
            .map_err(|error| begun.restored.explain(error))?;
    if snapshots.remove_unfinished()? {
        recovery.removed.push(UNFINISHED.to_owned());
    }
    let (fold, restored) = finish(begun, &log.source())?;
    Ok(Recovered { log, recovery, fold, restored, snapshots })
}

/// The state after the last durable record of `log`: from the newest valid snapshot, or from `fresh` where there is none.
///
/// # Errors
/// [`SnapshotError::LogLostRecords`] when a valid snapshot is ahead of the log: what it holds was durable.
/// [`SnapshotError::Gap`] when the log begins too late. Otherwise when the disk fails or the log is damaged.
pub fn restore<S: Storage, L: LogSource, F: Fold>(
    store: &mut SnapshotStore<S>,
    log: &L,
    fresh: impl Fn() -> F,
) -> Result<(F, Restored), SnapshotError> {
    finish(begin(store, &fresh)?, log)
}

/// A state without the log behind it.
struct Begun<F> {
    fold: F,
    restored: Restored,
}

fn begin<S: Storage, F: Fold>(
    store: &mut SnapshotStore<S>,
    fresh: &impl Fn() -> F,
) -> Result<Begun<F>, SnapshotError> {
    let (snapshots, mut invalid) = store.list()?;
    let mut state = Vec::new();
    for id in snapshots {
        if let Err(bad) = store.read(id, &mut state)? {
            invalid.push(bad);
            continue;
        }
        let mut fold = fresh();
        let reason = match fold.restore(&state) {
            Ok(()) if fold.state_hash() == id.state_hash => {
                let restored = Restored {
                    snapshot: Some(id),
                    invalid,
                    records: 0,
                    events: 0,
                    sequence: id.sequence,
                    epoch: Epoch(0),
                };
                return Ok(Begun { fold, restored });
            }
            Ok(()) => {
                format!("the state's hash is {:016x}, expected {:016x}", fold.state_hash(), id.state_hash)
            }
            Err(error) => error.to_string(),
        };
        store.refuse(id);
        invalid.push(InvalidSnapshot { file: id.name(), offset: 0, reason });
    }
    let restored =
        Restored { snapshot: None, invalid, records: 0, events: 0, sequence: Sequence(0), epoch: Epoch(0) };
    Ok(Begun { fold: fresh(), restored })
}

fn finish<L: LogSource, F: Fold>(begun: Begun<F>, log: &L) -> Result<(F, Restored), SnapshotError> {
    let Begun { mut fold, mut restored } = begun;
    let last = log.durable();
    if restored.sequence > last {
        return Err(restored.explain(LogError::Lost { covered: restored.sequence, last }));
    }
    let mut reader = log.reader(restored.sequence.next()).map_err(|error| restored.explain(error))?;
    while let Some(record) = reader.next()? {
        restored.events += fold.apply(&record);
        restored.records += 1;
        restored.sequence = record.sequence;
        restored.epoch = record.epoch;
    }
    Ok((fold, restored))
}
