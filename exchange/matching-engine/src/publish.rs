//! The stream of outcomes.
//!
//! Not responsible for what is durable: what comes here may be told. A newcomer needs to know one thing: what was published stays
//! published, whatever happens to the books; recovered books go on behind it, and only where they begin later is there a new ring,
//! whose readers find what is between in the archive.

use exchange_service::net::{Chunk, Ring};

use crate::routes::{Outcomes, Serving};

/// The writing side.
#[derive(Debug)]
pub(crate) struct Publisher {
    ring: Option<Ring>,
    ring_bytes: usize,
    serving: Serving,
}

impl Publisher {
    /// Publishes to `serving`, once it is known where the books begin.
    pub(crate) fn new(ring_bytes: usize, serving: Serving) -> Self {
        Self { ring: None, ring_bytes, serving }
    }

    /// The last outcome that was published; zero: none was.
    pub(crate) fn position(&self) -> u64 {
        self.ring.as_ref().map_or(0, Ring::position)
    }

    /// Books begin behind this sequence, with a log whose writer is of this reign. The readers of a stream that ends before it are
    /// sent away, to come back with their places.
    pub(crate) fn begin(&mut self, sequence: u64, reign: u32) {
        let ring = match self.ring.take() {
            Some(ring) if ring.position() >= sequence => ring,
            _ => Ring::new(sequence, self.ring_bytes),
        };
        *self.serving.outcomes() = Some(Outcomes { source: ring.source(), reign });
        self.ring = Some(ring);
    }

    /// Another writer has the log.
    pub(crate) fn reign(&self, reign: u32) {
        if let Some(outcomes) = &mut *self.serving.outcomes() {
            outcomes.reign = reign;
        }
    }

    /// Publishes what comes next.
    pub(crate) fn publish(&self, chunk: Chunk) {
        if let Some(ring) = &self.ring {
            ring.push(chunk);
        }
    }
}
