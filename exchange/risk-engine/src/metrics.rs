//! What the service counts and measures.

use exchange_service::metrics::{FAST, Metrics};
use exchange_types::RejectReason;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// Counters of rejects, one for each reason. There are as many series as reasons.
#[derive(Debug, Clone)]
pub(crate) struct RejectCounters {
    /// In the order of [`RejectReason::ALL`], which is that of their codes.
    counters: Vec<Counter>,
}

impl RejectCounters {
    fn new(metrics: &Metrics) -> Self {
        let family = Family::<Vec<(&'static str, &'static str)>, Counter>::default();
        let family = metrics.register("risk_rejects", "commands that were rejected, by reason", family);
        let counter = |reason: &RejectReason| family.get_or_create_owned(&vec![("reason", reason.name())]);
        Self { counters: RejectReason::ALL.iter().map(counter).collect() }
    }

    /// One more.
    pub(crate) fn count(&self, reason: RejectReason) {
        let found = RejectReason::ALL.binary_search_by_key(&reason.code(), |other| other.code());
        if let Some(counter) = found.ok().and_then(|at| self.counters.get(at)) {
            counter.inc();
        }
    }
}

/// Everything.
#[derive(Debug, Clone)]
pub(crate) struct RiskMetrics {
    pub(crate) fold_seconds: Histogram,
    pub(crate) commands: Counter,
    pub(crate) events: Counter,
    pub(crate) rejects: RejectCounters,
    pub(crate) position: Gauge,
    pub(crate) durable: Gauge,
    pub(crate) confirmed: Gauge,
    pub(crate) lead: Gauge,
    pub(crate) accounts: Gauge,
    pub(crate) live_orders: Gauge,
    pub(crate) recoveries: Counter,
}

impl RiskMetrics {
    /// Registers everything.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            fold_seconds: metrics.histogram(
                "risk_fold_seconds",
                "time from the arrival of a batch of records to its steps being ready",
                FAST,
            ),
            commands: metrics.counter("risk_commands", "records folded in"),
            events: metrics.counter("risk_events", "events that they led to"),
            rejects: RejectCounters::new(metrics),
            position: metrics.gauge("risk_position", "sequence of the last record folded in"),
            durable: metrics.gauge("risk_durable_position", "sequence up to which the log is durable"),
            confirmed: metrics
                .gauge("risk_confirmed_position", "sequence up to which matching has published"),
            lead: metrics.gauge("risk_lead", "records by which the fold is ahead of matching"),
            accounts: metrics.gauge("risk_accounts", "accounts of the venue"),
            live_orders: metrics.gauge("risk_live_orders", "orders that rest"),
            recoveries: metrics.counter("risk_recoveries", "times the state was built from a snapshot"),
        }
    }
}
