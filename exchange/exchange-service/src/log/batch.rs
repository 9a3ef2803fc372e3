//! What goes into a log and what comes out of it.

use exchange_types::{Epoch, Sequence, TimestampNs};

/// Payloads that will be appended together: one buffer, so that gathering a batch allocates nothing after warm-up.
#[derive(Debug, Clone, Default)]
pub struct Payloads {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Payloads {
    /// No payloads.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes they are together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets them and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Each payload, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }
}

/// A record as it stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'log> {
    /// The reign of the writer.
    pub epoch: Epoch,
    /// Its place.
    pub sequence: Sequence,
    /// When it was appended; the same for all records of a batch.
    pub time: TimestampNs,
    /// What was submitted.
    pub payload: &'log [u8],
}
