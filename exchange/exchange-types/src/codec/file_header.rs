//! The header at the beginning of every file of the exchange: segments of the log, the event journal, snapshots.
//!
//! Not responsible for what follows it, and it opens no file. A newcomer needs to know one thing: all versions begin with
//! these 32 bytes, so a file of a version to come is told apart from a damaged one.

use super::Row;
use super::frame::{get, put};
use crate::{Epoch, Sequence};

/// The length of the header.
pub const FILE_HEADER_BYTES: usize = 32;

/// No text begins with the first byte, and a transfer that rewrites line ends or stops at an end-of-file mark changes the last
/// three: such damage is seen at once.
const MAGIC: [u8; 8] = *b"\x8eXCHG\r\n\x1a";

const VERSION: u32 = super::FORMAT_VERSION as u32;
const VERSION_AT: usize = 8;
const KIND_AT: usize = 12;
const CHECKSUM_AT: usize = 28;

/// The layout.
pub const FILE_HEADER_ROWS: &[Row] = &[
    Row::new("magic", 8, "`8e 58 43 48 47 0d 0a 1a`"),
    Row::new("version", 4, "u32, 1"),
    Row::new("kind", 4, "u32: 1 log segment, 2 event journal, 3 snapshot"),
    Row::new("first_sequence", 8, "u64, of the first record; of the last command folded into a snapshot"),
    Row::new("epoch", 4, "u32, the reign of the writer that made the file"),
    Row::new("checksum", 4, "u32, CRC32C of everything before"),
];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum FileKind {
    /// A part of the log: frames of commands.
    LogSegment = 1,
    /// A part of the event journal: frames of events.
    EventJournal = 2,
    /// A state: frames of whatever the state machines write.
    Snapshot = 3,
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::LogSegment, Self::EventJournal, Self::Snapshot];

    const fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::LogSegment),
            2 => Some(Self::EventJournal),
            3 => Some(Self::Snapshot),
            _ => None,
        }
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileHeader {
    /// What it is.
    pub kind: FileKind,
    /// The sequence number of its first record; for a snapshot that of the last command folded into it.
    pub first_sequence: Sequence,
    /// The reign of the writer that made it.
    pub epoch: Epoch,
}

/// Why a file is refused. Offsets count from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileHeaderError {
    /// It is not a file of the exchange.
    #[error("not a file of the exchange: byte {offset} is not that of the magic number")]
    Magic {
        /// The first byte that differs.
        offset: usize,
    },
    /// It ends before the header does.
    #[error("the header of the file is cut short at byte {offset}, {needed} bytes are needed", needed = FILE_HEADER_BYTES)]
    Torn {
        /// Where the file ends.
        offset: usize,
    },
    /// The checksum does not match.
    #[error("found checksum {stored:#010x} at byte {offset}, expected {computed:#010x}")]
    Checksum {
        /// Where the checksum stands.
        offset: usize,
        /// What stands there.
        stored: u32,
        /// What the rest of the header demands.
        computed: u32,
    },
    /// The header is whole and of a version that this program does not read.
    #[error("found version {version} at byte {offset}, expected {VERSION}")]
    Version {
        /// Where the version stands.
        offset: usize,
        /// The version found.
        version: u32,
    },
    /// The header is whole and the file is something else than was asked for.
    #[error("found a file of kind {kind} at byte {offset}, expected {expected:?}")]
    Kind {
        /// Where the kind stands.
        offset: usize,
        /// The number found.
        kind: u32,
        /// What was asked for.
        expected: FileKind,
    },
}

/// The bytes of a header.
#[must_use]
pub fn encode_file_header(header: &FileHeader) -> [u8; FILE_HEADER_BYTES] {
    let mut bytes = [0; FILE_HEADER_BYTES];
    put(&mut bytes, 0, MAGIC);
    put(&mut bytes, VERSION_AT, VERSION.to_le_bytes());
    put(&mut bytes, KIND_AT, (header.kind as u32).to_le_bytes());
    put(&mut bytes, 16, header.first_sequence.0.to_le_bytes());
    put(&mut bytes, 24, header.epoch.0.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
    put(&mut bytes, CHECKSUM_AT, checksum.to_le_bytes());
    bytes
}

/// Reads the header that a file begins with; more may follow.
///
/// # Errors
/// The first of these that applies: another magic number, a file that ends too early, a checksum that does not match, a
/// version that is not read, a kind that was not asked for.
pub fn decode_file_header(bytes: &[u8], expected: FileKind) -> Result<FileHeader, FileHeaderError> {
    if let Some(offset) = bytes.iter().zip(MAGIC).position(|(found, expected)| *found != expected) {
        return Err(FileHeaderError::Magic { offset });
    }
    let Some(head) = bytes.first_chunk::<FILE_HEADER_BYTES>() else {
        return Err(FileHeaderError::Torn { offset: bytes.len() });
    };
    let stored = u32::from_le_bytes(get(head, CHECKSUM_AT));
    let computed = crc32c::crc32c(&head[..CHECKSUM_AT]);
    if stored != computed {
        return Err(FileHeaderError::Checksum { offset: CHECKSUM_AT, stored, computed });
    }
    let version = u32::from_le_bytes(get(head, VERSION_AT));
    if version != VERSION {
        return Err(FileHeaderError::Version { offset: VERSION_AT, version });
    }
    let code = u32::from_le_bytes(get(head, KIND_AT));
    let Some(kind) = FileKind::from_code(code).filter(|kind| *kind == expected) else {
        return Err(FileHeaderError::Kind { offset: KIND_AT, kind: code, expected });
    };
    Ok(FileHeader {
        kind,
        first_sequence: Sequence(u64::from_le_bytes(get(head, 16))),
        epoch: Epoch(u32::from_le_bytes(get(head, 24))),
    })
}
