//! A snapshot as a file.
//!
//! ```text
//! 0    file header, 32 bytes: a snapshot, the last record folded into it, the epoch of that record
//! 32   frame 0: state hash and length of the state
//! 80   frames 1, 2, ...: the state in pieces of 64 KiB, the last one shorter
//! ```
//!
//! The sequence of a frame is its number, its time is that of the snapshot: a piece of another snapshot is out of place.

use exchange_types::codec::{
    FILE_HEADER_BYTES, FRAME_HEADER_BYTES, FileHeader, FileKind, FrameHeader, PAYLOAD_BYTES_MAX,
    decode_file_header, decode_frame, encode_file_header, encode_frame,
};
use exchange_types::{Epoch, Sequence, TimestampNs};

use super::store::InvalidSnapshot;
use crate::log::header_error_offset;
use crate::storage::{StorageError, StorageFile};

/// How the name of a snapshot ends.
const SUFFIX: &str = ".snapshot";

const SUMMARY_BYTES: usize = 16;

/// Which snapshot: its name says it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId {
    /// The last record folded into it.
    pub sequence: Sequence,
    /// The digest of the state.
    pub state_hash: u64,
}

impl SnapshotId {
    /// The name of its file.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{:020}-{:016x}{SUFFIX}", self.sequence.0, self.state_hash)
    }

    /// The snapshot of that name, if it is exactly the name of one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let (sequence, hash) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let id = Self {
            sequence: Sequence(sequence.parse().ok()?),
            state_hash: u64::from_str_radix(hash, 16).ok()?,
        };
        (id.name() == name).then_some(id)
    }
}

pub(crate) fn is_snapshot(name: &str) -> bool {
    name.ends_with(SUFFIX)
}

/// The bytes of a snapshot before its state.
pub(crate) fn head(id: SnapshotId, epoch: Epoch, time: TimestampNs, state_bytes: usize) -> Vec<u8> {
    let header = FileHeader { kind: FileKind::Snapshot, first_sequence: id.sequence, epoch };
    let mut bytes = encode_file_header(&header).to_vec();
    let mut summary = Vec::with_capacity(SUMMARY_BYTES);
    summary.extend_from_slice(&id.state_hash.to_le_bytes());
    summary.extend_from_slice(&(state_bytes as u64).to_le_bytes());
    piece(&mut bytes, epoch, 0, time, &summary);
    bytes
}

/// Appends a frame with a piece of the state.
pub(crate) fn piece(out: &mut Vec<u8>, epoch: Epoch, number: u64, time: TimestampNs, payload: &[u8]) {
    let frame = FrameHeader { epoch, sequence: Sequence(number), time };
    let encoded = encode_frame(frame, payload, out);
    assert!(encoded.is_ok(), "a piece has 1 to {PAYLOAD_BYTES_MAX} bytes");
}

/// Reads all of a snapshot and checks every byte of it; the state is put into `state`.
///
/// The outer error is the disk's, the inner one the file's.
pub(crate) fn read(
    id: SnapshotId,
    name: &str,
    file: &impl StorageFile,
    state: &mut Vec<u8>,
) -> Result<Result<(), InvalidSnapshot>, StorageError> {
    let length = file.length()?;
    let invalid =
        |offset: u64, reason: String| Ok(Err(InvalidSnapshot { file: name.to_owned(), offset, reason }));
    let mut buffer = vec![0; FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX];
    let count = file.read_at(0, &mut buffer[..FILE_HEADER_BYTES])?;
    let header = match decode_file_header(&buffer[..count], FileKind::Snapshot) {
        Ok(header) => header,
        Err(error) => return invalid(header_error_offset(&error) as u64, error.to_string()),
    };
    if header.first_sequence != id.sequence {
        return invalid(
            16,
            format!("found sequence {}, expected {} as the name says", header.first_sequence, id.sequence),
        );
    }
    state.clear();
    let mut offset = FILE_HEADER_BYTES as u64;
    let mut state_bytes = 0;
    let mut time = None;
    let mut number = 0;
    while number == 0 || (state.len() as u64) < state_bytes {
        let count = file.read_at(offset, &mut buffer)?;
        let frame = match decode_frame(&buffer[..count]) {
            Ok(frame) => frame,
            Err(error) => return invalid(offset, format!("piece {number}: {error}")),
        };
        let expected = FrameHeader {
            epoch: header.epoch,
            sequence: Sequence(number),
            time: *time.get_or_insert(frame.header.time),
        };
        if frame.header != expected {
            return invalid(offset, format!("found {:?}, expected {expected:?}", frame.header));
        }
        if number == 0 {
            let Some((hash, bytes)) = summary(frame.payload) else {
                let reason =
                    format!("found a summary of {} bytes, expected {SUMMARY_BYTES}", frame.payload.len());
                return invalid(offset, reason);
            };
            if hash != id.state_hash {
                return invalid(
                    offset,
                    format!("found state hash {hash:016x}, expected {:016x} as the name says", id.state_hash),
                );
            }
            // Before anything is allocated for it.
            if bytes > length {
                return invalid(offset, format!("found a state of {bytes} bytes in a file of {length}"));
            }
            state_bytes = bytes;
        } else {
            let rest = state_bytes - state.len() as u64;
            let wanted = usize::try_from(rest).map_or(PAYLOAD_BYTES_MAX, |rest| rest.min(PAYLOAD_BYTES_MAX));
            if frame.payload.len() != wanted {
                return invalid(
                    offset,
                    format!("found a piece of {} bytes, expected {wanted}", frame.payload.len()),
                );
            }
            state.extend_from_slice(frame.payload);
        }
        offset += frame.bytes() as u64;
        number += 1;
    }
    if length != offset {
        return invalid(offset, format!("found {} bytes behind the state", length.abs_diff(offset)));
    }
    Ok(Ok(()))
}

fn summary(payload: &[u8]) -> Option<(u64, u64)> {
    let [h0, h1, h2, h3, h4, h5, h6, h7, length @ ..] = <[u8; SUMMARY_BYTES]>::try_from(payload).ok()?;
    Some((u64::from_le_bytes([h0, h1, h2, h3, h4, h5, h6, h7]), u64::from_le_bytes(length)))
}
