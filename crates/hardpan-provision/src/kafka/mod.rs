//! Kafka: not built yet.
//!
//! Not responsible for anything until it is. A newcomer needs to know one thing: a plan with such a target fails, and says so.

use crate::backend::Backend;
use crate::error::Failure;
use crate::plan::kafka::Target;
use crate::step::Step;
use crate::wait::Context;

/// A connection to the target.
pub(crate) struct Kafka;

impl Backend for Kafka {
    type Target = Target;
    type State = std::convert::Infallible;
    type Change = std::convert::Infallible;

    async fn open(_target: &Target, _context: &Context) -> Result<Self, Failure> {
        Err(Failure::other("this hardpan cannot provision Kafka yet"))
    }

    async fn probe(&mut self, _target: &Target, _context: &Context) -> Result<Self::State, Failure> {
        Err(Failure::other("this hardpan cannot provision Kafka yet"))
    }

    fn plan(_target: &Target, state: &Self::State) -> Vec<Step<Self::Change>> {
        match *state {}
    }

    async fn apply(
        &mut self,
        _target: &Target,
        change: &Self::Change,
        _context: &Context,
    ) -> Result<(), Failure> {
        match *change {}
    }

    async fn close(self, _context: &Context) {}
}
