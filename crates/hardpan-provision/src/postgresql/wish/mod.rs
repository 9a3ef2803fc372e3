//! Comparing what is wanted with what was found: a step for every object of the plan.
//!
//! Not responsible for finding out nor for carrying out. A newcomer needs to know one thing: these are functions of plan and state
//! that touch nothing, and they are asked again after a change, when they have to find nothing left to do.

mod database;
mod inside;
mod privileges;
mod role;

use super::change::Change;
use super::state::State;
use crate::plan::postgresql::Target;
use crate::step::{ObjectId, Step};

/// A step for every object, in an order in which they can be done.
pub(super) fn steps(target: &Target, state: &State) -> Vec<Step<Change>> {
    let mut steps: Vec<Step<Change>> =
        role::order(target).into_iter().map(|name| role::step(target, name, state)).collect();
    for name in target.databases.keys() {
        steps.push(database::step(target, name, state));
        inside::steps(target, name, state, &mut steps);
        privileges::steps(target, name, state, &mut steps);
    }
    steps
}

/// The ids of roles, as far as the plan has them.
fn roles<'n>(target: &Target, names: impl IntoIterator<Item = &'n String>) -> Vec<ObjectId> {
    names.into_iter().map(|name| target.role_id(name)).collect()
}
