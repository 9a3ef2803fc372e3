//! The handle with which commands are submitted.

use std::sync::Arc;
use std::time::Duration;

use exchange_types::{AccountId, Command, Event, IdempotencyKey, RequestId, Sequence, TimestampNs};

use super::watch::{Watch, Watchers};

/// How patient the link is, and how much it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSettings {
    /// How long a request waits for its outcome.
    pub order_timeout: Duration,
    /// How many requests may wait at a time. **When there are as many, further ones are refused** ([`SubmitError::Busy`]).
    pub in_flight_max: usize,
    /// How long no outcome may come, of any command, before the venue counts as stalled. Persistence logs a tick every second when
    /// there is nothing else.
    pub silence_max: Duration,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its position in the log.
    pub sequence: Sequence,
    /// Its event time.
    pub time: TimestampNs,
    /// What happened, in order.
    pub events: Arc<[Event]>,
    /// True where the request came again under its idempotency key: this is what it did the first time.
    pub replayed: bool,
}

/// Why there is no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// Nothing was sent: persistence is not there.
    #[error("persistence is not there")]
    PersistenceUnavailable,
    /// Nothing was sent: matching is not there, so no outcome would come.
    #[error("the matching engine is not there")]
    MatchingUnavailable,
    /// Nothing was sent: no outcome of any command has come for too long.
    #[error("the venue is stalled")]
    Stalled,
    /// Nothing was done: too much waits already, here or at persistence.
    #[error("too much waits already")]
    Busy,
    /// Nothing was done: the command is longer than a record may be.
    #[error("the command is too long")]
    TooLarge,
    /// Nothing was done: the log is stopped, for example because its disk is full.
    #[error("the log is stopped")]
    LogStopped,
    /// The connection to persistence broke, and the command did not reach the log: nothing was done, nothing will be.
    #[error("the command did not reach the log")]
    NotTaken,
    /// It was sent, and may or may not be carried out.
    #[error("the outcome of request {request} is unknown")]
    OutcomeUnknown {
        /// Which.
        request: RequestId,
    },
    /// It was done before, under the same key, and what it did then cannot be looked up now.
    #[error("the outcome of command {original} cannot be looked up")]
    ReplayUnavailable {
        /// The position of what was done.
        original: Sequence,
    },
}

/// The way to the venue. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Venue {
    watchers: Arc<Watchers>,
}

impl Venue {
    /// Sends a command and waits for its outcome. Whoever stops waiting cancels nothing.
    ///
    /// # Errors
    /// As [`SubmitError`] says.
    pub async fn submit(
        &self,
        _command: &Command,
        _key: Option<IdempotencyKey>,
    ) -> Result<Outcome, SubmitError> {
        Err(SubmitError::PersistenceUnavailable)
    }

    /// Follows what happens to an account from now on.
    #[must_use]
    pub fn watch(&self, account: AccountId) -> Watch {
        self.watchers.watch(account, || self.position())
    }

    /// The last command whose outcome has come.
    #[must_use]
    pub fn position(&self) -> Sequence {
        Sequence(0)
    }
}
