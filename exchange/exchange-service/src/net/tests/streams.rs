//! Streams over real connections: the upgrade, refusals, slow readers, the end of the server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Server, chunk, expected, soon};
use crate::net::{
    self, Client, ConnectError, Link, Resume, Ring, RingSource, Upgrade, frame, refuse_too_old, serve_ring,
};
use crate::stop::Stop;

/// A service with one stream out of a ring.
fn ring_routes(source: RingSource) -> Router {
    let serve = move |Query(resume): Query<Resume>, upgrade: Upgrade| {
        let source = source.clone();
        async move {
            let after = resume.after.unwrap_or_else(|| source.position());
            let oldest = source.oldest();
            if after + 1 < oldest {
                return refuse_too_old(net::TooOld { wanted: after + 1, oldest });
            }
            let linger = Duration::from_micros(resume.linger_us);
            upgrade.accept(source.position(), 3, move |link| serve_ring(source.reader(after), link, linger))
        }
    };
    Router::new().route(net::STEPS, get(serve))
}

async fn next_items(link: &mut Link, count: usize) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    while found.len() < count {
        let frame = soon(link.reader.next()).await.unwrap().expect("the stream goes on");
        let (sequence, body) = frame.item().unwrap();
        found.push((sequence, body.to_vec()));
    }
    found
}

#[tokio::test]
async fn a_stream_says_where_it_stands_and_resumes_at_any_place() {
    let ring = Ring::new(0, 1 << 20);
    ring.push(chunk(1, 40));
    let server = Server::start(ring_routes(ring.source())).await;
    let client = Client::new();
    for (after, linger) in [(0, 0), (17, 0), (39, 5_000)] {
        let path = format!("{}?after={after}&linger_us={linger}", net::STEPS);
        let mut link = client.stream(&server.address, &path).await.unwrap();
        assert_eq!((link.position, link.epoch), (40, 3));
        assert_eq!(next_items(&mut link, 40 - after).await, expected(after as u64 + 1..=40));
    }
    // Without a place: what comes from now on.
    let mut link = client.stream(&server.address, net::STEPS).await.unwrap();
    ring.push(chunk(41, 42));
    assert_eq!(next_items(&mut link, 2).await, expected(41..=42));
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_is_an_answer_with_its_status() {
    let ring = Ring::new(0, 300);
    (1..=50).for_each(|sequence| ring.push(chunk(sequence, sequence)));
    let server = Server::start(ring_routes(ring.source())).await;
    let client = Client::new();
    for (path, status) in [
        (format!("{}?after=3", net::STEPS), StatusCode::GONE),
        (format!("{}?after=x", net::STEPS), StatusCode::BAD_REQUEST),
        ("/internal/stream/none".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let error = client.stream(&server.address, &path).await.unwrap_err();
        assert_eq!(error.status(), Some(status), "{path}: {error}");
    }
    // Who does not ask for frames is told what is spoken here.
    let refused = client.get_bytes(&server.address, net::STEPS).await.unwrap_err();
    let net::QueryError::Refused { status, .. } = refused else { panic!("{refused}") };
    assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
    server.stop().await;
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let error = Client::new().stream(&address, net::STEPS).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn frames_that_come_together_with_the_answer_are_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let answer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: exchange-frames/1\r\nx-position: 3\r\n\r\n".to_vec();
        bytes.extend_from_slice(&chunk(1, 3).frames);
        // Half a frame: the rest comes later.
        let last = chunk(4, 4).frames;
        bytes.extend_from_slice(&last[..6]);
        stream.write_all(&bytes).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(&last[6..]).await.unwrap();
        (stream, String::from_utf8(head).unwrap())
    });
    let mut link = Client::new().stream(&address, "/x?after=0").await.unwrap();
    assert_eq!((link.position, link.epoch), (3, 0));
    assert_eq!(next_items(&mut link, 4).await, expected(1..=4));
    let (_stream, head) = answer.await.unwrap();
    assert!(head.starts_with("GET /x?after=0 HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn frames_that_come_together_with_the_request_are_not_lost() {
    let (sender, mut received) = tokio::sync::mpsc::channel(4);
    let serve = move |upgrade: Upgrade| async move {
        upgrade.accept(0, 0, async move |mut link: Link| {
            while let Some(frame) = link.reader.next().await? {
                sender.send(Some(frame.payload.to_vec())).await.map_err(std::io::Error::other)?;
            }
            sender.send(None).await.map_err(std::io::Error::other)
        })
    };
    let server = Server::start(Router::new().route("/x", get(serve))).await;
    let mut bytes =
        b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: exchange-frames/1\r\n\r\n".to_vec();
    frame::put_frame(&mut bytes, net::COMMAND, |out| out.extend_from_slice(b"early"));
    let mut stream = TcpStream::connect(server.socket).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(soon(received.recv()).await.unwrap().unwrap(), b"early");
    stream.shutdown().await.unwrap();
    assert_eq!(soon(received.recv()).await, Some(None), "the end of the connection ends whoever serves it");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_stays_open_and_a_dead_reader_is_cut() {
    // Pipes do not exist behind `Link`, so this is a real connection under a clock that jumps whenever everybody waits.
    let ring = Ring::new(0, 1 << 20);
    let server = Server::start(ring_routes(ring.source())).await;
    let path = format!("{}?after=0", net::STEPS);
    let mut link = Client::new().stream(&server.address, &path).await.unwrap();
    let keep = tokio::spawn(link.writer.stay_alive());
    for _ in 0..30 {
        let silent = tokio::time::timeout(Duration::from_secs(2), link.reader.fill()).await;
        assert!(silent.is_err(), "nothing is said, and nothing breaks");
    }
    ring.push(chunk(1, 1));
    let frame = link.reader.next().await.unwrap().unwrap();
    assert_eq!(frame.item().unwrap().0, 1);
    // Now this side says nothing any more: the server takes it for dead.
    keep.abort();
    while let Ok(Some(_)) = link.reader.next().await {}
    assert!(link.reader.ready().is_none());
    server.stop().await;
}

#[tokio::test]
async fn a_reader_too_slow_for_the_ring_is_cut_and_the_writer_does_not_wait() {
    let ring = Ring::new(0, 64 * 1024);
    let server = Server::start(ring_routes(ring.source())).await;
    let path = format!("{}?after=0", net::STEPS);
    let mut link = Client::new().stream(&server.address, &path).await.unwrap();
    // Far more than the ring and the buffers of a connection hold; the reader reads nothing meanwhile.
    let mut last = 0;
    for _ in 0..4_000 {
        ring.push(chunk(last + 1, last + 200));
        last += 200;
        tokio::task::yield_now().await;
    }
    let mut next = 1;
    while let Ok(Some(frame)) = soon(link.reader.next()).await {
        assert_eq!(frame.item().unwrap().0, next, "what comes has no gap");
        next += 1;
    }
    assert!(next <= last, "the stream ended before the last item");
    // It comes back with its place and hears that it is gone.
    let path = format!("{}?after={}", net::STEPS, next - 1);
    let error = Client::new().stream(&server.address, &path).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::GONE));
    server.stop().await;
}

#[tokio::test]
async fn the_end_of_the_server_sends_what_the_ring_has_and_ends_every_stream() {
    let ring = Ring::new(0, 1 << 20);
    let server = Server::start(ring_routes(ring.source())).await;
    let path = format!("{}?after=0", net::STEPS);
    let mut links = Vec::new();
    for _ in 0..3 {
        links.push(Client::new().stream(&server.address, &path).await.unwrap());
    }
    ring.push(chunk(1, 5));
    soon(server.stop()).await;
    for mut link in links {
        assert_eq!(next_items(&mut link, 5).await, expected(1..=5));
        assert!(soon(link.reader.next()).await.unwrap().is_none(), "an orderly end");
    }
}

#[tokio::test]
async fn whoever_serves_a_stream_is_told_of_the_end_and_cut_when_it_does_not_listen() {
    let told = Arc::new(Stop::new());
    let routes = {
        let told = Arc::clone(&told);
        let polite = move |upgrade: Upgrade| async move {
            upgrade.accept(0, 0, async move |link: Link| {
                link.stop.stopped().await;
                told.stop();
                Ok(())
            })
        };
        let deaf = |upgrade: Upgrade| async move {
            upgrade.accept(0, 0, async move |link: Link| {
                let _kept = link;
                std::future::pending().await
            })
        };
        Router::new().route("/polite", get(polite)).route("/deaf", get(deaf))
    };
    let server = Server::start(routes).await;
    let polite = Client::new().stream(&server.address, "/polite").await.unwrap();
    let mut deaf = Client::new().stream(&server.address, "/deaf").await.unwrap();
    soon(server.stop()).await;
    assert!(told.is_stopped());
    assert!(soon(deaf.reader.next()).await.unwrap().is_none());
    drop(polite);
}
