//! Connections over real sockets: limits, slow clients, the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{Hold, Limits, PeerAddress, common_routes, serve};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::stop::Stop;

struct Server {
    address: SocketAddr,
    stop: Stop,
    task: JoinHandle<()>,
}

async fn start(router: Router, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Stop::new());
    let task = tokio::spawn(serve(listener, router, limits, stop.clone()));
    Server { address, stop, task }
}

async fn soon<T>(something: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), something).await.expect("it happens soon")
}

fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
}

/// Reads one answer with a body of known length.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let mut piece = [0; 1_024];
        let read = soon(stream.read(&mut piece)).await.unwrap();
        assert!(read > 0, "the connection ended after {text:?}");
        bytes.extend_from_slice(&piece[..read]);
    }
}

/// Waits for the end of a connection and returns what came before it.
async fn end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection that is cut may end with a reset as well.
    let _ = soon(stream.read_to_end(&mut bytes)).await;
    bytes
}

/// `/slow` answers when the test lets it, and says that it has begun.
fn slow_routes() -> (Router, Arc<Semaphore>, Arc<Semaphore>) {
    let (begun, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let handle = {
        let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
        move || async move {
            begun.add_permits(1);
            go.acquire().await.unwrap().forget();
            "done"
        }
    };
    let routes = Router::new().route("/slow", get(handle)).route("/fast", get(async || "fast"));
    (routes, begun, go)
}

#[tokio::test]
async fn at_the_end_requests_under_way_are_answered_and_idle_connections_close() {
    let (routes, begun, go) = slow_routes();
    let server = start(routes, Limits::default()).await;
    let mut fresh = TcpStream::connect(server.address).await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(&request("/fast")).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("fast"));
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    busy.write_all(&request("/slow")).await.unwrap();
    soon(begun.acquire()).await.unwrap().forget();

    server.stop.stop();
    assert!(end(&mut fresh).await.is_empty());
    assert!(end(&mut idle).await.is_empty());
    assert!(TcpStream::connect(server.address).await.is_err(), "nothing more is accepted");
    assert!(!server.task.is_finished());
    go.add_permits(1);
    let text = answer(&mut busy).await;
    assert!(text.ends_with("done") && text.contains("connection: close"), "{text}");
    assert!(end(&mut busy).await.is_empty());
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let (routes, begun, _go) = slow_routes();
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let server = start(routes, limits).await;
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    busy.write_all(&request("/slow")).await.unwrap();
    soon(begun.acquire()).await.unwrap().forget();
    server.stop.stop();
    soon(server.task).await.unwrap();
    assert!(end(&mut busy).await.is_empty());
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
    let (routes, _, _) = slow_routes();
    let limits = Limits { header_timeout: Duration::from_millis(100), ..Limits::default() };
    let server = start(routes, limits).await;
    // Nothing, half a head, and a second request that never comes: none of them keeps its place.
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"GET /fast HT").await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(&[&request("/fast")[..], b"GET /fa"].concat()).await.unwrap();
    assert!(answer(&mut second).await.ends_with("fast"));
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(&request("/fast")).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("fast"));
    for stream in [&mut silent, &mut idle] {
        assert_eq!(end(stream).await, b"", "whoever asks nothing is answered nothing");
    }
    for stream in [&mut half, &mut second] {
        let text = String::from_utf8(end(stream).await).unwrap();
        assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
        assert!(text.contains("content-type: application/problem+json"), "{text}");
        assert!(text.contains("\"code\":\"header-timeout\""), "{text}");
    }
    server.stop.stop();
    soon(server.task).await.unwrap();
}

/// More than the buffers of both ends hold together.
const BIG: usize = 64 * 1024 * 1024;

fn big_routes() -> Router {
    let big = axum::body::Bytes::from(vec![b'x'; BIG]);
    Router::new().route("/big", get(move || async move { big })).route("/fast", get(async || "fast"))
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_place() {
    let limits =
        Limits { connections_max: 1, write_timeout: Duration::from_millis(100), ..Limits::default() };
    let server = start(big_routes(), limits).await;
    let mut deaf = TcpStream::connect(server.address).await.unwrap();
    deaf.write_all(&request("/big")).await.unwrap();
    // There is one place: this one is answered when the other is given up.
    let mut next = TcpStream::connect(server.address).await.unwrap();
    next.write_all(&request("/fast")).await.unwrap();
    assert!(answer(&mut next).await.ends_with("fast"));
    assert!(end(&mut deaf).await.len() < BIG, "it was cut before the end");
    server.stop.stop();
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() {
    let write_timeout = Duration::from_secs(1);
    let server = start(big_routes(), Limits { write_timeout, ..Limits::default() }).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(&request("/big")).await.unwrap();
    let begun = std::time::Instant::now();
    let (mut bytes, mut total) = (vec![0; BIG / 16], 0);
    while total < BIG {
        // The pauses are the point: all of them together are longer than any write may wait.
        tokio::time::sleep(Duration::from_millis(80)).await;
        total += soon(slow.read_exact(&mut bytes)).await.unwrap();
    }
    assert!(begun.elapsed() > write_timeout);
    server.stop.stop();
    drop(slow);
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let (routes, _, _) = slow_routes();
    let limits = Limits { header_bytes_max: 8 * 1024, ..Limits::default() };
    let server = start(routes, limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET /fast HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(64 * 1024));
    // The answer may come before all of it is written.
    let _ = stream.write_all(head.as_bytes()).await;
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
    server.stop.stop();
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_http_are_refused() {
    let (routes, _, _) = slow_routes();
    let server = start(routes, Limits::default()).await;
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let text = String::from_utf8(end(&mut stream).await).unwrap();
        assert!(text.starts_with("HTTP/1.1 400 "), "{bytes:?}: {text}");
    }
    server.stop.stop();
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let (routes, begun, go) = slow_routes();
    let server = start(routes, Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(&request("/slow")).await.unwrap();
    soon(begun.acquire()).await.unwrap().forget();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(&request("/slow")).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), begun.acquire()).await;
    assert!(early.is_err(), "the second waits in the queue of the system");
    go.add_permits(1);
    assert!(answer(&mut first).await.ends_with("done"));
    drop(first);
    soon(begun.acquire()).await.unwrap().forget();
    go.add_permits(1);
    assert!(answer(&mut second).await.ends_with("done"));
    server.stop.stop();
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn a_hold_keeps_its_place_and_the_drain_waits_for_it() {
    let (sender, mut holds) = tokio::sync::mpsc::channel(1);
    let take = move |hold: Hold| async move {
        sender.send(hold).await.unwrap();
        "held"
    };
    let routes = Router::new().route("/hold", get(take));
    let server = start(routes, Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(&request("/hold")).await.unwrap();
    assert!(answer(&mut first).await.ends_with("held"));
    let hold = holds.recv().await.unwrap();
    drop(first);

    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(&request("/hold")).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), holds.recv()).await;
    assert!(early.is_err(), "the connection is gone, its place is not");
    drop(hold);
    let hold = soon(holds.recv()).await.unwrap();

    server.stop.stop();
    soon(hold.stop().stopped()).await;
    assert!(answer(&mut second).await.ends_with("held"));
    tokio::task::yield_now().await;
    assert!(!server.task.is_finished());
    drop(hold);
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn the_common_paths_say_how_the_service_is_and_who_asks_is_known() {
    let health = Health::new("gateway", &["log"]);
    let metrics = Metrics::new("gateway");
    metrics.counter("things", "Things that happened").inc();
    let whoami = async |Extension(PeerAddress(peer)): Extension<PeerAddress>| peer.to_string();
    let routes = common_routes(health.clone(), metrics).route("/whoami", get(whoami));
    let server = start(routes, Limits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut ask = async |path: &str| {
        stream.write_all(&request(path)).await.unwrap();
        answer(&mut stream).await
    };
    let starting = ask("/health").await;
    assert!(starting.starts_with("HTTP/1.1 200 "), "{starting}");
    assert!(starting.ends_with(r#"{"service":"gateway","status":"degraded","ready":false,"parts":{"log":{"status":"degraded","reason":"starting"}}}"#), "{starting}");
    assert!(ask("/ready").await.starts_with("HTTP/1.1 503 "));
    health.healthy("log");
    assert!(ask("/ready").await.starts_with("HTTP/1.1 200 "));
    health.unhealthy("log", "the disk is full");
    let broken = ask("/health").await;
    assert!(broken.starts_with("HTTP/1.1 503 ") && broken.contains("the disk is full"), "{broken}");
    assert!(ask("/ready").await.starts_with("HTTP/1.1 503 "));
    let text = ask("/metrics").await;
    assert!(text.contains("exchange_things_total{service=\"gateway\"} 1"), "{text}");
    let peer = ask("/whoami").await;
    assert!(peer.ends_with(&stream.local_addr().unwrap().to_string()), "{peer}");
    server.stop.stop();
    soon(server.task).await.unwrap();
}
