//! Records out, to those who fold them, and how far they are durable.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use exchange_service::net::frame::{ALIVE_EVERY, FrameReader, put_frame};
use exchange_service::net::{Chunk, DURABLE, Link, LinkWriter, RingReader, TooOld, Upgrade, refuse_too_old};
use exchange_types::Sequence;
use serde::Deserialize;
use tokio::io::AsyncRead;
use tokio::sync::watch;

use super::tail::{FileTail, Files};
use crate::log::{self, LogHandle, Place};
use crate::routes::App;

/// How much one write carries, at most, in bytes, as far as memory gives it.
const WRITE_BYTES: usize = 256 * 1024;

/// How long somebody who gets records waits for the durable position, where no record follows that it goes along with. Whoever is
/// waiting for it alone is told at once; to those who fold records it makes no difference, and a message less for each batch.
const DURABLE_AFTER: Duration = Duration::from_millis(1);

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

/// What one follower is sent.
struct Feed {
    log: LogHandle,
    files: Files,
    /// `None` where it wants no records.
    ring: Option<RingReader>,
    durable: watch::Receiver<u64>,
    /// The durable position that it was told; `None`: none yet.
    told: Option<u64>,
    writer: LinkWriter,
    /// When something was sent last.
    sent_at: Instant,
    out: Vec<u8>,
}

impl Feed {
    fn new(log: LogHandle, files: Files, after: Sequence, records: bool, writer: LinkWriter) -> Self {
        let durable = log.watch_durable();
        let ring = records.then(|| log.ring(after));
        Self { log, files, ring, durable, told: None, writer, sent_at: Instant::now(), out: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        let mut state = self.log.watch_state();
        let mut chunks: Vec<Chunk> = Vec::new();
        loop {
            self.send_what_there_is(&mut chunks).await?;
            // A log that is stopped makes nothing durable any more.
            let untold = self.ring.as_ref().is_some_and(|ring| self.told != Some(ring.position()))
                && *state.borrow() == log::State::Running;
            let patience = if untold { DURABLE_AFTER } else { ALIVE_EVERY };
            let (ring, durable) = (&mut self.ring, &mut self.durable);
            let news = async {
                match ring {
                    Some(ring) => {
                        // Where the place is gone, the next round looks for it in the files.
                        ring.next(&mut chunks, WRITE_BYTES).await.map_or(Ok(()), |_| Ok(()))
                    }
                    None => durable.changed().await,
                }
            };
            // A log that failed may still be read, so its followers stay; one that was closed gives nothing more.
            let closed = async { drop(state.wait_for(|state| *state == log::State::Closed).await) };
            tokio::select! {
                biased; // the end has nothing more to say than the news
                news = news => if news.is_err() {
                    return Ok(());
                },
                () = closed => {
                    let rest = tokio::time::timeout(REST_MAX, self.send_what_there_is(&mut chunks));
                    return rest.await.unwrap_or_else(|late| Err(late.into()));
                }
                () = tokio::time::sleep(patience) => if self.sent_at.elapsed() >= ALIVE_EVERY {
                    self.writer.send_alive().await?;
                    self.sent_at = Instant::now();
                },
            }
        }
    }

    /// Sends records until there are none left, and with them how far they are durable.
    async fn send_what_there_is(&mut self, chunks: &mut Vec<Chunk>) -> io::Result<()> {
        loop {
            self.out.clear();
            chunks.drain(..).for_each(|chunk| self.out.extend_from_slice(&chunk.frames));
            let mut more = false;
            if let Some(ring) = &mut self.ring {
                match ring.take(chunks, WRITE_BYTES) {
                    Ok(found) => more = found,
                    Err(TooOld { .. }) => {
                        self.flush().await?;
                        self.send_from_files().await?;
                        continue;
                    }
                }
            }
            chunks.drain(..).for_each(|chunk| self.out.extend_from_slice(&chunk.frames));
            self.put_durable();
            self.flush().await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        if !self.out.is_empty() {
            self.writer.send(&self.out).await?;
            self.sent_at = Instant::now();
            self.out.clear();
        }
        Ok(())
    }

    /// Never ahead of the records that were sent.
    fn put_durable(&mut self) {
        let durable = *self.durable.borrow_and_update();
        let sent = self.ring.as_ref().map_or(durable, RingReader::position);
        let position = durable.min(sent);
        if self.told.is_none_or(|told| told < position) {
            self.told = Some(position);
            put_frame(&mut self.out, DURABLE, |out| out.extend_from_slice(&position.to_le_bytes()));
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
                    () = tokio::time::sleep(ALIVE_EVERY) => self.writer.send_alive().await?,
                }
            };
            if frames.is_empty() {
                // What memory has dropped is durable, so the files have it.
                return Err(io::Error::other("the files end before memory begins"));
            }
            self.writer.send(&frames).await?;
        }
        *ring = self.log.ring(tail.position());
        Ok(())
    }
}
