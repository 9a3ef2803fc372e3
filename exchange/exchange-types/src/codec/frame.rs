//! The frame around every record of the log, of the event journal and of snapshots.
//!
//! Not responsible for what a payload means or for what a reader does about a bad frame: a frame that is cut short is a torn
//! tail in one place and damage in another, and only the owner of the file knows which. A newcomer needs to know one thing:
//! the checksum covers all of the frame but itself, and nothing of a frame is believed before it matches.

use super::Row;
use crate::{CommandHeader, Epoch, Sequence, TimestampNs};

/// The bytes before the payload. A multiple of 8, as are all messages: the checksum runs in steps of 8 bytes.
pub const FRAME_HEADER_BYTES: usize = 32;

/// The longest payload. The longest message has 96 bytes; a snapshot's records hold some hundred entries each. It bounds what a
/// damaged length can make a reader wait for or allocate.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// The version in the frame, as wide as its place.
const VERSION: u32 = super::FORMAT_VERSION as u32;

/// Where the fields stand.
const LENGTH_AT: usize = 4;
const VERSION_AT: usize = 8;

/// The layout.
pub const FRAME_ROWS: &[Row] = &[
    Row::new("checksum", 4, "u32, CRC32C of everything that follows"),
    Row::new("length", 4, "u32, bytes of the payload, 1 to 65,536"),
    Row::new("version", 4, "u32, 1"),
    Row::new("epoch", 4, "u32, the reign of the writer"),
    Row::new("sequence", 8, "u64, of the command or of the event"),
    Row::new("time", 8, "u64, nanoseconds since the Unix epoch"),
    Row::new("payload", 0, "as many bytes as `length` says"),
];

/// What a frame says of its payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// The reign of the writer.
    pub epoch: Epoch,
    /// The position of the command in the log, or of the event in the stream of events.
    pub sequence: Sequence,
    /// When the sequencer took the command.
    pub time: TimestampNs,
}

impl FrameHeader {
    /// What the fold needs of it.
    #[inline]
    #[must_use]
    pub const fn command(self) -> CommandHeader {
        CommandHeader { sequence: self.sequence, time: self.time }
    }
}

/// A frame whose checksum matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'bytes> {
    /// What it says of the payload.
    pub header: FrameHeader,
    /// The payload, 1 to [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: &'bytes [u8],
}

impl Frame<'_> {
    /// The length of the whole frame: the next one begins there.
    #[inline]
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "a payload has at most PAYLOAD_BYTES_MAX bytes")]
    pub const fn bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.payload.len()
    }
}

/// Why bytes do not begin with a frame. Offsets count from the first of these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The bytes end before the frame does.
    #[error("the frame is cut short at byte {offset}, {needed} bytes are needed")]
    Torn {
        /// Where the bytes end.
        offset: usize,
        /// How many there would have to be, as far as can be told.
        needed: usize,
    },
    /// No frame has a payload of this length. Zero is what an unwritten part of a file shows.
    #[error("found a payload of {length} bytes at byte {offset}, expected 1 to {PAYLOAD_BYTES_MAX}")]
    Length {
        /// Where the length stands.
        offset: usize,
        /// The length found.
        length: u32,
    },
    /// The checksum does not match.
    #[error("found checksum {stored:#010x} at byte {offset}, expected {computed:#010x}")]
    Checksum {
        /// Where the checksum stands.
        offset: usize,
        /// What stands there.
        stored: u32,
        /// What the rest of the frame demands.
        computed: u32,
    },
    /// The frame is whole and of a version that this program does not read.
    #[error("found version {version} at byte {offset}, expected {VERSION}")]
    Version {
        /// Where the version stands.
        offset: usize,
        /// The version found.
        version: u32,
    },
}

/// Why a frame was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("found a payload of {length} bytes, expected 1 to {PAYLOAD_BYTES_MAX}")]
pub struct PayloadError {
    /// The length of the payload in bytes.
    pub length: usize,
}

/// Appends a frame.
///
/// # Errors
/// When the payload is empty or too long; `out` is then as it was.
#[inline]
pub fn encode_frame(header: FrameHeader, payload: &[u8], out: &mut Vec<u8>) -> Result<(), PayloadError> {
    encode_frame_with(header, out, |out| out.extend_from_slice(payload))
}

/// Appends a frame whose payload `write` appends. `write` must leave alone what is there already.
///
/// # Errors
/// When the payload is empty or too long; `out` is then as it was.
///
/// # Panics
/// When `write` takes bytes away.
#[inline]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "positions inside a Vec, whose length is at most isize::MAX"
)]
pub fn encode_frame_with(
    header: FrameHeader,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<(), PayloadError> {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_HEADER_BYTES]);
    write(out);
    assert!(out.len() >= start + FRAME_HEADER_BYTES, "a payload is appended, nothing is taken away");
    let length = out.len() - start - FRAME_HEADER_BYTES;
    let Some(length) = u32::try_from(length).ok().filter(|_| (1..=PAYLOAD_BYTES_MAX).contains(&length))
    else {
        out.truncate(start);
        return Err(PayloadError { length });
    };
    let frame = &mut out[start..];
    put(frame, LENGTH_AT, length.to_le_bytes());
    put(frame, VERSION_AT, VERSION.to_le_bytes());
    put(frame, 12, header.epoch.0.to_le_bytes());
    put(frame, 16, header.sequence.0.to_le_bytes());
    put(frame, 24, header.time.0.to_le_bytes());
    let checksum = crc32c::crc32c(&frame[LENGTH_AT..]);
    put(frame, 0, checksum.to_le_bytes());
    Ok(())
}

/// Reads the frame that the bytes begin with; more may follow.
///
/// # Errors
/// The first of these that applies: a length that no frame has, bytes that end too early, a checksum that does not match, a
/// version that is not read.
#[inline]
#[expect(clippy::arithmetic_side_effects, reason = "the length is at most PAYLOAD_BYTES_MAX by then")]
pub fn decode_frame(bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
    let Some(head) = bytes.first_chunk::<FRAME_HEADER_BYTES>() else {
        return Err(FrameError::Torn { offset: bytes.len(), needed: FRAME_HEADER_BYTES });
    };
    let length = u32::from_le_bytes(get(head, LENGTH_AT));
    let Some(payload) =
        usize::try_from(length).ok().filter(|length| (1..=PAYLOAD_BYTES_MAX).contains(length))
    else {
        return Err(FrameError::Length { offset: LENGTH_AT, length });
    };
    let needed = FRAME_HEADER_BYTES + payload;
    let Some(frame) = bytes.get(..needed) else {
        return Err(FrameError::Torn { offset: bytes.len(), needed });
    };
    let stored = u32::from_le_bytes(get(head, 0));
    let computed = crc32c::crc32c(&frame[LENGTH_AT..]);
    if stored != computed {
        return Err(FrameError::Checksum { offset: 0, stored, computed });
    }
    let version = u32::from_le_bytes(get(head, VERSION_AT));
    if version != VERSION {
        return Err(FrameError::Version { offset: VERSION_AT, version });
    }
    let header = FrameHeader {
        epoch: Epoch(u32::from_le_bytes(get(head, 12))),
        sequence: Sequence(u64::from_le_bytes(get(head, 16))),
        time: TimestampNs(u64::from_le_bytes(get(head, 24))),
    };
    Ok(Frame { header, payload: &frame[FRAME_HEADER_BYTES..] })
}

#[inline]
#[expect(clippy::arithmetic_side_effects, reason = "a position in a header of 32 bytes")]
pub(super) fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

#[inline]
#[expect(clippy::arithmetic_side_effects, reason = "a position in a header of 32 bytes")]
pub(super) fn get<const N: usize>(bytes: &[u8; 32], at: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&bytes[at..at + N]);
    value
}
