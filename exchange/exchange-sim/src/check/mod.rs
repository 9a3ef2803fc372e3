//! What must hold in every run, whatever goes wrong.
//!
//! A check sees what a party was told and what the disk holds, never what a party thinks. A newcomer needs to know one thing:
//! the [`Oracle`] folds the durable log a second and a third time, and everything that anybody was told must agree with it.

mod coverage;
mod oracle;
mod prune;
mod replay;
mod rot;

pub use coverage::Coverage;
pub use oracle::Oracle;
pub use prune::check_prune;
pub use replay::check_replay;
pub use rot::{check_log_rot, check_power_loss, check_snapshot_rot};

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which rule, stated positively.
    pub rule: &'static str,
    /// What was found instead.
    pub found: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.rule, self.found)
    }
}

/// Fails with a rule and what was found, unless the rule holds.
pub(crate) fn ensure(
    holds: bool,
    rule: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { rule, found: found() }) }
}
