//! The fold of the log in the three ways in which a run performs it: by the joined engine, by risk and matching as two parts
//! in one hand, and by the two parts apart (which the processes do with what is here).
//!
//! It decides nothing itself. A newcomer needs to know one thing: all three must give the same events and the same state.

use std::rc::Rc;

use exchange_core::book::index::OpaqueIndex;
use exchange_core::book::{FastBook, OrderBook, ReferenceBook};
use exchange_core::matching::{BookMaker, Matching};
use exchange_core::risk::{Admitted, Risk};
use exchange_core::{Digest, Engine};
use exchange_service::log::Record;
use exchange_service::snapshot::{Fold, RestoreError};
use exchange_types::{CommandHeader, Event, EventBuffer, OrderId, Sequence, TimestampNs, decode_request};

use crate::message::Entry;

/// The book that runs.
pub type Fast = FastBook<OpaqueIndex>;

/// Orders a fast book has room for before it grows: a run has few.
const ORDERS: usize = 256;

/// Makes the books that run, with little room: a run makes many venues.
#[must_use]
pub fn fast_books() -> BookMaker<Fast> {
    BookMaker::new(|listing, seed| FastBook::new(listing.instrument, OpaqueIndex::with_seed(seed), ORDERS))
}

/// The joined engine.
#[derive(Debug, Clone)]
pub struct Venue<B> {
    /// The engine itself.
    pub engine: Engine<B>,
    buffer: EventBuffer,
}

impl Venue<Fast> {
    /// A venue before the first command, with the book that runs.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Engine::new(fast_books()))
    }
}

impl Default for Venue<Fast> {
    fn default() -> Self {
        Self::new()
    }
}

impl Venue<ReferenceBook> {
    /// A venue before the first command, with the book that specifies.
    #[must_use]
    pub fn reference() -> Self {
        Self::with(Engine::new(BookMaker::reference()))
    }
}

impl<B: OrderBook> Venue<B> {
    /// A venue that goes on from somewhere.
    #[must_use]
    pub fn with(engine: Engine<B>) -> Self {
        Self { engine, buffer: EventBuffer::default() }
    }

    /// Folds in a record and appends what happened.
    pub fn apply(&mut self, entry: &Entry, events: &mut Vec<Event>) {
        self.buffer.clear();
        let header = CommandHeader { sequence: entry.sequence, time: entry.time };
        self.engine.apply_encoded(&header, &entry.payload, &mut self.buffer);
        events.extend_from_slice(&self.buffer);
    }
}

/// What the snapshot follower and recovery fold.
impl Fold for Venue<Fast> {
    fn apply(&mut self, record: &Record<'_>) -> u64 {
        self.buffer.clear();
        let header = CommandHeader { sequence: record.sequence, time: record.time };
        self.engine.apply_encoded(&header, record.payload, &mut self.buffer);
        self.buffer.len() as u64
    }

    fn snapshot(&self, out: &mut Vec<u8>) {
        self.engine.snapshot(out);
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), RestoreError> {
        self.engine = Engine::restore(fast_books(), snapshot)
            .map_err(|error| RestoreError { offset: error.offset as u64, reason: error.fault.to_string() })?;
        Ok(())
    }

    fn state_hash(&self) -> u64 {
        self.engine.state_hash()
    }
}

/// Risk on its own, with the counting that the joined engine does.
#[derive(Debug, Clone)]
pub struct RiskHalf {
    /// Risk itself.
    pub risk: Risk,
    sequence: Sequence,
    time: TimestampNs,
    events: u64,
    checkpoint_at: u64,
    admitted: Vec<Admitted>,
    /// The events of the record under way.
    happened: EventBuffer,
}

/// What a record did, step by step.
#[derive(Debug, Clone)]
pub struct Folded {
    /// What expired.
    pub expired: Rc<[Event]>,
    /// What matching answered to the command itself, where it was asked.
    pub carried: Option<Rc<[Event]>>,
    /// Everything, in order.
    pub events: Rc<[Event]>,
}

impl RiskHalf {
    /// The part of an engine that is risk.
    #[must_use]
    pub fn of<B: OrderBook>(engine: &Engine<B>) -> Self {
        Self {
            risk: engine.risk().clone(),
            sequence: engine.sequence(),
            time: engine.time(),
            events: engine.events(),
            checkpoint_at: engine.checkpoint_at(),
            admitted: Vec::new(),
            happened: EventBuffer::default(),
        }
    }

    /// Takes what expired, and makes room for what follows.
    pub fn begin(&mut self, entry: &Entry, expired: &[Event]) {
        self.sequence = entry.sequence;
        self.time = entry.time;
        self.happened.clear();
        self.risk.pass_time(entry.time);
        self.settle(expired);
    }

    /// Decides about the record's command. What matching is to do, if anything.
    pub fn admit(&mut self, entry: &Entry) -> Option<Rc<[Admitted]>> {
        self.admitted.clear();
        match decode_request(&entry.payload) {
            Ok(request) => {
                let header = CommandHeader { sequence: entry.sequence, time: entry.time };
                self.risk.admit_request(&header, &request, &mut self.admitted, &mut self.happened);
            }
            Err(malformed) => self.happened.push(Event::Rejected {
                order: OrderId::default(),
                instrument: Default::default(),
                account: Default::default(),
                reason: malformed.reason,
            }),
        }
        (!self.admitted.is_empty()).then(|| self.admitted.as_slice().into())
    }

    /// Takes what matching answered.
    pub fn settle(&mut self, events: &[Event]) {
        for event in events {
            self.happened.push(*event);
            self.risk.settle(event);
        }
    }

    /// Ends the record: everything that happened, a checkpoint included where one is due.
    pub fn finish(&mut self) -> Rc<[Event]> {
        self.risk.assert_settled();
        self.events += self.happened.len() as u64;
        if self.events - self.checkpoint_at >= Event::CHECKPOINT_EVERY {
            self.happened.push(Event::Checkpoint { events: self.events, state_hash: self.state_hash() });
            self.events += 1;
            self.checkpoint_at = self.events;
        }
        Rc::from(&*self.happened)
    }

    /// What the joined engine would say.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut digest = Digest::new();
        for word in [self.risk.state_hash(), self.sequence.0, self.time.0, self.events, self.checkpoint_at] {
            digest.word(word);
        }
        digest.end_record();
        digest.value()
    }
}

/// Risk and matching in one hand, as a process folds the log to catch up.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Risk.
    pub risk: RiskHalf,
    /// Matching.
    pub matching: Matching<Fast>,
}

impl Pair {
    /// The two parts of an engine.
    #[must_use]
    pub fn of(engine: &Engine<Fast>) -> Self {
        Self { risk: RiskHalf::of(engine), matching: engine.matching().clone() }
    }

    /// Folds in a record.
    pub fn apply(&mut self, entry: &Entry) -> Folded {
        let expired = expire(&mut self.matching, entry.time);
        self.risk.begin(entry, &expired);
        let admitted = self.risk.admit(entry);
        let carried = admitted.map(|admitted| carry(&mut self.matching, &admitted));
        if let Some(carried) = &carried {
            self.risk.settle(carried);
        }
        let events = self.risk.finish();
        Folded { expired, carried, events }
    }
}

/// Ends the orders whose time is up.
pub fn expire(matching: &mut Matching<Fast>, time: TimestampNs) -> Rc<[Event]> {
    let mut events = EventBuffer::default();
    matching.expire(time, &mut events);
    Rc::from(&*events)
}

/// Carries out what risk has admitted.
pub fn carry(matching: &mut Matching<Fast>, admitted: &[Admitted]) -> Rc<[Event]> {
    let mut events = EventBuffer::default();
    for admitted in admitted {
        matching.apply(admitted, &mut events);
    }
    Rc::from(&*events)
}
