//! The way to persistence: one connection, as long as it holds, then the next.
//!
//! Not responsible for outcomes. A newcomer needs to know one thing: persistence ends the older stream of a session before it
//! accepts a newer one, so once the newer one is there, a request of the older one is in the log or never will be, and
//! persistence can say which.

use std::io;
use std::sync::Arc;

use exchange_service::health::Health;
use exchange_service::net::{
    Address, Backoff, Client, Frame, FrameReader, Link, LinkWriter, REFUSED, SUBMIT, Unavailable, frame,
};
use exchange_types::RequestId;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncRead;

use super::COMMANDS_PART;
use super::shared::Shared;

/// How many requests are asked for at a time.
const RESOLVE_REQUESTS_MAX: usize = 1_000;

/// How large the writer's buffers stay, in bytes, after a burst.
const BUFFER_BYTES: usize = 256 * 1024;

#[derive(Serialize)]
struct Question<'a> {
    requests: &'a [u64],
    after: u64,
}

#[derive(Deserialize)]
struct Found {
    /// Request and sequence.
    found: Vec<(u64, u64)>,
}

/// Keeps a submit stream open for ever.
pub(super) async fn keep_submitting(
    shared: Arc<Shared>,
    client: Client,
    persistence: Address,
    health: Health,
) {
    let mut backoff = Backoff::default();
    let path = format!("{SUBMIT}?session={}", shared.session);
    loop {
        match client.stream(&persistence, &path).await {
            Err(error) => health.unhealthy(COMMANDS_PART, error.to_string()),
            Ok(link) => {
                let connection = shared.connected();
                health.healthy(COMMANDS_PART);
                backoff.reset();
                let ended = use_connection(&shared, &client, &persistence, connection, link).await;
                shared.disconnected();
                health.unhealthy(COMMANDS_PART, format!("{persistence}: {ended}"));
            }
        }
        backoff.wait().await;
    }
}

/// Works with one connection until it breaks.
async fn use_connection(
    shared: &Shared,
    client: &Client,
    persistence: &Address,
    connection: u64,
    link: Link,
) -> io::Error {
    let Link { reader, writer, .. } = link;
    // Side by side and not in turn: a writer that waits for room must not keep refusals from being read.
    tokio::select! {
        ended = write(shared, writer) => ended,
        ended = read(shared, reader) => ended,
        () = resolve(shared, client, persistence, connection) => io::Error::other("the resolver has ended"),
    }
}

async fn write(shared: &Shared, writer: LinkWriter) -> io::Error {
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    loop {
        let woken = tokio::time::timeout(frame::ALIVE_EVERY, shared.written.notified()).await;
        shared.take_outbox(&mut buffer);
        let sent = match woken {
            Err(_) if buffer.is_empty() => writer.send_alive().await,
            _ => writer.send(&buffer).await,
        };
        if let Err(error) = sent {
            return error;
        }
        buffer.clear();
        buffer.shrink_to(BUFFER_BYTES);
    }
}

async fn read<R: AsyncRead + Unpin>(shared: &Shared, mut reader: FrameReader<R>) -> io::Error {
    loop {
        match reader.next().await {
            Err(error) => return error,
            Ok(None) => return io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"),
            Ok(Some(frame)) => match refusal(frame) {
                Some((request, reason)) => shared.answer(request, Err(reason.into())),
                None => {
                    return io::Error::new(io::ErrorKind::InvalidData, "found a frame that is no refusal");
                }
            },
        }
    }
}

fn refusal(frame: Frame<'_>) -> Option<(RequestId, Unavailable)> {
    let (request, rest) = frame.payload.split_first_chunk::<8>()?;
    let reason = Unavailable::from_code(*rest.first()?)?;
    (frame.kind == REFUSED).then_some((RequestId(u64::from_le_bytes(*request)), reason))
}

/// Asks what became of the requests of older connections, until all are answered for. Does not return.
async fn resolve(shared: &Shared, client: &Client, persistence: &Address, connection: u64) {
    let mut backoff = Backoff::default();
    loop {
        let unresolved = shared.unresolved(connection);
        if unresolved.requests.is_empty() {
            return std::future::pending().await;
        }
        tracing::info!(requests = unresolved.requests.len(), "asking what became of requests");
        for requests in unresolved.requests.chunks(RESOLVE_REQUESTS_MAX) {
            let question = Question { requests, after: unresolved.after };
            match client.post::<_, Found>(persistence, "/internal/resolve", &question).await {
                Ok(answer) => shared.resolved(requests, &answer.found),
                Err(error) => {
                    tracing::warn!(%error, "requests could not be resolved");
                    backoff.wait().await;
                    break;
                }
            }
        }
    }
}
