//! Steps: what risk tells matching about one record of the log, so that matching alone can say what it did.
//!
//! Not responsible for sending them, or for the order in which they come: a service compares sequence numbers. A newcomer needs
//! to know one thing: risk has folded the whole venue, its own books included, so a step carries the digest of the events that
//! are to come, and [`Matching::carry_out`] tells whoever publishes them whether they came.
//!
//! | file | what is in it |
//! |---|---|
//! | `codec` | a step as bytes, and back |
//! | `admitted` | the same for one message of risk to matching |
//! | `cursor` | taking fields out of bytes |
//! | `digest` | the digest of events |

mod admitted;
mod codec;
mod cursor;
mod digest;
#[cfg(test)]
mod tests;

pub use codec::{STEP_HEADER_BYTES, STEP_KIND, StepBuffer};
pub use digest::{EventsDigest, digest_of};

use exchange_types::{Event, EventBuffer, OutcomeHeader, RequestId, Sequence, TimestampNs};

use crate::book::OrderBook;
use crate::engine::Engine;
use crate::matching::Matching;
use crate::risk::Admitted;

/// What one record of the log makes matching do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The position of the record.
    pub sequence: Sequence,
    /// Its time: orders whose time is up end first.
    pub time: TimestampNs,
    /// Who waits for the outcome; zero: nobody.
    pub request: RequestId,
    /// The number of the first event in the stream of events: see [`OutcomeHeader::first_event`].
    pub first_event: u64,
    /// What [`digest_of`] all events of the command is: of what ended, of `events`, of what `admitted` does, of `checkpoint`.
    pub digest: u64,
    /// What happened in risk itself, in this order: a reject, a deposit, the setting of a state.
    pub events: &'a [Event],
    /// What is to be done in the books, in this order.
    pub admitted: &'a [Admitted],
    /// The checkpoint at the end, which only risk can make: it counts all money.
    pub checkpoint: Option<Checkpoint>,
}

/// What an [`Event::Checkpoint`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Events so far, this one not counted.
    pub events: u64,
    /// The state hash.
    pub state_hash: u64,
}

/// The books did not do what risk said they would. What was appended is not to be told to anybody, and the books are worth
/// nothing: the venue stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the events of command {sequence} have the digest {found:016x}, risk expects {expected:016x}")]
pub struct Diverged {
    /// The command.
    pub sequence: Sequence,
    /// The digest in the step.
    pub expected: u64,
    /// The digest of what happened. The same where the step is for a book that there is not, which risk would not have made.
    pub found: u64,
}

impl<B: OrderBook> Engine<B> {
    /// The step of the command that was folded in last; `events` are all events that it appended.
    ///
    /// # Panics
    /// If there are more or fewer of them.
    #[inline]
    #[must_use]
    pub fn step<'a>(&'a self, events: &'a [Event]) -> Step<'a> {
        let outcome = self.outcome(events);
        let (expired, decided) = self.last().ends();
        let checkpoint = match events.last() {
            Some(&Event::Checkpoint { events, state_hash }) => Some(Checkpoint { events, state_hash }),
            _ => None,
        };
        Step {
            sequence: outcome.sequence,
            time: outcome.time,
            request: outcome.request,
            first_event: outcome.first_event,
            digest: digest_of(events),
            events: &events[expired..decided],
            admitted: self.admitted(),
            checkpoint,
        }
    }

    /// The header of the outcome of the command that was folded in last; `events` are all events that it appended.
    ///
    /// # Panics
    /// If there are more or fewer of them.
    #[inline]
    #[must_use]
    pub fn outcome(&self, events: &[Event]) -> OutcomeHeader {
        let last = self.last();
        assert!(events.len() == last.events, "the events are those of the last command");
        OutcomeHeader {
            sequence: self.sequence(),
            time: self.time(),
            request: last.request,
            first_event: first_of(self.events(), events.len()),
            events: count_of(events),
        }
    }
}

impl Step<'_> {
    /// The header of the outcome; `events` are all events that [`Matching::carry_out`] appended.
    #[inline]
    #[must_use]
    pub fn outcome(&self, events: &[Event]) -> OutcomeHeader {
        OutcomeHeader {
            sequence: self.sequence,
            time: self.time,
            request: self.request,
            first_event: self.first_event,
            events: count_of(events),
        }
    }
}

impl<B: OrderBook> Matching<B> {
    /// Carries out a step: ends what is to end, then what risk has done, what it has admitted, and the checkpoint, in exactly
    /// the order of [`Engine::apply`], and appends all events.
    ///
    /// # Errors
    /// If these are not the events that risk expects, or if a message of the step names a book that there is not. The books may
    /// have changed and are not to be used again, and nothing that was appended has happened.
    #[inline]
    pub fn carry_out(&mut self, step: &Step<'_>, events: &mut EventBuffer) -> Result<(), Diverged> {
        let before = events.len();
        self.expire(step.time, events);
        for event in step.events {
            events.push(*event);
        }
        // What cannot be carried out is left out: the digest then is that of other events, or of none, and never matches.
        let mut impossible = false;
        for admitted in step.admitted {
            if self.can_apply(admitted) {
                self.apply(admitted, events);
            } else {
                impossible = true;
            }
        }
        if let Some(Checkpoint { events: number, state_hash }) = step.checkpoint {
            events.push(Event::Checkpoint { events: number, state_hash });
        }
        let found = digest_of(&events[before..]);
        if found == step.digest && !impossible {
            Ok(())
        } else {
            Err(Diverged { sequence: step.sequence, expected: step.digest, found })
        }
    }
}

/// The number of the first of so many events of which the last one has this number.
#[inline]
fn first_of(last: u64, events: usize) -> u64 {
    // Bound: the events are among those that were counted.
    last.wrapping_sub(events as u64).wrapping_add(1)
}

/// How many events there are. Each order ends once in a command, and there are fewer orders than 2^32.
#[inline]
fn count_of(events: &[Event]) -> u32 {
    u32::try_from(events.len()).unwrap_or(u32::MAX)
}
