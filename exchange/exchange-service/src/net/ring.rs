//! The last part of a stream of sequenced items, in memory, for any number of readers.
//!
//! Not responsible for connections. A newcomer needs to know one thing: the writer never waits for a reader. The ring holds the
//! newest items up to a bound in bytes; **a reader that is slower than that finds its place gone** ([`TooOld`]) and has to get
//! the items from wherever they are kept for good.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::frame;

/// A part of a stream: items one after the other, as the frames that go over a connection.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The sequence of the first item.
    pub first: u64,
    /// The sequence of the last item.
    pub last: u64,
    /// All of them, each a frame of kind [`ITEM`](frame::ITEM).
    pub frames: Bytes,
}

/// What a chunk costs beside its frames, in bytes, so that a ring of single small items keeps its bound as well.
const CHUNK_BYTES: usize = 96;

impl Chunk {
    /// What it takes in memory.
    fn bytes(&self) -> usize {
        self.frames.len() + CHUNK_BYTES
    }
}

/// A reader asked for an item that the ring does not hold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("item {wanted} is not kept any more, the oldest is {oldest}")]
pub struct TooOld {
    /// The item the reader was to get next.
    pub wanted: u64,
    /// The oldest item there is.
    pub oldest: u64,
}

/// The writing side.
#[derive(Debug)]
pub struct Ring {
    shared: Arc<Shared>,
    position: watch::Sender<u64>,
}

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    bytes_max: usize,
    /// The sequence of the next item to come.
    next: u64,
}

impl Ring {
    /// An empty ring behind item `last` that takes up to `bytes_max` bytes of memory, and always holds what was pushed last.
    #[must_use]
    pub fn new(last: u64, bytes_max: usize) -> Self {
        let kept = Kept { chunks: VecDeque::new(), bytes: 0, bytes_max, next: last + 1 };
        Self { shared: Arc::new(Shared { kept: Mutex::new(kept) }), position: watch::Sender::new(last) }
    }

    /// Adds the items that come next; readers are woken.
    ///
    /// # Panics
    /// If there is a gap before them, or there are none.
    pub fn push(&self, chunk: Chunk) {
        let last = chunk.last;
        {
            let mut kept = self.shared.lock();
            assert!(chunk.first == kept.next && chunk.last >= chunk.first, "a stream has no gap");
            kept.next = chunk.last + 1;
            kept.bytes += chunk.bytes();
            kept.chunks.push_back(chunk);
            while kept.bytes > kept.bytes_max && kept.chunks.len() > 1 {
                let Some(oldest) = kept.chunks.pop_front() else { break };
                kept.bytes -= oldest.bytes();
            }
        }
        self.position.send_replace(last);
    }

    /// The sequence of the last item.
    #[must_use]
    pub fn position(&self) -> u64 {
        *self.position.borrow()
    }

    /// A handle for readers.
    #[must_use]
    pub fn source(&self) -> RingSource {
        RingSource { shared: Arc::clone(&self.shared), position: self.position.subscribe() }
    }
}

/// Makes readers.
#[derive(Debug, Clone)]
pub struct RingSource {
    shared: Arc<Shared>,
    position: watch::Receiver<u64>,
}

impl RingSource {
    /// The sequence of the last item.
    #[must_use]
    pub fn position(&self) -> u64 {
        *self.position.borrow()
    }

    /// A reader of the items behind `after`, which may lie ahead: then it waits for the item behind it and gets none before.
    #[must_use]
    pub fn reader(&self, after: u64) -> RingReader {
        let mut position = self.position.clone();
        position.mark_changed();
        RingReader { shared: Arc::clone(&self.shared), position, after }
    }

    /// The oldest item there is; the next one to come where there is none.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.shared.lock().oldest()
    }
}

/// Reads items in order.
#[derive(Debug)]
pub struct RingReader {
    shared: Arc<Shared>,
    position: watch::Receiver<u64>,
    after: u64,
}

impl RingReader {
    /// The sequence of the last item that was returned.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.after
    }

    /// Waits until there are items behind those returned, and appends them to `chunks`: all of them, up to some `bytes_max` bytes.
    /// `Ok(false)`: the ring is gone, nothing will come.
    ///
    /// # Errors
    /// [`TooOld`] if the next item is not kept any more.
    pub async fn next(&mut self, chunks: &mut Vec<Chunk>, bytes_max: usize) -> Result<bool, TooOld> {
        loop {
            if self.take(chunks, bytes_max)? {
                return Ok(true);
            }
            if self.position.changed().await.is_err() {
                return Ok(false);
            }
        }
    }

    /// As [`next`](Self::next) without waiting; false: there is nothing new.
    ///
    /// # Errors
    /// [`TooOld`] if the next item is not kept any more.
    pub fn take(&mut self, chunks: &mut Vec<Chunk>, bytes_max: usize) -> Result<bool, TooOld> {
        // Before the look at the ring, so that what is pushed after the look wakes.
        self.position.mark_unchanged();
        let kept = self.shared.lock();
        // A reader may ask for anything: behind the last number there is nothing to come.
        let Some(wanted) = self.after.checked_add(1) else { return Ok(false) };
        if wanted >= kept.next {
            return Ok(false);
        }
        let oldest = kept.oldest();
        if wanted < oldest {
            return Err(TooOld { wanted, oldest });
        }
        let start = kept.chunks.partition_point(|chunk| chunk.last < wanted);
        let mut bytes = 0;
        for chunk in kept.chunks.range(start..) {
            if bytes >= bytes_max {
                break;
            }
            let chunk = behind(chunk, self.after);
            bytes += chunk.frames.len();
            self.after = chunk.last;
            chunks.push(chunk);
        }
        Ok(true)
    }
}

/// The part of a chunk that comes after an item. It shares the chunk's memory.
fn behind(chunk: &Chunk, after: u64) -> Chunk {
    if after < chunk.first {
        return chunk.clone();
    }
    let skipped = frame::skip_items(&chunk.frames, after);
    Chunk { first: after + 1, last: chunk.last, frames: chunk.frames.slice(skipped..) }
}

impl Shared {
    /// Nothing that can panic halfway changes the ring under this lock.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn oldest(&self) -> u64 {
        self.chunks.front().map_or(self.next, |chunk| chunk.first)
    }
}
