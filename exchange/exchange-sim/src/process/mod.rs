//! The processes of the venue and its clients, each a state machine that takes messages and timers.
//!
//! They do nothing at the same time and know nothing of one another but messages. A newcomer needs to know one thing: a process
//! that returns [`Stop::Ended`] is gone with its memory, and what starts in its place begins with recovery.

mod catch_up;
mod client;
mod feed;
mod follower;
mod matching;
mod risk;
mod sequencer;
mod subscriber;

use std::rc::Rc;

pub use client::{Client, Source};
pub use feed::FeedProcess;
pub use follower::Follower;
pub use matching::MatchingProcess;
pub use risk::RiskProcess;
pub use sequencer::Sequencer;
pub(crate) use sequencer::{chain, log_options, read_all};
pub use subscriber::Subscriber;

use crate::check::{Oracle, Violation};
use crate::disk::SharedDisk;
use crate::kernel::{Kernel, Party};
use crate::message::Identity;
use crate::mutation::Mutation;
use crate::plan::Plan;

/// Why a step did not end well.
#[derive(Debug)]
pub enum Stop {
    /// A rule was broken: the run has found something.
    Violation(Violation),
    /// The process cannot go on, as with a disk that fails. It ends and starts again.
    Ended(String),
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// How a step of a process ends.
pub type Handled = Result<(), Stop>;

/// What all processes share: everything around them and nothing of one another.
#[derive(Debug)]
pub struct Stage {
    /// Time, links, trace.
    pub kernel: Kernel,
    /// Who knows better.
    pub oracle: Oracle,
    /// What the seed has decided.
    pub plan: Plan,
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
    /// The disk of the log's machine.
    pub disk: SharedDisk,
    /// How far back the sequencer's clock is, in ns.
    pub clock_back_ns: u64,
    commands: u64,
}

impl Stage {
    /// A stage before anything has happened.
    #[must_use]
    pub fn new(
        kernel: Kernel,
        oracle: Oracle,
        plan: Plan,
        mutation: Option<Mutation>,
        disk: SharedDisk,
    ) -> Self {
        Self { kernel, oracle, plan, mutation, disk, clock_back_ns: 0, commands: 0 }
    }

    /// Commands submitted so far, those of the administrator's preparations included.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// True while the run wants more commands; preparations are always wanted.
    #[must_use]
    pub fn may_submit(&self, prepares: bool) -> bool {
        prepares || self.commands < self.plan.commands
    }

    /// A client is about to submit a new command.
    pub fn submitted(&mut self, party: Party, payload: Rc<[u8]>) -> Identity {
        self.commands += 1;
        self.oracle.submitted(party, payload)
    }

    /// How long the administrator pauses, so that its share of all commands is what the plan says.
    #[must_use]
    pub fn administration_pause_ns(&self) -> u64 {
        let share = self.plan.mix.administration.max(1);
        let traders = self.plan.traders as u64;
        (self.plan.pause_ns * 1_000 / share / traders).max(1)
    }

    /// Whether this run is to show that such a mistake is found.
    #[must_use]
    pub fn is_broken(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}
