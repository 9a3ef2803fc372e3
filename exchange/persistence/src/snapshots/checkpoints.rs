//! Checkpoints: what the follower's fold says, held against what matching says.
//!
//! Not responsible for what is done about a difference: the service is unhealthy then, and somebody looks. A newcomer needs to
//! know one thing: the two sides come at their own pace, so each waits for the other here, and only so many of each are kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many checkpoints of a side wait for the other; older ones are forgotten, and are then never compared. Four million events.
const WAITING_MAX: usize = 4_096;

/// Both sides.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    sides: Mutex<Sides>,
}

#[derive(Debug, Default)]
struct Sides {
    folded: BTreeMap<u64, u64>,
    told: BTreeMap<u64, u64>,
    compared: u64,
    difference: Option<Difference>,
}

/// The two sides say different things about the same state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "at event {event} the fold of the log has the state hash {folded:016x} and the venue has told {told:016x}: one of them is broken"
)]
pub(crate) struct Difference {
    event: u64,
    folded: u64,
    told: u64,
}

impl Checkpoints {
    /// The follower came to the checkpoint that is event number `event`.
    pub(crate) fn folded(&self, event: u64, state_hash: u64) {
        self.with(|sides| {
            let other = sides.told.remove(&event);
            match other {
                Some(told) => sides.compare(Difference { event, folded: state_hash, told }),
                None => keep(&mut sides.folded, event, state_hash),
            }
        });
    }

    /// Matching told a checkpoint.
    pub(crate) fn told(&self, event: u64, state_hash: u64) {
        self.with(|sides| {
            let other = sides.folded.remove(&event);
            match other {
                Some(folded) => sides.compare(Difference { event, folded, told: state_hash }),
                None => keep(&mut sides.told, event, state_hash),
            }
        });
    }

    /// The first difference; `Ok`: how many were compared without one.
    pub(crate) fn result(&self) -> Result<u64, Difference> {
        self.with(|sides| sides.difference.map_or(Ok(sides.compared), Err))
    }

    fn with<T>(&self, body: impl FnOnce(&mut Sides) -> T) -> T {
        body(&mut self.sides.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sides {
    fn compare(&mut self, found: Difference) {
        self.compared += 1;
        if found.folded != found.told {
            self.difference.get_or_insert(found);
        }
    }
}

fn keep(side: &mut BTreeMap<u64, u64>, event: u64, state_hash: u64) {
    side.insert(event, state_hash);
    if side.len() > WAITING_MAX {
        side.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_waits_for_the_other_and_a_difference_stays() {
        let checkpoints = Checkpoints::default();
        checkpoints.folded(1_000, 7);
        checkpoints.told(2_000, 8);
        assert_eq!(checkpoints.result(), Ok(0));
        checkpoints.told(1_000, 7);
        assert_eq!(checkpoints.result(), Ok(1));
        checkpoints.folded(2_000, 9);
        let difference = Difference { event: 2_000, folded: 9, told: 8 };
        assert_eq!(checkpoints.result(), Err(difference));
        checkpoints.told(3_000, 1);
        checkpoints.folded(3_000, 1);
        assert_eq!(checkpoints.result(), Err(difference));
    }

    #[test]
    fn a_side_without_the_other_stays_small() {
        let checkpoints = Checkpoints::default();
        (0..100_000).for_each(|event| checkpoints.told(event, event));
        assert_eq!(checkpoints.with(|sides| sides.told.len()), WAITING_MAX);
        checkpoints.folded(99_999, 99_999);
        assert_eq!(checkpoints.result(), Ok(1));
    }
}
