//! Reading a snapshot: a file that holds anything is a state or has a place and a reason, and no panic comes of it.
//!
//! No fuzzer guesses a checksum, so every input is read twice: as it is, and with header and checksums made to match.

use exchange_service::snapshot::{SnapshotId, SnapshotStore};
use exchange_service::storage::MemoryStorage;
use exchange_types::codec::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, FileHeader, FileKind};
use exchange_types::{Epoch, Sequence, TimestampNs, encode_file_header};

/// The name that every input gets.
const ID: SnapshotId = SnapshotId { sequence: Sequence(5), state_hash: 0 };

/// Reads one input as a snapshot, in both ways, and its first line as the name of one.
pub fn run(bytes: &[u8]) {
    read(bytes.to_vec());
    read(with_checksums(bytes));
    name(&String::from_utf8_lossy(bytes.split(|byte| *byte == b'\n').next().unwrap_or_default()));
}

fn read(bytes: Vec<u8>) {
    let storage = MemoryStorage::new();
    let length = bytes.len();
    storage.put(&ID.name(), bytes.clone());
    let mut store = SnapshotStore::new(storage.clone());
    let mut state = Vec::new();
    let found = store.read(ID, &mut state).expect("a disk without faults");
    assert!(state.capacity() <= 2 * length, "memory for what is there, not for what is promised");
    match found {
        Ok(()) => {
            // What was read is what would be written: the same state under the same epoch and time.
            let epoch = Epoch(u32::from_le_bytes([bytes[24], bytes[25], bytes[26], bytes[27]]));
            let time = bytes[56..64].try_into().map(u64::from_le_bytes).expect("eight bytes");
            store.write(ID, epoch, TimestampNs(time), &state).expect("a disk without faults");
            assert_eq!(storage.content(&ID.name()), Some(bytes), "there is one way to write a snapshot");
        }
        Err(invalid) => {
            assert!(invalid.offset <= length as u64 && !invalid.reason.is_empty(), "{invalid:?}");
            assert_eq!(store.needed_from().expect("a disk without faults"), None, "nobody relies on it");
            assert_eq!(store.retain(1).expect("a disk without faults").len(), 1, "it is named to somebody");
            assert_eq!(storage.content(&ID.name()), Some(bytes), "it is left as it is");
        }
    }
}

/// A name with the ending of a snapshot is one, or is named as none; it is never lost.
fn name(text: &str) {
    let storage = MemoryStorage::new();
    let name = format!("{text}.snapshot");
    storage.put(&name, Vec::new());
    let (listed, foreign) = SnapshotStore::new(storage).list().expect("a disk without faults");
    match (&listed[..], &foreign[..]) {
        ([id], []) => assert_eq!(id.name(), name, "there is one way to write a name"),
        ([], [invalid]) => assert_eq!(invalid.file, name),
        other => panic!("one file is one thing: {other:?}"),
    }
}

/// The same with a valid file header, and frames that are made to follow one another as far as their lengths can be followed.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let header = FileHeader { kind: FileKind::Snapshot, first_sequence: ID.sequence, epoch: Epoch(3) };
    let mut out = encode_file_header(&header).to_vec();
    out.extend_from_slice(bytes.get(FILE_HEADER_BYTES..).unwrap_or_default());
    let mut start = FILE_HEADER_BYTES;
    let mut number = 0_u64;
    while let Some(length) = out.get(start + 4..start + 8) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let end = start.saturating_add(FRAME_HEADER_BYTES).saturating_add(length);
        let Some(frame) = out.get_mut(start..end) else { break };
        // The checksum's first byte, which is overwritten, says whether the rest is left as it is.
        if frame[0] & 1 == 0 {
            frame[8..12].copy_from_slice(&1_u32.to_le_bytes());
            frame[12..16].copy_from_slice(&3_u32.to_le_bytes());
            frame[16..24].copy_from_slice(&number.to_le_bytes());
        }
        let checksum = crc32c::crc32c(&frame[4..]).to_le_bytes();
        frame[..4].copy_from_slice(&checksum);
        start = end;
        number += 1;
    }
    out
}
