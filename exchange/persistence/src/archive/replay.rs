//! Folding a part of the log again, on a thread of its own.

use std::io;
use std::thread;

use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine};
use exchange_service::log::{LogError, LogReader, LogSource, SegmentReader};
use exchange_service::net::frame::put_item;
use exchange_service::snapshot::SnapshotStore;
use exchange_service::storage::{FileStorage, StorageError};
use exchange_types::{CommandHeader, EventBuffer, Sequence, encode_outcome};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::log::LogHandle;
use crate::snapshots::{Part, part_of};

/// How many replays there are at a time; further askers are told to come again. Each has a venue of its own in memory.
pub(crate) const REPLAYS_MAX: usize = 2;

/// How many bytes of outcomes make a piece.
const PIECE_BYTES: usize = 256 * 1024;

/// How many pieces wait for a reader that is slower than the replay. **When there are as many, the replay waits.**
const PIECES: usize = 4;

/// Why outcomes cannot be made again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The log begins behind them, and no snapshot helps.
    #[error("the log begins with record {oldest}, and no snapshot covers what is before")]
    Gone {
        /// The oldest record that can be read.
        oldest: Sequence,
    },
    /// The disk failed.
    #[error("a snapshot could not be read")]
    Storage(#[from] StorageError),
    /// The log failed.
    #[error("the log could not be read")]
    Log(#[from] LogError),
}

/// A replay that is about to begin.
pub(super) struct Replay {
    engine: FastEngine,
    reader: SegmentReader<FileStorage>,
    after: Sequence,
    last: Sequence,
}

/// A piece of outcomes, or why there are no more.
pub(super) type Piece = Result<Vec<u8>, ReplayError>;

impl Replay {
    /// Begins at the newest snapshot that does not reach behind `after`. The outcomes are those behind `after`, up to `last`.
    pub(super) fn begin(
        storage: FileStorage,
        log: &LogHandle,
        after: Sequence,
        last: Sequence,
    ) -> Result<Self, ReplayError> {
        let engine = match newest_before(storage, after)? {
            Some(engine) => engine,
            None => Engine::new(BookMaker::fast()),
        };
        let oldest = log.source().first();
        let reader = log.source().reader(engine.sequence().next()).map_err(|error| match error {
            LogError::NotHere { .. } => ReplayError::Gone { oldest },
            error => error.into(),
        })?;
        Ok(Self { engine, reader, after, last })
    }

    /// Runs it on a thread. The pieces end without an error when all outcomes were said; the place is held until then.
    pub(super) fn start(self, place: OwnedSemaphorePermit) -> io::Result<mpsc::Receiver<Piece>> {
        let (send, pieces) = mpsc::channel(PIECES);
        // Nobody joins it: it ends with its work, or when nobody takes the pieces any more.
        thread::Builder::new().name("archive".into()).spawn(move || {
            let _place = place;
            if let Err(error) = self.run(&send) {
                // Where the reader is gone nobody wants to know.
                drop(send.blocking_send(Err(error)));
            }
        })?;
        Ok(pieces)
    }

    fn run(mut self, send: &mpsc::Sender<Piece>) -> Result<(), ReplayError> {
        let mut events = EventBuffer::new();
        let mut piece = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        while self.engine.sequence() < self.last {
            let Some(record) = self.reader.next()? else { break };
            let header = CommandHeader { sequence: record.sequence, time: record.time };
            events.clear();
            self.engine.apply_encoded(&header, record.payload, &mut events);
            if record.sequence <= self.after {
                // Nothing is said yet, but the reader may have gone.
                if send.is_closed() {
                    return Ok(());
                }
                continue;
            }
            let outcome = self.engine.outcome(&events);
            put_item(&mut piece, record.sequence.0, |out| encode_outcome(&outcome, &events, out));
            if piece.len() >= PIECE_BYTES {
                let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8));
                if send.blocking_send(Ok(full)).is_err() {
                    return Ok(());
                }
            }
        }
        if !piece.is_empty() {
            drop(send.blocking_send(Ok(piece)));
        }
        Ok(())
    }
}

/// The engine of the newest valid snapshot that covers nothing behind `after`.
fn newest_before(storage: FileStorage, after: Sequence) -> Result<Option<FastEngine>, StorageError> {
    let mut store = SnapshotStore::new(storage);
    let mut state = Vec::new();
    for id in store.list()?.0.into_iter().filter(|id| id.sequence <= after) {
        match store.read(id, &mut state) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => continue,
            // Retention has taken it away meanwhile.
            Err(error) if error.is_missing() => continue,
            Err(error) => return Err(error),
        }
        let engine = part_of(&state, Part::Engine).ok();
        if let Some(engine) = engine.and_then(|bytes| Engine::restore(BookMaker::fast(), bytes).ok()) {
            return Ok(Some(engine));
        }
    }
    Ok(None)
}
