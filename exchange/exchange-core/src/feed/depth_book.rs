//! The other end: a consumer's depth, made of one snapshot and the updates since.

use exchange_types::{InstrumentId, PriceTicks, Sequence, Side};

use super::depth::{DepthSnapshot, DepthUpdate};
use super::levels::{LEVELS_MAX, Level, Levels, Total};

/// Why an update was refused. The book is as it was; a new snapshot helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepthBookError {
    /// Updates are missing.
    #[error("found an update that follows {found}, expected one that follows {expected}")]
    Gap {
        /// The last update there is.
        expected: Sequence,
        /// The one that the update builds upon.
        found: Sequence,
    },
    /// It is about another instrument.
    #[error("found instrument {found}, expected {expected}")]
    OtherInstrument {
        /// The instrument of the book.
        expected: InstrumentId,
        /// That of the update.
        found: InstrumentId,
    },
    /// A level that is not there is removed, or a level has orders without quantity or quantity without orders.
    #[error("the level at {side:?} {} cannot be what the update says", price.0)]
    Level {
        /// Which side.
        side: Side,
        /// At what price.
        price: PriceTicks,
    },
    /// The side would have more than [`LEVELS_MAX`] levels.
    #[error("more than {LEVELS_MAX} levels on one side")]
    TooManyLevels,
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was carried out.
    Applied,
    /// The book contained it already.
    AlreadyContained,
}

/// The depth of one instrument as a consumer keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthBook {
    instrument: InstrumentId,
    seq: Sequence,
    levels: Levels,
}

impl DepthBook {
    /// Starts from a snapshot.
    ///
    /// # Errors
    /// [`DepthBookError::Level`] where a level of the snapshot is empty or stands twice, [`DepthBookError::TooManyLevels`].
    pub fn from_snapshot(snapshot: &DepthSnapshot) -> Result<Self, DepthBookError> {
        let mut levels = Levels::default();
        for (side, given) in [(Side::Buy, &snapshot.bids), (Side::Sell, &snapshot.asks)] {
            if !levels.has_room_for(given.len()) {
                return Err(DepthBookError::TooManyLevels);
            }
            for level in given {
                let total = Total { quantity: level.quantity, orders: level.orders };
                let twice = levels.total(side, level.price) != Total::default();
                if twice || total.quantity == 0 || total.orders == 0 {
                    return Err(DepthBookError::Level { side, price: level.price });
                }
                levels.set(side, level.price, total);
            }
        }
        Ok(Self { instrument: snapshot.instrument, seq: snapshot.seq, levels })
    }

    /// Takes the next update. One that the book contains already, as the first ones after a snapshot may be, changes nothing.
    ///
    /// # Errors
    /// Each variant of [`DepthBookError`]; the book is unchanged.
    pub fn apply(&mut self, update: &DepthUpdate<'_>) -> Result<Taken, DepthBookError> {
        if update.instrument != self.instrument {
            return Err(DepthBookError::OtherInstrument {
                expected: self.instrument,
                found: update.instrument,
            });
        }
        if update.seq <= self.seq {
            return Ok(Taken::AlreadyContained);
        }
        if update.prev_seq != self.seq {
            return Err(DepthBookError::Gap { expected: self.seq, found: update.prev_seq });
        }
        let mut grown = [self.levels.count(Side::Buy), self.levels.count(Side::Sell)];
        for change in update.changes {
            let goes = change.quantity == 0;
            let missing = self.levels.total(change.side, change.price) == Total::default();
            if (goes && missing) || goes != (change.orders == 0) {
                return Err(DepthBookError::Level { side: change.side, price: change.price });
            }
            let [bids, asks] = &mut grown;
            let count = if change.side == Side::Buy { bids } else { asks };
            *count = count.saturating_add(usize::from(missing));
        }
        if !grown.into_iter().all(|count| self.levels.has_room_for(count)) {
            return Err(DepthBookError::TooManyLevels);
        }
        for change in update.changes {
            self.levels.set(
                change.side,
                change.price,
                Total { quantity: change.quantity, orders: change.orders },
            );
        }
        self.seq = update.seq;
        Ok(Taken::Applied)
    }

    /// The last update that the book contains.
    #[must_use]
    pub fn seq(&self) -> Sequence {
        self.seq
    }

    /// The best level of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels.best(side)
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.levels.best_first(side)
    }

    /// The book as a snapshot that another book can start from.
    #[must_use]
    pub fn snapshot(&self) -> DepthSnapshot {
        DepthSnapshot {
            instrument: self.instrument,
            seq: self.seq,
            bids: self.levels(Side::Buy).collect(),
            asks: self.levels(Side::Sell).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::LevelChange;

    #[test]
    fn an_update_that_would_exceed_the_ceiling_is_refused_whole() {
        let (instrument, seq) = (InstrumentId(0), Sequence(0));
        let mut book = DepthBook { instrument, seq, levels: Levels::with_ceiling(2) };
        let change = |price, quantity| LevelChange {
            side: Side::Buy,
            price: PriceTicks(price),
            quantity,
            orders: u32::from(quantity > 0),
        };
        let changes = &[change(7, 1), change(8, 1)];
        let first = DepthUpdate { instrument, seq: Sequence(1), prev_seq: seq, changes };
        assert_eq!(book.apply(&first), Ok(Taken::Applied));
        let before = book.clone();
        let changes = &[change(7, 5), change(9, 1)];
        let next = DepthUpdate { instrument, seq: Sequence(2), prev_seq: Sequence(1), changes };
        assert_eq!(book.apply(&next), Err(DepthBookError::TooManyLevels));
        assert_eq!(book, before);
    }
}
