//! The state of the engine as bytes, and back.
//!
//! Not responsible for files or checksums: whoever stores the bytes frames them. A newcomer needs to know one thing: a
//! snapshot carries its state hash, and bytes whose state has another hash are refused, so what is restored is what was there.
//!
//! All numbers are little-endian, and there is one way to write a state:
//!
//! | what | bytes |
//! |---|---|
//! | `EXENGINE`, version | 8, 4 |
//! | state hash | 8 |
//! | sequence, time, events, last checkpoint | 8 each |
//! | the state of risk: see `risk/snapshot.rs` | |
//!
//! The books are not written: an order of risk has all that its book needs, and orders come in the order of their arrival,
//! which is their priority.

mod bytes;
mod error;

pub use error::{SnapshotError, SnapshotFault};

pub(crate) use bytes::{Reader, Writer};

use exchange_types::{Event, EventBuffer, Sequence, TimestampNs};

use crate::book::{BookCommand, OrderBook};
use crate::engine::{Engine, Progress};
use crate::matching::{BookMaker, Matching};
use crate::risk::{Admitted, Risk};

/// What every snapshot begins with.
const MAGIC: &[u8; 8] = b"EXENGINE";

/// The version of the format. Version 1 knew no idempotency keys, and its state hash was another one, so a snapshot of it is
/// refused: the log that it came from gives the state again.
const VERSION: u32 = 2;

impl<B: OrderBook> Engine<B> {
    /// Appends the whole state.
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        let mut writer = Writer(out);
        writer.0.extend_from_slice(MAGIC);
        writer.u32(VERSION);
        writer.u64(self.state_hash());
        let progress = self.progress();
        for word in [progress.sequence.0, progress.time.0, progress.events, progress.checkpoint_at] {
            writer.u64(word);
        }
        self.risk().write(&mut writer);
    }

    /// The engine whose [`snapshot`](Self::snapshot) these bytes are. It has the same state hash and answers any further
    /// commands with the same events.
    ///
    /// # Errors
    /// What is wrong and where. Nothing is repaired, no bytes make this panic, and a count is within its limit and backed by
    /// bytes before anything is allocated for it.
    pub fn restore(maker: BookMaker<B>, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut reader = Reader::new(bytes);
        let expected = read_header(&mut reader)?;
        let progress = Progress {
            sequence: Sequence(reader.u64()?),
            time: TimestampNs(reader.u64()?),
            events: reader.u64()?,
            checkpoint_at: reader.u64()?,
        };
        reader.hold("the last checkpoint is one of the events", progress.checkpoint_at <= progress.events)?;
        let counts = [progress.sequence.0, progress.events];
        reader.hold(COUNTABLE, counts.into_iter().all(is_countable))?;
        let risk = Risk::read(&mut reader, maker.seed(), &progress)?;
        reader.end()?;
        let matching = books_of(&risk, maker)
            .ok_or_else(|| reader.invalid("orders of a book do not cross, and fit into it"))?;
        let engine = Self::from_parts(risk, matching, progress);
        let found = engine.state_hash();
        if found == expected {
            Ok(engine)
        } else {
            let fault = SnapshotFault::Hash { found, expected };
            Err(SnapshotError { offset: HASH_AT, fault })
        }
    }
}

/// The rule of [`is_countable`].
pub(crate) const COUNTABLE: &str = "what is counted one by one is below 2^63";

/// Whether a count can go on: what is counted one by one never comes this far, and nothing checks it again.
pub(crate) fn is_countable(count: u64) -> bool {
    count < 1 << 63
}

/// Where the state hash stands.
const HASH_AT: usize = 12;

/// Reads what comes before the state, and returns the state hash.
fn read_header(reader: &mut Reader<'_>) -> Result<u64, SnapshotError> {
    if reader.take(MAGIC.len())? != MAGIC {
        return Err(SnapshotError { offset: 0, fault: SnapshotFault::Foreign });
    }
    let found = reader.u32()?;
    if found != VERSION {
        let fault = SnapshotFault::UnknownVersion { found, expected: VERSION };
        return Err(reader.fault_before(4, fault));
    }
    reader.u64()
}

/// The books with all orders of a risk that has just been read. `None`: an order does not simply rest.
fn books_of<B: OrderBook>(risk: &Risk, maker: BookMaker<B>) -> Option<Matching<B>> {
    let mut matching = Matching::new(maker);
    let mut events = EventBuffer::new();
    for listing in risk.listings() {
        matching.apply(&Admitted::Listing(listing), &mut events);
    }
    for (instrument, order) in risk.orders_by_arrival() {
        events.clear();
        let command = BookCommand::Submit(order);
        matching.apply(&Admitted::Book { instrument, command }, &mut events);
        let rested = matches!(&events[..], [Event::Rested { quantity, .. }] if *quantity == order.quantity);
        if !rested {
            return None;
        }
    }
    Some(matching)
}
