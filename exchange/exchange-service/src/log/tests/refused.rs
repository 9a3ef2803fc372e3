//! Files that the log refuses to open, each with place and reason, and none of them changed.

use exchange_types::codec::{FrameHeader, encode_frame};

use super::*;
use crate::log::segment::{RECORD_OVERHEAD, RECORDS_AT};

/// Ten batches of one record and a torn end nowhere.
fn ten_batches() -> MemoryStorage {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    for number in 0..10 {
        commit(&mut log, &[format!("record {number}").as_str()]);
    }
    storage
}

fn many_segments() -> MemoryStorage {
    let storage = MemoryStorage::new();
    for epoch in 1..=3 {
        let (mut log, _) = open(&storage, epoch);
        for _ in 0..60 {
            commit(&mut log, &["a record of some length"]);
        }
    }
    storage
}

fn check_refused(storage: &MemoryStorage, expected: &[&str]) {
    let before: Vec<_> = storage.list().unwrap().iter().map(|name| storage.content(name)).collect();
    let message = refused(storage, 9);
    for part in expected {
        assert!(message.contains(part), "expected `{part}` in: {message}");
    }
    let after: Vec<_> = storage.list().unwrap().iter().map(|name| storage.content(name)).collect();
    assert_eq!(before, after, "a refused log is not touched");
}

#[test]
fn any_damaged_byte_before_the_last_record_is_corruption() {
    let storage = ten_batches();
    let name = segment(1, 1);
    let content = storage.content(&name).unwrap();
    let record = RECORD_OVERHEAD + "record 0".len();
    for at in RECORDS_AT as usize..RECORDS_AT as usize + 9 * record {
        let mut damaged = content.clone();
        damaged[at] ^= 0x10;
        let copy = MemoryStorage::new();
        copy.put(&name, damaged);
        let index = (at - RECORDS_AT as usize) / record;
        let place =
            format!("`{name}` at offset {}: record {}:", RECORDS_AT as usize + index * record, index + 1);
        // Only a record that was written later knows that the one before it was durable.
        if index < 9 - 1 {
            check_refused(&copy, &[&place, "was written when it was durable"]);
        } else {
            check_refused(&copy, &[&place]);
        }
    }
}

#[test]
fn any_damaged_byte_of_the_header_is_refused() {
    let storage = ten_batches();
    let name = segment(1, 1);
    let content = storage.content(&name).unwrap();
    for at in 0..RECORDS_AT as usize {
        let mut damaged = content.clone();
        damaged[at] ^= 1;
        let copy = MemoryStorage::new();
        copy.put(&name, damaged);
        check_refused(&copy, &[&name]);
    }
    for length in 0..RECORDS_AT as usize {
        let copy = MemoryStorage::new();
        copy.put(&name, content[..length].to_vec());
        check_refused(&copy, &[&name, "at offset"]);
    }
}

#[test]
fn a_cut_segment_in_the_middle_is_refused_at_every_length() {
    let storage = many_segments();
    let names = storage.list().unwrap();
    let middle = &names[1];
    let content = storage.content(middle).unwrap();
    let used = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for length in 0..used {
        let copy = storage.copy();
        copy.put(middle, content[..length].to_vec());
        check_refused(&copy, &[middle]);
    }
    // Without the zeroes at its end it is whole.
    storage.put(middle, content[..used].to_vec());
    open(&storage, 9);
}

#[test]
fn a_missing_segment_in_the_middle_is_refused() {
    let storage = many_segments();
    let names = storage.list().unwrap();
    for missing in &names[1..names.len() - 1] {
        let copy = storage.copy();
        copy.remove(missing).unwrap();
        check_refused(&copy, &["the segment ends before record", "begins with record"]);
    }
}

#[test]
fn bytes_behind_the_records_of_a_segment_in_the_middle_are_refused() {
    let storage = many_segments();
    let middle = storage.list().unwrap()[1].clone();
    let mut content = storage.content(&middle).unwrap();
    *content.last_mut().unwrap() = 1;
    storage.put(&middle, content);
    check_refused(&storage, &[&middle, "record 49: the frame is cut short"]);
}

#[test]
fn a_segment_under_another_name_is_refused() {
    let storage = many_segments();
    let names = storage.list().unwrap();
    storage.rename(&names[2], &segment(31, 1)).unwrap();
    check_refused(&storage, &[&segment(31, 1), &format!("the header is that of `{}`", names[2])]);
}

#[test]
fn a_segment_of_another_log_is_refused() {
    let storage = ten_batches();
    let other = MemoryStorage::new();
    SegmentedLog::open(other.clone(), LogOptions { partition: 8, ..SMALL }, Epoch(1)).unwrap();
    storage.put(&segment(1, 1), other.content(&segment(1, 1)).unwrap());
    check_refused(&storage, &["found a segment of partition 8, expected 7"]);
}

#[test]
fn a_segment_of_another_history_is_refused() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["here"]);
    let other = MemoryStorage::new();
    let (mut log, _) = open(&other, 1);
    commit(&mut log, &["then"]);
    let (mut log, _) = open(&other, 2);
    commit(&mut log, &["more"]);
    storage.put(&segment(2, 2), other.content(&segment(2, 2)).unwrap());
    check_refused(&storage, &[&segment(2, 2), "as checksum of the record before the segment, expected"]);
}

#[test]
fn epochs_that_go_back_are_refused() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 5);
    commit(&mut log, &["a"]);
    let other = MemoryStorage::new();
    let (mut log, _) = open(&other, 2);
    commit(&mut log, &["a"]);
    let (_, _) = open(&other, 3);
    storage.put(&segment(2, 3), other.content(&segment(2, 3)).unwrap());
    check_refused(&storage, &["found epoch 3 behind epoch 5"]);
}

#[test]
fn files_that_only_look_like_segments_are_refused_and_others_are_left_alone() {
    let storage = ten_batches();
    storage.put("notes.txt", b"not ours".to_vec());
    open(&storage, 2);
    storage.put("zzz.log", b"what is this".to_vec());
    check_refused(&storage, &["`zzz.log` at offset 0", "not a file of the exchange"]);
    assert_eq!(storage.content("notes.txt").unwrap(), b"not ours");
}

#[test]
fn a_whole_record_in_the_wrong_place_is_corruption_even_at_the_end() {
    let storage = ten_batches();
    let name = segment(1, 1);
    let mut content = storage.content(&name).unwrap();
    let record = RECORD_OVERHEAD + "record 0".len();
    let end = RECORDS_AT as usize + 10 * record;
    let first = content[RECORDS_AT as usize..RECORDS_AT as usize + record].to_vec();
    content[end..end + record].copy_from_slice(&first);
    storage.put(&name, content);
    check_refused(&storage, &["found record 1, expected 11"]);
}

#[test]
fn more_bytes_behind_the_records_than_a_batch_has_are_corruption() {
    let storage = ten_batches();
    let name = segment(1, 1);
    let mut content = storage.content(&name).unwrap();
    let end = RECORDS_AT as usize + 10 * (RECORD_OVERHEAD + "record 0".len());
    content.resize(end + BATCH_BYTES_MAX + 1, 0);
    content[end] = 1;
    storage.put(&name, content.clone());
    let (_, recovery) = open(&storage.copy(), 2);
    assert_eq!(recovery.torn.unwrap().bytes, 1);
    content[end + BATCH_BYTES_MAX] = 1;
    storage.put(&name, content);
    check_refused(&storage, &["1048577 bytes lie behind it, and a torn batch has at most 1048576"]);
}

#[test]
fn a_reader_refuses_what_changed_under_it() {
    let storage = ten_batches();
    let (log, _) = open(&storage, 2);
    let name = segment(1, 1);
    let mut content = storage.content(&name).unwrap();
    content[RECORDS_AT as usize + RECORD_OVERHEAD] ^= 1;
    storage.put(&name, content);
    let mut reader = log.reader(Sequence(1)).unwrap();
    let error = reader.next().unwrap_err().to_string();
    assert!(error.starts_with(&format!("`{name}` at offset 512: record 1: found checksum")), "{error}");
}

#[test]
fn a_segment_without_room_is_not_begun() {
    let options = LogOptions { segment_bytes: 100, ..SMALL };
    let error = SegmentedLog::open(MemoryStorage::new(), options, Epoch(1)).unwrap_err();
    assert_eq!(error.to_string(), "a segment of 100 bytes is too small, expected 2048 or more");
}

#[test]
fn a_file_made_to_look_like_a_million_records_is_refused_in_bounded_time() {
    let storage = ten_batches();
    let name = segment(1, 1);
    let mut content = storage.content(&name).unwrap();
    content.truncate(RECORDS_AT as usize + 10 * (RECORD_OVERHEAD + "record 0".len()));
    // Heads of frames that claim to be long, to come later and to know that record 11 was durable; only the checksum is wrong.
    let mut head = vec![0xff; 4];
    head.extend_from_slice(&60_000_u32.to_le_bytes());
    head.extend_from_slice(&1_u32.to_le_bytes());
    head.extend_from_slice(&1_u32.to_le_bytes());
    head.extend_from_slice(&12_u64.to_le_bytes());
    head.extend_from_slice(&[0xff; 8]);
    head.extend_from_slice(&11_u64.to_le_bytes());
    while content.len() < BATCH_BYTES_MAX {
        content.extend_from_slice(&head);
    }
    storage.put(&name, content);
    check_refused(&storage, &["record 11: found checksum", "too much behind it looks like records"]);
}

#[test]
fn a_payload_that_poses_as_a_later_record_does_not_make_a_torn_batch_corruption() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["promised"]);
    // Whoever submits may write what he likes into a payload; which sequence stands where, he does not decide.
    let mut forged = Vec::new();
    let frame = FrameHeader { epoch: Epoch(1), sequence: Sequence(u64::MAX), time: TimestampNs(1) };
    encode_frame(frame, &(u64::MAX - 1).to_le_bytes(), &mut forged).unwrap();
    log.append(TimestampNs(1), &payloads(&[b"lost".as_slice(), &forged])).unwrap();
    drop(log);
    let name = segment(1, 1);
    let mut content = storage.content(&name).unwrap();
    content[RECORDS_AT as usize + RECORD_OVERHEAD + "promised".len()] ^= 1;
    storage.put(&name, content);
    let (log, recovery) = open(&storage, 2);
    assert_eq!(recovery.torn.unwrap().sequence, Sequence(2));
    assert_eq!(texts(&log, 1), ["1:1:promised"]);
}

#[test]
fn a_segment_that_another_writer_filled_behind_our_back_is_refused_and_not_removed_as_empty() {
    let storage = ten_batches();
    let other = storage.copy();
    let (mut theirs, _) = open(&other, 2);
    commit(&mut theirs, &["theirs"]);
    open(&storage, 3);
    storage.put(&segment(11, 2), other.content(&segment(11, 2)).unwrap());
    let before = storage.list().unwrap();
    // A snapshot covers what is before both.
    let options = LogOptions { check_from: Sequence(11), ..SMALL };
    let error = SegmentedLog::open(storage.clone(), options, Epoch(4)).unwrap_err();
    let LogError::Corrupt { file, .. } = error else { panic!("{error}") };
    assert_eq!((file, storage.list().unwrap()), (segment(11, 2), before));
}

#[test]
fn a_record_that_knows_of_more_or_less_than_it_can_is_refused() {
    let storage = ten_batches();
    let name = segment(1, 1);
    let record = RECORD_OVERHEAD + "record 0".len();
    // Record 9 was written when 8 was durable.
    for durable in [0_u64, 7, 10, u64::MAX] {
        let copy = storage.copy();
        let mut content = storage.content(&name).unwrap();
        let mut frame = Vec::new();
        let header = FrameHeader { epoch: Epoch(1), sequence: Sequence(10), time: TimestampNs(1_000) };
        let payload = [&durable.to_le_bytes()[..], b"record 9"].concat();
        encode_frame(header, &payload, &mut frame).unwrap();
        let at = RECORDS_AT as usize + 9 * record;
        content[at..at + record].copy_from_slice(&frame);
        copy.put(&name, content);
        let place = format!("record 10: found durable position {durable}, expected 8 to 9");
        check_refused(&copy, &[&place]);
    }
}
