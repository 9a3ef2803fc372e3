//! The thread that writes.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use exchange_types::{Sequence, TimestampNs};

use super::linger::{LINGER_MAX, Linger};
use super::queue::{Queue, Submitter, Work};
use crate::log::{Appended, Log, LogError, Payloads, chain};

/// A batch on its way to the disk.
#[derive(Debug, Clone, Copy)]
pub struct Streamed<'batch> {
    /// Epoch and sequences.
    pub appended: Appended,
    /// The time that all its records carry.
    pub time: TimestampNs,
    /// The payloads, in order.
    pub payloads: &'batch Payloads,
}

/// Whoever wants to see records before they are durable: risk and matching work while the disk does.
///
/// It is called on the writer's thread, so it must not wait: a bounded channel to each receiver, and a receiver that does not
/// keep up is dropped and comes back through a reader of the log.
pub trait Follower: Send {
    /// A batch was appended and is not durable. Nobody outside may be told of it.
    fn appended(&mut self, batch: &Streamed<'_>);

    /// Everything up to here is durable, and may be told. Those who wait for it themselves have been woken just before.
    fn durable(&mut self, position: Sequence);
}

/// Nobody follows.
impl Follower for () {
    fn appended(&mut self, _: &Streamed<'_>) {}

    fn durable(&mut self, _: Sequence) {}
}

/// A log with a thread that writes it.
#[derive(Debug)]
pub struct Committer<L> {
    queue: Arc<Queue>,
    writer: Option<JoinHandle<Result<L, LogError>>>,
}

impl<L: Log + Send + 'static> Committer<L> {
    /// Starts the writer. `clock` stamps each batch.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(
        log: L,
        clock: impl FnMut() -> TimestampNs + Send + 'static,
        follower: impl Follower + 'static,
    ) -> Result<Self, io::Error> {
        Self::start_with(log, clock, follower, LINGER_MAX)
    }

    /// The same with another longest wait for waiters to come back, at most [`LINGER_MAX`]. With zero the writer never spins, which
    /// is right where those who are told are not those who submit: then nobody comes back.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start_with(
        log: L,
        clock: impl FnMut() -> TimestampNs + Send + 'static,
        follower: impl Follower + 'static,
        linger_max: Duration,
    ) -> Result<Self, io::Error> {
        let queue = Arc::new(Queue::new(log.limits(), log.next_sequence(), log.durable()));
        let shared = Arc::clone(&queue);
        let writer = thread::Builder::new().name("log-writer".into()).spawn(move || {
            // Whoever waits must hear of it even if this thread panics.
            let mut stop = StopOnDrop { queue: &shared, cause: Some("the writer panicked".into()) };
            let result = write(log, &shared, clock, follower, Linger::new(linger_max));
            stop.cause = result.as_ref().err().map(|error| chain(error));
            result
        })?;
        Ok(Self { queue, writer: Some(writer) })
    }

    /// A handle for submitting.
    #[must_use]
    pub fn submitter(&self) -> Submitter {
        Submitter { queue: Arc::clone(&self.queue) }
    }

    /// Forgets records, between two batches; see [`Log::prune`].
    pub fn prune(&self, keep: Sequence) {
        self.queue.prune(keep);
    }

    /// True once the writer has ended. Where nobody closed it, the log is stopped and the process is to end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.writer.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Takes no more submissions, writes those that wait, and gives the log back.
    ///
    /// # Errors
    /// What stopped the log, now or earlier.
    ///
    /// # Panics
    /// When the writer panicked.
    pub fn close(mut self) -> Result<L, LogError> {
        self.queue.close();
        let writer = self.writer.take();
        match writer.map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(LogError::Stopped { cause: "it was closed".into() }),
        }
    }
}

/// As [`Committer::close`], with nobody to hear of an error; the waiters do.
impl<L> Drop for Committer<L> {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

struct StopOnDrop<'queue> {
    queue: &'queue Queue,
    /// `None`: it was closed in good order.
    cause: Option<String>,
}

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(cause) = &self.cause {
            self.queue.stop(cause);
        }
    }
}

fn write<L: Log>(
    mut log: L,
    queue: &Queue,
    mut clock: impl FnMut() -> TimestampNs,
    mut follower: impl Follower,
    mut linger: Linger,
) -> Result<L, LogError> {
    let mut payloads = Payloads::new();
    let mut wakers = Vec::new();
    let (mut there, mut released) = (0, 0);
    let mut sync_time = Duration::ZERO;
    loop {
        let released_at = Instant::now();
        let told = std::mem::take(&mut released);
        linger.wait(there, told, sync_time, || queue.gathered(), || released_at.elapsed());
        match queue.take(&mut payloads) {
            Work::Batch => {}
            Work::Prune(keep) => {
                log.prune(keep)?;
                continue;
            }
            Work::Closed => return Ok(log),
        }
        let time = clock();
        let appended = log.append(time, &payloads)?;
        follower.appended(&Streamed { appended, time, payloads: &payloads });
        let began = Instant::now();
        let durable = log.sync()?;
        sync_time = began.elapsed();
        assert!(durable == appended.last, "a sync makes the whole batch durable");
        released = payloads.len();
        there = queue.gathered();
        payloads.clear();
        queue.publish(durable, &mut wakers);
        follower.durable(durable);
    }
}
