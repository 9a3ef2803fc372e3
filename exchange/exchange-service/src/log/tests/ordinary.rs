//! What a log does on a good day.

use super::*;

#[test]
fn what_was_synced_is_read_in_order_and_what_was_not_is_not_read() {
    let storage = MemoryStorage::new();
    let (mut log, recovery) = open(&storage, 1);
    assert_eq!((recovery.first, recovery.last, recovery.segments), (Sequence(1), Sequence(0), 0));
    let first = append(&mut log, &["a", "b"]);
    assert_eq!((first.first, first.last), (Sequence(1), Sequence(2)));
    assert_eq!(log.durable(), Sequence(0));
    assert_eq!(texts(&log, 1), Vec::<String>::new());
    assert_eq!(log.sync().unwrap(), Sequence(2));
    append(&mut log, &["c"]);
    assert_eq!(texts(&log, 1), ["1:1:a", "1:2:b"]);
}

#[test]
fn a_reader_goes_on_when_more_has_become_durable() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    let mut reader = log.reader(Sequence(1)).unwrap();
    for number in 1..=100_u64 {
        assert_eq!(reader.next().unwrap(), None);
        commit(&mut log, &["a record of some length"]);
        let record = reader.next().unwrap().unwrap();
        assert_eq!((record.sequence, record.time), (Sequence(number), TimestampNs(1_000)));
        assert_eq!(reader.position(), Sequence(number + 1));
    }
    assert!(storage.list().unwrap().len() > 2, "the test is about several segments");
}

#[test]
fn sequences_go_on_across_segments_and_epochs() {
    let storage = MemoryStorage::new();
    let mut expected = Vec::new();
    for epoch in 1..=4 {
        let (mut log, recovery) = open(&storage, epoch);
        assert_eq!(recovery.last, Sequence(expected.len() as u64));
        assert_eq!(recovery.torn, None);
        for _ in 0..30 {
            let text = format!("payload {}", expected.len() + 1);
            commit(&mut log, &[text.as_str()]);
            expected.push(format!("{epoch}:{}:{text}", expected.len() + 1));
        }
        assert_eq!(texts(&log, 1), expected);
        assert_eq!(texts(&log, 40.min(expected.len() as u64)), expected[39.min(expected.len() - 1)..]);
    }
}

#[test]
fn an_epoch_that_is_not_higher_is_fenced_and_nothing_is_changed() {
    let storage = MemoryStorage::new();
    assert_eq!(MemoryLog::held_epoch(&storage).unwrap(), Epoch(0));
    assert_eq!(refused(&storage, 0), "epoch 0 is fenced: the log is at epoch 0");
    open(&storage, 5);
    assert_eq!(MemoryLog::held_epoch(&storage).unwrap(), Epoch(5));
    let before = storage.list().unwrap();
    for stale in [1, 4, 5] {
        assert_eq!(refused(&storage, stale), format!("epoch {stale} is fenced: the log is at epoch 5"));
    }
    assert_eq!(storage.list().unwrap(), before);
    open(&storage, 6);
}

#[test]
fn empty_segments_do_not_pile_up_when_a_log_is_opened_often() {
    let storage = MemoryStorage::new();
    for epoch in 1..=5 {
        let (_, recovery) = open(&storage, epoch);
        let expected = if epoch == 1 { Vec::new() } else { vec![segment(1, epoch - 1)] };
        assert_eq!(recovery.removed, expected);
        assert_eq!(storage.list().unwrap(), [segment(1, epoch)]);
    }
}

#[test]
fn a_batch_that_is_too_large_is_refused_and_the_log_goes_on() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    let limits = log.limits();
    let long = vec![1; limits.payload_bytes_max + 1];
    let error = log.append(TimestampNs(1), &payloads(&[&long])).unwrap_err();
    assert!(matches!(error, LogError::TooLarge { .. }), "{error}");
    let longest = vec![1; limits.payload_bytes_max];
    log.append(TimestampNs(1), &payloads(&[&longest])).unwrap();
    log.sync().unwrap();
    let error = log.append(TimestampNs(1), &payloads(&[&longest, &longest])).unwrap_err();
    assert!(matches!(error, LogError::TooLarge { .. }), "{error}");
    commit(&mut log, &["short"]);
    assert_eq!(log.durable(), Sequence(2));
    let (_, recovery) = open(&storage, 2);
    assert_eq!(recovery.last, Sequence(2));
}

#[test]
fn a_payload_of_a_whole_frame_is_kept_in_an_ordinary_segment() {
    let storage = MemoryStorage::new();
    let (mut log, _) =
        SegmentedLog::open(storage.clone(), LogOptions { segment_bytes: 1 << 20, ..SMALL }, Epoch(1))
            .unwrap();
    let longest = vec![9; log.limits().payload_bytes_max];
    assert_eq!(longest.len(), 65_528);
    for _ in 0..20 {
        log.append(TimestampNs(1), &payloads(&[&longest])).unwrap();
    }
    log.sync().unwrap();
    let mut reader = log.reader(Sequence(1)).unwrap();
    for _ in 0..20 {
        assert_eq!(reader.next().unwrap().unwrap().payload, longest);
    }
    assert_eq!(reader.next().unwrap(), None);
}

#[test]
fn only_whole_segments_below_what_is_kept_are_pruned() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    for _ in 0..100 {
        commit(&mut log, &["a record of some length"]);
    }
    let all = storage.list().unwrap();
    log.prune(Sequence(1)).unwrap();
    assert_eq!(storage.list().unwrap(), all);
    log.prune(Sequence(60)).unwrap();
    let error = log.reader(Sequence(1)).unwrap_err();
    let LogError::NotHere { first, last, .. } = error else { panic!("{error}") };
    assert!(first <= Sequence(60) && first > Sequence(30), "{first}");
    assert_eq!(last, Sequence(100));
    assert_eq!(texts(&log, first.0).len() as u64, 101 - first.0);
    log.prune(Sequence(1_000)).unwrap();
    assert_eq!(storage.list().unwrap().len(), 1);
    commit(&mut log, &["more"]);
    drop(log);
    let (log, recovery) = open(&storage, 2);
    assert_eq!(recovery.last, Sequence(101));
    assert_eq!(texts(&log, 101), ["1:101:more"]);
}

#[test]
fn a_reader_beyond_the_end_is_refused() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    commit(&mut log, &["a"]);
    assert!(log.reader(Sequence(2)).is_ok());
    let error = log.reader(Sequence(3)).unwrap_err();
    assert_eq!(error.to_string(), "sequence 3 is not in the log, which holds 1 to 1");
    assert!(log.reader(Sequence(0)).is_err());
}

#[test]
fn opening_reads_only_what_is_asked_for_and_always_the_last_segment() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    for _ in 0..100 {
        commit(&mut log, &["a record of some length"]);
    }
    let segments = storage.list().unwrap().len();
    let options = LogOptions { check_from: Sequence(101), ..SMALL };
    let (_, recovery) = SegmentedLog::open(storage.clone(), options, Epoch(2)).unwrap();
    assert_eq!((recovery.segments, recovery.segments_checked), (segments, 1));
    let (_, recovery) = SegmentedLog::open(storage, SMALL, Epoch(3)).unwrap();
    assert_eq!((recovery.segments, recovery.segments_checked), (segments, segments + 1));
}

#[test]
fn the_format_on_disk_is_the_one_in_the_golden_file() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 3);
    log.append(TimestampNs(1_700_000_000_000_000_000), &payloads(&["first", "second"])).unwrap();
    log.sync().unwrap();
    log.append(TimestampNs(1_700_000_000_000_000_001), &payloads(&["third"])).unwrap();
    log.sync().unwrap();
    let content = storage.content(&segment(1, 3)).unwrap();
    assert_eq!(content.len() as u64, SEGMENT_BYTES_MIN);
    let mut dump = String::new();
    for (row, bytes) in
        content.chunks(16).enumerate().filter(|(_, bytes)| bytes.iter().any(|byte| *byte != 0))
    {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        dump.push_str(&format!("{:04x}  {}\n", row * 16, hex.join(" ")));
    }
    assert_eq!(dump, include_str!("golden.txt"), "the format changed: old logs must stay readable");
}

#[test]
fn segments_that_were_made_ahead_are_like_any_other() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    log.prepare_ahead().unwrap();
    log.prepare_ahead().unwrap();
    for _ in 0..200 {
        commit(&mut log, &["a record of some length"]);
    }
    assert_eq!(texts(&log, 1).len(), 200);
    drop(log);
    storage.lose_power(&mut || false);
    let (log, recovery) = open(&storage, 2);
    assert_eq!((recovery.last, recovery.torn), (Sequence(200), None));
    assert!(recovery.removed.iter().all(|name| name == "segment.new"), "{:?}", recovery.removed);
    assert_eq!(texts(&log, 1).len(), 200);
}

#[test]
fn a_reader_that_pruning_overtook_is_told_so_and_not_that_the_log_is_damaged() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    let mut reader = log.reader(Sequence(1)).unwrap();
    for _ in 0..100 {
        commit(&mut log, &["a record of some length"]);
    }
    assert_eq!(reader.next().unwrap().unwrap().sequence, Sequence(1));
    log.prune(Sequence(100)).unwrap();
    // The segment it stands in can still be read to its end, because it is open.
    let error = loop {
        match reader.next() {
            Ok(record) => assert!(record.is_some(), "the reader is behind"),
            Err(error) => break error,
        }
    };
    let LogError::NotHere { wanted, first, last } = error else { panic!("{error}") };
    assert!(wanted > Sequence(2) && wanted < first, "{wanted} {first}");
    assert_eq!(last, Sequence(100));
}

#[test]
fn what_is_kept_can_be_read_wherever_the_log_is_pruned() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    for _ in 0..100 {
        commit(&mut log, &["a record of some length"]);
    }
    let before = storage.list().unwrap().len();
    for keep in 1..=101 {
        log.prune(Sequence(keep)).unwrap();
        assert_eq!(texts(&log, keep).len() as u64, 101 - keep, "pruned below {keep}");
    }
    assert!(before > 2 && storage.list().unwrap().len() == 1);
}
