//! The follower that makes snapshots.
//!
//! It reads the durable log behind the writer's back and folds it into a state of its own. Folding waits while a snapshot is
//! written; then the follower catches up. Nobody waits for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use exchange_types::{Epoch, Sequence, TimestampNs};

use super::format::SnapshotId;
use super::recover::Restored;
use super::store::{InvalidSnapshot, KEEP_DEFAULT, SnapshotStore};
use super::{Fold, SnapshotError};
use crate::log::{LogReader, LogSource};
use crate::storage::Storage;

/// After how many events a snapshot is due unless told otherwise: folding as many takes a fraction of a second.
pub const EVENTS_DEFAULT: u64 = 1_000_000;

/// After what time a snapshot is due if anything happened, in nanoseconds, unless told otherwise: a minute.
pub const INTERVAL_NS_DEFAULT: u64 = 60_000_000_000;

/// How many records a follower on a thread folds before it looks at the clock.
const RECORDS_PER_STEP: u64 = 10_000;

/// How long a follower on a thread sleeps when it has folded everything. Nobody waits for a snapshot.
const IDLE: Duration = Duration::from_millis(10);

/// How long a follower on a thread waits before it tries again to write a snapshot for which there was no room.
const RETRY: Duration = Duration::from_secs(5);

/// When snapshots are made and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// After how many events one is due.
    pub events: u64,
    /// After how many nanoseconds one is due, if anything happened.
    pub interval_ns: u64,
    /// How many valid ones are kept; at least one.
    pub keep: usize,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self { events: EVENTS_DEFAULT, interval_ns: INTERVAL_NS_DEFAULT, keep: KEEP_DEFAULT }
    }
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How many records were folded.
    pub records: u64,
    /// The snapshot that was written.
    pub snapshot: Option<SnapshotId>,
    /// Snapshots that retention found to be invalid and left where they are.
    pub invalid: Vec<InvalidSnapshot>,
}

/// Folds a log and writes snapshots of what it gets.
#[derive(Debug)]
pub struct SnapshotFollower<S, R, F> {
    store: SnapshotStore<S>,
    reader: R,
    fold: F,
    options: SnapshotOptions,
    sequence: Sequence,
    epoch: Epoch,
    /// Events and records since the last snapshot.
    events: u64,
    records: u64,
    /// When that was.
    since: TimestampNs,
    state: Vec<u8>,
}

impl<S: Storage, R: LogReader, F: Fold> SnapshotFollower<S, R, F> {
    /// Follows `log` behind a state that [`restore`](super::restore) made.
    ///
    /// # Errors
    /// When the log cannot be read from there.
    pub fn new<L: LogSource<Reader = R>>(
        store: SnapshotStore<S>,
        log: &L,
        (fold, restored): (F, &Restored),
        options: SnapshotOptions,
        now: TimestampNs,
    ) -> Result<Self, SnapshotError> {
        Ok(Self {
            store,
            reader: log.reader(restored.sequence.next())?,
            fold,
            options,
            sequence: restored.sequence,
            epoch: restored.epoch,
            events: restored.events,
            records: restored.records,
            since: now,
            state: Vec::new(),
        })
    }

    /// Folds at most `records_max` records, and writes a snapshot as soon as one is due.
    ///
    /// # Errors
    /// When the log or the disk fails. The follower is then to be dropped; the log and the snapshots before are as they were.
    pub fn step(&mut self, now: TimestampNs, records_max: u64) -> Result<Step, SnapshotError> {
        // Zero events between snapshots would mean none of either.
        let events_between = self.options.events.max(1);
        let records = self.fold_records(records_max, events_between)?;
        let mut step = Step { records, snapshot: None, invalid: Vec::new() };
        let waited = now.0.saturating_sub(self.since.0);
        let due = self.events >= events_between || waited >= self.options.interval_ns;
        if self.records > 0 && due {
            step.snapshot = Some(self.write(now)?);
            step.invalid = self.store.retain(self.options.keep)?;
        }
        Ok(step)
    }

    /// Folds at most `records_max` records, until there are `events_max` events since the last snapshot; returns how many.
    fn fold_records(&mut self, records_max: u64, events_max: u64) -> Result<u64, SnapshotError> {
        let mut records = 0;
        while records < records_max && self.events < events_max {
            let Some(record) = self.reader.next()? else { break };
            self.events += self.fold.apply(&record);
            self.sequence = record.sequence;
            self.epoch = record.epoch;
            self.records += 1;
            records += 1;
        }
        Ok(records)
    }

    /// Writes a snapshot now, and does not look whether one is due.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&mut self, now: TimestampNs) -> Result<SnapshotId, SnapshotError> {
        let id = SnapshotId { sequence: self.sequence, state_hash: self.fold.state_hash() };
        self.state.clear();
        self.fold.snapshot(&mut self.state);
        self.store.write(id, self.epoch, now, &self.state)?;
        self.events = 0;
        self.records = 0;
        self.since = now;
        Ok(id)
    }

    /// Writes a snapshot now if anything was folded since the last one.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_if_behind(&mut self, now: TimestampNs) -> Result<Option<SnapshotId>, SnapshotError> {
        if self.records > 0 { self.write(now).map(Some) } else { Ok(None) }
    }

    /// The state.
    pub fn fold(&self) -> &F {
        &self.fold
    }

    /// The last record folded.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The snapshots.
    pub fn store(&mut self) -> &mut SnapshotStore<S> {
        &mut self.store
    }
}

/// A follower on a thread of its own.
#[derive(Debug)]
pub struct FollowerThread<T> {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<T, SnapshotError>>>,
}

impl<S, R, F> FollowerThread<SnapshotFollower<S, R, F>>
where
    S: Storage + Send + 'static,
    R: LogReader + Send + 'static,
    F: Fold + Send + 'static,
{
    /// Starts it. `report` hears of every step that wrote a snapshot, and of every snapshot for which there was no room on the
    /// disk: that is tried again after a while, because room can be made, and the fold goes on meanwhile.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(
        mut follower: SnapshotFollower<S, R, F>,
        mut clock: impl FnMut() -> TimestampNs + Send + 'static,
        mut report: impl FnMut(Result<&Step, &SnapshotError>) + Send + 'static,
    ) -> Result<Self, io::Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("log-snapshots".into()).spawn(move || {
            let mut again_at: Option<Instant> = None;
            while !stopped.load(Ordering::Acquire) {
                let records = if again_at.is_some_and(|at| Instant::now() < at) {
                    follower.fold_records(RECORDS_PER_STEP, u64::MAX)?
                } else {
                    match follower.step(clock(), RECORDS_PER_STEP) {
                        Ok(step) => {
                            again_at = None;
                            if step.snapshot.is_some() {
                                report(Ok(&step));
                            }
                            step.records
                        }
                        Err(error) if error.is_full() => {
                            again_at = Some(Instant::now() + RETRY);
                            // What was begun takes room that the log needs.
                            follower.store.remove_unfinished()?;
                            report(Err(&error));
                            0
                        }
                        Err(error) => return Err(error),
                    }
                };
                if records == 0 {
                    thread::park_timeout(IDLE);
                }
            }
            Ok(follower)
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// True once the thread has ended. Where nobody stopped it, the log, the disk or the fold failed: no snapshot will be made
    /// any more, and [`stop`](Self::stop) says why.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends it after the step it is in, and gives the follower back.
    ///
    /// # Errors
    /// What ended it earlier.
    ///
    /// # Panics
    /// When the fold panicked.
    pub fn stop(mut self) -> Result<SnapshotFollower<S, R, F>, SnapshotError> {
        self.stop.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { unreachable!("a follower is stopped once") };
        thread.thread().unpark();
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// A thread that nobody stops ends after the step it is in; nobody waits for it.
impl<T> Drop for FollowerThread<T> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}
