//! The end of the log after a crash, byte by byte.

use super::*;
use crate::log::segment::{RECORD_OVERHEAD, RECORDS_AT};

/// Three promised batches and the last record, which begins at the returned offset and ends at the second.
fn three_batches() -> (MemoryStorage, usize, usize) {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["one", "two"]);
    commit(&mut log, &["three"]);
    commit(&mut log, &["four, the last"]);
    let end = RECORDS_AT as usize + 4 * RECORD_OVERHEAD + "onetwothreefour, the last".len();
    (storage, end - RECORD_OVERHEAD - "four, the last".len(), end)
}

fn check_last_record_is_cut(storage: &MemoryStorage, what: &str, start: usize) {
    let (log, recovery) = open(storage, 2);
    assert_eq!(recovery.last, Sequence(3), "{what}");
    assert_eq!(texts(&log, 1), ["1:1:one", "1:2:two", "1:3:three"], "{what}");
    if let Some(torn) = recovery.torn {
        assert_eq!((torn.offset, torn.sequence), (start as u64, Sequence(4)), "{what}");
        assert_eq!(torn.file, segment(1, 1));
    }
    // What was cut stays cut, and its sequence goes to somebody else.
    drop(log);
    let (mut log, recovery) = open(storage, 3);
    assert_eq!((recovery.last, recovery.torn), (Sequence(3), None), "{what}");
    commit(&mut log, &["another"]);
    assert_eq!(texts(&log, 4), ["3:4:another"], "{what}");
}

#[test]
fn a_file_cut_at_any_byte_of_the_last_record_loses_that_record_only() {
    let (storage, start, end) = three_batches();
    let content = storage.content(&segment(1, 1)).unwrap();
    for length in start..end {
        let copy = storage.copy();
        copy.put(&segment(1, 1), content[..length].to_vec());
        check_last_record_is_cut(&copy, &format!("cut at {length}"), start);
    }
}

#[test]
fn zeroes_from_any_byte_of_the_last_record_on_lose_that_record_only() {
    let (storage, start, end) = three_batches();
    let content = storage.content(&segment(1, 1)).unwrap();
    for from in start..end {
        let copy = storage.copy();
        let mut torn = content.clone();
        torn[from..].fill(0);
        copy.put(&segment(1, 1), torn);
        check_last_record_is_cut(&copy, &format!("zero from {from}"), start);
    }
}

#[test]
fn any_flipped_bit_in_the_last_record_loses_that_record_only() {
    let (storage, start, end) = three_batches();
    let content = storage.content(&segment(1, 1)).unwrap();
    for at in start..end {
        for bit in 0..8 {
            let copy = storage.copy();
            let mut damaged = content.clone();
            damaged[at] ^= 1 << bit;
            copy.put(&segment(1, 1), damaged);
            check_last_record_is_cut(&copy, &format!("bit {bit} of {at}"), start);
        }
    }
}

#[test]
fn the_cut_is_reported_with_place_and_reason() {
    let (storage, start, _) = three_batches();
    let mut content = storage.content(&segment(1, 1)).unwrap();
    content[start] ^= 0xff;
    storage.put(&segment(1, 1), content);
    let (_, recovery) = open(&storage, 2);
    let torn = recovery.torn.unwrap();
    assert_eq!((torn.offset, torn.bytes), (start as u64, (RECORD_OVERHEAD + 14) as u64));
    assert!(torn.reason.starts_with("found checksum 0x"), "{}", torn.reason);
}

/// A batch that was never synced, of which the disk kept the sectors in any combination.
#[test]
fn any_sectors_of_an_unsynced_batch_may_be_missing() {
    let storage = MemoryStorage::new();
    let (mut log, _) =
        SegmentedLog::open(storage.clone(), LogOptions { segment_bytes: 8192, ..SMALL }, Epoch(1)).unwrap();
    commit(&mut log, &["promised"]);
    let list: Vec<String> =
        (0..40).map(|number| format!("record {number} of a batch over several sectors")).collect();
    log.append(TimestampNs(1), &payloads(&list)).unwrap();
    let sectors = 6;
    for kept in 0..1_u32 << sectors {
        let copy = storage.content(&segment(1, 1)).unwrap();
        let from = RECORDS_AT as usize;
        let mut torn = copy.clone();
        for sector in 0..sectors {
            if kept & 1 << sector == 0 {
                let start = if sector == 0 { from + RECORD_OVERHEAD + 8 } else { from + 512 * sector };
                let end = (from + 512 * (sector + 1)).min(torn.len());
                torn[start..end].fill(0);
            }
        }
        let other = MemoryStorage::new();
        other.put(&segment(1, 1), torn);
        let (log, recovery) = open(&other, 2);
        // Whatever is read is a beginning of what was written.
        let texts = texts(&log, 1);
        assert_eq!(texts[0], "1:1:promised");
        for (index, text) in texts[1..].iter().enumerate() {
            assert_eq!(*text, format!("1:{}:{}", index + 2, list[index]));
        }
        assert_eq!(recovery.last.0 as usize, texts.len());
        if kept != 0 && kept & 1 == 0 {
            assert_eq!(recovery.last, Sequence(1));
            assert!(recovery.torn.is_some(), "sectors {kept:06b}");
        }
    }
}

#[test]
fn a_torn_batch_is_forgotten_before_its_sequences_are_used_again() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["promised"]);
    append(&mut log, &["lost", "also lost", "kept by the disk"]);
    let name = segment(1, 1);
    let mut content = storage.content(&name).unwrap();
    content[RECORDS_AT as usize + RECORD_OVERHEAD + 8] ^= 1;
    let copy = MemoryStorage::new();
    copy.put(&name, content);
    let (mut log, recovery) = open(&copy, 2);
    assert_eq!(recovery.torn.unwrap().sequence, Sequence(2));
    commit(&mut log, &["x"]);
    let (log, _) = open(&copy, 3);
    assert_eq!(texts(&log, 1), ["1:1:promised", "2:2:x"]);
}

#[test]
fn what_waits_for_a_sync_never_grows_beyond_what_recovery_takes_for_one_batch() {
    let storage = MemoryStorage::new();
    let options = LogOptions { segment_bytes: 4 << 20, ..SMALL };
    let (mut log, _) = SegmentedLog::open(storage.clone(), options, Epoch(1)).unwrap();
    let long = vec![5; 60_000];
    let record = RECORD_OVERHEAD + long.len();
    for _ in 0..40 {
        log.append(TimestampNs(1), &payloads(&[&long])).unwrap();
        let waiting = log.next_sequence().0 - 1 - log.durable().0;
        assert!(waiting as usize * record <= log.limits().batch_bytes_max, "{waiting} records wait");
    }
    // The first that nobody was told of is torn, and all behind it is there.
    let durable = log.durable();
    drop(log);
    let mut content = storage.content(&segment(1, 1)).unwrap();
    content[RECORDS_AT as usize + durable.0 as usize * record] ^= 1;
    storage.put(&segment(1, 1), content);
    let (_, recovery) = SegmentedLog::open(storage, options, Epoch(2)).unwrap();
    assert_eq!((recovery.last, recovery.torn.unwrap().sequence), (durable, durable.next()));
}
