//! Tests of snapshots on a disk in memory, with a state machine that remembers every record.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use exchange_types::{Epoch, Sequence, TimestampNs};

use super::*;
use crate::commit::Committer;
use crate::log::{Log, LogOptions, LogSource, Payloads, SegmentedLog};
use crate::storage::{Fault, MemoryStorage, Operation, Storage};

/// The state: a digest of every record, and how many there were. Each record makes two events.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Digest {
    hash: u64,
    records: u64,
    /// Makes the state longer than one piece.
    ballast: Vec<u8>,
}

impl Fold for Digest {
    fn apply(&mut self, record: &Record<'_>) -> u64 {
        assert_eq!(record.sequence.0, self.records + 1);
        for byte in record.payload.iter().chain(&record.time.0.to_le_bytes()) {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
        self.records += 1;
        self.ballast.resize(100 * self.records as usize, self.hash as u8);
        2
    }

    fn snapshot(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hash.to_le_bytes());
        out.extend_from_slice(&self.records.to_le_bytes());
        out.extend_from_slice(&self.ballast);
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), RestoreError> {
        let cut = || RestoreError { offset: snapshot.len() as u64, reason: "the state is cut short".into() };
        let (hash, rest) = snapshot.split_first_chunk().ok_or_else(cut)?;
        let (records, ballast) = rest.split_first_chunk().ok_or_else(cut)?;
        self.hash = u64::from_le_bytes(*hash);
        self.records = u64::from_le_bytes(*records);
        self.ballast = ballast.to_vec();
        Ok(())
    }

    fn state_hash(&self) -> u64 {
        self.hash
    }
}

const OPTIONS: LogOptions = LogOptions { partition: 0, segment_bytes: 2048, check_from: Sequence(0) };

type MemoryLog = SegmentedLog<MemoryStorage>;
type MemoryFollower =
    SnapshotFollower<MemoryStorage, <<MemoryLog as Log>::Source as LogSource>::Reader, Digest>;

fn recovered(storage: &MemoryStorage) -> Recovered<MemoryStorage, Digest> {
    let epoch = Epoch(MemoryLog::held_epoch(storage).unwrap().0 + 1);
    recover(storage.clone(), OPTIONS, epoch, Digest::default).unwrap()
}

fn error(storage: &MemoryStorage) -> SnapshotError {
    let epoch = Epoch(MemoryLog::held_epoch(storage).unwrap().0 + 1);
    recover(storage.clone(), OPTIONS, epoch, Digest::default).err().unwrap()
}

fn write(log: &mut MemoryLog, records: u64) {
    for _ in 0..records {
        let mut payloads = Payloads::new();
        payloads.push(format!("command {}", log.next_sequence()).as_bytes());
        log.append(TimestampNs(log.next_sequence().0), &payloads).unwrap();
        log.sync().unwrap();
    }
}

fn follower(storage: &MemoryStorage, options: SnapshotOptions) -> (MemoryLog, MemoryFollower) {
    let Recovered { log, fold, restored, snapshots, .. } = recovered(storage);
    let follower =
        SnapshotFollower::new(snapshots, &log.source(), (fold, &restored), options, TimestampNs(0)).unwrap();
    (log, follower)
}

/// A log of `records` records with a snapshot after every `every`.
fn with_snapshots(records: u64, every: u64, keep: usize) -> MemoryStorage {
    let storage = MemoryStorage::new();
    let options = SnapshotOptions { events: 2 * every, interval_ns: u64::MAX, keep };
    let (mut log, mut follower) = follower(&storage, options);
    write(&mut log, records);
    while follower.step(TimestampNs(0), u64::MAX).unwrap().records > 0 {}
    storage
}

/// The state by folding the whole log.
fn plain(storage: &MemoryStorage) -> Digest {
    let copy = storage.copy();
    for name in copy.list().unwrap().iter().filter(|name| name.ends_with(".snapshot")) {
        copy.remove(name).unwrap();
    }
    recovered(&copy).fold
}

fn snapshots(storage: &MemoryStorage) -> Vec<u64> {
    let (snapshots, _) = SnapshotStore::new(storage.clone()).list().unwrap();
    snapshots.iter().map(|id| id.sequence.0).collect()
}

fn newest(storage: &MemoryStorage) -> String {
    SnapshotStore::new(storage.clone()).list().unwrap().0[0].name()
}

#[test]
fn the_newest_snapshot_and_the_tail_give_the_state_of_the_whole_log() {
    let storage = with_snapshots(100, 30, 10);
    assert_eq!(snapshots(&storage), [90, 60, 30]);
    let expected = plain(&storage);
    let Recovered { fold, restored, recovery, .. } = recovered(&storage);
    assert_eq!(fold, expected);
    assert_eq!(restored.snapshot.unwrap().sequence, Sequence(90));
    assert_eq!((restored.records, restored.events, restored.sequence), (10, 20, Sequence(100)));
    assert!(restored.invalid.is_empty());
    assert!(recovery.segments_checked < recovery.segments, "what the snapshot covers is not read again");
}

#[test]
fn a_log_without_snapshots_is_folded_from_its_beginning() {
    let storage = with_snapshots(20, 1000, 3);
    let Recovered { restored, fold, .. } = recovered(&storage);
    assert_eq!((restored.snapshot, restored.records, fold.records), (None, 20, 20));
}

#[test]
fn a_snapshot_is_due_after_so_many_events_or_so_much_time_and_only_if_something_happened() {
    let storage = MemoryStorage::new();
    let options = SnapshotOptions { events: 10, interval_ns: 1_000, keep: 10 };
    let (mut log, mut follower) = follower(&storage, options);
    let step = |follower: &mut MemoryFollower, now| {
        let step = follower.step(TimestampNs(now), 1_000).unwrap();
        step.snapshot.map(|id| id.sequence.0)
    };
    assert_eq!(step(&mut follower, 5_000), None);
    write(&mut log, 1);
    assert_eq!(step(&mut follower, 5_000), Some(1));
    write(&mut log, 4);
    assert_eq!(step(&mut follower, 5_999), None);
    write(&mut log, 1);
    assert_eq!(step(&mut follower, 5_999), Some(6));
    write(&mut log, 1);
    assert_eq!(step(&mut follower, 6_998), None);
    assert_eq!(step(&mut follower, 6_999), Some(7));
    assert_eq!(step(&mut follower, 9_999), None);
    assert_eq!(follower.sequence(), Sequence(7));
}

#[test]
fn only_durable_records_get_into_a_snapshot() {
    let storage = MemoryStorage::new();
    let (mut log, mut follower) = follower(&storage, SnapshotOptions::default());
    write(&mut log, 3);
    let mut payloads = Payloads::new();
    payloads.push(b"not synced");
    log.append(TimestampNs(9), &payloads).unwrap();
    assert_eq!(follower.step(TimestampNs(0), 100).unwrap().records, 3);
    assert_eq!(follower.write(TimestampNs(0)).unwrap().sequence, Sequence(3));
    log.sync().unwrap();
    assert_eq!(follower.step(TimestampNs(0), 100).unwrap().records, 1);
}

#[test]
fn any_damaged_byte_makes_recovery_take_the_snapshot_before_and_say_why() {
    let storage = with_snapshots(20, 8, 10);
    let (expected, name) = (plain(&storage), newest(&storage));
    let content = storage.content(&name).unwrap();
    for at in 0..content.len() {
        let copy = storage.copy();
        let mut damaged = content.clone();
        damaged[at] ^= 0x40;
        copy.put(&name, damaged.clone());
        let Recovered { fold, restored, .. } = recovered(&copy);
        assert_eq!((fold, restored.snapshot.unwrap().sequence), (expected.clone(), Sequence(8)), "byte {at}");
        let [invalid] = &restored.invalid[..] else { panic!("byte {at}") };
        assert_eq!(invalid.file, name);
        // Damage to the header shows at its checksum, which is its last field.
        assert!(
            invalid.offset <= (at as u64).max(28) && !invalid.reason.is_empty(),
            "byte {at}: {invalid:?}"
        );
        assert_eq!(copy.content(&name).unwrap(), damaged, "it is left where it is");
    }
}

#[test]
fn a_snapshot_of_any_other_length_is_skipped() {
    let storage = with_snapshots(20, 8, 10);
    let name = newest(&storage);
    let content = storage.content(&name).unwrap();
    for length in (0..content.len()).chain([content.len() + 1]) {
        let copy = storage.copy();
        let mut other = content.clone();
        other.resize(length, 0);
        copy.put(&name, other);
        let Recovered { restored, .. } = recovered(&copy);
        assert_eq!(restored.snapshot.unwrap().sequence, Sequence(8), "length {length}");
        assert_eq!(restored.invalid.len(), 1);
    }
}

#[test]
fn a_snapshot_under_the_name_of_another_is_skipped() {
    let storage = with_snapshots(20, 8, 10);
    let id = SnapshotStore::new(storage.clone()).list().unwrap().0[0];
    for (other, reason) in [
        (SnapshotId { sequence: Sequence(17), ..id }.name(), "found sequence 16, expected 17"),
        (SnapshotId { state_hash: 1, ..id }.name(), "expected 0000000000000001 as the name says"),
        ("17.snapshot".to_owned(), "the name is not that of a snapshot"),
    ] {
        let copy = storage.copy();
        copy.rename(&id.name(), &other).unwrap();
        let Recovered { restored, .. } = recovered(&copy);
        assert_eq!(restored.snapshot.unwrap().sequence, Sequence(8));
        assert!(restored.invalid[0].reason.contains(reason), "{:?}", restored.invalid);
    }
}

#[test]
fn a_state_that_the_machine_refuses_is_skipped_and_does_not_count_as_kept() {
    let storage = with_snapshots(20, 8, 10);
    let Recovered { mut snapshots, .. } = recovered(&storage);
    let short = SnapshotId { sequence: Sequence(18), state_hash: 7 };
    snapshots.write(short, Epoch(1), TimestampNs(0), b"short").unwrap();
    let other_hash = SnapshotId { sequence: Sequence(19), state_hash: 8 };
    snapshots.write(other_hash, Epoch(1), TimestampNs(0), &[0; 16]).unwrap();
    let Recovered { restored, mut snapshots, .. } = recovered(&storage);
    assert_eq!(restored.snapshot.unwrap().sequence, Sequence(16));
    let reasons: Vec<&str> = restored.invalid.iter().map(|invalid| invalid.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "the state's hash is 0000000000000000, expected 0000000000000008",
            "state at byte 5: the state is cut short"
        ]
    );
    assert_eq!(snapshots.retain(1).unwrap().len(), 2);
    assert_eq!(super::tests::snapshots(&storage), [19, 18, 16]);
    assert_eq!(snapshots.needed_from().unwrap(), Some(Sequence(17)));
}

#[test]
fn the_last_valid_snapshots_are_kept_and_invalid_ones_are_left_alone() {
    let storage = with_snapshots(100, 10, 3);
    assert_eq!(snapshots(&storage), [100, 90, 80]);
    let damaged = newest(&storage);
    let mut content = storage.content(&damaged).unwrap();
    *content.last_mut().unwrap() ^= 1;
    storage.put(&damaged, content);
    let mut store = SnapshotStore::new(storage.clone());
    let invalid = store.retain(1).unwrap();
    assert_eq!(invalid[0].file, damaged);
    assert_eq!(snapshots(&storage), [100, 90]);
    assert_eq!(store.needed_from().unwrap(), Some(Sequence(91)));
}

#[test]
fn the_log_may_be_pruned_below_the_oldest_snapshot_and_no_further() {
    let storage = with_snapshots(100, 30, 2);
    let expected = plain(&storage);
    let Recovered { mut log, mut snapshots, .. } = recovered(&storage);
    let needed = snapshots.needed_from().unwrap().unwrap();
    assert_eq!(needed, Sequence(61));
    log.prune(needed).unwrap();
    drop(log);
    let Recovered { fold, recovery, .. } = recovered(&storage);
    assert_eq!(fold, expected);
    assert!(recovery.first > Sequence(1) && recovery.first <= needed);
    for name in storage.list().unwrap().iter().filter(|name| name.ends_with(".snapshot")) {
        storage.remove(name).unwrap();
    }
    let SnapshotError::Gap { sequence, first } = error(&storage) else { panic!() };
    assert_eq!((sequence, first), (Sequence(0), recovery.first));
}

#[test]
fn a_snapshot_ahead_of_the_log_shows_that_the_log_lost_something() {
    let storage = with_snapshots(50, 50, 1);
    let segments = storage.list().unwrap();
    let last = segments.iter().rfind(|name| name.ends_with(".log")).unwrap();
    storage.remove(last).unwrap();
    let SnapshotError::LogLostRecords { sequence, last, .. } = error(&storage) else { panic!() };
    assert!(sequence == Sequence(50) && last < Sequence(50));
}

/// All files and what they hold.
fn contents(storage: &MemoryStorage) -> Vec<(String, Option<Vec<u8>>)> {
    storage.list().unwrap().into_iter().map(|name| (name.clone(), storage.content(&name))).collect()
}

#[test]
fn damage_to_the_last_record_is_not_cut_as_a_torn_tail_when_a_snapshot_knows_that_it_was_durable() {
    let storage = with_snapshots(50, 50, 1);
    let name = storage.list().unwrap().into_iter().rfind(|name| name.ends_with(".log")).unwrap();
    let mut content = storage.content(&name).unwrap();
    let last_set = content.iter().rposition(|byte| *byte != 0).unwrap();
    content[last_set] ^= 1;
    storage.put(&name, content);
    let before = contents(&storage);
    let SnapshotError::LogLostRecords { sequence, last, .. } = error(&storage) else { panic!() };
    assert_eq!((sequence, last), (Sequence(50), Sequence(49)));
    assert_eq!(contents(&storage), before, "a refused log is not touched");
}

#[test]
fn a_log_that_does_not_go_on_where_the_snapshot_ends_is_not_touched() {
    let storage = with_snapshots(100, 100, 1);
    let whole = contents(&storage);
    let names: Vec<String> = whole.iter().map(|(name, _)| name.clone()).collect();
    let snapshot = newest(&storage);
    // All of the log is gone, its end is gone, its beginning is gone and the snapshot is, too.
    let logs: Vec<&String> = names.iter().filter(|name| name.ends_with(".log")).collect();
    let lost: [Vec<&String>; 3] = [logs.clone(), vec![logs[logs.len() - 1]], vec![logs[0], &snapshot]];
    for missing in lost {
        let copy = storage.copy();
        for name in &missing {
            copy.remove(name).unwrap();
        }
        let before = contents(&copy);
        let error = recover(copy.clone(), OPTIONS, Epoch(9), Digest::default).err().unwrap();
        assert!(
            matches!(error, SnapshotError::LogLostRecords { .. } | SnapshotError::Gap { .. }),
            "{error}: without {missing:?}"
        );
        assert_eq!(contents(&copy), before, "without {missing:?}");
    }
}

#[test]
fn a_fault_or_a_crash_at_any_operation_leaves_no_half_snapshot() {
    let operations = [
        Operation::Create,
        Operation::Open,
        Operation::Write,
        Operation::Read,
        Operation::SyncData,
        Operation::SyncDirectory,
        Operation::Rename,
        Operation::Remove,
    ];
    let mut failed = 0;
    for operation in operations {
        for after in 0..6 {
            for keep in [false, true] {
                let storage = with_snapshots(40, 20, 3);
                let (mut log, mut follower) =
                    follower(&storage, SnapshotOptions { keep: 1, ..SnapshotOptions::default() });
                // The snapshot must be one that is not there yet.
                write(&mut log, 5);
                assert_eq!(follower.step(TimestampNs(0), 5).unwrap().records, 5);
                let expected = plain(&storage);
                storage.fail(Fault { operation, after, kind: ErrorKind::Other });
                let written = follower.write(TimestampNs(0));
                failed += u32::from(written.is_err());
                storage.heal();
                storage.lose_power(&mut || keep);
                let Recovered { fold, restored, .. } = recovered(&storage);
                assert_eq!(fold, expected);
                assert_eq!(restored.invalid, []);
                if written.is_ok() {
                    assert_eq!(restored.snapshot.unwrap().sequence, Sequence(45));
                }
            }
        }
    }
    assert!(failed > 16, "only {failed} faults were met");
}

#[test]
fn a_full_disk_leaves_the_snapshots_before() {
    let storage = with_snapshots(40, 20, 3);
    let (_log, mut follower) = follower(&storage, SnapshotOptions::default());
    let used: usize = storage.list().unwrap().iter().map(|name| storage.content(name).unwrap().len()).sum();
    storage.limit(used as u64 + 100);
    let SnapshotError::Storage(error) = follower.write(TimestampNs(0)).unwrap_err() else { panic!() };
    assert!(error.is_full());
    storage.heal();
    let Recovered { recovery, .. } = recovered(&storage);
    assert!(recovery.removed.contains(&"snapshot.new".to_owned()), "{:?}", recovery.removed);
    assert_eq!(snapshots(&storage), [40, 20]);
}

#[test]
fn a_state_of_many_pieces_survives() {
    let storage = with_snapshots(2_000, 2_000, 1);
    let name = newest(&storage);
    assert!(storage.content(&name).unwrap().len() > 200_000);
    assert_eq!(recovered(&storage).restored.records, 0);
    assert_eq!(recovered(&storage).fold, plain(&storage));
}

#[test]
fn snapshots_appear_on_a_thread_while_the_log_is_written() {
    let storage = MemoryStorage::new();
    let options = SnapshotOptions { events: 100, interval_ns: u64::MAX, keep: 3 };
    let (log, follower) = follower(&storage, options);
    let source = log.source();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let thread = FollowerThread::start(
        follower,
        || TimestampNs(1),
        move |result| {
            result.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        },
    )
    .unwrap();
    let committer = Committer::start(log, || TimestampNs(7), ()).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    committer.submitter().commit(b"a command").wait().unwrap();
                }
            });
        }
    });
    committer.close().unwrap();
    while written.load(Ordering::SeqCst) < 20 {
        thread::yield_now();
    }
    let follower = thread.stop().unwrap();
    assert_eq!((follower.sequence(), source.durable()), (Sequence(1_000), Sequence(1_000)));
    let Recovered { fold, restored, .. } = recovered(&storage);
    assert_eq!(&fold, follower.fold());
    assert_eq!((fold, restored.records), (plain(&storage), 0));
}

#[test]
fn a_follower_that_failed_on_its_thread_can_be_noticed() {
    let storage = MemoryStorage::new();
    let (mut log, follower) = follower(&storage, SnapshotOptions { events: 2, ..SnapshotOptions::default() });
    let thread = FollowerThread::start(follower, || TimestampNs(1), |_| {}).unwrap();
    assert!(!thread.is_finished());
    storage.fail(Fault { operation: Operation::Rename, after: 0, kind: ErrorKind::Other });
    write(&mut log, 1);
    while !thread.is_finished() {
        thread::yield_now();
    }
    let SnapshotError::Storage(error) = thread.stop().unwrap_err() else { panic!() };
    assert_eq!(error.operation, Operation::Rename);
}

#[test]
fn the_format_on_disk_is_the_one_in_the_golden_file() {
    let storage = MemoryStorage::new();
    let id = SnapshotId { sequence: Sequence(5), state_hash: 0x0123_4567_89ab_cdef };
    let mut store = SnapshotStore::new(storage.clone());
    store.write(id, Epoch(3), TimestampNs(1_700_000_000_000_000_000), b"the whole state").unwrap();
    assert_eq!(storage.list().unwrap(), ["00000000000000000005-0123456789abcdef.snapshot"]);
    let mut dump = String::new();
    for (row, bytes) in storage.content(&id.name()).unwrap().chunks(16).enumerate() {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        dump.push_str(&format!("{:04x}  {}\n", row * 16, hex.join(" ")));
    }
    assert_eq!(dump, include_str!("golden.txt"), "the format changed: old snapshots must stay readable");
}
