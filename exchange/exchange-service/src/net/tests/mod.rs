//! Rings, frames and streams over real connections.

mod commands;
mod frames;
mod outcomes;
mod ring;
mod streams;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Address, Chunk, frame};
use crate::http::{self, Limits};
use crate::stop::Stop;

/// The body of every item in these tests: its sequence and some bytes, so that a mixed-up body is seen.
fn body(sequence: u64) -> Vec<u8> {
    format!("{sequence}:{}", "x".repeat((sequence % 7) as usize)).into_bytes()
}

fn chunk(first: u64, last: u64) -> Chunk {
    let mut frames = Vec::new();
    for sequence in first..=last {
        frame::put_item(&mut frames, sequence, |out| out.extend_from_slice(&body(sequence)));
    }
    Chunk { first, last, frames: frames.into() }
}

/// Sequences and bodies of all items of a chunk.
fn items(frames: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut reader = frame::FrameReader::new(tokio::io::empty(), frames);
    let mut found = Vec::new();
    while let Some(frame) = reader.ready() {
        let (sequence, body) = frame.item().unwrap();
        found.push((sequence, body.to_vec()));
    }
    found
}

fn expected(range: std::ops::RangeInclusive<u64>) -> Vec<(u64, Vec<u8>)> {
    range.map(|sequence| (sequence, body(sequence))).collect()
}

/// A server on a port of its own.
struct Server {
    address: Address,
    socket: SocketAddr,
    stop: Stop,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(router: Router) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), router)
    }

    fn on(listener: TcpListener, router: Router) -> Self {
        let socket = listener.local_addr().unwrap();
        let stop = Stop::new();
        let limits = Limits { drain: Duration::from_secs(2), ..Limits::default() };
        let task = tokio::spawn(http::serve(listener, router, limits, stop.clone()));
        Self { address: format!("http://{socket}").parse().unwrap(), socket, stop, task }
    }

    async fn stop(self) {
        self.stop.stop();
        self.task.await.unwrap();
    }
}

/// Waits for something with a deadline that only a failure reaches.
async fn soon<T>(something: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), something).await.expect("it happens soon")
}
