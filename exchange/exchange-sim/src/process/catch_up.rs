//! Coming up to date: the newest snapshot that will do, then the durable records behind it, folded by risk and matching in one
//! hand.
//!
//! Risk and matching both begin like this, each for itself, and keep their half. A newcomer needs to know one thing: what is
//! folded here is durable, so it can never turn out not to have happened; only what comes after may.

use exchange_types::{Epoch, Sequence};

use super::{Stage, Stop};
use crate::fold::{Folded, Pair, Venue};
use crate::message::{Entry, Place};
use crate::mutation::Mutation;

/// A fold on its way to the durable end of the log.
#[derive(Debug)]
pub(super) struct CatchUp {
    pair: Pair,
    place: Place,
    until: Option<Sequence>,
    first_behind_snapshot: Option<Sequence>,
}

impl CatchUp {
    /// Begins with the newest snapshot that is not after a sequence.
    ///
    /// # Errors
    /// When the disk with the snapshots fails.
    pub(super) fn begin(stage: &mut Stage, not_after: Sequence) -> Result<Self, Stop> {
        let engine = super::follower::newest_engine(stage, not_after)?;
        let engine = engine.unwrap_or_else(|| Venue::new().engine);
        let sequence = engine.sequence();
        let first_behind_snapshot = (sequence > Sequence(0)).then(|| sequence.next());
        let now = stage.kernel.now_ns();
        stage.kernel.trace.line(now, || format!("catching up from {sequence}"));
        Ok(Self {
            pair: Pair::of(&engine),
            // A snapshot is made of durable records only, and those have one history: its epoch needs no comparing.
            place: Place { sequence, epoch: Epoch(0) },
            until: None,
            first_behind_snapshot,
        })
    }

    /// The last record that is folded in.
    #[must_use]
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The log is durable up to here; the first time this is heard, it is how far the catching up goes.
    pub(super) fn durable(&mut self, durable: Sequence) {
        self.until.get_or_insert(durable);
    }

    /// True where the rest is to be done step by step.
    #[must_use]
    pub(super) fn is_done(&self) -> bool {
        self.until.is_some_and(|until| self.place.sequence >= until)
    }

    /// Folds in the next record; `None` where the link has let one through that came before.
    pub(super) fn apply(&mut self, stage: &Stage, entry: &Entry) -> Option<Folded> {
        if entry.sequence != self.place.sequence.next() {
            return None;
        }
        self.place = Place { sequence: entry.sequence, epoch: entry.epoch };
        if stage.is_broken(Mutation::SkipRecordOnRecovery) && Some(entry.sequence) == self.until {
            let nothing: std::rc::Rc<[exchange_types::Event]> = [].into();
            return Some(Folded { expired: nothing.clone(), carried: None, events: nothing });
        }
        if stage.is_broken(Mutation::RepeatRecordOnRecovery)
            && Some(entry.sequence) == self.first_behind_snapshot
        {
            self.pair.apply(entry);
        }
        Some(self.pair.apply(entry))
    }

    /// The two halves.
    #[must_use]
    pub(super) fn into_pair(self) -> (Pair, Place) {
        (self.pair, self.place)
    }
}
