//! Why the log did not do what it was asked, or would not open.

use exchange_types::{Epoch, Sequence};

use crate::storage::StorageError;

/// An error of the log. What can be wrong with a file always comes with its name, an offset in bytes, and the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The disk failed or is full. The log is stopped.
    #[error("the log's storage failed")]
    Storage(#[from] StorageError),
    /// An earlier error stopped the log. The process is to end.
    #[error("the log is stopped: {cause}")]
    Stopped {
        /// The error that stopped it, with its causes.
        cause: String,
    },
    /// A file is not what the log would have written. Nothing was changed.
    #[error("`{file}` at offset {offset}: {reason}")]
    Corrupt {
        /// Which file.
        file: String,
        /// Where, in bytes from its beginning.
        offset: u64,
        /// What was found and what was expected.
        reason: String,
    },
    /// Another writer has taken a higher epoch than the one offered.
    #[error("epoch {offered} is fenced: the log is at epoch {held}")]
    Fenced {
        /// The highest epoch of the log.
        held: Epoch,
        /// The one that was offered; it must be higher.
        offered: Epoch,
    },
    /// A batch or a payload is over the limit. Nothing was written and the log goes on.
    #[error("{bytes} bytes are over the limit of {bytes_max}")]
    TooLarge {
        /// What it would take.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The log ends before a record that is known to have been durable: a snapshot covers it. Nothing was changed.
    #[error("the log ends with record {last}, and everything up to record {covered} was durable")]
    Lost {
        /// What is known to have been durable.
        covered: Sequence,
        /// The last record that can be read.
        last: Sequence,
    },
    /// A segment would have no room for a record.
    #[error("a segment of {bytes} bytes is too small, expected {bytes_min} or more")]
    SegmentTooSmall {
        /// The configured size.
        bytes: u64,
        /// The smallest size.
        bytes_min: u64,
    },
    /// The sequence is not in the log: it was pruned, or never written.
    #[error("sequence {wanted} is not in the log, which holds {first} to {last}")]
    NotHere {
        /// What was asked for.
        wanted: Sequence,
        /// The first sequence that can be read.
        first: Sequence,
        /// The last.
        last: Sequence,
    },
}
