//! The depth of one instrument, and what a command has changed in it.

use exchange_types::{InstrumentId, PriceTicks, QuantityLots, Sequence, Side};

use super::levels::{Level, LevelError, Levels, OrderIs, Total};

/// What stands at a price now. It replaces what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelChange {
    /// Which side.
    pub side: Side,
    /// At what price.
    pub price: PriceTicks,
    /// What all orders there add up to, in lots; zero: the level is gone.
    pub quantity: u64,
    /// How many orders stand there; zero where the quantity is.
    pub orders: u32,
}

/// What one command has changed in the depth of an instrument: bids first, the best first, each level once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthUpdate<'a> {
    /// Where.
    pub instrument: InstrumentId,
    /// The last event of the command that touched the depth of this instrument.
    pub seq: Sequence,
    /// `seq` of this instrument's update before; zero: there was none.
    pub prev_seq: Sequence,
    /// The levels that are not what they were. Never empty.
    pub changes: &'a [LevelChange],
}

/// All levels of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthSnapshot {
    /// Where.
    pub instrument: InstrumentId,
    /// The last update that is contained; zero: there was none.
    pub seq: Sequence,
    /// The levels of the bid side, best first.
    pub bids: Vec<Level>,
    /// The levels of the ask side, best first.
    pub asks: Vec<Level>,
}

/// A level that the present command has touched, with what stood there before the command.
#[derive(Debug, Clone, Copy)]
struct Touched {
    side: Side,
    price: PriceTicks,
    /// Counts the touches of the command: of two of one level, the lower number saw what stood there before.
    number: u32,
    before: Total,
}

impl Touched {
    /// Bids before asks, the best first.
    fn rank(&self) -> (Side, u32) {
        match self.side {
            Side::Buy => (Side::Buy, !self.price.0),
            Side::Sell => (Side::Sell, self.price.0),
        }
    }
}

/// The levels of one instrument and its last update.
#[derive(Debug, Clone, Default)]
pub(super) struct Depth {
    levels: Levels,
    last_update: Sequence,
    touched: Vec<Touched>,
    touches: u32,
    touched_by: Sequence,
}

impl Depth {
    /// The depth of a snapshot.
    pub(super) fn new(levels: Levels, last_update: Sequence) -> Self {
        Self { levels, last_update, ..Self::default() }
    }

    /// Whether the present command has touched it.
    #[inline]
    pub(super) fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    pub(super) fn levels(&self) -> &Levels {
        &self.levels
    }

    pub(super) fn last_update(&self) -> Sequence {
        self.last_update
    }

    /// An order joins a level.
    #[inline]
    pub(super) fn add(
        &mut self,
        event: Sequence,
        side: Side,
        price: PriceTicks,
        quantity: QuantityLots,
    ) -> Result<(), LevelError> {
        let before = self.levels.add(side, price, quantity)?;
        self.touch(event, side, price, before);
        Ok(())
    }

    /// An order becomes smaller, or leaves.
    #[inline]
    pub(super) fn take(
        &mut self,
        event: Sequence,
        side: Side,
        price: PriceTicks,
        quantity: QuantityLots,
        order: OrderIs,
    ) -> Result<(), LevelError> {
        let before = self.levels.take(side, price, quantity, order)?;
        self.touch(event, side, price, before);
        Ok(())
    }

    /// Ends the command: gives what is not as it was before, through `changes`, which is cleared first.
    pub(super) fn end_command(
        &mut self,
        instrument: InstrumentId,
        changes: &mut Vec<LevelChange>,
        publish: impl FnOnce(&DepthUpdate<'_>),
    ) {
        changes.clear();
        self.merge_touches();
        for touched in &self.touched {
            let now = self.levels.total(touched.side, touched.price);
            if now != touched.before {
                changes.push(LevelChange {
                    side: touched.side,
                    price: touched.price,
                    quantity: now.quantity,
                    orders: now.orders,
                });
            }
        }
        self.touched.clear();
        self.touches = 0;
        if !changes.is_empty() {
            publish(&DepthUpdate { instrument, seq: self.touched_by, prev_seq: self.last_update, changes });
            self.last_update = self.touched_by;
        }
    }

    #[inline]
    fn touch(&mut self, event: Sequence, side: Side, price: PriceTicks, before: Total) {
        self.touched_by = event;
        // A taker meets the orders of a level one after the other: most touches are of the level before.
        if self.touched.last().is_some_and(|last| last.price == price && last.side == side) {
            return;
        }
        // A command that cancels everything touches levels as often as they have orders; merging first keeps the list in
        // proportion to the levels.
        if self.touched.len() == self.touched.capacity() {
            self.merge_touches();
        }
        self.touched.push(Touched { side, price, number: self.touches, before });
        // A command has fewer events than a book has orders, and those are numbered by 32 bits.
        self.touches = self.touches.saturating_add(1);
    }

    /// Sorts the touches and keeps the first of each level.
    fn merge_touches(&mut self) {
        if self.touched.len() > 1 {
            self.touched.sort_unstable_by_key(|touched| (touched.rank(), touched.number));
            self.touched.dedup_by_key(|touched| touched.rank());
        }
    }
}
