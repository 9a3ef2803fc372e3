//! Snapshots: a state written down, so that recovery need not fold the log from its beginning.
//!
//! Not responsible for what a state is: whoever has one implements [`Fold`]. A newcomer needs to know one thing: snapshots
//! are made by a *follower*, which folds the durable log beside the real state, on its own thread and with a state of its own.
//! The writer of the log and those who trade never pause for one, and a snapshot never holds a record that could still be lost.

mod follower;
mod format;
mod recover;
mod store;

#[cfg(test)]
mod tests;

pub use follower::{
    EVENTS_DEFAULT, FollowerThread, INTERVAL_NS_DEFAULT, SnapshotFollower, SnapshotOptions, Step,
};
pub use format::SnapshotId;
pub use recover::{Recovered, Restored, recover, restore};
pub use store::{InvalidSnapshot, KEEP_DEFAULT, SnapshotStore};

use exchange_types::Sequence;

use crate::log::{LogError, Record};
use crate::storage::StorageError;

/// A state machine that folds the log.
///
/// The same records give the same state: on every machine, whether it began with nothing or with a snapshot.
pub trait Fold {
    /// Takes the next record and returns how many events came of it.
    fn apply(&mut self, record: &Record<'_>) -> u64;

    /// Appends the whole state.
    fn snapshot(&self, out: &mut Vec<u8>);

    /// Becomes the state that [`snapshot`](Self::snapshot) wrote. Called on a fresh state only; after an error the state is dropped.
    ///
    /// # Errors
    /// When the bytes are not such a state. What they say is checked and never trusted.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), RestoreError>;

    /// The digest of the state.
    fn state_hash(&self) -> u64;
}

/// Bytes are not the state of this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("state at byte {offset}: {reason}")]
pub struct RestoreError {
    /// Where, counted from the first byte of the state.
    pub offset: u64,
    /// What was found and what was expected.
    pub reason: String,
}

/// Why there is no state, or no snapshot of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The disk failed or is full.
    #[error("the snapshot's storage failed")]
    Storage(#[from] StorageError),
    /// The log could not be opened or read.
    #[error("the log could not be folded")]
    Log(#[from] LogError),
    /// A snapshot that had just been written was not read back as it should be.
    #[error("`{file}` at offset {offset} was not written as it should be: {reason}")]
    NotReadBack {
        /// The file.
        file: String,
        /// Where, in bytes.
        offset: u64,
        /// What was found and what was expected.
        reason: String,
    },
    /// A valid snapshot holds records that the log does not: the log has lost what was durable.
    #[error("`{file}` is a snapshot of record {sequence}, and the log ends with record {last}")]
    LogLostRecords {
        /// The snapshot.
        file: String,
        /// Its last record.
        sequence: Sequence,
        /// The log's.
        last: Sequence,
    },
    /// The log begins after what the newest valid snapshot covers.
    #[error("the log begins with record {first}, and the newest valid snapshot ends with record {sequence}")]
    Gap {
        /// The last record of the newest valid snapshot; zero, if there is none.
        sequence: Sequence,
        /// The first record of the log.
        first: Sequence,
    },
}

impl SnapshotError {
    /// True where there was no room left for a snapshot.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_full())
    }
}
