//! Records out, to those who fold them, and how far they are durable.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use exchange_service::net::frame::{ALIVE_EVERY, FrameReader};
use exchange_service::net::{Chunk, Link, LinkWriter, RingReader, TooOld, Upgrade, refuse_too_old};
use exchange_types::Sequence;
use serde::Deserialize;
use tokio::io::AsyncRead;
use tokio::sync::watch;

use super::tail::{FileTail, Files};
use crate::log::{self, DURABLE_AFTER, Direct, LogHandle, Place, Sent};
use crate::routes::App;

/// How much one write carries, at most, in bytes, as far as memory gives it.
const WRITE_BYTES: usize = 256 * 1024;

/// How long after the end of the log its followers may take for the rest.
const REST_MAX: Duration = Duration::from_secs(2);

/// The query of the stream.
#[derive(Debug, Deserialize)]
pub(crate) struct Commands {
    /// The follower's last record; none: it wants what comes from now on.
    after: Option<u64>,
    /// The reign under which that record was written, where the follower knows it: one that comes from a snapshot does not.
    epoch: Option<u32>,
    /// Whether it wants records, or only how far they are durable.
    records: Option<bool>,
}

/// `GET /internal/stream/commands?after=N&epoch=E&records=BOOL`
pub(crate) async fn commands(
    State(app): State<App>,
    Query(query): Query<Commands>,
    upgrade: Upgrade,
) -> Result<Response, StatusCode> {
    let core = app.core()?;
    let log = core.log.clone();
    let position = log.position();
    let after = Sequence(query.after.unwrap_or(position.0));
    if query.after.is_some() {
        match log.place(after, query.epoch) {
            Place::Here => {}
            Place::Ahead => return Err(StatusCode::CONFLICT),
            Place::Pruned { oldest } => {
                return Ok(refuse_too_old(TooOld { wanted: after.0 + 1, oldest: oldest.0 }));
            }
        }
    }
    let epoch = log.epoch();
    let files = core.files.clone();
    let place = Arc::clone(&core.streams).try_acquire_owned().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let records = query.records.unwrap_or(true);
    Ok(upgrade
        .accept(position.0, epoch, move |link| async move {
            // Whoever ends the service waits for this.
            let _place = place;
            let Link { mut reader, writer, .. } = link;
            let feed = Feed::new(log, files, after, records, writer);
            tokio::select! {
                ended = feed.run() => ended,
                ended = listen(&mut reader) => ended,
            }
        })
        .into_response())
}

/// Followers say nothing but that they are there.
async fn listen<R: AsyncRead + Unpin>(reader: &mut FrameReader<R>) -> io::Result<()> {
    while reader.next().await?.is_some() {}
    Ok(())
}

/// What one follower is sent: by this task until it has all there is, then by the log's writer, which calls for the task again.
struct Feed {
    log: LogHandle,
    files: Files,
    /// `None` where it wants no records.
    ring: Option<RingReader>,
    durable: watch::Receiver<u64>,
    sent: Sent,
    direct: Direct,
    out: Vec<u8>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.log.leave(&self.direct);
    }
}

impl Feed {
    fn new(log: LogHandle, files: Files, after: Sequence, records: bool, writer: LinkWriter) -> Self {
        let durable = log.watch_durable();
        let ring = records.then(|| log.ring(after));
        let sent = Sent { record: after.0, durable: None };
        let direct = Direct::new(writer, records);
        log.join(&direct);
        Self { log, files, ring, durable, sent, direct, out: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        let mut state = self.log.watch_state();
        let mut chunks: Vec<Chunk> = Vec::new();
        loop {
            self.send_what_there_is(&mut chunks).await?;
            if !self.log.give(&self.direct, self.sent) {
                continue;
            }
            // A log that failed may still be read, so its followers stay; one that was closed gives nothing more.
            let closed = async { drop(state.wait_for(|state| *state == log::State::Closed).await) };
            let called = tokio::select! {
                biased; // the end has nothing more to say than the news
                () = self.called() => Some(true),
                () = closed => None,
                () = tokio::time::sleep(ALIVE_EVERY) => Some(false),
            };
            self.take_turn().await?;
            match called {
                Some(true) => {}
                Some(false) => self.direct.link().send_alive().await?,
                None => {
                    let rest = tokio::time::timeout(REST_MAX, self.send_what_there_is(&mut chunks));
                    return rest.await.unwrap_or_else(|late| Err(late.into()));
                }
            }
        }
    }

    /// Waits until the connection does not take what the log's writer sends, or a durable position was not followed by records
    /// that it could go along with. Safe to cancel.
    async fn called(&self) {
        self.direct.called().await;
        while let Some(before) = self.direct.sent() {
            tokio::time::sleep(DURABLE_AFTER).await;
            if self.direct.sent() == Some(before) {
                return;
            }
        }
    }

    /// It is this task's turn again.
    async fn take_turn(&mut self) -> io::Result<()> {
        let (sent, rest) = self.direct.take();
        self.sent = sent;
        if let Some(ring) = &mut self.ring {
            *ring = self.log.ring(Sequence(sent.record));
        }
        if rest.is_empty() { Ok(()) } else { self.direct.link().send(&rest).await }
    }

    /// Sends records until there are none left, and with them how far they are durable.
    async fn send_what_there_is(&mut self, chunks: &mut Vec<Chunk>) -> io::Result<()> {
        loop {
            let mut more = false;
            if let Some(ring) = &mut self.ring {
                match ring.take(chunks, WRITE_BYTES) {
                    Ok(found) => more = found,
                    Err(TooOld { .. }) => {
                        self.send_from_files().await?;
                        continue;
                    }
                }
                self.sent.record = ring.position();
            }
            chunks.drain(..).for_each(|chunk| self.out.extend_from_slice(&chunk.frames));
            let durable = *self.durable.borrow_and_update();
            self.sent.put_durable(durable, self.ring.is_some(), &mut self.out);
            if !self.out.is_empty() {
                self.direct.link().send(&self.out).await?;
                self.out.clear();
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Sends records from the files until memory has those that follow.
    async fn send_from_files(&mut self) -> io::Result<()> {
        let Some(ring) = &mut self.ring else { return Ok(()) };
        let mut tail = FileTail::new(self.files.clone(), self.log.clone(), Sequence(ring.position()));
        while tail.position().next() < self.log.ring_oldest() {
            let mut piece = std::pin::pin!(tail.next());
            // Reading may have to wait for others who read.
            let frames = loop {
                tokio::select! {
                    frames = piece.as_mut() => break frames.map_err(io::Error::other)?,
                    () = tokio::time::sleep(ALIVE_EVERY) => self.direct.link().send_alive().await?,
                }
            };
            if frames.is_empty() {
                // What memory has dropped is durable, so the files have it.
                return Err(io::Error::other("the files end before memory begins"));
            }
            self.direct.link().send(&frames).await?;
        }
        *ring = self.log.ring(tail.position());
        Ok(())
    }
}
