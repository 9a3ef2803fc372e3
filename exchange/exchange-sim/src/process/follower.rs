//! The follower of the log that makes snapshots.

use exchange_core::Engine;
use exchange_types::Sequence;

use super::{Handled, Sequencer, Stage, Stop};
use crate::fold::Fast;
use crate::kernel::Party;
use crate::message::Timer;

/// The follower as a process.
#[derive(Debug)]
pub struct Follower {}

impl Follower {
    /// Starts.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn start(stage: &mut Stage) -> Result<Self, Stop> {
        stage.kernel.timer(Party::Follower, stage.plan.log.follow_every_ns, Timer::ReadOn);
        Ok(Self {})
    }

    /// Reads what is new.
    pub fn read_on(&mut self, stage: &mut Stage, _sequencer: Option<&Sequencer>) -> Handled {
        stage.kernel.timer(Party::Follower, stage.plan.log.follow_every_ns, Timer::ReadOn);
        Ok(())
    }
}

/// The newest engine that snapshots give, not after a sequence.
///
/// # Errors
/// When the disk fails.
pub fn newest_engine(_stage: &mut Stage, _not_after: Sequence) -> Result<Option<Engine<Fast>>, Stop> {
    Ok(None)
}
