//! What a backend is: probe, plan, apply, verify.
//!
//! Not responsible for the order; `run` has it. A newcomer needs to know one thing: `plan` is a function of what was wanted
//! and what was found and touches nothing, so it is tested without a server, and it also verifies: after a change the state is
//! probed again and `plan` has to find nothing left to do.

use crate::error::Failure;
use crate::step::Step;
use crate::wait::Context;

/// A connection to a target, and what can be done with it.
///
/// Every method may be ended at the deadline, at any `.await`. Every one that talks to a server wraps each operation in
/// [`Context::bounded`].
pub(crate) trait Backend: Sized {
    /// What the plan says.
    type Target;
    /// What was found, and of the server what `plan` has to know.
    type State;
    /// Whatever `apply` needs to bring one object in line.
    type Change;

    /// Connects, logs in, makes sure that the thing itself is ready, and takes the lock (not in a dry run) that makes two
    /// runs at once follow each other, where the backend has one. One attempt: the runner repeats it until the deadline
    /// as long as the failure is one that may pass.
    async fn open(target: &Self::Target, context: &Context) -> Result<Self, Failure>;

    /// Reads the state. Changes nothing.
    async fn probe(&mut self, target: &Self::Target, context: &Context) -> Result<Self::State, Failure>;

    /// What has to be done: a step for every object of the target (`Target::objects`), in an order in which it can be
    /// done.
    fn plan(target: &Self::Target, state: &Self::State) -> Vec<Step<Self::Change>>;

    /// Carries out one change. What is already as wanted when it gets there, because somebody else was faster, is no
    /// failure. A failure that may pass makes the runner open, probe and plan again.
    async fn apply(
        &mut self,
        target: &Self::Target,
        change: &Self::Change,
        context: &Context,
    ) -> Result<(), Failure>;

    /// Gives back the lock and says goodbye. Not called at the deadline: a lock has to end with its connection.
    async fn close(self, context: &Context);
}
