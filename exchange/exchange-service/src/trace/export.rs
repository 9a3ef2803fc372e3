//! Spans to the collector: OTLP over HTTP as JSON, on a thread of its own.
//!
//! Not responsible for what is recorded. A newcomer needs to know one thing: nobody waits for the collector. Spans are gathered for up
//! to a second; when the collector is slow or gone, they are dropped, and the log says how many.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Span, TRACER, TraceSettings, Tracer};
use crate::net::{Address, Client};

/// Spans that wait for the exporter. **When there are as many, further ones are dropped.** A few seconds' worth at a thousand a second.
const WAITING_MAX: usize = 4_096;

/// Spans in one message.
const BATCH_MAX: usize = 512;

/// How long spans are gathered.
const GATHER: Duration = Duration::from_secs(1);

/// How long the collector may take at the end of the process.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) enum Said {
    Span { span: Box<Span>, end_ns: u64, failed: bool },
    End,
}

/// The thread that exports; when this is dropped, what is left is sent.
#[derive(Debug)]
pub(crate) struct Exporter {
    spans: SyncSender<Said>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // Waits for a place where there is none: the thread takes one within the time of a message.
        drop(self.spans.send(Said::End));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Starts the tracer of this process if there is a collector. Only the first call has an effect.
pub(crate) fn start(settings: &TraceSettings) -> Option<Exporter> {
    let collector = settings.collector.clone()?;
    let (spans, received) = sync_channel(WAITING_MAX);
    let tracer = Tracer { spans: spans.clone(), sampling: settings.sampling, dropped: AtomicU64::new(0) };
    TRACER.set(tracer).ok()?;
    let run = move || export(&collector, &received);
    match std::thread::Builder::new().name("traces".into()).spawn(run) {
        Ok(thread) => Some(Exporter { spans, thread: Some(thread) }),
        Err(error) => {
            tracing::error!(%error, "there are no traces: no thread");
            None
        }
    }
}

fn export(collector: &Address, received: &Receiver<Said>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "there are no traces: no runtime"),
    };
    let client = Client::new();
    let mut trouble = false;
    let mut ended = false;
    while !ended {
        let mut batch = Vec::new();
        ended = gather(received, &mut batch);
        let dropped = TRACER.get().map_or(0, |tracer| tracer.dropped.swap(0, Ordering::Relaxed));
        if dropped > 0 {
            tracing::warn!(dropped, "spans had no room");
        }
        if batch.is_empty() {
            continue;
        }
        let message = message(&batch);
        let post = client.post::<_, Value>(collector, "/v1/traces", &message);
        let patience = if ended { FAREWELL } else { Duration::MAX };
        let sent = runtime.block_on(async { tokio::time::timeout(patience, post).await });
        let problem = match sent {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("no answer in time".into()),
        };
        // The first of a row of failures is enough.
        match (&problem, trouble) {
            (Some(reason), false) => tracing::warn!(reason, spans = batch.len(), "traces are lost"),
            (None, true) => tracing::info!("traces are taken again"),
            _ => {}
        }
        trouble = problem.is_some();
    }
}

/// Takes what comes within [`GATHER`], up to [`BATCH_MAX`]; true: it was the end.
fn gather(received: &Receiver<Said>, batch: &mut Vec<Value>) -> bool {
    let until = Instant::now() + GATHER;
    while batch.len() < BATCH_MAX {
        match received.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Said::Span { span, end_ns, failed }) => batch.push(describe(&span, end_ns, failed)),
            Ok(Said::End) | Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    false
}

fn message(spans: &[Value]) -> Value {
    // A resource is a service; they are few, and a process has often but one.
    let mut services: Vec<&Value> = spans.iter().map(|span| &span["service"]).collect();
    services.sort_unstable_by_key(|service| service.as_str().map(str::to_owned));
    services.dedup();
    let resources: Vec<Value> = services
        .into_iter()
        .map(|service| {
            let own: Vec<&Value> =
                spans.iter().filter(|span| span["service"] == *service).map(|span| &span["span"]).collect();
            json!({
                "resource": { "attributes": [
                    attribute("service.namespace", "exchange"),
                    attribute("service.name", service.as_str().unwrap_or_default()),
                    attribute("service.version", env!("CARGO_PKG_VERSION")),
                ]},
                "scopeSpans": [{ "scope": { "name": "exchange-service" }, "spans": own }],
            })
        })
        .collect();
    json!({ "resourceSpans": resources })
}

fn describe(span: &Span, end_ns: u64, failed: bool) -> Value {
    let attributes: Vec<Value> = span.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    let mut described = json!({
        "traceId": format!("{:032x}", span.context.trace),
        "spanId": format!("{:016x}", span.context.span),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": span.start_ns.to_string(),
        "endTimeUnixNano": end_ns.to_string(),
        "attributes": attributes,
        "status": { "code": if failed { 2 } else { 0 } },
    });
    if let Some(parent) = span.parent {
        described["parentSpanId"] = format!("{parent:016x}").into();
    }
    json!({ "service": span.service, "span": described })
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
