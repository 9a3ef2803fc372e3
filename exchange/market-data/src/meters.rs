//! What the service counts and measures.

use std::sync::atomic::AtomicU64;

use exchange_service::metrics::Metrics;
use exchange_service::net::Chunk;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::venue::Taken;

/// The service's metrics. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct Meters {
    outcomes: Counter,
    events: Counter,
    outcome_bytes: Counter,
    messages: Counter,
    message_bytes: Counter,
    pub(crate) restarts: Counter,
    pub(crate) requests: Counter,
    pub(crate) subscribers: Gauge,
    /// The last outcome.
    pub(crate) position: Gauge,
    /// Batches that wait to be folded in.
    pub(crate) waiting: Gauge,
    /// Outcomes that are missing of those that there were when the connection was made.
    pub(crate) to_come: Gauge,
    /// Seconds.
    pub(crate) behind: Gauge<f64, AtomicU64>,
}

impl Meters {
    /// Registers all of them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            outcomes: metrics.counter("outcomes", "Outcomes folded in."),
            events: metrics.counter("events", "Events folded in."),
            outcome_bytes: metrics.counter("outcome_bytes", "Bytes of the outcomes folded in."),
            messages: metrics.counter("feed_messages", "Messages of the stream, each counted once."),
            message_bytes: metrics.counter("feed_bytes", "Bytes of the stream, each counted once."),
            restarts: metrics
                .counter("feed_restarts", "How often the feed was started from a snapshot again."),
            requests: metrics.counter("queries", "Queries that were answered or refused."),
            subscribers: metrics.gauge("feed_subscribers", "Connections that follow the stream."),
            position: metrics.gauge("position", "Sequence number of the last command folded in."),
            waiting: metrics.gauge("waiting_batches", "Batches of outcomes that are not folded in yet."),
            to_come: metrics.gauge(
                "behind_commands",
                "Commands that are not folded in, of those that had happened when the connection was made.",
            ),
            behind: metrics.register(
                "behind_seconds",
                "Time since the last outcome by the clock of the log.",
                Gauge::default(),
            ),
        }
    }

    /// A batch was folded in.
    pub(crate) fn took(&self, taken: Taken, bytes: usize) {
        self.outcomes.inc_by(taken.outcomes);
        self.events.inc_by(taken.events);
        self.outcome_bytes.inc_by(bytes as u64);
    }

    /// Messages have gone into the ring.
    pub(crate) fn told(&self, chunk: &Chunk) {
        self.messages.inc_by(chunk.last + 1 - chunk.first);
        self.message_bytes.inc_by(chunk.frames.len() as u64);
    }
}
