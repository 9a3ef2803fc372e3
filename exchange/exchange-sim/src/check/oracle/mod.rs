//! The one who knows better: folds what the log promises a second and a third time, and holds everybody to it.
//!
//! It takes part in nothing. A newcomer needs to know one thing: it believes the disk and the log's promises (what was durable
//! once), never a process; so whatever a process tells anybody can be compared. What it is told is here; how it folds and counts is
//! in `fold`, and what it knows of idempotency keys in `requests`.

mod fold;
mod requests;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use exchange_core::book::ReferenceBook;
use exchange_core::feed::{Feed, Level};
use exchange_service::log::LogError;
use exchange_service::snapshot::{Restored, SnapshotError, SnapshotId};
use exchange_types::{AssetId, Event, InstrumentId, Sequence};

use super::{Coverage, Violation, ensure};
use crate::disk::is_fault;
use crate::fold::{Fast, Venue};
use crate::kernel::Party;
use crate::message::{Entry, Identity};

/// A command of a client.
#[derive(Debug)]
struct Submitted {
    by: Party,
    payload: Rc<[u8]>,
    place: Option<Sequence>,
    answered: bool,
    given_up: bool,
}

/// A record that was appended.
#[derive(Debug, Clone)]
struct Appended {
    entry: Entry,
    identity: Identity,
}

/// What the oracle knows.
#[derive(Debug)]
pub struct Oracle {
    commands: Vec<Submitted>,
    /// What is durable.
    log: Vec<Appended>,
    /// What is appended behind it.
    tail: VecDeque<Appended>,
    requests: requests::Requests,
    fast: Venue<Fast>,
    reference: Venue<ReferenceBook>,
    events: Vec<Event>,
    /// How many events there are up to the end of each command, and the state hash there.
    ends: Vec<(usize, u64)>,
    /// Digests of the depth of instruments after their event with this sequence.
    depths: BTreeMap<(InstrumentId, Sequence), u64>,
    feed: Feed,
    deposited: BTreeMap<AssetId, u128>,
    withdrawn: BTreeMap<AssetId, u128>,
    answers: u64,
    coverage: Coverage,
}

impl Default for Oracle {
    fn default() -> Self {
        Self::new()
    }
}

impl Oracle {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            commands: Vec::new(),
            log: Vec::new(),
            tail: VecDeque::new(),
            requests: requests::Requests::default(),
            fast: Venue::new(),
            reference: Venue::reference(),
            events: Vec::new(),
            ends: Vec::new(),
            depths: BTreeMap::new(),
            feed: Feed::new(),
            deposited: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            answers: 0,
            coverage: Coverage::default(),
        }
    }

    /// A client is about to submit a command.
    pub fn submitted(&mut self, by: Party, payload: Rc<[u8]>) -> Identity {
        self.commands.push(Submitted { by, payload, place: None, answered: false, given_up: false });
        Identity(self.commands.len() - 1)
    }

    /// The log is about to take a record. It may be found in the log from now on, even if the append fails.
    ///
    /// # Errors
    /// Where it has no place there, or is not what its client has submitted, or is there already.
    pub fn appending(&mut self, entry: &Entry, identity: Identity) -> Result<(), Violation> {
        let next = Sequence((self.log.len() + self.tail.len()) as u64 + 1);
        ensure(entry.sequence == next, "sequences have no gap and are used once", || {
            format!("{} where {next} was next", entry.sequence)
        })?;
        let command = &mut self.commands[identity.0];
        ensure(command.payload == entry.payload, "the log holds what was submitted", || {
            format!("command {} of {:?}", identity.0, command.by)
        })?;
        ensure(command.place.is_none() && !command.answered, "no command is executed twice", || {
            format!("command {} of {:?}: {:?} and {next}", identity.0, command.by, command.place)
        })?;
        ensure(!command.given_up, "what is said not to be in the log never gets there", || {
            format!("command {} of {:?}: {next}", identity.0, command.by)
        })?;
        command.place = Some(next);
        self.tail.push_back(Appended { entry: entry.clone(), identity });
        Ok(())
    }

    /// The log has said that it is durable up to here.
    ///
    /// # Errors
    /// Where it says less than before, or more than there is, or the fold breaks a rule.
    pub fn durable(&mut self, durable: Sequence) -> Result<(), Violation> {
        let (before, there) = (self.log.len() as u64, (self.log.len() + self.tail.len()) as u64);
        ensure(
            durable.0 >= before && durable.0 <= there,
            "what is durable grows with what is appended",
            || format!("{durable}, of {before} to {there}"),
        )?;
        for _ in before..durable.0 {
            if let Some(appended) = self.tail.pop_front() {
                self.fold(&appended)?;
                self.log.push(appended);
            }
        }
        Ok(())
    }

    /// The log was opened again and holds these records, all of them durable.
    ///
    /// # Errors
    /// As [`could_be`](Self::could_be).
    pub fn recovered(&mut self, entries: &[Entry], last: Sequence) -> Result<(), Violation> {
        self.could_be(entries, last)?;
        self.durable(last)?;
        if !self.tail.is_empty() {
            self.coverage.happened("records lost in a crash");
        }
        // What did not survive may be written again, elsewhere.
        for lost in self.tail.drain(..) {
            self.commands[lost.identity.0].place = None;
        }
        Ok(())
    }

    /// A log that was opened may hold these records, as far as anybody knows.
    ///
    /// # Errors
    /// Where it lacks something that was durable, or holds something that nobody wrote.
    pub fn could_be(&self, entries: &[Entry], last: Sequence) -> Result<(), Violation> {
        ensure(entries.len() as u64 == last.0, "what recovery reports can be read", || {
            format!("{} records, {last} reported", entries.len())
        })?;
        ensure(entries.len() >= self.log.len(), "what was durable once stays in the log", || {
            format!("{} records of {} are left", entries.len(), self.log.len())
        })?;
        let expected = self.log.iter().chain(&self.tail);
        let mut agree = 0;
        for (entry, appended) in entries.iter().zip(expected) {
            ensure(*entry == appended.entry, "a record that is read is the one that was written", || {
                format!("{entry:?} where {:?} was written", appended.entry)
            })?;
            agree += 1;
        }
        ensure(agree == entries.len(), "the log holds nothing that nobody wrote", || {
            format!("{} records, {agree} of them written", entries.len())
        })
    }

    /// The log did not open. None of the faults here is damage, so only a disk that fails at this moment may be the reason.
    ///
    /// # Errors
    /// Where the log calls itself damaged, or fenced by an epoch that nobody took, or a snapshot does not fit to it.
    pub fn refused_to_open(&self, error: &SnapshotError) -> Result<(), Violation> {
        let disk = match error {
            SnapshotError::Storage(error) | SnapshotError::Log(LogError::Storage(error)) => is_fault(error),
            _ => false,
        };
        ensure(disk, "a log opens after every crash", || format!("{error}: {error:?}"))
    }

    /// Somebody has restored the state from a snapshot and the records behind it.
    ///
    /// # Errors
    /// Where it is not the state at that place, or a snapshot was found to be invalid: no fault damages one.
    pub fn restored(&self, restored: &Restored, state_hash: u64) -> Result<(), Violation> {
        ensure(
            restored.invalid.is_empty(),
            "a snapshot that has its name is whole after every crash",
            || format!("{:?}", restored.invalid),
        )?;
        self.state_is(restored.sequence, state_hash)
    }

    /// A snapshot was made.
    ///
    /// # Errors
    /// Where it is not of the state at that place, or of records that are not durable.
    pub fn snapshot(&self, id: SnapshotId) -> Result<(), Violation> {
        self.state_is(id.sequence, id.state_hash)
    }

    fn state_is(&self, sequence: Sequence, state_hash: u64) -> Result<(), Violation> {
        let expected = match sequence.0 {
            0 => Some(Venue::new().engine.state_hash()),
            _ => self.end_of(sequence).map(|(_, hash)| hash),
        };
        ensure(
            expected == Some(state_hash),
            "snapshot and tail give the state that the whole log gives",
            || format!("at {sequence}: {state_hash:016x}, expected {expected:016x?}"),
        )
    }

    /// A client was told what came of its command.
    ///
    /// # Errors
    /// Where that is not durable, or not its command, or not what came of it.
    pub fn answered(
        &mut self,
        identity: Identity,
        sequence: Sequence,
        events: &[Event],
    ) -> Result<(), Violation> {
        ensure(sequence.0 <= self.log.len() as u64, "nobody is told of what is not durable", || {
            format!("{sequence}, durable: {}", self.log.len())
        })?;
        let expected = self.events_of(sequence);
        ensure(events == expected, "the outcome that is told is the outcome in the log", || {
            format!("{sequence}: {events:?}, expected {expected:?}")
        })?;
        let command = &mut self.commands[identity.0];
        ensure(command.place == Some(sequence), "an answer is to the command it is given for", || {
            format!("command {} of {:?}: {sequence}, expected {:?}", identity.0, command.by, command.place)
        })?;
        command.answered = true;
        self.answers += 1;
        Ok(())
    }

    /// A client was told that its command is not in the log and never will be, and leaves it at that.
    ///
    /// # Errors
    /// Where it is in the log.
    pub fn given_up(&mut self, identity: Identity) -> Result<(), Violation> {
        let command = &mut self.commands[identity.0];
        command.given_up = true;
        ensure(command.place.is_none(), "what is said not to be in the log never gets there", || {
            format!("command {} of {:?}: {:?}", identity.0, command.by, command.place)
        })
    }

    /// A consumer was told the events of a command.
    ///
    /// # Errors
    /// Where they are not durable, or not these.
    pub fn consumed(&self, command: Sequence, first: Sequence, events: &[Event]) -> Result<(), Violation> {
        ensure(command.0 <= self.log.len() as u64, "nobody is told of what is not durable", || {
            format!("{command}, durable: {}", self.log.len())
        })?;
        let expected = self.events_of(command);
        let start = self.start_of(command) as u64 + 1;
        ensure(
            first.0 == start && events == expected,
            "events are numbered and equal for every consumer",
            || format!("{command}: {first} {events:?}, expected {start} {expected:?}"),
        )
    }

    /// Somebody has rebuilt the depth of an instrument up to one of its events.
    ///
    /// # Errors
    /// Where the book had other levels there.
    pub fn depth(
        &self,
        by: Party,
        instrument: InstrumentId,
        seq: Sequence,
        bids: impl Iterator<Item = Level>,
        asks: impl Iterator<Item = Level>,
    ) -> Result<(), Violation> {
        let Some(expected) = self.depths.get(&(instrument, seq)) else { return Ok(()) };
        let found = fold::digest_levels(bids, asks);
        ensure(found == *expected, "depth that is rebuilt from updates equals the book", || {
            format!("{by:?}, instrument {instrument} at event {seq}")
        })
    }

    fn start_of(&self, command: Sequence) -> usize {
        command.0.checked_sub(2).map_or(0, |before| self.ends[before as usize].0)
    }

    fn events_of(&self, command: Sequence) -> &[Event] {
        &self.events[self.start_of(command)..self.ends[command.0 as usize - 1].0]
    }

    /// What the run has reached.
    pub fn coverage(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// How many commands are durable.
    #[must_use]
    pub fn durable_commands(&self) -> u64 {
        self.log.len() as u64
    }

    /// How many answers clients have got.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// How many events there are.
    #[must_use]
    pub fn event_count(&self) -> u64 {
        self.events.len() as u64
    }

    /// Every event, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The records of the log, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.log.iter().map(|appended| &appended.entry)
    }

    /// How many events there were up to the end of a command, and the state hash there.
    #[must_use]
    pub fn end_of(&self, command: Sequence) -> Option<(usize, u64)> {
        self.ends.get((command.0 as usize).checked_sub(1)?).copied()
    }

    /// The venue at the durable end.
    #[must_use]
    pub fn venue(&self) -> &Venue<Fast> {
        &self.fast
    }

    /// The feed at the durable end.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Commands that have neither an answer nor been given up.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.commands.iter().filter(|command| !command.answered && !command.given_up).count()
    }
}
