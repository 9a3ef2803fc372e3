//! What the service counts and measures.

use exchange_service::metrics::{FAST, Metrics, SLOW};
use exchange_types::InstrumentId;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::books::Done;

/// Instruments that have a series of their own; those beyond are counted in the sum only.
const BOOKS_SHOWN_MAX: u32 = 64;

/// Everything.
#[derive(Debug, Clone)]
pub(crate) struct MatchingMetrics {
    pub(crate) matching_seconds: Histogram,
    pub(crate) durable_seconds: Histogram,
    commands: Counter,
    events: Counter,
    orders: Counter,
    trades: Counter,
    pub(crate) recoveries: Counter,
    pub(crate) position: Gauge,
    pub(crate) published: Gauge,
    pub(crate) durable: Gauge,
    pub(crate) held: Gauge,
    pub(crate) held_bytes: Gauge,
    live_orders: Gauge,
    books: Family<Vec<(&'static str, String)>, Gauge>,
}

impl MatchingMetrics {
    /// Registers everything.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            matching_seconds: metrics.histogram(
                "matching_seconds",
                "time from the arrival of a step to its outcome being ready, each command counted",
                FAST,
            ),
            durable_seconds: metrics.histogram(
                "matching_published_seconds",
                "time from the arrival of a step to its outcome being published, the wait for the disk included",
                SLOW,
            ),
            commands: metrics.counter("matching_commands", "commands carried out"),
            events: metrics.counter("matching_events", "events that they led to"),
            orders: metrics.counter("matching_orders", "orders that came to rest"),
            trades: metrics.counter("matching_trades", "fills"),
            recoveries: metrics.counter("matching_recoveries", "times the books were built from a snapshot"),
            position: metrics.gauge("matching_position", "sequence of the last command carried out"),
            published: metrics.gauge("matching_published_position", "sequence of the last outcome published"),
            durable: metrics.gauge("matching_durable_position", "sequence up to which the log is durable"),
            held: metrics.gauge("matching_held", "outcomes that wait until their commands are durable"),
            held_bytes: metrics.gauge("matching_held_bytes", "the bytes of these outcomes"),
            live_orders: metrics.gauge("matching_live_orders", "orders that rest in all books"),
            books: metrics.register(
                "matching_book_orders",
                "orders that rest in the book of an instrument",
                Family::default(),
            ),
        }
    }

    /// Counts what was done.
    pub(crate) fn count(&self, done: Done) {
        self.commands.inc_by(done.commands);
        self.events.inc_by(done.events);
        self.orders.inc_by(done.orders);
        self.trades.inc_by(done.trades);
    }

    /// Shows how full the books are.
    pub(crate) fn books(&self, live: impl Iterator<Item = (InstrumentId, usize)>) {
        let mut sum = 0;
        for (instrument, orders) in live {
            sum += orders;
            if instrument.0 < BOOKS_SHOWN_MAX {
                let labels = vec![("instrument", instrument.to_string())];
                self.books.get_or_create(&labels).set(gauge(orders as u64));
            }
        }
        self.live_orders.set(gauge(sum as u64));
    }
}

/// A number as a gauge has it.
pub(crate) fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
