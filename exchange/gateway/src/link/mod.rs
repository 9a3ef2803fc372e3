//! The way to the venue and back: a command goes to persistence, its outcome comes from matching.
//!
//! Not responsible for text: commands come in and events go out as the venue has them. A newcomer needs to know one thing: the
//! request id is what connects the two directions, and a request that is not answered is never simply dropped. It is found in the
//! log or proven not to be there ([`SubmitError::NotTaken`]), or its fate is said to be unknown
//! ([`SubmitError::OutcomeUnknown`]).

mod error;
mod outcomes;
mod shared;
mod submit;
mod venue;
mod watch;

pub use error::SubmitError;
pub use venue::{LinkSettings, Outcome, Surroundings, Venue, VenueTasks};
pub use watch::{Update, Watch, WatchEnd};

/// The part of the gateway's health that says whether commands get to persistence.
pub const COMMANDS_PART: &str = "commands";
/// The part of the gateway's health that says whether outcomes come from matching.
pub const OUTCOMES_PART: &str = "outcomes";
