//! The answering side: a request becomes a connection that carries frames.

use std::io;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde::Deserialize;

use super::link::{self, Link, LinkWriter};
use super::ring::{Chunk, RingReader, TooOld};
use super::{EPOCH, POSITION};
use crate::http::{Hold, Socket};

/// The name under which connections are upgraded. It changes when the frames do.
pub(super) const PROTOCOL: &str = "exchange-frames/1";

/// How long whoever serves a stream may take to end it once the server stops.
pub const STOP_GRACE: Duration = Duration::from_millis(250);

/// How much one write carries, at most, in bytes.
const WRITE_BYTES: usize = 256 * 1024;

/// A request that asks for frames: an extractor of axum.
#[derive(Debug)]
pub struct Upgrade {
    pending: OnUpgrade,
    hold: Hold,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let asked = parts.headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
        match (asked, parts.extensions.remove::<OnUpgrade>()) {
            (Some(PROTOCOL), Some(pending)) => Ok(Self { pending, hold: Hold::of(&parts.extensions) }),
            _ => Err((StatusCode::UPGRADE_REQUIRED, [(header::UPGRADE, PROTOCOL)]).into_response()),
        }
    }
}

impl Upgrade {
    /// Answers the request, says where the stream stands, and runs `serve` with the connection, on a task of its own. The connection
    /// keeps its place among those of the server; when the server stops, `serve` is told by [`Link::stop`] and has [`STOP_GRACE`] to
    /// return before it is dropped, and the server's drain waits for it.
    pub fn accept<F>(
        self,
        position: u64,
        epoch: u32,
        serve: impl FnOnce(Link) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = io::Result<()>> + Send,
    {
        // Nobody joins this task: it ends with its connection or the server, and `hold` is what the server waits for.
        tokio::spawn(async move {
            let hold = self.hold;
            let upgraded = match self.pending.await {
                Ok(upgraded) => upgraded,
                Err(error) => return tracing::debug!(%error, "a connection ended before it was a stream"),
            };
            let Ok(parts) = upgraded.downcast::<TokioIo<Socket>>() else {
                return tracing::error!("a stream is not on a connection of this server");
            };
            let stop = hold.stop().clone();
            let link = Link::new(parts.io.into_inner().into_inner(), &parts.read_buf, stop.clone());
            let overdue = async {
                stop.stopped().await;
                tokio::time::sleep(STOP_GRACE).await;
            };
            let ended = tokio::select! {
                ended = serve(link) => ended,
                () = overdue => Ok(()),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a stream ended");
            }
        });
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static(PROTOCOL)),
        ];
        let numbers = [(POSITION, HeaderValue::from(position)), (EPOCH, HeaderValue::from(epoch))];
        (StatusCode::SWITCHING_PROTOCOLS, headers, numbers).into_response()
    }
}

/// What a reader of a stream asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Resume {
    /// The last item it has; `None`: it wants what comes from now on.
    pub after: Option<u64>,
    /// How long, in microseconds, items may be gathered so that fewer messages are sent.
    #[serde(default)]
    pub linger_us: u64,
}

/// The answer to a reader whose place is gone: 410, with the oldest item there is.
#[must_use]
pub fn refuse_too_old(error: TooOld) -> Response {
    (StatusCode::GONE, axum::Json(serde_json::json!({ "oldest": error.oldest }))).into_response()
}

/// Sends what comes out of a ring until the connection is gone, or the reader is too slow for the ring: then the connection is
/// closed, and the reader comes back with its place. When the server stops, what the ring holds is sent and the stream ends.
///
/// # Errors
/// Why it ended.
pub async fn serve_ring(mut ring: RingReader, link: Link, linger: Duration) -> io::Result<()> {
    let Link { mut reader, writer, stop, .. } = link;
    let linger = linger.min(link::LINGER_MAX);
    let send = async {
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut bytes = Vec::new();
        let mut stopped = std::pin::pin!(stop.stopped());
        loop {
            let next = tokio::select! {
                biased; // what is there goes out before the end does
                next = link::before_alive(ring.next(&mut chunks, WRITE_BYTES)) => next,
                () = &mut stopped => return Ok(()),
            };
            match next {
                None => writer.send_alive().await?,
                Some(Ok(false)) => return Ok(()),
                Some(Err(too_old)) => return Err(io::Error::other(too_old)),
                Some(Ok(true)) => {
                    if !linger.is_zero() {
                        tokio::time::sleep(linger).await;
                        ring.take(&mut chunks, WRITE_BYTES).map_err(io::Error::other)?;
                    }
                    send_chunks(&writer, &mut chunks, &mut bytes).await?;
                }
            }
        }
    };
    // Readers of a ring say nothing but that they are there.
    let listen = async {
        while reader.next().await?.is_some() {}
        Ok(())
    };
    tokio::select! {
        ended = send => ended,
        ended = listen => ended,
    }
}

async fn send_chunks(writer: &LinkWriter, chunks: &mut Vec<Chunk>, bytes: &mut Vec<u8>) -> io::Result<()> {
    if let [chunk] = &chunks[..] {
        writer.send(&chunk.frames).await?;
    } else {
        bytes.clear();
        chunks.iter().for_each(|chunk| bytes.extend_from_slice(&chunk.frames));
        writer.send(bytes).await?;
    }
    chunks.clear();
    Ok(())
}
