//! Opening a log: recovery of a segment that holds anything ends without a panic, with a log or with a reason.
//!
//! No fuzzer guesses a checksum, so every input is used twice: as a whole segment, and as the records behind a valid header,
//! made to fit one another unless a bit of the input says otherwise.

use exchange_service::log::{Log, LogError, LogOptions, LogReader, SEGMENT_BYTES_MIN, SegmentedLog};
use exchange_service::storage::MemoryStorage;
use exchange_types::codec::{FRAME_HEADER_BYTES, FileHeader, FileKind, FrameHeader};
use exchange_types::{Epoch, Sequence, TimestampNs, encode_file_header, encode_frame};

/// Where records begin, and where in a record's frame the durable position stands.
const RECORDS_AT: usize = 512;
const DURABLE_AT: usize = FRAME_HEADER_BYTES;

/// Opens one input as a segment, in both ways.
pub fn run(bytes: &[u8]) {
    open(1, 1, bytes.to_vec());
    if let Some((head, records)) = bytes.split_first_chunk::<8>() {
        let first = 1 + u64::from(u32::from_le_bytes([head[0], head[1], head[2], 0]));
        let epoch = 1 + u32::from(head[3]);
        let checksum = if first == 1 { 0 } else { u32::from(head[4]) };
        open(first, epoch, segment(first, epoch, checksum, records));
    }
}

fn open(first: u64, epoch: u32, segment: Vec<u8>) {
    let storage = MemoryStorage::new();
    let name = format!("{first:020}-{epoch:010}.log");
    let length = segment.len();
    storage.put(&name, segment.clone());
    let options = LogOptions { segment_bytes: SEGMENT_BYTES_MIN, ..LogOptions::default() };
    let (log, recovery) = match SegmentedLog::open(storage.clone(), options, Epoch(epoch + 1)) {
        Ok(opened) => opened,
        Err(LogError::Corrupt { file, offset, reason }) => {
            assert!(
                file == name && offset <= length as u64 && !reason.is_empty(),
                "{file} {offset} {reason}"
            );
            assert_eq!(storage.content(&name), Some(segment), "what is refused is not touched");
            return;
        }
        Err(error) => panic!("a disk without faults gives no other error: {error}"),
    };
    if let Some(torn) = &recovery.torn {
        assert!(torn.offset + torn.bytes <= length as u64 && torn.bytes > 0, "{torn:?}");
    }
    let mut next = recovery.first;
    let mut reader = log.reader(next).expect("what was found can be read");
    while let Some(record) = reader.next().expect("what was checked is read again") {
        assert_eq!(record.sequence, next, "there is no gap");
        next = next.next();
    }
    assert_eq!(next, recovery.last.next(), "everything up to the last is read");
    drop((log, reader));
    let (_, again) = SegmentedLog::open(storage, options, Epoch(epoch + 2)).expect("a log that opened opens");
    assert_eq!((again.last, again.torn), (recovery.last, None), "what was cut once is gone");
}

/// A segment with a valid header, and `records` with their fields and checksums made to match. The first byte of each frame,
/// which the checksum would overwrite, says what is left as it is.
fn segment(first: u64, epoch: u32, checksum: u32, records: &[u8]) -> Vec<u8> {
    let header =
        FileHeader { kind: FileKind::LogSegment, first_sequence: Sequence(first), epoch: Epoch(epoch) };
    let mut bytes = encode_file_header(&header).to_vec();
    let mut link = vec![0; 16];
    link[4..8].copy_from_slice(&checksum.to_le_bytes());
    let frame = FrameHeader { epoch: Epoch(epoch), sequence: Sequence(first), time: TimestampNs(0) };
    encode_frame(frame, &link, &mut bytes).expect("a link fits");
    bytes.resize(RECORDS_AT, 0);
    bytes.extend_from_slice(records);
    let mut start = RECORDS_AT;
    let mut sequence = first;
    let mut durable = first - 1;
    while let Some(&control) = bytes.get(start) {
        let Some(frame) = bytes.get_mut(start..).filter(|frame| frame.len() > DURABLE_AT + 8) else { break };
        let length = 8 + usize::from(frame[4]);
        let end = FRAME_HEADER_BYTES + length;
        if frame.len() < end {
            break;
        }
        frame[4..8].copy_from_slice(&(length as u32).to_le_bytes());
        frame[8..12].copy_from_slice(&1_u32.to_le_bytes());
        if control & 1 == 0 {
            frame[12..16].copy_from_slice(&epoch.to_le_bytes());
        }
        if control & 2 == 0 {
            frame[16..24].copy_from_slice(&sequence.to_le_bytes());
        }
        if control & 4 == 0 {
            if control & 8 == 0 {
                durable = sequence - 1;
            }
            frame[DURABLE_AT..DURABLE_AT + 8].copy_from_slice(&durable.to_le_bytes());
        }
        if control & 16 == 0 {
            let checksum = crc32c::crc32c(&frame[4..end]).to_le_bytes();
            frame[..4].copy_from_slice(&checksum);
        }
        sequence += 1;
        start += end;
    }
    bytes
}
