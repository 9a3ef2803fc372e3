//! The log while it runs: what all parts of the service share of it.
//!
//! Not responsible for the files or for group commit: both are in `exchange-service`. A newcomer needs to know one thing:
//! records come out here twice. At once, through a ring in memory, for those who keep silent about them; and as a durable
//! position, which is what may be told.

mod clock;
mod direct;
mod follow;
mod metrics;
mod open;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use exchange_service::commit::{CommitError, Submitter};
use exchange_service::log::SegmentSource;
use exchange_service::net::{Ring, RingReader, Unavailable};
use exchange_service::storage::FileStorage;
use exchange_types::Sequence;
use tokio::sync::watch as channel;

use crate::payload;

pub(crate) use clock::machine_time;
pub(crate) use direct::{DURABLE_AFTER, Direct, Sent};
pub(crate) use follow::put_record;
pub(crate) use metrics::LogMetrics;
pub(crate) use open::{Opened, chain, open};
pub(crate) use watch::{Watch, follow_state};

/// The part of the service's health that is the log.
pub(crate) const PART: &str = "log";

/// The part that is the clock which stamps records.
pub(crate) const CLOCK_PART: &str = "clock";

/// How the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// It takes submissions.
    Running,
    /// It failed and takes nothing any more; what is durable can be read.
    Stopped(Arc<str>),
    /// It was closed in good order; nothing will come.
    Closed,
}

/// The log as every part of the service has it. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct LogHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    submitter: Submitter,
    source: SegmentSource<FileStorage>,
    tail: Arc<Tail>,
    state: channel::Sender<State>,
    metrics: LogMetrics,
}

/// The end of the log: what the writer tells.
#[derive(Debug)]
pub(crate) struct Tail {
    /// Records, durable or not.
    ring: Ring,
    durable: channel::Sender<u64>,
    directs: direct::Directs,
    began: Instant,
    /// When something was appended last, in nanoseconds since `began`.
    appended_at: AtomicU64,
}

impl Tail {
    /// The end of a log whose last record, durable, is `last`.
    fn new(last: Sequence, ring_bytes: usize) -> Self {
        Self {
            ring: Ring::new(last.0, ring_bytes),
            durable: channel::Sender::new(last.0),
            directs: direct::Directs::default(),
            began: Instant::now(),
            appended_at: AtomicU64::new(0),
        }
    }

    fn appended_now(&self) {
        // Bound: nanoseconds of a process's life fit 64 bits for 584 years.
        self.appended_at.store(self.began.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }

    /// How long ago something was appended.
    fn idle(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_nanos(self.appended_at.load(Ordering::Relaxed)))
    }
}

/// Where somebody who follows the log stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The log goes on behind the follower's last record.
    Here,
    /// The follower has a record that this log does not have: it must forget its state.
    Ahead,
    /// The record behind the follower's last one was pruned, or that last one was, so that nobody can say whether it is the same.
    Pruned {
        /// The oldest record that can be read.
        oldest: Sequence,
    },
}

impl LogHandle {
    fn new(
        submitter: Submitter,
        source: SegmentSource<FileStorage>,
        tail: Arc<Tail>,
        metrics: LogMetrics,
    ) -> Self {
        let state = channel::Sender::new(State::Running);
        Self { shared: Arc::new(Shared { submitter, source, tail, state, metrics }) }
    }

    /// Logs a payload, if it is a request.
    pub(crate) fn submit(&self, payload: &[u8]) -> Result<Sequence, Unavailable> {
        let result = if !payload::is_request(payload) {
            // Whoever could log any bytes could log what looks like the end of a log.
            Err(Unavailable::Malformed)
        } else {
            self.shared.submitter.submit(payload).map_err(|error| match error {
                CommitError::Full => Unavailable::Busy,
                CommitError::TooLarge { .. } => Unavailable::TooLarge,
                _ => Unavailable::Stopped,
            })
        };
        result.inspect_err(|reason| self.shared.metrics.refused(*reason))
    }

    /// The last sequence that was given to a submission.
    pub(crate) fn submitted(&self) -> Sequence {
        self.shared.submitter.submitted()
    }

    /// The last record appended, durable or not.
    pub(crate) fn position(&self) -> Sequence {
        Sequence(self.shared.tail.ring.position())
    }

    /// Everything up to here is durable.
    pub(crate) fn durable(&self) -> Sequence {
        Sequence(*self.shared.tail.durable.borrow())
    }

    /// Hears of every durable position.
    pub(crate) fn watch_durable(&self) -> channel::Receiver<u64> {
        self.shared.tail.durable.subscribe()
    }

    /// Hears what becomes of the log.
    pub(crate) fn watch_state(&self) -> channel::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// The records behind `after`, as far as memory has them.
    pub(crate) fn ring(&self, after: Sequence) -> RingReader {
        self.shared.tail.ring.source().reader(after.0)
    }

    /// The oldest record that memory has.
    pub(crate) fn ring_oldest(&self) -> Sequence {
        Sequence(self.shared.tail.ring.source().oldest())
    }

    /// Lets the log's writer tell a follower by itself from now on, whenever it is its turn.
    pub(crate) fn join(&self, direct: &Direct) {
        self.shared.tail.directs.join(direct);
    }

    /// Ends that.
    pub(crate) fn leave(&self, direct: &Direct) {
        self.shared.tail.directs.leave(direct);
    }

    /// Gives the turn to the log's writer, if the follower has all there is.
    pub(crate) fn give(&self, direct: &Direct, sent: Sent) -> bool {
        direct.give(sent, &self.shared.tail)
    }

    /// The files: durable records of any age.
    pub(crate) fn source(&self) -> &SegmentSource<FileStorage> {
        &self.shared.source
    }

    /// The reign of this writer.
    pub(crate) fn epoch(&self) -> u32 {
        // The next record's is this writer's.
        self.shared.source.epoch_of(Sequence(u64::MAX)).map_or(0, |epoch| epoch.0)
    }

    /// Where somebody stands whose last record is `after`, written under `epoch`. `None`: it comes from a snapshot, which holds durable
    /// records only and does not say whose the last was; there is but one it can be.
    pub(crate) fn place(&self, after: Sequence, epoch: Option<u32>) -> Place {
        if after > self.position() {
            return Place::Ahead;
        }
        let oldest = self.shared.source.first();
        match self.shared.source.epoch_of(after) {
            // Right before the oldest record stands what a snapshot covers, or nothing at all.
            None if after.next() == oldest && (epoch.is_none() || after == Sequence(0)) => Place::Here,
            None => Place::Pruned { oldest },
            Some(found) if epoch.is_none_or(|epoch| epoch == found.0) => Place::Here,
            Some(_) => Place::Ahead,
        }
    }

    /// Waits until a record is durable.
    ///
    /// # Errors
    /// What became of the log before it was.
    pub(crate) async fn wait_durable(&self, sequence: Sequence) -> Result<(), State> {
        let mut durable = self.watch_durable();
        let mut state = self.watch_state();
        let ended = state.wait_for(|state| *state != State::Running);
        tokio::select! {
            biased; // what is durable is durable, whatever becomes of the log
            _ = durable.wait_for(|durable| *durable >= sequence.0) => Ok(()),
            // The sender lives in this very handle.
            ended = ended => Err(ended.map_or(State::Closed, |state| state.clone())),
        }
    }
}
