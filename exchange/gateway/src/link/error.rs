//! Why a command has no outcome.

use exchange_service::net::Unavailable;
use exchange_types::{RequestId, Sequence};

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
    /// Nothing was done: persistence could not read what was sent. The gateway is older or newer than it, or has made a mistake.
    #[error("persistence could not read the command")]
    Malformed,
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

impl From<Unavailable> for SubmitError {
    fn from(reason: Unavailable) -> Self {
        match reason {
            Unavailable::Busy => Self::Busy,
            Unavailable::TooLarge => Self::TooLarge,
            Unavailable::Stopped => Self::LogStopped,
            Unavailable::Malformed => Self::Malformed,
        }
    }
}
