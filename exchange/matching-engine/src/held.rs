//! Outcomes that wait until their commands are durable.
//!
//! Not responsible for knowing when that is. A newcomer needs to know one thing: outcomes gather back to back as the frames of the
//! stream and leave from the front, as one chunk, so holding one costs its bytes and a few more.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use exchange_core::risk::ORDERS_MAX;
use exchange_service::net::{Chunk, frame};
use exchange_types::codec::{EVENT_BYTES_MAX, OUTCOME_HEADER_BYTES};
use exchange_types::{Event, OutcomeHeader, encode_outcome};

/// One outcome that is held.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// The reign of its record.
    epoch: u32,
    /// How many bytes it has.
    bytes: usize,
    /// When its step had arrived.
    arrived: Instant,
}

/// The outcomes, without a gap.
#[derive(Debug)]
pub(crate) struct Held {
    frames: Vec<u8>,
    marks: VecDeque<Mark>,
    /// The sequence of the next outcome to be held.
    next: u64,
}

/// Events of a command beside one for each live order, and what an item has beside an outcome, with room to spare.
const EVENTS_BESIDE: usize = 16;
const ITEM_BESIDE: usize = 64;

// A command that ends every live order has one event for each. Its outcome fits a frame, or the kill switch would kill the venue.
const _: () = assert!(
    (ORDERS_MAX + EVENTS_BESIDE) * EVENT_BYTES_MAX + OUTCOME_HEADER_BYTES + ITEM_BESIDE
        <= frame::FRAME_BYTES_MAX
);

/// What the buffer keeps when it is empty, in bytes.
const BYTES_KEPT: usize = 1024 * 1024;

impl Held {
    /// Nothing is held, and what comes first is behind this sequence.
    pub(crate) fn behind(sequence: u64) -> Self {
        Self { frames: Vec::new(), marks: VecDeque::new(), next: sequence + 1 }
    }

    /// Holds the next outcome.
    ///
    /// # Panics
    /// If it is not the next one: an outcome is neither skipped nor repeated.
    pub(crate) fn hold(&mut self, epoch: u32, header: &OutcomeHeader, events: &[Event], arrived: Instant) {
        assert!(header.sequence.0 == self.next, "outcomes are held without a gap");
        let before = self.frames.len();
        frame::put_item(&mut self.frames, self.next, |out| encode_outcome(header, events, out));
        self.marks.push_back(Mark { epoch, bytes: self.frames.len() - before, arrived });
        self.next += 1;
    }

    /// The sequence of the first outcome that is held, or of the next one.
    pub(crate) fn first(&self) -> u64 {
        self.next - self.marks.len() as u64
    }

    /// The sequence of the next outcome to be held.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The reign of the record of an outcome that is held.
    pub(crate) fn epoch(&self, sequence: u64) -> Option<u32> {
        let at = usize::try_from(sequence.checked_sub(self.first())?).ok()?;
        self.marks.get(at).map(|mark| mark.epoch)
    }

    /// When the step of the first outcome that is held had arrived.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.marks.front().map(|mark| mark.arrived)
    }

    /// How many bytes are held.
    pub(crate) fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// Takes the outcomes up to and including this one; `see` is told of each when it arrived.
    pub(crate) fn release(&mut self, last: u64, mut see: impl FnMut(Instant)) -> Option<Chunk> {
        let first = self.first();
        let count = usize::try_from((last + 1).checked_sub(first)?).ok()?.min(self.marks.len());
        if count == 0 {
            return None;
        }
        let mut bytes = 0;
        for mark in self.marks.drain(..count) {
            bytes += mark.bytes;
            see(mark.arrived);
        }
        // A copy of exactly what is published; the buffer goes on to be used and never grows again.
        let frames = Bytes::copy_from_slice(&self.frames[..bytes]);
        self.frames.drain(..bytes);
        if self.frames.is_empty() {
            self.frames.shrink_to(BYTES_KEPT);
        }
        Some(Chunk { first, last: first + count as u64 - 1, frames })
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::{RequestId, Sequence, TimestampNs};

    use super::*;

    fn held(count: u64) -> Held {
        let mut held = Held::behind(10);
        for sequence in 11..11 + count {
            let header = OutcomeHeader {
                sequence: Sequence(sequence),
                time: TimestampNs(1),
                request: RequestId(sequence),
                first_event: sequence,
                events: 1,
            };
            held.hold(sequence as u32 / 2, &header, &[Event::Ticked], Instant::now());
        }
        held
    }

    #[test]
    fn what_is_released_leaves_from_the_front_once() {
        let mut held = held(5);
        assert_eq!(
            (held.first(), held.epoch(10), held.epoch(11), held.epoch(15)),
            (11, None, Some(5), Some(7))
        );
        assert!(held.release(10, |_| {}).is_none());
        let mut seen = 0;
        let chunk = held.release(12, |_| seen += 1).unwrap();
        assert_eq!((chunk.first, chunk.last, seen, held.first()), (11, 12, 2, 13));
        let rest = held.release(1_000, |_| seen += 1).unwrap();
        assert_eq!((rest.first, rest.last, seen, held.bytes()), (13, 15, 5, 0));
        assert_eq!(chunk.frames.len() * 3, rest.frames.len() * 2);
        assert!(held.release(u64::MAX - 1, |_| {}).is_none());
    }

    #[test]
    #[should_panic(expected = "without a gap")]
    fn an_outcome_out_of_turn_is_not_held() {
        let mut held = held(1);
        let header = OutcomeHeader { sequence: Sequence(13), ..OutcomeHeader::default() };
        held.hold(1, &header, &[], Instant::now());
    }
}
