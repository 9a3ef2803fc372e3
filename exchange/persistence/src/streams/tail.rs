//! Records that memory does not hold any more: from the files, in pieces.

use std::sync::Arc;

use exchange_service::log::{LogError, LogReader, LogSource, SegmentReader};
use exchange_service::storage::FileStorage;
use exchange_types::Sequence;
use exchange_types::codec::FrameHeader;
use tokio::sync::Semaphore;

use crate::log::{LogHandle, put_record};

/// How many bytes are read at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// How many pieces are read at the same time for all who are behind; the others wait. Each takes a thread and reads a disk.
const READERS: usize = 4;

/// Reads files for those who are behind. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    places: Arc<Semaphore>,
}

impl Default for Files {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(READERS)) }
    }
}

/// Somebody's place in the files.
pub(super) struct FileTail {
    files: Files,
    log: LogHandle,
    /// `None` before the first piece.
    reader: Option<SegmentReader<FileStorage>>,
    after: Sequence,
}

impl FileTail {
    pub(super) fn new(files: Files, log: LogHandle, after: Sequence) -> Self {
        Self { files, log, reader: None, after }
    }

    /// The last record that was read.
    pub(super) fn position(&self) -> Sequence {
        self.after
    }

    /// The records that come next, as items; empty: there are no more durable ones.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, LogError> {
        let gone = || LogError::Stopped { cause: "the reader is gone".into() };
        let _place = self.files.places.acquire().await.map_err(|_| gone())?;
        let (reader, log, after) = (self.reader.take(), self.log.clone(), self.after);
        let read = tokio::task::spawn_blocking(move || {
            let mut reader = match reader {
                Some(reader) => reader,
                None => log.source().reader(after.next())?,
            };
            let mut frames = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
            let mut after = after;
            while frames.len() < PIECE_BYTES {
                let Some(record) = reader.next()? else { break };
                let header =
                    FrameHeader { epoch: record.epoch, sequence: record.sequence, time: record.time };
                put_record(&mut frames, header, record.payload);
                after = record.sequence;
            }
            Ok::<_, LogError>((reader, frames, after))
        });
        // Dropping this future leaves the thread to end its piece; nobody needs what it reads.
        let (reader, frames, after) = read.await.map_err(|_| gone())??;
        self.reader = Some(reader);
        self.after = after;
        Ok(frames)
    }
}
