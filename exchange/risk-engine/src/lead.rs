//! How far this service is ahead of matching, and when it waits.
//!
//! Not responsible for finding out where matching is. A newcomer needs to know one thing: what matching has not confirmed must
//! stay in the ring, or a matching that reconnects finds its place gone; so the fold stops when what is not confirmed fills half
//! of it. Matching that recovers from the log confirms past the fold, which sets it going again, so the two never wait for each
//! other.

use std::collections::VecDeque;

/// Chunks of steps that matching has not confirmed.
#[derive(Debug, Default)]
pub(crate) struct Lead {
    /// The last step of each chunk, and its bytes.
    chunks: VecDeque<(u64, usize)>,
    bytes: usize,
    bytes_max: usize,
    /// How far matching has come, which may be ahead of the fold.
    confirmed: u64,
}

impl Lead {
    /// Nothing is ahead. The ring has this many bytes.
    pub(crate) fn new(ring_bytes: usize) -> Self {
        Self { chunks: VecDeque::new(), bytes: 0, bytes_max: ring_bytes / 2, confirmed: 0 }
    }

    /// A chunk was made that ends with this step.
    pub(crate) fn add(&mut self, last: u64, bytes: usize) {
        // Matching that has recovered from the log is ahead: it says so once, and needs none of these.
        if last <= self.confirmed {
            return;
        }
        self.bytes += bytes;
        self.chunks.push_back((last, bytes));
    }

    /// Matching has come this far.
    pub(crate) fn confirm(&mut self, position: u64) {
        self.confirmed = position;
        while let Some((last, bytes)) = self.chunks.front().copied() {
            if last > position {
                break;
            }
            self.bytes -= bytes;
            self.chunks.pop_front();
        }
    }

    /// Whether the fold has to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= self.bytes_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_ring_that_is_not_confirmed_is_full() {
        let mut lead = Lead::new(100);
        lead.add(3, 30);
        lead.add(5, 20);
        assert!(lead.is_full());
        lead.confirm(2);
        assert!(lead.is_full(), "a chunk counts until its end is confirmed");
        lead.confirm(3);
        assert!(!lead.is_full());
        lead.add(6, 1_000);
        lead.confirm(4_711);
        assert!(!lead.is_full() && lead.chunks.is_empty() && lead.bytes == 0);
        lead.confirm(1);
    }

    #[test]
    fn what_was_confirmed_before_it_was_made_does_not_count() {
        let mut lead = Lead::new(100);
        lead.confirm(10);
        lead.add(10, 1_000);
        assert!(!lead.is_full());
        lead.add(11, 50);
        assert!(lead.is_full());
    }
}
