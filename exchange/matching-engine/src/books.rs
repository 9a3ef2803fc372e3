//! Steps in, outcomes out.
//!
//! Not responsible for when an outcome may be told. A newcomer needs to know one thing: a step carries the digest of the events that
//! risk expects. Where the books do something else, neither of the two can be believed, and nothing is told any more.

use std::time::Instant;

use exchange_core::book::index::OpaqueIndex;
use exchange_core::book::{FastBook, OrderBook};
use exchange_core::matching::Matching;
use exchange_core::step::StepBuffer;
use exchange_service::net::Place;
use exchange_types::{Event, EventBuffer, InstrumentId, Malformed, TimestampNs};

use crate::held::Held;

/// Why a step was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The connection is gone.
    #[error(transparent)]
    Connection(#[from] std::io::Error),
    /// It is another frame than an item.
    #[error("found a frame of kind {kind}, expected a step")]
    Kind {
        /// Its kind.
        kind: u8,
    },
    /// It is no step: the connection is at fault.
    #[error("a step cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The item is too short, or goes on behind the step.
    #[error("an item of {bytes} bytes does not hold a step alone")]
    Length {
        /// How many there are.
        bytes: usize,
    },
    /// It is not the next one.
    #[error("found step {found}, expected {expected}")]
    Gap {
        /// Its number.
        found: u64,
        /// The next one.
        expected: u64,
    },
    /// Risk and these books disagree.
    #[error("{0}")]
    Diverged(Divergence),
}

/// Where risk and the books disagree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("command {} of reign {epoch}: {difference}", place.sequence)]
pub(crate) struct Divergence {
    /// The record.
    pub(crate) place: Place,
    epoch: u32,
    difference: String,
}

/// What was done since the last look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) commands: u64,
    pub(crate) events: u64,
    pub(crate) orders: u64,
    pub(crate) trades: u64,
}

impl Done {
    /// One more command, which led to these events.
    pub(crate) fn add(&mut self, events: &[Event]) {
        self.commands += 1;
        self.events += events.len() as u64;
        for event in events {
            match event {
                Event::Rested { .. } => self.orders += 1,
                Event::Trade(_) => self.trades += 1,
                _ => {}
            }
        }
    }
}

/// Where the books stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    /// Behind this record.
    pub(crate) place: Place,
    /// Its time.
    pub(crate) time: TimestampNs,
    /// How many events there were.
    pub(crate) events: u64,
}

/// The books of all instruments.
pub(crate) struct Books {
    matching: Matching<FastBook<OpaqueIndex>>,
    stand: Stand,
    steps: StepBuffer,
    events: EventBuffer,
    done: Done,
}

impl Books {
    /// Books that stand here.
    pub(crate) fn new(matching: Matching<FastBook<OpaqueIndex>>, stand: Stand) -> Self {
        let (steps, events) = (StepBuffer::new(), EventBuffer::new());
        Self { matching, stand, steps, events, done: Done::default() }
    }

    /// Behind which record they stand.
    pub(crate) fn place(&self) -> Place {
        self.stand.place
    }

    /// Carries out an item of the stream of steps: the reign of the record, and the step.
    ///
    /// # Errors
    /// As [`StepError`] says. After [`StepError::Diverged`] the books are worth nothing; after any other they are as they were.
    pub(crate) fn carry_out(
        &mut self,
        sequence: u64,
        item: &[u8],
        arrived: Instant,
        held: &mut Held,
    ) -> Result<(), StepError> {
        let expected = self.stand.place.sequence + 1;
        if sequence != expected {
            return Err(StepError::Gap { found: sequence, expected });
        }
        let length = || StepError::Length { bytes: item.len() };
        let (epoch, bytes) = item.split_first_chunk::<4>().ok_or_else(length)?;
        let epoch = u32::from_le_bytes(*epoch);
        let (step, used) = self.steps.decode(bytes)?;
        if used != bytes.len() {
            return Err(length());
        }
        if step.sequence.0 != expected {
            return Err(StepError::Gap { found: step.sequence.0, expected });
        }
        let place = Place { sequence, epoch: Some(epoch) };
        let diverged = |difference| StepError::Diverged(Divergence { place, epoch, difference });
        if step.first_event != self.stand.events + 1 {
            let (found, expected) = (self.stand.events + 1, step.first_event);
            return Err(diverged(format!("its first event has number {found}, risk expects {expected}")));
        }
        if step.time < self.stand.time {
            let (found, last) = (step.time, self.stand.time);
            return Err(diverged(format!(
                "it is of {found} ns, before the {last} ns of the one ahead of it"
            )));
        }
        self.events.clear();
        self.matching
            .carry_out(&step, &mut self.events)
            .map_err(|difference| diverged(difference.to_string()))?;
        let events = self.stand.events + self.events.len() as u64;
        self.stand = Stand { place, time: step.time, events };
        self.done.add(&self.events);
        if sequence >= held.next() {
            held.hold(epoch, &step.outcome(&self.events), &self.events, arrived);
        }
        Ok(())
    }

    /// Takes the counts.
    pub(crate) fn take_done(&mut self) -> Done {
        std::mem::take(&mut self.done)
    }

    /// The live orders of each book.
    pub(crate) fn live_orders(&self) -> impl Iterator<Item = (InstrumentId, usize)> {
        self.matching.books().map(|(instrument, book)| (instrument, book.live_orders()))
    }
}
