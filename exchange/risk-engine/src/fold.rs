//! Records in, steps out.
//!
//! Not responsible for where records come from or where steps go. A newcomer needs to know one thing: steps gather as the frames
//! of the stream, back to back, and are taken as one chunk; folding a record allocates nothing once the buffers have grown.

use bytes::Bytes;
use exchange_core::FastEngine;
use exchange_service::net::{Chunk, Place, frame};
use exchange_types::codec::Frame as Record;
use exchange_types::{Event, EventBuffer};

use crate::metrics::RejectCounters;

/// A record that cannot be the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FoldError {
    /// It has another number.
    #[error("found record {found}, expected {expected}")]
    Gap {
        /// Its number.
        found: u64,
        /// The next one.
        expected: u64,
    },
    /// It is older than the one before.
    #[error("record {sequence} is of {found} ns, before the {last} ns of the one ahead of it")]
    Time {
        /// Its number.
        sequence: u64,
        /// Its time.
        found: u64,
        /// That of the record before.
        last: u64,
    },
}

/// What was done since the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    pub(crate) commands: u64,
    pub(crate) events: u64,
}

/// The state of the venue, and the steps that nobody has taken yet.
pub(crate) struct Fold {
    engine: FastEngine,
    epoch: Option<u32>,
    events: EventBuffer,
    /// The frames of steps that are not taken yet, and the number of the first.
    steps: Vec<u8>,
    first: u64,
    done: Done,
}

/// What the buffer of steps keeps for the next batch, in bytes. One that a mass cancel has made larger is given back.
const STEPS_BYTES_KEPT: usize = 1024 * 1024;

impl Fold {
    /// A fold that goes on from here.
    pub(crate) fn new(engine: FastEngine) -> Self {
        let first = engine.sequence().0 + 1;
        let (events, steps) = (EventBuffer::new(), Vec::new());
        Self { engine, epoch: None, events, steps, first, done: Done::default() }
    }

    /// Where it has come to.
    pub(crate) fn place(&self) -> Place {
        Place { sequence: self.engine.sequence().0, epoch: self.epoch }
    }

    /// The state.
    pub(crate) fn engine(&self) -> &FastEngine {
        &self.engine
    }

    /// Folds the next record in.
    ///
    /// # Errors
    /// If it is not the next one; nothing has changed then.
    pub(crate) fn fold(&mut self, record: &Record<'_>, rejects: &RejectCounters) -> Result<(), FoldError> {
        let header = record.header;
        let (found, expected) = (header.sequence.0, self.engine.sequence().0 + 1);
        if found != expected {
            return Err(FoldError::Gap { found, expected });
        }
        if header.time < self.engine.time() {
            let (found, last) = (header.time.0, self.engine.time().0);
            return Err(FoldError::Time { sequence: expected, found, last });
        }
        self.events.clear();
        self.engine.apply_encoded(&header.command(), record.payload, &mut self.events);
        self.epoch = Some(header.epoch.0);
        let step = self.engine.step(&self.events);
        frame::put_item(&mut self.steps, expected, |out| {
            out.extend_from_slice(&header.epoch.0.to_le_bytes());
            step.encode(out);
        });
        self.done.commands += 1;
        self.done.events += self.events.len() as u64;
        for event in &self.events {
            if let Event::Rejected { reason, .. } = event {
                rejects.count(*reason);
            }
        }
        Ok(())
    }

    /// Takes the steps of all records since the last time.
    pub(crate) fn take_chunk(&mut self) -> Option<Chunk> {
        let last = self.engine.sequence().0;
        if self.steps.is_empty() {
            return None;
        }
        let chunk = Chunk { first: self.first, last, frames: Bytes::copy_from_slice(&self.steps) };
        self.first = last + 1;
        self.steps.clear();
        self.steps.shrink_to(STEPS_BYTES_KEPT);
        Some(chunk)
    }

    /// Takes the counts.
    pub(crate) fn take_done(&mut self) -> Done {
        std::mem::take(&mut self.done)
    }
}
