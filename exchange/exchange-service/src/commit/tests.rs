//! Tests of group commit on a disk in memory, with a follower that holds the writer where a test wants it.

use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use exchange_types::{Epoch, Sequence, TimestampNs};

use super::*;
use crate::log::{Log, LogError, LogOptions, LogReader, Payloads, SegmentedLog};
use crate::storage::{Fault, MemoryStorage, Operation};

type MemoryLog = SegmentedLog<MemoryStorage>;

fn log(storage: &MemoryStorage, segment_bytes: u64) -> MemoryLog {
    let options = LogOptions { segment_bytes, ..LogOptions::default() };
    let epoch = Epoch(MemoryLog::held_epoch(storage).unwrap().0 + 1);
    SegmentedLog::open(storage.clone(), options, epoch).unwrap().0
}

fn clock() -> impl FnMut() -> TimestampNs + Send + 'static {
    let mut now = 0;
    move || {
        now += 1;
        TimestampNs(now)
    }
}

/// A follower that reports each batch and goes on when it is told to.
struct Held {
    appended: Sender<usize>,
    go: Receiver<()>,
}

impl Follower for Held {
    fn appended(&mut self, batch: &Streamed<'_>) {
        self.appended.send(batch.payloads.len()).unwrap();
        // A test that has ended holds nobody.
        let _ = self.go.recv();
    }

    fn durable(&mut self, _: Sequence) {}
}

fn held() -> (Held, Receiver<usize>, Sender<()>) {
    let (appended, batches) = channel();
    let (release, go) = channel();
    (Held { appended, go }, batches, release)
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll(commit: &mut Pin<&mut Commit<'_>>, waker: &Arc<Count>) -> Poll<Result<Sequence, CommitError>> {
    commit.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(waker))))
}

fn payload_at(log: &MemoryLog, sequence: Sequence) -> Vec<u8> {
    log.reader(sequence).unwrap().next().unwrap().unwrap().payload.to_vec()
}

#[test]
fn everyone_is_told_the_sequence_under_which_his_own_payload_is_found() {
    let storage = MemoryStorage::new();
    let committer = Committer::start(log(&storage, 1 << 16), clock(), ()).unwrap();
    let told: Vec<(Sequence, String)> = thread::scope(|scope| {
        let waiter = |number: usize| {
            let submitter = committer.submitter();
            move || {
                let commit = |index: usize| {
                    let text = format!("waiter {number}, command {index}");
                    let sequence = submitter.commit(text.as_bytes()).wait().unwrap();
                    assert!(submitter.durable() >= sequence);
                    (sequence, text)
                };
                (0..200).map(commit).collect::<Vec<_>>()
            }
        };
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(waiter(number))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let log = committer.close().unwrap();
    assert_eq!(log.durable(), Sequence(1_600));
    let mut sequences: Vec<u64> = told.iter().map(|(sequence, _)| sequence.0).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=1_600).collect::<Vec<_>>());
    for (sequence, text) in told {
        assert_eq!(payload_at(&log, sequence), text.as_bytes());
    }
}

#[test]
fn the_next_batch_gathers_while_one_is_written_and_nobody_is_told_before_the_sync() {
    let storage = MemoryStorage::new();
    let (follower, batches, release) = held();
    let committer = Committer::start(log(&storage, 1 << 16), clock(), follower).unwrap();
    let submitter = committer.submitter();
    let woken = Arc::new(Count::default());
    let mut first = pin!(submitter.commit(b"first"));
    assert!(poll(&mut first, &woken).is_pending());
    assert_eq!(batches.recv().unwrap(), 1);
    let payloads: Vec<String> = (0..5).map(|number| format!("next {number}")).collect();
    let mut next: Vec<_> = payloads.iter().map(|text| Box::pin(submitter.commit(text.as_bytes()))).collect();
    for commit in &mut next {
        assert!(poll(&mut commit.as_mut(), &woken).is_pending());
    }
    // The first is with the followers by now, and not durable.
    assert!(poll(&mut first, &woken).is_pending());
    assert_eq!((submitter.durable(), woken.0.load(Ordering::SeqCst)), (Sequence(0), 0));
    release.send(()).unwrap();
    assert_eq!(batches.recv().unwrap(), 5);
    assert_eq!(poll(&mut first, &woken), Poll::Ready(Ok(Sequence(1))));
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    release.send(()).unwrap();
    committer.close().unwrap();
    assert_eq!(woken.0.load(Ordering::SeqCst), 6);
    for (index, commit) in next.iter_mut().enumerate() {
        assert_eq!(poll(&mut commit.as_mut(), &woken), Poll::Ready(Ok(Sequence(index as u64 + 2))));
    }
}

#[test]
fn a_task_that_moved_is_woken_where_it_was_polled_last() {
    let storage = MemoryStorage::new();
    let (follower, batches, release) = held();
    let committer = Committer::start(log(&storage, 1 << 16), clock(), follower).unwrap();
    let submitter = committer.submitter();
    let (old, new) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut in_flight = pin!(submitter.commit(b"in flight"));
    assert!(poll(&mut in_flight, &old).is_pending());
    batches.recv().unwrap();
    let mut gathering = pin!(submitter.commit(b"gathering"));
    assert!(poll(&mut gathering, &old).is_pending());
    assert!(poll(&mut in_flight, &new).is_pending());
    assert!(poll(&mut gathering, &new).is_pending());
    release.send(()).unwrap();
    release.send(()).unwrap();
    committer.close().unwrap();
    assert_eq!((old.0.load(Ordering::SeqCst), new.0.load(Ordering::SeqCst)), (0, 2));
}

#[test]
fn a_full_queue_refuses_and_takes_again_when_there_is_room() {
    let storage = MemoryStorage::new();
    let (follower, batches, release) = held();
    let committer = Committer::start(log(&storage, 4096), clock(), follower).unwrap();
    let submitter = committer.submitter();
    let woken = Arc::new(Count::default());
    let mut first = pin!(submitter.commit(b"first"));
    assert!(poll(&mut first, &woken).is_pending());
    batches.recv().unwrap();
    let payload = [7; 1000];
    let mut taken = Vec::new();
    let refused = loop {
        let mut commit = Box::pin(submitter.commit(&payload));
        match poll(&mut commit.as_mut(), &woken) {
            Poll::Pending => taken.push(commit),
            Poll::Ready(result) => break result,
        }
    };
    assert_eq!((refused, taken.len()), (Err(CommitError::Full), 3));
    release.send(()).unwrap();
    assert_eq!(batches.recv().unwrap(), 3);
    let mut later = pin!(submitter.commit(&payload));
    assert!(poll(&mut later, &woken).is_pending());
    release.send(()).unwrap();
    release.send(()).unwrap();
    assert_eq!(committer.close().unwrap().durable(), Sequence(5));
}

#[test]
fn a_payload_that_no_record_holds_is_refused() {
    let storage = MemoryStorage::new();
    let committer = Committer::start(log(&storage, 1 << 20), clock(), ()).unwrap();
    let error = committer.submitter().commit(&[0; 70_000]).wait().unwrap_err();
    assert_eq!(error, CommitError::TooLarge { bytes: 70_000, bytes_max: 65_528 });
    assert_eq!(committer.submitter().commit(&[]).wait(), Ok(Sequence(1)));
}

#[test]
fn a_failed_sync_tells_everybody_and_promises_nothing() {
    let storage = MemoryStorage::new();
    let log = log(&storage, 1 << 16);
    storage.fail(Fault { operation: Operation::SyncData, after: 1, kind: ErrorKind::Other });
    let (follower, batches, release) = held();
    let committer = Committer::start(log, clock(), follower).unwrap();
    let submitter = committer.submitter();
    let woken = Arc::new(Count::default());
    let mut good = pin!(submitter.commit(b"good"));
    assert!(poll(&mut good, &woken).is_pending());
    batches.recv().unwrap();
    let mut in_flight = pin!(submitter.commit(b"in flight"));
    assert!(poll(&mut in_flight, &woken).is_pending());
    release.send(()).unwrap();
    batches.recv().unwrap();
    let mut gathering = pin!(submitter.commit(b"gathering"));
    assert!(poll(&mut gathering, &woken).is_pending());
    release.send(()).unwrap();
    while !committer.is_finished() {
        thread::yield_now();
    }
    assert_eq!(woken.0.load(Ordering::SeqCst), 3);
    assert_eq!(poll(&mut good, &woken), Poll::Ready(Ok(Sequence(1))));
    for commit in [&mut in_flight, &mut gathering] {
        let Poll::Ready(Err(CommitError::Stopped { cause })) = poll(commit, &woken) else { panic!() };
        assert!(cause.contains("injected fault"), "{cause}");
    }
    let later = submitter.commit(b"later").wait().unwrap_err();
    assert!(matches!(later, CommitError::Stopped { .. }));
    assert_eq!(submitter.durable(), Sequence(1));
    assert!(matches!(committer.close().unwrap_err(), LogError::Storage(_)));
}

#[test]
fn closing_writes_what_waits_and_refuses_what_comes_later() {
    let storage = MemoryStorage::new();
    let (follower, batches, release) = held();
    let committer = Committer::start(log(&storage, 1 << 16), clock(), follower).unwrap();
    let submitter = committer.submitter();
    let woken = Arc::new(Count::default());
    let mut first = pin!(submitter.commit(b"first"));
    assert!(poll(&mut first, &woken).is_pending());
    batches.recv().unwrap();
    // A waiter that gives up takes nothing back.
    {
        let mut abandoned = pin!(submitter.commit(b"abandoned"));
        assert!(poll(&mut abandoned, &woken).is_pending());
    }
    release.send(()).unwrap();
    release.send(()).unwrap();
    let log = committer.close().unwrap();
    assert_eq!(log.durable(), Sequence(2));
    assert_eq!(payload_at(&log, Sequence(2)), b"abandoned");
    assert_eq!(submitter.commit(b"late").wait(), Err(CommitError::Closed));
    assert_eq!(poll(&mut first, &woken), Poll::Ready(Ok(Sequence(1))));
}

#[test]
fn a_writer_that_panics_leaves_nobody_waiting() {
    struct Panics;
    impl Follower for Panics {
        fn appended(&mut self, _: &Streamed<'_>) {
            panic!("a follower's mistake");
        }
        fn durable(&mut self, _: Sequence) {}
    }
    let storage = MemoryStorage::new();
    let committer = Committer::start(log(&storage, 1 << 16), clock(), Panics).unwrap();
    let error = committer.submitter().commit(b"x").wait().unwrap_err();
    assert_eq!(error, CommitError::Stopped { cause: "the writer panicked".into() });
}

#[test]
fn a_waker_that_panics_leaves_nobody_else_waiting() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waiter's mistake");
        }
    }
    let storage = MemoryStorage::new();
    let (follower, batches, release) = held();
    let committer = Committer::start(log(&storage, 1 << 16), clock(), follower).unwrap();
    let submitter = committer.submitter();
    let woken = Arc::new(Count::default());
    let mut first = pin!(submitter.commit(b"first"));
    assert!(poll(&mut first, &woken).is_pending());
    batches.recv().unwrap();
    let mut bad = pin!(submitter.commit(b"bad"));
    assert!(bad.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::new(Panics)))).is_pending());
    let mut good = pin!(submitter.commit(b"good"));
    assert!(poll(&mut good, &woken).is_pending());
    release.send(()).unwrap();
    release.send(()).unwrap();
    while !committer.is_finished() {
        thread::yield_now();
    }
    assert_eq!(woken.0.load(Ordering::SeqCst), 2);
    assert_eq!(poll(&mut good, &woken), Poll::Ready(Ok(Sequence(3))));
}

#[test]
fn followers_see_every_record_once_in_order_and_its_durability_afterwards() {
    #[derive(Default)]
    struct Seen {
        next: u64,
        durable: Arc<AtomicU64>,
        last_time: u64,
    }
    impl Follower for Seen {
        fn appended(&mut self, batch: &Streamed<'_>) {
            assert_eq!(batch.appended.first.0, self.next + 1);
            assert!(batch.time.0 > self.last_time);
            assert_eq!(batch.payloads.iter().count(), batch.payloads.len());
            assert!(self.durable.load(Ordering::SeqCst) == self.next);
            self.next = batch.appended.last.0;
            self.last_time = batch.time.0;
        }
        fn durable(&mut self, position: Sequence) {
            assert_eq!(position.0, self.next);
            self.durable.store(position.0, Ordering::SeqCst);
        }
    }
    let storage = MemoryStorage::new();
    let seen = Seen::default();
    let durable = Arc::clone(&seen.durable);
    let committer = Committer::start(log(&storage, 1 << 16), clock(), seen).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    committer.submitter().commit(b"x").wait().unwrap();
                }
            });
        }
    });
    committer.close().unwrap();
    assert_eq!(durable.load(Ordering::SeqCst), 400);
}

#[test]
fn sequences_go_on_where_the_log_ended_and_old_segments_go_only_when_asked() {
    let storage = MemoryStorage::new();
    let mut first = log(&storage, 2048);
    let mut payloads = Payloads::new();
    payloads.push(b"a record of some length");
    for _ in 0..100 {
        first.append(TimestampNs(1), &payloads).unwrap();
        first.sync().unwrap();
    }
    drop(first);
    let committer = Committer::start(log(&storage, 2048), clock(), ()).unwrap();
    let submitter = committer.submitter();
    assert_eq!(submitter.commit(b"more").wait(), Ok(Sequence(101)));
    committer.prune(Sequence(90));
    let log = committer.close().unwrap();
    assert!(matches!(log.reader(Sequence(1)), Err(LogError::NotHere { .. })));
    assert_eq!(payload_at(&log, Sequence(101)), b"more");
}
