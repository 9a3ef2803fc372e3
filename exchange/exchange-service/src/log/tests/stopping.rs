//! A disk that fails or fills: the log stops, and what was promised is there afterwards.

use std::io::ErrorKind;

use super::*;
use crate::storage::{Fault, Operation};

fn check_stopped(log: &mut MemoryLog, expected: &str) {
    let is_stopped = |error: LogError| {
        let LogError::Stopped { cause } = &error else { panic!("{error}") };
        assert!(cause.contains(expected), "{cause}");
    };
    is_stopped(log.append(TimestampNs(1), &payloads(&["x"])).unwrap_err());
    is_stopped(log.sync().unwrap_err());
    is_stopped(log.prune(Sequence(1)).unwrap_err());
}

#[test]
fn a_failed_sync_stops_the_log_and_is_never_tried_again() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["promised"]);
    append(&mut log, &["not promised"]);
    storage.fail(Fault { operation: Operation::SyncData, after: 0, kind: ErrorKind::Other });
    assert!(matches!(log.sync().unwrap_err(), LogError::Storage(_)));
    check_stopped(&mut log, "sync `00000000000000000001-0000000001.log`: injected fault");
    assert_eq!(log.durable(), Sequence(1));
    assert_eq!(texts(&log, 1), ["1:1:promised"]);
}

#[test]
fn what_a_failed_sync_left_in_memory_is_written_again_before_it_is_promised() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["promised"]);
    append(&mut log, &["seen,", "but not", "on the disk"]);
    storage.fail(Fault { operation: Operation::SyncData, after: 0, kind: ErrorKind::Other });
    log.sync().unwrap_err();
    // The process ends; the next one finds the records, because the operating system still shows them.
    let (log, recovery) = open(&storage, 2);
    assert_eq!(recovery.last, Sequence(4));
    drop(log);
    storage.lose_power(&mut || false);
    let (log, _) = open(&storage, 3);
    assert_eq!(texts(&log, 1), ["1:1:promised", "1:2:seen,", "1:3:but not", "1:4:on the disk"]);
}

#[test]
fn what_a_killed_process_wrote_is_synced_before_it_is_promised() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    append(&mut log, &["written", "not synced"]);
    drop(log);
    let (_, recovery) = open(&storage, 2);
    assert_eq!(recovery.last, Sequence(2));
    storage.lose_power(&mut || false);
    let (_, recovery) = open(&storage, 3);
    assert_eq!(recovery.last, Sequence(2));
}

#[test]
fn a_failed_write_stops_the_log() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["promised"]);
    storage.fail(Fault { operation: Operation::Write, after: 0, kind: ErrorKind::Other });
    log.append(TimestampNs(1), &payloads(&["half of this is written"])).unwrap_err();
    check_stopped(&mut log, "write `00000000000000000001-0000000001.log` at offset");
    let (log, recovery) = open(&storage, 2);
    assert!(recovery.torn.is_some());
    assert_eq!(texts(&log, 1), ["1:1:promised"]);
}

#[test]
fn a_full_disk_stops_the_log_and_nothing_promised_is_lost() {
    for room in 0..=SEGMENT_BYTES_MIN {
        let storage = MemoryStorage::new();
        let (mut log, _) = open(&storage, 1);
        storage.limit(SEGMENT_BYTES_MIN + room);
        let mut promised = 0;
        let error = loop {
            let appended = log.append(TimestampNs(1), &payloads(&["a record of some length"]));
            match appended.and_then(|_| log.sync()) {
                Ok(durable) => promised = durable.0,
                Err(error) => break error,
            }
            assert!(promised < 1_000, "the disk never filled");
        };
        let LogError::Storage(error) = error else { panic!("{error}") };
        assert!(error.is_full(), "{error}");
        check_stopped(&mut log, "create `segment.new`");
        drop(log);
        storage.lose_power(&mut || false);
        storage.heal();
        let (_, recovery) = open(&storage, 2);
        assert_eq!(recovery.last, Sequence(promised));
        if room == SEGMENT_BYTES_MIN {
            break;
        }
    }
}

/// Every operation of opening, rotating and appending fails once, at every place; nothing promised is ever lost.
#[test]
fn a_fault_at_any_operation_loses_nothing_promised() {
    let operations = [
        Operation::List,
        Operation::Create,
        Operation::Open,
        Operation::Length,
        Operation::Read,
        Operation::Write,
        Operation::SetLength,
        Operation::SyncData,
        Operation::SyncDirectory,
        Operation::Rename,
        Operation::Remove,
    ];
    let mut hits = 0;
    for operation in operations {
        for after in 0..80 {
            for keep in [false, true] {
                let storage = MemoryStorage::new();
                let mut promised = 0;
                storage.fail(Fault { operation, after, kind: ErrorKind::Other });
                for epoch in 1..6 {
                    let Ok((mut log, _)) = SegmentedLog::open(storage.clone(), SMALL, Epoch(epoch)) else {
                        hits += 1;
                        continue;
                    };
                    assert!(log.durable().0 >= promised, "{operation} {after}");
                    for _ in 0..15 {
                        let appended = log.append(TimestampNs(1), &payloads(&["a record of some length"]));
                        match appended.and_then(|_| log.sync()) {
                            Ok(durable) => promised = durable.0,
                            Err(_) => {
                                hits += 1;
                                break;
                            }
                        }
                    }
                    drop(log);
                    storage.lose_power(&mut || keep);
                }
                storage.heal();
                let (log, recovery) = open(&storage, 9);
                assert!(recovery.last.0 >= promised, "{operation} {after}: {} < {promised}", recovery.last);
                assert_eq!(texts(&log, 1).len() as u64, recovery.last.0);
            }
        }
    }
    assert!(hits > 200, "only {hits} faults were met");
}

#[test]
fn a_segment_that_was_being_made_is_removed_and_reported() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["promised"]);
    storage.create("segment.new", 100).unwrap();
    let (_, recovery) = open(&storage, 2);
    assert_eq!(recovery.removed, ["segment.new"]);
    assert_eq!(storage.list().unwrap(), [segment(1, 1), segment(2, 2)]);
}

#[test]
fn a_segment_that_could_not_be_made_ahead_stops_the_log_when_it_is_needed() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    storage.limit(2 * SEGMENT_BYTES_MIN - 1);
    log.prepare_ahead().unwrap();
    let mut promised = 0;
    let error = loop {
        let appended = log.append(TimestampNs(1), &payloads(&["a record of some length"]));
        match appended.and_then(|_| log.sync()) {
            Ok(durable) => promised = durable.0,
            Err(error) => break error,
        }
    };
    let LogError::Storage(error) = error else { panic!("{error}") };
    assert!(error.is_full() && promised > 10, "{error} after {promised}");
    check_stopped(&mut log, "`segment.new`");
    drop(log);
    storage.heal();
    let (_, recovery) = open(&storage, 2);
    assert_eq!((recovery.last, recovery.removed), (Sequence(promised), vec!["segment.new".to_owned()]));
}
