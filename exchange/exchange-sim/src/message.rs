//! What parties say to one another, and what they want to be woken for.

use std::rc::Rc;

use exchange_core::feed::{DepthSnapshot, LevelChange};
use exchange_core::risk::Admitted;
use exchange_types::{Epoch, Event, InstrumentId, Sequence, TimestampNs};

/// One command of one client, whatever becomes of it: its number among all that were ever submitted in the run. Only the
/// simulator knows it; nothing in the log does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(pub usize);

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The reign of its writer.
    pub epoch: Epoch,
    /// Its place.
    pub sequence: Sequence,
    /// Its time.
    pub time: TimestampNs,
    /// What was submitted.
    pub payload: Rc<[u8]>,
}

/// Where somebody stands in the log: two parties that name the same place have seen the same log up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The last record.
    pub sequence: Sequence,
    /// The reign under which it was written.
    pub epoch: Epoch,
}

/// A command whose fate a client does not know.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// The client's own number for it.
    pub request: u64,
    /// What it has asked.
    pub payload: Rc<[u8]>,
    /// It is not at or before this place of the log.
    pub after: Sequence,
}

/// What parties say to one another.
#[derive(Debug, Clone)]
pub enum Message {
    /// Client to sequencer: put this into the log.
    Submit {
        /// The client's own number for it.
        request: u64,
        /// For the simulator's book-keeping only.
        identity: Identity,
        /// What is asked.
        payload: Rc<[u8]>,
    },
    /// Client to sequencer: what became of these, in the order in which they were submitted?
    Ask(Vec<Doubt>),
    /// Sequencer to client: it is durable and this is the outcome.
    Answer {
        /// Of which request.
        request: u64,
        /// Its place in the log.
        sequence: Sequence,
        /// What happened.
        events: Rc<[Event]>,
    },
    /// Sequencer to client: it is in the log; the answer follows when it is durable and the outcome is known.
    Happened {
        /// Which request.
        request: u64,
    },
    /// Sequencer to client: it is not in the log and never will be.
    NeverHappened {
        /// Which request.
        request: u64,
    },
    /// Sequencer to client: too much waits already; this was not taken.
    Busy {
        /// Which request.
        request: u64,
    },
    /// Risk to sequencer: up to where are outcomes known to you?
    WhereKnown,
    /// Sequencer to risk: up to here.
    KnownUpTo(Sequence),
    /// Sequencer to client: it is longer than the log takes; this was not taken and never will be.
    TooLarge {
        /// Which request.
        request: u64,
    },
    /// A follower of the log to the sequencer: this is where I stand, stream what comes after.
    Follow {
        /// The last record it has.
        place: Place,
        /// The asker's own number for this request.
        request: u64,
    },
    /// Sequencer to a follower: from here on, everything I say answers this request and none before it.
    Following {
        /// Which request.
        request: u64,
    },
    /// Sequencer to a follower: the place is not in the log; forget everything since the last snapshot.
    Diverged,
    /// Sequencer to a follower: so much is durable now. Comes first, and whenever it changes.
    Durable(Sequence),
    /// Sequencer to a follower: the next record, which may not be durable yet.
    Record(Entry),
    /// Risk to sequencer: what came of a record.
    Outcome {
        /// Of which record.
        place: Place,
        /// What happened.
        events: Rc<[Event]>,
    },
    /// Risk to matching: this is where I stand, and from which sequence on I can repeat what I asked.
    RiskAt {
        /// The last record that is settled.
        place: Place,
        /// The first record whose steps are still known.
        steps_from: Sequence,
    },
    /// Matching to risk: this is where I stand, and from which sequence on I can repeat what I answered.
    MatchingAt {
        /// The last record that is matched.
        place: Place,
        /// The first record whose answer is still known.
        answers_from: Sequence,
    },
    /// Risk to matching: a step of the record at this place.
    Step {
        /// Of which record.
        place: Place,
        /// What is to be done.
        step: Step,
    },
    /// Matching to risk: what came of a step.
    Stepped {
        /// Of which record.
        place: Place,
        /// Of which of its steps.
        number: u32,
        /// What happened.
        events: Rc<[Event]>,
    },
    /// A consumer to the sequencer: send events from this one on, those of so many commands until I take more.
    EventsFrom {
        /// The first event it lacks.
        from: Sequence,
        /// How many messages it takes.
        credit: u64,
    },
    /// A consumer to the sequencer: I take so many messages more.
    Credit(u64),
    /// Sequencer to a consumer: the events of one durable command.
    Events {
        /// The command.
        command: Sequence,
        /// Its time.
        time: TimestampNs,
        /// The sequence of the first of these.
        first: Sequence,
        /// The events.
        events: Rc<[Event]>,
    },
    /// A subscriber to a feed: send depth from here on; a snapshot first.
    Subscribe,
    /// A feed to a subscriber: all levels of an instrument.
    Depth(Rc<DepthSnapshot>),
    /// A feed to a subscriber: what a command has changed in an instrument.
    DepthChange {
        /// Where.
        instrument: InstrumentId,
        /// This update.
        seq: Sequence,
        /// The one before.
        prev_seq: Sequence,
        /// The levels that are not what they were.
        changes: Rc<[LevelChange]>,
    },
}

impl Message {
    /// What it is, in a few words.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Submit { request, identity, payload } => {
                format!("submit {request}: command {}, {} bytes", identity.0, payload.len())
            }
            Self::Ask(doubts) => format!("what became of {} commands?", doubts.len()),
            Self::Answer { request, sequence, events } => {
                format!("answer {request}: {sequence}, {} events", events.len())
            }
            Self::Record(entry) => format!("record {} of epoch {}", entry.sequence, entry.epoch),
            Self::Outcome { place, events } => {
                format!("outcome of {}: {} events", place.sequence, events.len())
            }
            Self::Step { place, step } => format!("step {} of {}: {step:?}", step.number(), place.sequence),
            Self::Stepped { place, number, events } => {
                format!("step {number} of {} done: {events:?}", place.sequence)
            }
            Self::Events { command, first, events, .. } => {
                format!("events of {command} from {first}: {}", events.len())
            }
            Self::Depth(depth) => format!("depth of instrument {} at {}", depth.instrument, depth.seq),
            Self::DepthChange { instrument, seq, prev_seq, changes } => {
                format!(
                    "depth of instrument {instrument} at {seq} after {prev_seq}: {} levels",
                    changes.len()
                )
            }
            other => format!("{other:?}"),
        }
    }
}

/// What risk asks of matching. A record takes two steps, because what expires gives money back that the command may need.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// End what is over at this time.
    Expire(TimestampNs),
    /// Carry this out.
    Carry(Rc<[Admitted]>),
}

impl Step {
    /// Which of the steps of a record it is.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::Expire(_) => 0,
            Self::Carry(_) => 1,
        }
    }
}

/// What a process wants to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// A client: think of the next command.
    Think,
    /// A client: submit again what was refused because too much waited.
    Again,
    /// The sequencer: the disk has had the time it takes for a sync.
    Sync,
    /// The follower: look whether the log has grown.
    ReadOn,
}
