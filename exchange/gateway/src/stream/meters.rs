//! What the stream counts.

use exchange_service::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// Counters of the stream. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub(super) struct StreamMeters {
    pub(super) clients: Gauge,
    pub(super) subscriptions: Gauge,
    pub(super) sent: Counter,
    pub(super) received: Counter,
    pub(super) dropped: Counter,
    pub(super) conflations: Counter,
    pub(super) too_slow: Counter,
    pub(super) fetches: Counter,
    pub(super) feeds: Counter,
    pub(super) faults: Family<[(&'static str, &'static str); 1], Counter>,
    pub(super) cancels: Counter,
    pub(super) cancels_failed: Counter,
}

impl StreamMeters {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let counter = |name, help| metrics.counter(name, help);
        Self {
            clients: metrics.gauge("stream_clients", "Clients connected to the stream"),
            subscriptions: metrics.gauge("stream_subscriptions", "Subscriptions of market data"),
            sent: counter("stream_messages_sent", "Messages sent to clients"),
            received: counter("stream_messages_received", "Messages of clients"),
            dropped: counter("stream_messages_dropped", "Messages for which a client's queue had no room"),
            conflations: counter(
                "stream_conflations",
                "Times that a slow client went on with new first messages instead of what it missed",
            ),
            too_slow: counter("stream_too_slow", "Clients that were closed because they did not keep up"),
            fetches: counter("stream_first_messages", "First messages asked of market data"),
            feeds: counter("stream_feeds", "Connections to the feed of market data"),
            faults: metrics.register(
                "stream_faults",
                "Messages of clients answered with an error, by its code",
                Family::default(),
            ),
            cancels: counter(
                "stream_cancels_on_disconnect",
                "Accounts whose orders were cancelled because a connection ended",
            ),
            cancels_failed: counter(
                "stream_cancels_on_disconnect_failed",
                "Accounts whose orders could not be cancelled although a connection ended",
            ),
        }
    }
}
