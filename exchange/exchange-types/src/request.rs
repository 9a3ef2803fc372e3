//! Requests: a command, who waits for its answer, and what makes repeating it harmless.

use std::fmt;
use std::num::NonZeroU128;

use crate::{Command, RequestId, Sequence, TimestampNs};

/// What a client names a request by, so that sending it again does not do it again. Chosen by the client, alone to its account,
/// and never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct IdempotencyKey(NonZeroU128);

impl IdempotencyKey {
    /// The key with this number; zero is none.
    #[inline]
    #[must_use]
    pub const fn new(key: u128) -> Option<Self> {
        match NonZeroU128::new(key) {
            Some(key) => Some(Self(key)),
            None => None,
        }
    }

    /// Its number, never zero.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u128 {
        self.0.get()
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// What stands before the command of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RequestHead {
    /// Who waits for the answer; it comes back in the [`OutcomeHeader`].
    pub id: RequestId,
    /// What makes a repetition harmless.
    pub key: Option<IdempotencyKey>,
}

/// A command as it comes to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who waits for the answer; zero: nobody.
    pub id: RequestId,
    /// What makes a repetition harmless; without it the same command is carried out as often as it comes.
    pub key: Option<IdempotencyKey>,
    /// What is asked.
    pub command: Command,
}

impl Request {
    /// What stands before the command.
    #[inline]
    #[must_use]
    pub const fn head(&self) -> RequestHead {
        RequestHead { id: self.id, key: self.key }
    }
}

impl From<Command> for Request {
    /// The request of nobody, without a key: what a bare command in the log is.
    fn from(command: Command) -> Self {
        Self { id: RequestId(0), key: None, command }
    }
}

/// What comes before the events of one command on their way out of matching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct OutcomeHeader {
    /// The position of the command in the log.
    pub sequence: Sequence,
    /// The event time of the command.
    pub time: TimestampNs,
    /// Who asked; zero: nobody waits.
    pub request: RequestId,
    /// The number of the first of its events in the stream of events, where checkpoints have numbers too. Without events: the
    /// number that the next event will have.
    pub first_event: u64,
    /// How many events there are. None is possible: a mass cancel of nothing has none.
    pub events: u32,
}
