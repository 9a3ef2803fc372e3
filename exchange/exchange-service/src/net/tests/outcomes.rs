//! Following outcomes from matching to the archive and back.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::{Server, body, chunk, soon};
use crate::net::{
    self, Address, Client, OutcomeError, OutcomeStream, Resume, Ring, RingSource, TooOld, Upgrade, frame,
    refuse_too_old, serve_ring,
};

fn matching(source: RingSource) -> Router {
    let serve = move |Query(resume): Query<Resume>, upgrade: Upgrade| async move {
        let after = resume.after.unwrap_or_else(|| source.position());
        let oldest = source.oldest();
        if after.saturating_add(1) < oldest {
            return refuse_too_old(TooOld { wanted: after + 1, oldest });
        }
        let linger = std::time::Duration::from_micros(resume.linger_us);
        upgrade.accept(source.position(), 0, move |link| serve_ring(source.reader(after), link, linger))
    };
    Router::new().route(net::OUTCOMES, get(serve))
}

/// An archive of the outcomes from `oldest` to what `end` says at each question; it breaks off every 30 items once, so that there is a
/// reconnection in the middle, and remembers what it was asked.
#[derive(Clone)]
struct Archive {
    oldest: u64,
    end: Arc<Mutex<u64>>,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Archive {
    fn new(oldest: u64, end: u64) -> Self {
        Self { oldest, end: Arc::new(Mutex::new(end)), asked: Arc::default() }
    }

    fn routes(&self) -> Router {
        let archive = self.clone();
        let serve = move |Query(resume): Query<Resume>, upgrade: Upgrade| async move {
            let after = resume.after.unwrap();
            archive.asked.lock().unwrap().push(after);
            if after + 1 < archive.oldest {
                return StatusCode::GONE.into_response();
            }
            let end = *archive.end.lock().unwrap();
            upgrade.accept(end, 0, async move |mut link: net::Link| {
                let last = end.min(after + 30);
                if after < last {
                    link.writer.send(&chunk(after + 1, last).frames).await?;
                }
                if last == end {
                    let mut bytes = Vec::new();
                    frame::put_frame(&mut bytes, net::END, |_| {});
                    link.writer.send(&bytes).await?;
                    // Whoever has it goes away; the connection is not closed from here.
                    while link.reader.next().await?.is_some() {}
                }
                Ok(())
            })
        };
        Router::new().route(net::ARCHIVE, get(serve))
    }
}

/// Follows until an outcome has been handed over; each is checked for its place and its body.
async fn follow(stream: &mut OutcomeStream, last: u64) {
    let mut next = stream.position().map(|position| position + 1);
    while stream.position().is_none_or(|position| position < last) {
        soon(stream.next(|sequence, bytes| {
            assert_eq!(sequence, next.unwrap_or(sequence), "no gap, no repetition");
            assert_eq!(bytes, body(sequence));
            next = Some(sequence + 1);
        }))
        .await
        .unwrap();
    }
}

fn nowhere() -> Address {
    // Port 1 of this machine: nobody listens.
    "http://127.0.0.1:1".parse().unwrap()
}

#[tokio::test]
async fn outcomes_come_from_matching_then_the_archive_then_matching_again() {
    let ring = Ring::new(0, 1 << 20);
    ring.push(chunk(1, 10));
    let first = Server::start(matching(ring.source())).await;
    let archive = Archive::new(1, 200);
    let keeper = Server::start(archive.routes()).await;
    let (address, socket) = (first.address.clone(), first.socket);
    let mut stream = OutcomeStream::new(Client::new(), address, keeper.address.clone(), Some(0), 0);
    follow(&mut stream, 10).await;
    ring.push(chunk(11, 12));
    follow(&mut stream, 12).await;
    assert_eq!(stream.trouble(), None);

    // Matching goes away, and comes back at the same place with newer outcomes only.
    first.stop().await;
    let ring = Ring::new(190, 1 << 20);
    ring.push(chunk(191, 205));
    let again = Server::on(TcpListener::bind(socket).await.unwrap(), matching(ring.source()));
    follow(&mut stream, 205).await;
    ring.push(chunk(206, 210));
    follow(&mut stream, 210).await;
    assert_eq!(stream.trouble(), None);
    let asked = archive.asked.lock().unwrap().clone();
    assert_eq!(asked.first(), Some(&12), "it resumed at its place: {asked:?}");
    assert!(asked.len() > 5, "the archive broke off in between: {asked:?}");
    again.stop().await;
    keeper.stop().await;
}

#[tokio::test]
async fn without_a_place_it_begins_with_what_comes_next() {
    let ring = Ring::new(0, 1 << 20);
    ring.push(chunk(1, 10));
    let server = Server::start(matching(ring.source())).await;
    let mut stream = OutcomeStream::new(Client::new(), server.address.clone(), nowhere(), None, 1_000);
    assert_eq!(stream.position(), None);
    while stream.position().is_none() {
        soon(stream.next(|sequence, _| panic!("{sequence} was there before"))).await.unwrap();
    }
    assert_eq!(stream.position(), Some(10));
    ring.push(chunk(11, 11));
    follow(&mut stream, 11).await;
    server.stop().await;
}

#[tokio::test]
async fn a_gap_is_an_error_that_names_both_numbers() {
    let serve = |upgrade: Upgrade| async {
        upgrade.accept(9, 0, async |link: net::Link| {
            link.writer.send(&chunk(1, 2).frames).await?;
            link.writer.send(&chunk(4, 5).frames).await?;
            std::future::pending().await
        })
    };
    let server = Server::start(Router::new().route(net::OUTCOMES, get(serve))).await;
    let mut stream = OutcomeStream::new(Client::new(), server.address.clone(), nowhere(), Some(0), 0);
    let mut got = Vec::new();
    let error = loop {
        if let Err(error) = soon(stream.next(|sequence, _| got.push(sequence))).await {
            break error;
        }
    };
    assert!(matches!(error, OutcomeError::Gap { expected: 3, found: 4, .. }), "{error}");
    assert_eq!(got, [1, 2]);
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn what_nobody_keeps_any_more_is_an_error() {
    let ring = Ring::new(500, 1 << 20);
    ring.push(chunk(501, 510));
    let server = Server::start(matching(ring.source())).await;
    let keeper = Server::start(Archive::new(300, 510).routes()).await;
    let addresses = (server.address.clone(), keeper.address.clone());
    let mut stream = OutcomeStream::new(Client::new(), addresses.0, addresses.1, Some(100), 0);
    let error = loop {
        if let Err(error) = soon(stream.next(|_, _| panic!("there is nothing"))).await {
            break error;
        }
    };
    assert!(matches!(error, OutcomeError::Gone { wanted: 101 }), "{error}");
    server.stop().await;
    keeper.stop().await;
}

#[tokio::test]
async fn nobody_there_is_trouble_but_no_error() {
    let mut stream = OutcomeStream::new(Client::new(), nowhere(), nowhere(), Some(0), 0);
    for _ in 0..5 {
        soon(stream.next(|_, _| panic!("there is nothing"))).await.unwrap();
    }
    let trouble = stream.trouble().unwrap();
    assert!(trouble.starts_with("http://127.0.0.1:1: "), "{trouble}");
}

#[tokio::test]
async fn a_caller_who_cancels_every_call_still_gets_everything() {
    let ring = Ring::new(0, 1 << 20);
    let server = Server::start(matching(ring.source())).await;
    let mut stream = OutcomeStream::new(Client::new(), server.address.clone(), nowhere(), Some(0), 0);
    let mut last = 0;
    let mut got = Vec::new();
    soon(async {
        while got.len() < 500 {
            tokio::select! {
                biased;
                result = stream.next(|sequence, _| got.push(sequence)) => result.unwrap(),
                () = tokio::task::yield_now() => if last < 500 {
                    last += 1;
                    ring.push(chunk(last, last));
                },
            }
        }
    })
    .await;
    assert!(got.into_iter().eq(1..=500));
    server.stop().await;
}
