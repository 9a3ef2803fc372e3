//! A segment: its name, and the sector at its beginning.
//!
//! ```text
//! 0    file header, 32 bytes: what kind of file, first sequence, epoch
//! 32   link, a frame of 48 bytes: which log, how long, the checksum of the record before the first
//! 80   zero
//! 512  records, each a frame whose payload begins with the durable position at the time of writing
//!      zero up to the end of the file
//! ```
//!
//! The header has a sector of its own, so that no batch writes where the header stands. It is durable before the segment gets
//! its name: a file with the name of a segment and without a valid header was damaged, never left half made.

use exchange_types::codec::{
    FILE_HEADER_BYTES, FRAME_HEADER_BYTES, FileHeader, FileHeaderError, FileKind, FrameHeader,
    PAYLOAD_BYTES_MAX, decode_file_header, decode_frame, encode_file_header, encode_frame,
};
use exchange_types::{Epoch, Sequence, TimestampNs};

use super::LogError;
use crate::storage::{SECTOR, StorageFile};

/// Where the records of a segment begin, in bytes.
pub(crate) const RECORDS_AT: u64 = SECTOR as u64;

/// What a record takes beside its payload: the frame's header and the durable position.
pub(crate) const RECORD_OVERHEAD: usize = FRAME_HEADER_BYTES + DURABLE_BYTES;

/// How many bytes of a frame's payload the durable position takes.
pub(crate) const DURABLE_BYTES: usize = 8;

/// The largest payload that fits into a frame beside the durable position.
pub(crate) const RECORD_PAYLOAD_MAX: usize = PAYLOAD_BYTES_MAX - DURABLE_BYTES;

/// How the name of a segment ends. Other files of the folder are not the log's concern.
const SUFFIX: &str = ".log";

/// A segment that is being made. Whatever it holds, nothing in it was ever promised.
pub(crate) const SPARE: &str = "segment.new";

const LINK_BYTES: usize = 16;

/// What the beginning of a segment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// The sequence of its first record, or of the next one if it has none.
    pub(crate) first: Sequence,
    /// The reign under which all of it was written.
    pub(crate) epoch: Epoch,
    /// Which log it belongs to.
    pub(crate) partition: u32,
    /// How long it was made.
    pub(crate) bytes: u64,
    /// The checksum of the record before the first, so that segments of two histories cannot be mixed; zero before record 1.
    pub(crate) previous_checksum: u32,
}

impl SegmentHeader {
    pub(crate) fn name(&self) -> String {
        format!("{:020}-{:010}{SUFFIX}", self.first.0, self.epoch.0)
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, LogError> {
        let file = FileHeader { kind: FileKind::LogSegment, first_sequence: self.first, epoch: self.epoch };
        let mut bytes = encode_file_header(&file).to_vec();
        let mut link = Vec::with_capacity(LINK_BYTES);
        link.extend_from_slice(&self.partition.to_le_bytes());
        link.extend_from_slice(&self.previous_checksum.to_le_bytes());
        link.extend_from_slice(&self.bytes.to_le_bytes());
        let frame = FrameHeader { epoch: self.epoch, sequence: self.first, time: TimestampNs(0) };
        encode_frame(frame, &link, &mut bytes)
            .map_err(|error| LogError::TooLarge { bytes: error.length, bytes_max: PAYLOAD_BYTES_MAX })?;
        bytes.resize(SECTOR, 0);
        Ok(bytes)
    }

    /// Reads and checks the sector at the beginning of `file`.
    pub(crate) fn read(name: &str, file: &impl StorageFile) -> Result<Self, LogError> {
        let mut sector = [0; SECTOR];
        let count = file.read_at(0, &mut sector)?;
        let corrupt = |offset: usize, reason: String| corrupt(name, offset as u64, reason);
        let bytes = &sector[..count];
        let header = decode_file_header(bytes, FileKind::LogSegment)
            .map_err(|error| corrupt(header_error_offset(&error), error.to_string()))?;
        let rest = bytes.get(FILE_HEADER_BYTES..).unwrap_or_default();
        let frame = decode_frame(rest)
            .map_err(|error| corrupt(FILE_HEADER_BYTES, format!("the segment's link is damaged: {error}")))?;
        let Some(link) = <&[u8; LINK_BYTES]>::try_from(frame.payload).ok() else {
            let reason = format!("found a link of {} bytes, expected {LINK_BYTES}", frame.payload.len());
            return Err(corrupt(FILE_HEADER_BYTES, reason));
        };
        if frame.header.epoch != header.epoch || frame.header.sequence != header.first_sequence {
            return Err(corrupt(FILE_HEADER_BYTES, "the segment's link and its header disagree".into()));
        }
        let links_end = FILE_HEADER_BYTES + frame.bytes();
        if count < SECTOR {
            return Err(corrupt(count, format!("the file ends inside its first {SECTOR} bytes")));
        }
        if let Some(index) = bytes[links_end..].iter().position(|byte| *byte != 0) {
            let reason = "found a byte that is not zero between header and records".into();
            return Err(corrupt(links_end + index, reason));
        }
        let [p0, p1, p2, p3, c0, c1, c2, c3, length @ ..] = *link;
        let segment = Self {
            first: header.first_sequence,
            epoch: header.epoch,
            partition: u32::from_le_bytes([p0, p1, p2, p3]),
            previous_checksum: u32::from_le_bytes([c0, c1, c2, c3]),
            bytes: u64::from_le_bytes(length),
        };
        if segment.name() != name {
            let reason = format!("the header is that of `{}`", segment.name());
            return Err(corrupt(0, reason));
        }
        if segment.first.0 == 0 {
            return Err(corrupt(16, "found first sequence 0, expected 1 or more".into()));
        }
        Ok(segment)
    }
}

/// True for the name of a segment, and for a name that only looks like one: the log refuses to guess what that is.
pub(crate) fn is_segment(name: &str) -> bool {
    name.ends_with(SUFFIX)
}

pub(crate) fn header_error_offset(error: &FileHeaderError) -> usize {
    match *error {
        FileHeaderError::Magic { offset }
        | FileHeaderError::Torn { offset }
        | FileHeaderError::Checksum { offset, .. }
        | FileHeaderError::Version { offset, .. }
        | FileHeaderError::Kind { offset, .. } => offset,
        _ => 0,
    }
}

pub(crate) fn corrupt(file: &str, offset: u64, reason: String) -> LogError {
    LogError::Corrupt { file: file.to_owned(), offset, reason }
}
