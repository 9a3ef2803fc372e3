//! Why something could not be done, sorted by what follows from it.
//!
//! Not responsible for wording the outcome; `run` does. A newcomer needs to know one thing: [`Failure::NotReady`] and
//! [`Failure::Credentials`] are tried again until the deadline, everything else is final.

/// Why a target or an object could not be brought in line. Texts are fragments without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may work in a moment: nothing listens, a quorum is missing, a connection was lost. Tried again until the
    /// deadline.
    #[error("not ready: {waiting_for}: {answer}")]
    NotReady {
        /// What is waited for, such as `mng-pg:5432 to accept a query`.
        waiting_for: String,
        /// The last answer.
        answer: String,
    },
    /// The server does not accept who we are. A server may still be loading its users, so this is tried again until the
    /// deadline.
    #[error("credentials of `{user}` refused: {answer}")]
    Credentials {
        /// As whom.
        user: String,
        /// What the server said.
        answer: String,
    },
    /// The connecting account may not do it.
    #[error("`{user}` lacks the privilege {privilege} to {action}: {answer}")]
    Privilege {
        /// The account.
        user: String,
        /// The privilege, in the server's word.
        privilege: String,
        /// What was attempted, as in `create the role n8n`.
        action: String,
        /// What the server said.
        answer: String,
    },
    /// Anything else: the server refused, or what it said makes no sense.
    #[error("{reason}")]
    Other {
        /// Why.
        reason: String,
        /// What somebody can do about it.
        help: Option<String>,
    },
}

impl Failure {
    /// It may work in a moment.
    #[must_use]
    pub fn not_ready(waiting_for: impl Into<String>, answer: impl ToString) -> Self {
        Self::NotReady { waiting_for: waiting_for.into(), answer: answer.to_string() }
    }

    /// It will not work, and there is nothing more to say than why.
    #[must_use]
    pub fn other(reason: impl Into<String>) -> Self {
        Self::Other { reason: reason.into(), help: None }
    }

    /// The same with what somebody can do about it; only [`Failure::Other`] has a place for it.
    #[must_use]
    pub fn with_help(mut self, text: impl Into<String>) -> Self {
        if let Self::Other { help, .. } = &mut self {
            *help = Some(text.into());
        }
        self
    }

    /// True for what is tried again until the deadline.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::NotReady { .. } | Self::Credentials { .. })
    }

    /// What somebody can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotReady { .. } => None,
            Self::Credentials { .. } => {
                Some("compare the secret file with what the server was set up with".to_owned())
            }
            Self::Privilege { privilege, user, .. } => {
                Some(format!("give `{user}` {privilege}, or connect as another account"))
            }
            Self::Other { help, .. } => help.clone(),
        }
    }
}
