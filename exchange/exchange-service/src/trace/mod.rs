//! Traces: which request led to which query, as spans that go to a collector (OTLP).
//!
//! Not responsible for the way of an order between the services, which is measured by histograms: a span for each command would cost
//! more than the command. A newcomer needs to know one thing: without a collector there is no tracer, and then a request costs one
//! look at a pointer. With one, requests are recorded as they are sampled, and **what the exporter cannot take is dropped and
//! counted**.

mod context;
mod export;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::UNIX_EPOCH;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

pub(crate) use context::{Context, TRACEPARENT};
pub(crate) use export::{Exporter, start};

use crate::config::Parse;
use crate::net::Address;

static TRACER: OnceLock<Tracer> = OnceLock::new();

/// What takes spans.
#[derive(Debug)]
struct Tracer {
    spans: SyncSender<export::Said>,
    sampling: Sampling,
    /// Spans for which there was no room.
    dropped: AtomicU64,
}

/// Where traces go, and how many.
#[derive(Debug, Clone)]
pub(crate) struct TraceSettings {
    /// The collector; `None`: there are no traces.
    pub(crate) collector: Option<Address>,
    pub(crate) sampling: Sampling,
}

/// Which share of the requests is recorded that come without a decision of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// Those whose trace's lower 63 bits are below this.
    below: u64,
}

impl Parse for Sampling {
    fn parse(text: &str) -> Result<Self, String> {
        let share: f64 = text.parse().map_err(|_| "a number from 0 to 1")?;
        if !(0.0..=1.0).contains(&share) {
            return Err("a number from 0 to 1".into());
        }
        // Exact at both ends; between them the last digits do not matter.
        Ok(Self { below: (share * (1_u64 << 63) as f64) as u64 })
    }
}

impl Sampling {
    fn takes(self, trace: u128) -> bool {
        (trace as u64 & (u64::MAX >> 1)) < self.below
    }
}

/// One thing that took time.
#[derive(Debug)]
struct Span {
    context: Context,
    parent: Option<u64>,
    kind: Kind,
    service: &'static str,
    name: String,
    start_ns: u64,
    attributes: Vec<(&'static str, String)>,
}

/// On which side of a request a span lies; the number is OTLP's.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Server = 2,
    Client = 3,
}

thread_local! {
    /// Each service has a thread of its own.
    static SERVICE: std::cell::Cell<&'static str> = const { std::cell::Cell::new("exchange") };
}

/// Spans of this thread are this service's.
pub(crate) fn name_thread(service: &'static str) {
    SERVICE.set(service);
}

/// Whether there is anybody to tell.
pub(crate) fn is_on() -> bool {
    TRACER.get().is_some()
}

/// Records a request as it is answered: a layer of axum.
pub(crate) async fn record(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str);
    // Probes come every second and streams stay for ever: neither is a request that somebody waits for.
    if matches!(path, "/health" | "/ready" | "/metrics") || path.starts_with("/internal/stream/") {
        return next.run(request).await;
    }
    let Some(tracer) = TRACER.get() else { return next.run(request).await };
    let parent = context::parse(request.headers());
    let trace = parent.map_or_else(context::random_trace, |parent| parent.trace);
    let sampled = parent.map_or_else(|| tracer.sampling.takes(trace), |parent| parent.sampled);
    let context = Context::new(trace, sampled);
    if !sampled {
        return context.scope(next.run(request)).await;
    }
    let method = request.method();
    let attributes =
        vec![("http.request.method", method.as_str().to_owned()), ("http.route", path.to_owned())];
    let name = format!("{method} {path}");
    let mut span = Span::begin(context, parent.map(|parent| parent.span), Kind::Server, name, attributes);
    let response = context.scope(next.run(request)).await;
    let status = response.status();
    span.attributes.push(("http.response.status_code", status.as_str().to_owned()));
    span.end(status.is_server_error());
    response
}

/// A query to another service that a traced request leads to.
#[derive(Debug)]
pub(crate) struct Query {
    /// What the other side is told, as [`TRACEPARENT`].
    pub(crate) traceparent: String,
    span: Option<Span>,
}

/// A query begins. `None`: no traced request leads to it.
pub(crate) fn query(method: &str, address: &Address) -> Option<Query> {
    let current = Context::current()?;
    let context = Context::new(current.trace, current.sampled);
    let span = current.sampled.then(|| {
        let attributes =
            vec![("http.request.method", method.to_owned()), ("server.address", address.to_string())];
        Span::begin(context, Some(current.span), Kind::Client, method.to_owned(), attributes)
    });
    Some(Query { traceparent: context.traceparent(), span })
}

impl Query {
    /// It is over.
    pub(crate) fn end(self, failed: bool) {
        if let Some(span) = self.span {
            span.end(failed);
        }
    }
}

impl Span {
    fn begin(
        context: Context,
        parent: Option<u64>,
        kind: Kind,
        name: String,
        attributes: Vec<(&'static str, String)>,
    ) -> Self {
        Self { context, parent, kind, service: SERVICE.get(), name, start_ns: now_ns(), attributes }
    }

    fn end(self, failed: bool) {
        let Some(tracer) = TRACER.get() else { return };
        let said = export::Said::Span { span: Box::new(self), end_ns: now_ns(), failed };
        if tracer.spans.try_send(said).is_err() {
            tracer.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[expect(clippy::disallowed_types, reason = "spans carry the time of the machine; nothing is decided by it")]
fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
