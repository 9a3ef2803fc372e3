//! Where snapshots lie: written whole or not at all, read with suspicion, kept in number.

use std::collections::BTreeSet;

use exchange_types::codec::PAYLOAD_BYTES_MAX;
use exchange_types::{Epoch, Sequence, TimestampNs};

use super::SnapshotError;
use super::format::{self, SnapshotId, is_snapshot};
use crate::storage::{Storage, StorageError, StorageFile};

/// How many valid snapshots are kept unless told otherwise. One more than is needed, and one more for an accident.
pub const KEEP_DEFAULT: usize = 3;

/// A snapshot that is being written. Whatever it holds, nobody relies on it.
pub(crate) const UNFINISHED: &str = "snapshot.new";

/// How many bytes are written between two syncs: a sync of all at once would make the log's next sync wait behind it.
const SYNC_EVERY: usize = 1 << 20;

/// A file that has the name of a snapshot and is none. It is left where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSnapshot {
    /// Which file.
    pub file: String,
    /// Where, in bytes.
    pub offset: u64,
    /// What was found and what was expected.
    pub reason: String,
}

/// The snapshots in a [`Storage`], which may hold a log as well.
#[derive(Debug)]
pub struct SnapshotStore<S> {
    storage: S,
    /// Those that were read from end to end by this store and found valid.
    verified: BTreeSet<SnapshotId>,
    /// Those whose bytes are whole and whose state was refused.
    refused: BTreeSet<SnapshotId>,
}

impl<S: Storage> SnapshotStore<S> {
    /// A store. Nothing is read yet.
    pub fn new(storage: S) -> Self {
        Self { storage, verified: BTreeSet::new(), refused: BTreeSet::new() }
    }

    /// All snapshots by name, newest first, and files that only look like one.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<(Vec<SnapshotId>, Vec<InvalidSnapshot>), StorageError> {
        let mut snapshots = Vec::new();
        let mut invalid = Vec::new();
        for name in self.storage.list()?.into_iter().filter(|name| is_snapshot(name)) {
            match SnapshotId::from_name(&name) {
                Some(id) => snapshots.push(id),
                None => invalid.push(InvalidSnapshot {
                    file: name,
                    offset: 0,
                    reason: "the name is not that of a snapshot".into(),
                }),
            }
        }
        snapshots.sort_unstable_by(|a, b| b.cmp(a));
        Ok((snapshots, invalid))
    }

    /// Reads a snapshot and checks every byte; the state is put into `state`. The inner error is the file's.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(
        &mut self,
        id: SnapshotId,
        state: &mut Vec<u8>,
    ) -> Result<Result<(), InvalidSnapshot>, StorageError> {
        let name = id.name();
        let checked = format::read(id, &name, &self.storage.open(&name)?, state)?;
        if checked.is_ok() {
            self.verified.insert(id);
        }
        Ok(checked)
    }

    /// Counts a snapshot as invalid from now on, although its bytes are whole.
    pub(crate) fn refuse(&mut self, id: SnapshotId) {
        self.refused.insert(id);
    }

    /// Whether a snapshot can be relied on, as far as this store can tell.
    fn check(
        &mut self,
        id: SnapshotId,
        state: &mut Vec<u8>,
    ) -> Result<Result<(), InvalidSnapshot>, StorageError> {
        if self.refused.contains(&id) {
            let reason = "its state was refused".to_owned();
            return Ok(Err(InvalidSnapshot { file: id.name(), offset: 0, reason }));
        }
        if self.verified.contains(&id) { Ok(Ok(())) } else { self.read(id, state) }
    }

    /// Writes a snapshot: under another name, synced, read back, renamed, the folder synced. When this returns it is durable.
    ///
    /// # Errors
    /// When the disk fails or is full, or gives back something else than was written. No snapshot appears then.
    pub fn write(
        &mut self,
        id: SnapshotId,
        epoch: Epoch,
        time: TimestampNs,
        state: &[u8],
    ) -> Result<(), SnapshotError> {
        self.remove_unfinished()?;
        let file = self.storage.create(UNFINISHED, 0)?;
        let mut buffer = format::head(id, epoch, time, state.len());
        let mut offset = 0;
        for (number, payload) in (1..).zip(state.chunks(PAYLOAD_BYTES_MAX)) {
            format::piece(&mut buffer, epoch, number, time, payload);
            if buffer.len() >= SYNC_EVERY {
                file.write_at(offset, &buffer)?;
                file.sync_data()?;
                offset += buffer.len() as u64;
                buffer.clear();
            }
        }
        file.write_at(offset, &buffer)?;
        file.sync_data()?;
        let mut read_back = Vec::new();
        if let Err(InvalidSnapshot { file, offset, reason }) =
            format::read(id, UNFINISHED, &self.storage.open(UNFINISHED)?, &mut read_back)?
        {
            return Err(SnapshotError::NotReadBack { file, offset, reason });
        }
        if let Some(index) = read_back.iter().zip(state).position(|(found, expected)| found != expected) {
            let reason = "found another byte than was written".to_owned();
            return Err(SnapshotError::NotReadBack { file: UNFINISHED.into(), offset: index as u64, reason });
        }
        self.storage.rename(UNFINISHED, &id.name())?;
        self.storage.sync_directory()?;
        self.verified.insert(id);
        Ok(())
    }

    /// Removes what a crash left of a snapshot that was being written, and says whether there was something.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove_unfinished(&self) -> Result<bool, StorageError> {
        match self.storage.remove(UNFINISHED) {
            Ok(()) => Ok(true),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes valid snapshots that are older than the newest `keep` valid ones. Invalid ones are left where they are, do not
    /// count, and are returned, so that somebody looks at them.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn retain(&mut self, keep: usize) -> Result<Vec<InvalidSnapshot>, StorageError> {
        let (snapshots, mut invalid) = self.list()?;
        let mut kept = 0;
        let mut removed = false;
        let mut state = Vec::new();
        for id in snapshots {
            if let Err(bad) = self.check(id, &mut state)? {
                invalid.push(bad);
            } else if kept < keep.max(1) {
                kept += 1;
            } else {
                self.storage.remove(&id.name())?;
                self.verified.remove(&id);
                removed = true;
            }
        }
        if removed {
            self.storage.sync_directory()?;
        }
        Ok(invalid)
    }

    /// The first record that recovery from the oldest valid snapshot needs. The log may be pruned below it, by whoever decides
    /// so; `None` where there is no valid snapshot, and then all of the log is needed.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn needed_from(&mut self) -> Result<Option<Sequence>, StorageError> {
        let (snapshots, _) = self.list()?;
        let mut state = Vec::new();
        for id in snapshots.into_iter().rev() {
            if self.check(id, &mut state)?.is_ok() {
                return Ok(Some(id.sequence.next()));
            }
        }
        Ok(None)
    }
}
