//! Reading a segment from its beginning: which records it holds and how it ends.
//!
//! # Tail or corruption
//!
//! A crash leaves everything synced as it was, and of the batch that was being written any sectors in any order. So the place
//! where the records stop being readable is one of two things:
//!
//! - **the torn tail**: what is left of records that nobody was told about. It is cut, and the cut is reported;
//! - **corruption**: records that were promised and cannot be read. The log refuses to open, with file, offset and reason.
//!
//! Every record says up to which sequence the log was durable when it was written. That decides. Let the record that should
//! stand at the bad place have sequence *n*. If any readable record behind it says that *n* was durable, then *n* was promised:
//! corruption. If none says so, all that is behind belongs to the same unsynced batch as *n*, however mixed up its sectors are:
//! torn tail. Records are looked for at every byte behind the bad place, because a lost length hides where the next one begins.
//!
//! In four more cases it is corruption without a search:
//! - a segment follows: it was begun only after this one was synced to its last record;
//! - the bad place is a whole record with a matching checksum that does not belong there (another sequence, epoch or version):
//!   tearing does not make checksums match, and a segment is durably zero before its first record is written;
//! - the bytes behind the last record reach further than one batch can ([`BATCH_BYTES_MAX`]): they are not one batch;
//! - the search meets more look-alikes than it can afford to check ([`SEARCH_BYTES_MAX`]): then it cannot tell, and says so.
//!
//! What no rule can see: damage to the very last batch after it was promised, when nothing readable was written behind it. It
//! looks like a torn tail, and is reported as one.

use exchange_types::codec::{FRAME_HEADER_BYTES, FrameError, PAYLOAD_BYTES_MAX, decode_frame};
use exchange_types::{Epoch, Sequence};

use super::segment::{DURABLE_BYTES, RECORD_OVERHEAD, RECORDS_AT, SegmentHeader, corrupt};
use super::{LogError, Record};
use crate::storage::StorageFile;

/// The largest batch with its frames, in bytes, and so the most that a crash can tear.
///
/// A thousand full frames would be 64 MiB; commands are a hundred bytes, so this is ten thousand of them: more than a venue
/// has waiters, and small enough to be written in a millisecond.
pub const BATCH_BYTES_MAX: usize = 1 << 20;

/// How many bytes the search behind a bad place may run through the checksum. Honest records are ruled out by their fields before
/// that, so this bounds what a made-up file costs: a tenth of a second.
pub const SEARCH_BYTES_MAX: usize = 64 << 20;

/// How much of a segment is read at a time. Two frames at least must fit.
const WINDOW_BYTES: usize = 8 * (FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX);

/// A piece of a file in memory, moving forwards.
#[derive(Debug)]
pub(crate) struct Window {
    /// Room for [`WINDOW_BYTES`]; allocated once, and not touched beyond what was read.
    bytes: Vec<u8>,
    /// How many of them were read.
    filled: usize,
    /// Where in the file `bytes` begins.
    start: u64,
    /// Where in `bytes` the next byte stands that has not been used.
    at: usize,
    /// True where the last reading met the end of the file.
    ended: bool,
}

impl Window {
    pub(crate) fn new(offset: u64) -> Self {
        Self { bytes: vec![0; WINDOW_BYTES], filled: 0, start: offset, at: 0, ended: false }
    }

    /// Where in the file the window stands.
    pub(crate) fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..self.filled]
    }

    /// The bytes just advanced over.
    pub(crate) fn before(&self, count: usize) -> &[u8] {
        &self.bytes[self.at - count..self.at]
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.at += count;
    }

    /// Reads again from where the window stands.
    pub(crate) fn fill(&mut self, file: &impl StorageFile) -> Result<(), LogError> {
        self.start = self.offset();
        self.at = 0;
        self.filled = 0;
        self.filled = file.read_at(self.start, &mut self.bytes)?;
        self.ended = self.filled < WINDOW_BYTES;
        Ok(())
    }

    /// Reads on when less is left than the largest frame takes.
    pub(crate) fn fill_for_frame(&mut self, file: &impl StorageFile) -> Result<(), LogError> {
        let enough = self.rest().len() >= FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX;
        if enough || self.ended { Ok(()) } else { self.fill(file) }
    }
}

/// A record with what only the log needs to know of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored<'bytes> {
    pub(crate) record: Record<'bytes>,
    pub(crate) durable: Sequence,
    pub(crate) checksum: u32,
    /// How long its frame is.
    pub(crate) bytes: usize,
}

/// Reads the record that `bytes` begin with.
pub(crate) fn stored(bytes: &[u8]) -> Result<Stored<'_>, Bad> {
    let frame = decode_frame(bytes).map_err(Bad::Frame)?;
    let Some((durable, payload)) = frame.payload.split_first_chunk::<DURABLE_BYTES>() else {
        return Err(Bad::Place(format!(
            "found a payload of {} bytes, expected 8 or more",
            frame.payload.len()
        )));
    };
    let [c0, c1, c2, c3, ..] = *bytes else { return Err(Bad::Place("found no checksum".into())) };
    let record = Record {
        epoch: frame.header.epoch,
        sequence: frame.header.sequence,
        time: frame.header.time,
        payload,
    };
    Ok(Stored {
        record,
        durable: Sequence(u64::from_le_bytes(*durable)),
        checksum: u32::from_le_bytes([c0, c1, c2, c3]),
        bytes: frame.bytes(),
    })
}

/// Why there is no record at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bad {
    /// It is not a frame: torn or damaged.
    Frame(FrameError),
    /// It is a whole frame that does not belong there.
    Place(String),
}

impl Bad {
    /// True where tearing can have made it.
    fn may_be_torn(&self) -> bool {
        matches!(
            self,
            Self::Frame(FrameError::Torn { .. } | FrameError::Length { .. } | FrameError::Checksum { .. })
        )
    }
}

impl std::fmt::Display for Bad {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(formatter),
            Self::Place(reason) => reason.fmt(formatter),
        }
    }
}

/// What a segment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Where its records end.
    pub(crate) end: u64,
    /// The sequence after its last record.
    pub(crate) next: Sequence,
    /// The checksum of its last record; of the one before the segment, if it has none.
    pub(crate) checksum: u32,
    /// Where the records begin that were written when the last durable position was the same: what may never have been synced.
    pub(crate) unsynced_from: u64,
    /// What stands behind the records, if not only zeroes.
    pub(crate) tail: Option<TornTail>,
}

/// The part of the last segment that recovery cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// Which segment.
    pub file: String,
    /// Where the cut is, in bytes.
    pub offset: u64,
    /// How many bytes were cut, zeroes at the end not counted.
    pub bytes: u64,
    /// The sequence that the first lost record had. It was never acknowledged, and another record will get it.
    pub sequence: Sequence,
    /// Why it is not a record.
    pub reason: String,
}

/// Whether another segment follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Followed,
    Last,
}

/// Reads all of a segment and checks every record.
pub(crate) fn scan(
    name: &str,
    header: &SegmentHeader,
    file: &impl StorageFile,
    position: Position,
) -> Result<Scanned, LogError> {
    let mut expected = Expected::new(header);
    let mut scanned = Scanned {
        end: RECORDS_AT,
        next: header.first,
        checksum: header.previous_checksum,
        unsynced_from: RECORDS_AT,
        tail: None,
    };
    let mut window = Window::new(RECORDS_AT);
    let bad = loop {
        window.fill_for_frame(file)?;
        let found = stored(window.rest()).and_then(|found| expected.check(&found).map(|()| found));
        let found = match found {
            Ok(found) => found,
            Err(bad) => break bad,
        };
        if found.durable != expected.durable {
            scanned.unsynced_from = scanned.end;
        }
        let bytes = found.bytes;
        scanned.checksum = found.checksum;
        expected.advance(found.durable);
        window.advance(bytes);
        scanned.end = window.offset();
        scanned.next = expected.sequence;
        if scanned.end - scanned.unsynced_from > BATCH_BYTES_MAX as u64 {
            let reason =
                format!("the batch before record {} is longer than {BATCH_BYTES_MAX} bytes", scanned.next);
            return Err(corrupt(name, scanned.unsynced_from, reason));
        }
    };
    let Some(last) = last_set_byte(file, scanned.end)? else {
        return Ok(scanned);
    };
    if position == Position::Followed || !bad.may_be_torn() {
        return Err(corrupt(name, scanned.end, format!("record {}: {bad}", scanned.next)));
    }
    let bytes = last + 1 - scanned.end;
    if bytes > BATCH_BYTES_MAX as u64 {
        let reason = format!(
            "record {}: {bad}; {bytes} bytes lie behind it, and a torn batch has at most {BATCH_BYTES_MAX}",
            scanned.next
        );
        return Err(corrupt(name, scanned.end, reason));
    }
    search(name, header.epoch, file, &scanned, bytes, &bad)?;
    scanned.tail = Some(TornTail {
        file: name.to_owned(),
        offset: scanned.end,
        bytes,
        sequence: scanned.next,
        reason: bad.to_string(),
    });
    Ok(scanned)
}

/// The offset of the last byte from `from` on that is not zero.
fn last_set_byte(file: &impl StorageFile, from: u64) -> Result<Option<u64>, LogError> {
    let mut window = Window::new(from);
    let mut last = None;
    loop {
        window.fill(file)?;
        let bytes = window.rest();
        if let Some(index) = bytes.iter().rposition(|byte| *byte != 0) {
            last = Some(window.offset() + index as u64);
        }
        if window.ended {
            return Ok(last);
        }
        window.advance(bytes.len());
    }
}

/// Looks behind a bad place for a record that says the one which should stand there was durable.
fn search(
    name: &str,
    epoch: Epoch,
    file: &impl StorageFile,
    scanned: &Scanned,
    bytes: u64,
    bad: &Bad,
) -> Result<(), LogError> {
    // The last frame may end in zeroes, so the region is a frame longer than the bytes that are set.
    let length = usize::try_from(bytes).unwrap_or(BATCH_BYTES_MAX).min(BATCH_BYTES_MAX);
    let mut region = vec![0; length + FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX];
    let count = file.read_at(scanned.end, &mut region)?;
    region.truncate(count);
    let mut budget = SEARCH_BYTES_MAX;
    for at in 1..length {
        let candidate = region.get(at..).unwrap_or_default();
        let Some(size) = looks_like_proof(candidate, at, epoch, scanned.next) else { continue };
        budget = match budget.checked_sub(size) {
            Some(rest) => rest,
            None => {
                let reason = format!("record {}: {bad}; too much behind it looks like records", scanned.next);
                return Err(corrupt(name, scanned.end, reason));
            }
        };
        if let Ok(found) = stored(candidate) {
            let reason = format!(
                "record {}: {bad}; record {} at offset {} was written when it was durable",
                scanned.next,
                found.record.sequence,
                scanned.end + at as u64
            );
            return Err(corrupt(name, scanned.end, reason));
        }
    }
    Ok(())
}

/// The size of the frame that `bytes` would begin with, if it would prove that `lost` was durable and only its checksum is left
/// to be tested. `bytes` stand `at` bytes behind the place of `lost`, so no more records than fit there can be between the two.
fn looks_like_proof(bytes: &[u8], at: usize, epoch: Epoch, lost: Sequence) -> Option<usize> {
    let head = bytes.first_chunk::<RECORD_OVERHEAD>()?;
    let u32_at = |at: usize| head[at..].first_chunk().map_or(0, |field| u32::from_le_bytes(*field));
    let u64_at = |at: usize| head[at..].first_chunk().map_or(0, |field| u64::from_le_bytes(*field));
    // The fields of a frame as `exchange_types::codec::FRAME_ROWS` has them; a test holds the two together.
    let length = usize::try_from(u32_at(4)).ok()?;
    let sequence = u64_at(16);
    let durable = u64_at(32);
    let fits = u32_at(12) == epoch.0
        && (DURABLE_BYTES..=PAYLOAD_BYTES_MAX).contains(&length)
        && FRAME_HEADER_BYTES + length <= bytes.len()
        && lost.0 <= durable
        && durable < sequence
        && sequence - lost.0 <= (at / RECORD_OVERHEAD) as u64;
    fits.then_some(FRAME_HEADER_BYTES + length)
}

/// What the next record of a segment must say.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) epoch: Epoch,
    pub(crate) sequence: Sequence,
    pub(crate) durable: Sequence,
}

impl Expected {
    pub(crate) fn new(header: &SegmentHeader) -> Self {
        let before = Sequence(header.first.0.saturating_sub(1));
        Self { epoch: header.epoch, sequence: header.first, durable: before }
    }

    pub(crate) fn check(&self, found: &Stored<'_>) -> Result<(), Bad> {
        let Record { epoch, sequence, .. } = found.record;
        if epoch != self.epoch {
            return Err(Bad::Place(format!("found a record of epoch {epoch}, expected {}", self.epoch)));
        }
        if sequence != self.sequence {
            return Err(Bad::Place(format!("found record {sequence}, expected {}", self.sequence)));
        }
        if found.durable < self.durable || found.durable >= sequence {
            let range = format!("{} to {}", self.durable, sequence.0.saturating_sub(1));
            return Err(Bad::Place(format!("found durable position {}, expected {range}", found.durable)));
        }
        Ok(())
    }

    pub(crate) fn advance(&mut self, durable: Sequence) {
        self.sequence = self.sequence.next();
        self.durable = durable;
    }
}
