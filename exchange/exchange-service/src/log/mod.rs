//! The log: where commands are put in order and made durable. What services use is the trait [`Log`]; [`SegmentedLog`] keeps
//! it in files of this machine.
//!
//! Not responsible for gathering submissions into batches (that is `commit`), nor for what a payload means. A newcomer needs
//! to know one thing: [`Log::append`] gives sequences, [`Log::sync`] gives promises. Between the two a record may be shown to
//! followers who keep silent; only what is at or below the durable position may be told to anyone.
//!
//! Nothing above the trait may assume a file of this machine: a second implementation keeps the log in a partition of a
//! broker, one partition per instrument, with the producer's epoch as the fence.

mod batch;
mod error;
mod open;
mod prepare;
mod reader;
mod scan;
mod segment;
mod segmented;

pub use batch::{Payloads, Record};
pub use error::LogError;
pub use open::{LogOptions, Recovery, SEGMENT_BYTES, SEGMENT_BYTES_MIN};
pub use reader::{SegmentReader, SegmentSource};
pub use scan::{BATCH_BYTES_MAX, SEARCH_BYTES_MAX, TornTail};
pub(crate) use segment::header_error_offset;
pub use segmented::SegmentedLog;
pub(crate) use segmented::chain;

use exchange_types::{Epoch, Sequence, TimestampNs};

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The reign under which it was written.
    pub epoch: Epoch,
    /// The sequence of the batch's first record; the others follow without a gap.
    pub first: Sequence,
    /// The sequence of its last record.
    pub last: Sequence,
}

/// How much one [`Log::append`] takes. All in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest payload.
    pub payload_bytes_max: usize,
    /// The largest batch: all payloads, and [`record_overhead`](Self::record_overhead) for each.
    pub batch_bytes_max: usize,
    /// What a record takes beside its payload.
    pub record_overhead: usize,
}

/// A log with one writer: this one.
///
/// Invariant: sequences begin at 1 and have no gap. After any error of [`append`](Self::append) or [`sync`](Self::sync) other
/// than [`LogError::TooLarge`], every later call fails with [`LogError::Stopped`]: the process is to end, and recovery decides
/// what the log holds. Nothing is ever tried twice.
pub trait Log {
    /// Where the log is read. It does not borrow the log and may live on another thread.
    type Source: LogSource;

    /// The reign of this writer.
    fn epoch(&self) -> Epoch;

    /// The sequence that the next record will get.
    fn next_sequence(&self) -> Sequence;

    /// Everything up to here survives a crash. Zero: nothing is in the log yet.
    fn durable(&self) -> Sequence;

    /// How much fits into one batch.
    fn limits(&self) -> Limits;

    /// Puts the payloads behind what is there, all with the same time. Not durable when it returns.
    ///
    /// # Errors
    /// [`LogError::TooLarge`] when the batch, or one payload, is over the limit: nothing was written and the log goes on.
    /// Everything else stops the log.
    ///
    /// # Panics
    /// When `payloads` is empty.
    fn append(&mut self, time: TimestampNs, payloads: &Payloads) -> Result<Appended, LogError>;

    /// Makes everything appended durable and returns the new durable position.
    ///
    /// # Errors
    /// Any error stops the log. What was appended since the last sync may or may not be found by recovery.
    fn sync(&mut self) -> Result<Sequence, LogError>;

    /// Forgets records from the front whose sequence is below `keep`: as many as can be forgotten without rewriting any. The only
    /// way in which records go, and nobody calls it but on purpose.
    ///
    /// # Errors
    /// Any error stops the log.
    fn prune(&mut self, keep: Sequence) -> Result<(), LogError>;

    /// Where the log is read.
    fn source(&self) -> Self::Source;

    /// A reader of this log's [`source`](Self::source).
    ///
    /// # Errors
    /// As [`LogSource::reader`].
    fn reader(&self, from: Sequence) -> Result<<Self::Source as LogSource>::Reader, LogError> {
        self.source().reader(from)
    }
}

/// The reading side of a log, for whoever has no business with the writing side. Cloning gives another one.
pub trait LogSource: Clone {
    /// Reads one record after the other.
    type Reader: LogReader;

    /// Everything up to here survives a crash. Zero: nothing is in the log yet.
    fn durable(&self) -> Sequence;

    /// Reads from a sequence on, which may be the one after the durable position: then it waits for what comes.
    ///
    /// # Errors
    /// [`LogError::NotHere`] when the log begins after `from` or ends before it.
    fn reader(&self, from: Sequence) -> Result<Self::Reader, LogError>;
}

/// Reads durable records in order.
pub trait LogReader {
    /// The next record, or `None` when the reader has reached the durable position. Asking again later goes on from there.
    ///
    /// # Errors
    /// When the storage fails or holds something else than was written.
    fn next(&mut self) -> Result<Option<Record<'_>>, LogError>;

    /// The sequence of the record that [`next`](Self::next) will return.
    fn position(&self) -> Sequence;
}

#[cfg(test)]
mod tests;
