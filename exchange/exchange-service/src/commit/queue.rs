//! What waits to be written, and who waits for it.
//!
//! The queue is bounded by what one batch may hold, so whatever was gathered is written at once. **When it is full, a
//! submission is refused** with [`CommitError::Full`]: waiting for room would be a second queue without a bound. The caller
//! sheds the load, as a gateway does by answering "busy".

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use exchange_types::Sequence;

use super::wait;
use crate::log::{Limits, Payloads};

/// Why a submission was not made durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The queue is full. Nothing was submitted; later it may be.
    #[error("the queue is full")]
    Full,
    /// The payload is over the log's limit. Nothing was submitted.
    #[error("{bytes} bytes are over the limit of {bytes_max}")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The queue was closed before. Nothing was submitted.
    #[error("the log is closed")]
    Closed,
    /// The log stopped. Whether the record is in it is not known; recovery will tell. The process is to end.
    #[error("the log is stopped: {cause}")]
    Stopped {
        /// What stopped it.
        cause: Arc<str>,
    },
}

/// What submitters and the writer share.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) limits: Limits,
    gathering: Mutex<Gathering>,
    /// Wakes the writer.
    arrived: Condvar,
    /// How many records have been gathered, without the lock.
    gathered: Apart<AtomicUsize>,
    in_flight: Apart<Mutex<Waiting>>,
    durable: Apart<AtomicU64>,
}

/// A value on a cache line of its own: the writer and the submitters look at different ones all the time. Two lines, because
/// processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// The batch that is being gathered.
#[derive(Debug)]
struct Gathering {
    payloads: Payloads,
    waiting: Waiting,
    /// How many bytes the batch takes in the log.
    bytes: usize,
    /// The writer sleeps and must be woken.
    writer_sleeps: bool,
    closed: bool,
    stopped: Option<Arc<str>>,
    prune: Option<Sequence>,
}

/// Who waits for a batch.
#[derive(Debug, Default)]
struct Waiting {
    /// The sequence of the batch's first record.
    first: u64,
    /// One for each record, as far as anybody waits.
    wakers: Vec<Option<Waker>>,
}

/// What the writer found in the queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// The batch was put into the writer's buffer.
    Batch,
    /// Forget the records below.
    Prune(Sequence),
    /// Nothing, and nothing will come.
    Closed,
}

impl Queue {
    pub(crate) fn new(limits: Limits, next: Sequence, durable: Sequence) -> Self {
        let gathering = Gathering {
            payloads: Payloads::new(),
            waiting: Waiting { first: next.0, wakers: Vec::new() },
            bytes: 0,
            writer_sleeps: false,
            closed: false,
            stopped: None,
            prune: None,
        };
        Self {
            limits,
            gathering: Mutex::new(gathering),
            arrived: Condvar::new(),
            gathered: Apart::default(),
            in_flight: Apart::default(),
            durable: Apart(AtomicU64::new(durable.0)),
        }
    }

    /// Nothing that can panic while it changes the queue happens under this lock.
    fn gathering(&self) -> MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_flight(&self) -> MutexGuard<'_, Waiting> {
        self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn durable(&self) -> Sequence {
        Sequence(self.durable.0.load(Ordering::Acquire))
    }

    /// How many records the next batch has so far.
    pub(crate) fn gathered(&self) -> usize {
        self.gathered.0.load(Ordering::Acquire)
    }

    fn submit(&self, payload: &[u8], waker: Option<Waker>) -> Result<Sequence, CommitError> {
        let Limits { payload_bytes_max, batch_bytes_max, record_overhead } = self.limits;
        if payload.len() > payload_bytes_max {
            return Err(CommitError::TooLarge { bytes: payload.len(), bytes_max: payload_bytes_max });
        }
        let mut gathering = self.gathering();
        if let Some(cause) = &gathering.stopped {
            return Err(CommitError::Stopped { cause: Arc::clone(cause) });
        }
        if gathering.closed {
            return Err(CommitError::Closed);
        }
        let bytes = gathering.bytes + payload.len() + record_overhead;
        if bytes > batch_bytes_max {
            return Err(CommitError::Full);
        }
        gathering.bytes = bytes;
        gathering.payloads.push(payload);
        let count = gathering.waiting.wakers.len();
        let sequence = gathering.waiting.first + count as u64;
        gathering.waiting.wakers.push(waker);
        self.gathered.0.store(count + 1, Ordering::Release);
        let wake = std::mem::take(&mut gathering.writer_sleeps);
        drop(gathering);
        if wake {
            self.arrived.notify_one();
        }
        Ok(Sequence(sequence))
    }

    /// Whether a record is durable; if not, who is to be woken when it is.
    fn poll(&self, sequence: Sequence, waker: &Waker) -> Poll<Result<Sequence, CommitError>> {
        if sequence <= self.durable() {
            return Poll::Ready(Ok(sequence));
        }
        let mut gathering = self.gathering();
        if let Some(cause) = &gathering.stopped {
            // The writer publishes the durable position before it stops.
            let durable = sequence <= self.durable();
            return Poll::Ready(if durable {
                Ok(sequence)
            } else {
                Err(CommitError::Stopped { cause: Arc::clone(cause) })
            });
        }
        if sequence.0 >= gathering.waiting.first {
            gathering.waiting.replace(sequence, waker);
            return Poll::Pending;
        }
        // Locked before the other is let go, so that a batch cannot pass between the two.
        let mut in_flight = self.in_flight();
        drop(gathering);
        // The writer publishes the position before it takes this lock to wake.
        if sequence <= self.durable() {
            return Poll::Ready(Ok(sequence));
        }
        in_flight.replace(sequence, waker);
        Poll::Pending
    }

    /// Waits for work. A batch that was gathered is put into `batch`, which must be empty.
    pub(crate) fn take(&self, batch: &mut Payloads) -> Work {
        let mut gathering = self.gathering();
        loop {
            if let Some(keep) = gathering.prune.take() {
                return Work::Prune(keep);
            }
            if !gathering.payloads.is_empty() {
                break;
            }
            if gathering.closed {
                return Work::Closed;
            }
            gathering.writer_sleeps = true;
            gathering = self.arrived.wait(gathering).unwrap_or_else(PoisonError::into_inner);
        }
        gathering.writer_sleeps = false;
        std::mem::swap(&mut gathering.payloads, batch);
        gathering.bytes = 0;
        let next = gathering.waiting.first + batch.len() as u64;
        let mut in_flight = self.in_flight();
        debug_assert!(in_flight.wakers.is_empty(), "the batch before was answered");
        std::mem::swap(&mut gathering.waiting, &mut *in_flight);
        gathering.waiting.first = next;
        self.gathered.0.store(0, Ordering::Release);
        Work::Batch
    }

    /// Publishes the durable position and wakes those who waited for it. `wakers` is a buffer.
    pub(crate) fn publish(&self, durable: Sequence, wakers: &mut Vec<Option<Waker>>) {
        self.durable.0.store(durable.0, Ordering::Release);
        std::mem::swap(&mut self.in_flight().wakers, wakers);
        let mut all = WakeAll(wakers.drain(..));
        for waker in all.0.by_ref().flatten() {
            waker.wake();
        }
    }

    /// Tells everybody, now and later, that the log is stopped.
    pub(crate) fn stop(&self, cause: &str) {
        let mut gathering = self.gathering();
        gathering.stopped.get_or_insert_with(|| Arc::from(cause));
        let mut wakers = std::mem::take(&mut gathering.waiting.wakers);
        // Their sequences stay given.
        gathering.waiting.first += wakers.len() as u64;
        wakers.append(&mut self.in_flight().wakers);
        drop(gathering);
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
    }

    fn submitted(&self) -> Sequence {
        let gathering = self.gathering();
        Sequence(gathering.waiting.first + gathering.waiting.wakers.len() as u64 - 1)
    }

    fn stopped(&self) -> Option<Arc<str>> {
        self.gathering().stopped.clone()
    }

    pub(crate) fn close(&self) {
        self.gathering().closed = true;
        self.arrived.notify_one();
    }

    pub(crate) fn prune(&self, keep: Sequence) {
        let mut gathering = self.gathering();
        gathering.prune = gathering.prune.max(Some(keep));
        drop(gathering);
        self.arrived.notify_one();
    }
}

/// Wakes the others when a waker panics, which is not theirs to suffer for.
struct WakeAll<'wakers>(std::vec::Drain<'wakers, Option<Waker>>);

impl Drop for WakeAll<'_> {
    fn drop(&mut self) {
        for waker in self.0.by_ref().flatten() {
            waker.wake();
        }
    }
}

impl Waiting {
    fn replace(&mut self, sequence: Sequence, waker: &Waker) {
        let index = sequence.0.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        if let Some(slot) = index.and_then(|index| self.wakers.get_mut(index))
            && !slot.as_ref().is_some_and(|old| old.will_wake(waker))
        {
            *slot = Some(waker.clone());
        }
    }
}

/// Hands payloads to a [`Committer`](super::Committer). Cloning gives another handle to the same queue.
#[derive(Debug, Clone)]
pub struct Submitter {
    pub(crate) queue: Arc<Queue>,
}

impl Submitter {
    /// Submits a payload and waits until it is durable: as a future, or by [`Commit::wait`]. Like every future, it does nothing
    /// before it is polled; the sequence is given at the first poll.
    #[must_use = "nothing is submitted before this is polled or waited for"]
    pub fn commit<'queue>(&'queue self, payload: &'queue [u8]) -> Commit<'queue> {
        Commit { queue: &self.queue, state: State::New(payload) }
    }

    /// Submits a payload, at once, without anybody to wait for it: a [`Follower`](super::Follower) hears when it is durable.
    ///
    /// # Errors
    /// As [`CommitError`] says. Nothing was submitted.
    pub fn submit(&self, payload: &[u8]) -> Result<Sequence, CommitError> {
        self.queue.submit(payload, None)
    }

    /// Everything up to here is durable.
    #[must_use]
    pub fn durable(&self) -> Sequence {
        self.queue.durable()
    }

    /// The last sequence that was given to a submission; where there was none, that of the log's last record.
    ///
    /// Where the log is [stopped](Self::stopped), nobody knows what happened to those above the durable position.
    #[must_use]
    pub fn submitted(&self) -> Sequence {
        self.queue.submitted()
    }

    /// How many submissions wait for the writer to take them.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.gathered()
    }

    /// What stopped the log; `None`: it is not stopped.
    #[must_use]
    pub fn stopped(&self) -> Option<Arc<str>> {
        self.queue.stopped()
    }
}

/// A submission. Its result is the sequence of the record, which is durable by then.
///
/// Dropping it takes nothing back: what was submitted is written.
#[derive(Debug)]
#[must_use = "nothing is submitted before this is polled or waited for"]
pub struct Commit<'queue> {
    queue: &'queue Queue,
    state: State<'queue>,
}

#[derive(Debug)]
enum State<'queue> {
    New(&'queue [u8]),
    Submitted(Sequence),
}

impl Commit<'_> {
    /// Waits on this thread.
    ///
    /// # Errors
    /// As [`CommitError`] says; after [`CommitError::Stopped`] the process is to end.
    pub fn wait(self) -> Result<Sequence, CommitError> {
        wait::block_on(self)
    }
}

impl Future for Commit<'_> {
    type Output = Result<Sequence, CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.state {
            State::New(payload) => match self.queue.submit(payload, Some(context.waker().clone())) {
                Ok(sequence) => {
                    self.state = State::Submitted(sequence);
                    Poll::Pending
                }
                Err(error) => Poll::Ready(Err(error)),
            },
            State::Submitted(sequence) => self.queue.poll(sequence, context.waker()),
        }
    }
}
