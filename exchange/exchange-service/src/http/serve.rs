//! Connections: how many, how slow, and how they end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tower_service::Service;

use super::{Hold, Socket, late};
use crate::stop::Stop;
use crate::trace;

/// Who is at the other end: an extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// What a server puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, upgraded ones among them. **When there are as many, further ones wait** in the system's queue.
    pub connections_max: usize,
    /// How long a request may take to arrive, its body excepted; an idle connection ends after it as well.
    pub header_timeout: Duration,
    /// How long a client may take nothing of what is written to it, before its connection is cut.
    pub write_timeout: Duration,
    /// The longest head of a request, in bytes.
    pub header_bytes_max: usize,
    /// How long what is under way may take once the server is told to stop.
    pub drain: Duration,
}

/// How long nothing is accepted after accepting has failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The least that [`Limits::header_bytes_max`] may be: hyper takes no smaller buffer, in bytes.
pub const HEADER_BYTES_LEAST: usize = 8 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            header_bytes_max: 16 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// Answers what comes to `listener` until `stop`. Then it accepts nothing more, idle connections are closed, requests under way and
/// upgraded connections (see [`Hold`]) have [`Limits::drain`] to end.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: Stop) {
    // Decided once, so that without a collector a request passes nothing more.
    let router = if trace::is_on() { router.layer(axum::middleware::from_fn(trace::record)) } else { router };
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let (open, mut all_closed) = mpsc::channel(1);
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            biased; // whoever is told to stop accepts nothing more
            () = stop.stopped() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            biased;
            () = stop.stopped() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let hold = Hold::new(stop.clone(), place, open.clone());
                connections.spawn(answer(stream, peer, router.clone(), limits, hold));
            }
            // Out of file descriptors, most likely: those that are open may end meanwhile.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop((listener, open));
    let drained = async {
        while connections.join_next().await.is_some() {}
        // Nobody sends: this is the end of the last hold.
        all_closed.recv().await
    };
    if tokio::time::timeout(limits.drain, drained).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections did not end in time and were cut");
    }
}

async fn answer(stream: TcpStream, peer: SocketAddr, router: Router, limits: Limits, hold: Hold) {
    // Small answers leave at once. An error means that the connection is gone, which the first read says better.
    drop(stream.set_nodelay(true));
    let stop = hold.stop().clone();
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(PeerAddress(peer));
        request.extensions_mut().insert(hold.clone());
        let mut router = router.clone();
        async move { router.call(request.map(axum::body::Body::new) as Request).await as Result<_, Infallible> }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_LEAST))
        .serve_connection(TokioIo::new(Socket::new(stream, limits.write_timeout)), service)
        .with_upgrades();
    let result = tokio::select! {
        result = &mut connection => result,
        () = stop.stopped() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection ended early");
        // A connection that said nothing is idle: it is closed without a word, which clients that keep connections expect.
        if error.is_timeout()
            && let Some(parts) = connection.into_parts()
            && !parts.read_buf.is_empty()
        {
            late::tell(parts.io.into_inner()).await;
        }
    }
}
