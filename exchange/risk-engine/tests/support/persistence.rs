//! A persistence without a disk: it serves a log in memory as the real one serves its own, and loses what a test tells it to.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_service::http::{Limits, serve};
use exchange_service::net::{
    ARCHIVE, Address, COMMANDS, DURABLE, END, ENGINE_SNAPSHOT, Link, Upgrade, frame,
};
use exchange_service::stop::Stop;
use serde::Deserialize;
use tokio::sync::watch;

use super::log::Log;
use super::process::{Process, address, free_port};

/// Bytes that are sent at a time.
const PIECE_BYTES: usize = 64 * 1024;

#[derive(Clone)]
struct Shared {
    log: Arc<Mutex<Log>>,
    changed: watch::Sender<u64>,
}

/// The service and its log.
pub struct FakePersistence {
    shared: Shared,
    process: Process,
}

impl FakePersistence {
    pub fn start() -> Self {
        let shared = Shared { log: Arc::default(), changed: watch::Sender::new(0) };
        let router = Router::new()
            .route(COMMANDS, get(commands))
            .route(ARCHIVE, get(archive))
            .route(ENGINE_SNAPSHOT, get(snapshot))
            .with_state(shared.clone());
        let process = Process::run(free_port(), async move |listener| {
            serve(listener, router, Limits::default(), Stop::new()).await;
        });
        Self { shared, process }
    }

    pub fn address(&self) -> Address {
        address(self.process.port)
    }

    /// The log as it is.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.shared.log.lock().unwrap()
    }

    /// Changes the log and tells all connections.
    pub fn change<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        let result = change(&mut self.log());
        self.shared.changed.send_modify(|version| *version += 1);
        result
    }

    pub fn append<'a>(&self, payloads: impl IntoIterator<Item = &'a Vec<u8>>) {
        self.change(|log| payloads.into_iter().for_each(|payload| log.append(payload)));
    }

    /// Everything is durable now.
    pub fn sync(&self) -> u64 {
        self.change(|log| {
            log.durable = log.last();
            log.durable
        })
    }

    /// Nobody is there, or somebody is again.
    pub fn set_down(&self, down: bool) {
        self.change(|log| {
            log.down = down;
            log.generation += u64::from(down);
        });
    }
}

#[derive(Deserialize)]
struct Resume {
    after: u64,
    epoch: Option<u32>,
    #[serde(default = "yes")]
    records: bool,
}

fn yes() -> bool {
    true
}

async fn commands(State(shared): State<Shared>, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let (position, epoch, generation) = {
        let log = shared.log.lock().unwrap();
        if log.down {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        if !log.has(resume.after, resume.epoch) {
            return StatusCode::CONFLICT.into_response();
        }
        (log.last(), log.epoch, log.generation)
    };
    upgrade.accept(position, epoch, move |link| follow(shared, resume, generation, link))
}

async fn follow(shared: Shared, resume: Resume, generation: u64, link: Link) -> std::io::Result<()> {
    let Link { mut reader, writer, .. } = link;
    let mut changed = shared.changed.subscribe();
    let (mut next, mut told) = (resume.after + 1, None);
    loop {
        changed.mark_unchanged();
        let mut bytes = Vec::new();
        {
            let log = shared.log.lock().unwrap();
            if log.generation != generation {
                return Ok(());
            }
            while resume.records && next <= log.last() && bytes.len() < PIECE_BYTES {
                let (_, record) = &log.records[next as usize - 1];
                frame::put_item(&mut bytes, next, |out| out.extend_from_slice(record));
                next += 1;
            }
            // Never ahead of the records that were sent.
            let durable = if resume.records { log.durable.min(next - 1) } else { log.durable };
            if told != Some(durable) {
                frame::put_frame(&mut bytes, DURABLE, |out| out.extend(durable.to_le_bytes()));
                told = Some(durable);
            }
        }
        if !bytes.is_empty() {
            writer.send(&bytes).await?;
            continue;
        }
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return Ok(()) },
            () = tokio::time::sleep(Duration::from_millis(500)) => writer.send_alive().await?,
            frame = reader.next() => if frame?.is_none() { return Ok(()) },
        }
    }
}

async fn archive(State(shared): State<Shared>, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let (outcomes, durable) = {
        let log = shared.log.lock().unwrap();
        if log.down {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        (log.fold(log.durable).1, log.durable)
    };
    upgrade.accept(durable, 0, move |mut link| async move {
        let mut bytes = Vec::new();
        for (sequence, outcome) in (1..).zip(&outcomes) {
            if sequence > resume.after {
                frame::put_item(&mut bytes, sequence, |out| out.extend_from_slice(outcome));
            }
        }
        frame::put_frame(&mut bytes, END, |_| {});
        link.writer.send(&bytes).await?;
        // The reader closes the connection when it has read the end.
        while link.reader.next().await?.is_some() {}
        Ok(())
    })
}

async fn snapshot(State(shared): State<Shared>) -> Response {
    let log = shared.log.lock().unwrap();
    match &log.snapshot {
        _ if log.down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
