//! What is counted about the log.

use exchange_service::metrics::{Metrics, SLOW};
use exchange_service::net::Unavailable;
use exchange_types::Sequence;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// Buckets for the number of records of a batch.
const BATCH: [f64; 12] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0, 16384.0];

/// The metrics of the log. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct LogMetrics {
    appended: Counter,
    durable: Gauge,
    batch: Histogram,
    sync: Histogram,
    queue: Gauge,
    refused: Family<[(&'static str, &'static str); 1], Counter>,
}

impl LogMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            appended: metrics.counter("log_appended", "records appended to the log"),
            durable: metrics.gauge("log_durable_position", "sequence of the last durable record"),
            batch: metrics.histogram("log_batch_records", "records that were synced together", BATCH),
            sync: metrics.histogram(
                "log_sync_seconds",
                "from the end of an append until its records were durable",
                SLOW,
            ),
            queue: metrics.gauge("log_queue_records", "submissions that wait for the writer"),
            refused: metrics.register(
                "log_refused",
                "submissions that were refused, by reason",
                Family::default(),
            ),
        }
    }

    pub(super) fn appended(&self, records: usize) {
        self.appended.inc_by(records as u64);
        self.batch.observe(records as f64);
    }

    pub(super) fn synced(&self, seconds: f64, durable: Sequence) {
        self.sync.observe(seconds);
        self.durable.set(durable.0.cast_signed());
    }

    pub(super) fn waiting(&self, records: usize) {
        self.queue.set(i64::try_from(records).unwrap_or(i64::MAX));
    }

    pub(super) fn refused(&self, reason: Unavailable) {
        let reason = match reason {
            Unavailable::Busy => "busy",
            Unavailable::TooLarge => "too_large",
            Unavailable::Stopped => "stopped",
            Unavailable::Malformed => "malformed",
        };
        self.refused.get_or_create(&[("reason", reason)]).inc();
    }
}
