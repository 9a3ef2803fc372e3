//! Price levels of both sides: how much stands at each price, in how many orders.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use exchange_types::{PriceTicks, QuantityLots, Side};

/// Most price levels on one side: as many as a book holds orders, each at a price of its own. The book rejects before, so
/// reaching it means that the events are not those of a book.
pub const LEVELS_MAX: usize = 1 << 26;

/// One price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: PriceTicks,
    /// What all its orders add up to, in lots.
    pub quantity: u64,
    /// How many orders stand there.
    pub orders: u32,
}

/// Why an event cannot be carried out on a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// It moves nothing.
    #[error("a quantity of zero")]
    Zero,
    /// It takes more than there is, or the last order leaves quantity behind, or quantity leaves no order behind.
    #[error("more is taken off the level than stands there, or not all by its last order")]
    Underflow,
    /// More orders at one price than 2^32.
    #[error("more orders at one price than can be counted")]
    Overflow,
    /// More prices than [`LEVELS_MAX`].
    #[error("more than {LEVELS_MAX} levels on one side")]
    TooMany,
}

/// What stands at a price. Of an empty level both are zero; of any other, neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) quantity: u64,
    pub(super) orders: u32,
}

/// Whether an order leaves the level with the quantity that is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderIs {
    Gone,
    Smaller,
}

/// The levels of both sides by price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Levels {
    bids: BTreeMap<PriceTicks, Total>,
    asks: BTreeMap<PriceTicks, Total>,
    /// [`LEVELS_MAX`], except in a test of what happens there.
    levels_max: usize,
}

impl Default for Levels {
    fn default() -> Self {
        Self::with_ceiling(LEVELS_MAX)
    }
}

impl Levels {
    /// No levels, and room for this many on each side.
    pub(super) const fn with_ceiling(levels_max: usize) -> Self {
        Self { bids: BTreeMap::new(), asks: BTreeMap::new(), levels_max }
    }

    /// Whether a side may have so many levels.
    pub(super) const fn has_room_for(&self, levels: usize) -> bool {
        levels <= self.levels_max
    }

    /// Adds an order and returns what stood there before.
    #[inline]
    pub(super) fn add(
        &mut self,
        side: Side,
        price: PriceTicks,
        quantity: QuantityLots,
    ) -> Result<Total, LevelError> {
        if quantity.0 == 0 {
            return Err(LevelError::Zero);
        }
        let full = self.side(side).len() >= self.levels_max;
        match self.side_mut(side).entry(price) {
            Entry::Vacant(_) if full => Err(LevelError::TooMany),
            Entry::Vacant(level) => {
                level.insert(Total { quantity: u64::from(quantity.0), orders: 1 });
                Ok(Total::default())
            }
            Entry::Occupied(mut level) => {
                let before = *level.get();
                let orders = before.orders.checked_add(1).ok_or(LevelError::Overflow)?;
                let quantity =
                    before.quantity.checked_add(u64::from(quantity.0)).ok_or(LevelError::Overflow)?;
                level.insert(Total { quantity, orders });
                Ok(before)
            }
        }
    }

    /// Takes quantity off, and an order with it if it is gone. Returns what stood there before.
    #[inline]
    pub(super) fn take(
        &mut self,
        side: Side,
        price: PriceTicks,
        quantity: QuantityLots,
        order: OrderIs,
    ) -> Result<Total, LevelError> {
        if quantity.0 == 0 {
            return Err(LevelError::Zero);
        }
        let Entry::Occupied(mut level) = self.side_mut(side).entry(price) else {
            return Err(LevelError::Underflow);
        };
        let before = *level.get();
        let left = before.quantity.checked_sub(u64::from(quantity.0)).ok_or(LevelError::Underflow)?;
        let gone = u32::from(order == OrderIs::Gone);
        let orders = before.orders.checked_sub(gone).ok_or(LevelError::Underflow)?;
        // Every order that stays has at least one lot, and without an order there is no lot.
        if u64::from(orders) > left || (orders == 0 && left > 0) {
            return Err(LevelError::Underflow);
        }
        if orders == 0 {
            level.remove();
        } else {
            level.insert(Total { quantity: left, orders });
        }
        Ok(before)
    }

    /// What stands at a price.
    #[inline]
    pub(super) fn total(&self, side: Side, price: PriceTicks) -> Total {
        self.side(side).get(&price).copied().unwrap_or_default()
    }

    /// Puts a level as it shall be; an empty one goes.
    pub(super) fn set(&mut self, side: Side, price: PriceTicks, total: Total) {
        if total == Total::default() {
            self.side_mut(side).remove(&price);
        } else {
            self.side_mut(side).insert(price, total);
        }
    }

    /// How many levels a side has.
    pub(super) fn count(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// The levels of a side, best first.
    pub(super) fn best_first(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        // One of the two is empty, so that both sides have one type of iterator.
        let (up, down) = match side {
            Side::Buy => (None, Some(self.bids.iter().rev())),
            Side::Sell => (Some(self.asks.iter()), None),
        };
        up.into_iter().flatten().chain(down.into_iter().flatten()).map(|(&price, total)| Level {
            price,
            quantity: total.quantity,
            orders: total.orders,
        })
    }

    /// The best level of a side.
    pub(super) fn best(&self, side: Side) -> Option<Level> {
        self.best_first(side).next()
    }

    #[inline]
    fn side(&self, side: Side) -> &BTreeMap<PriceTicks, Total> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    #[inline]
    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<PriceTicks, Total> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOT: QuantityLots = QuantityLots(1);

    #[test]
    fn one_level_more_than_the_ceiling_is_refused_and_an_order_on_a_level_is_not() {
        let mut levels = Levels::with_ceiling(2);
        for price in [7, 9] {
            levels.add(Side::Buy, PriceTicks(price), LOT).unwrap();
        }
        let before = levels.clone();
        assert_eq!(levels.add(Side::Buy, PriceTicks(8), LOT), Err(LevelError::TooMany));
        assert_eq!(levels, before);
        levels.add(Side::Buy, PriceTicks(7), LOT).unwrap();
        levels.add(Side::Sell, PriceTicks(8), LOT).unwrap();
        levels.take(Side::Buy, PriceTicks(9), LOT, OrderIs::Gone).unwrap();
        levels.add(Side::Buy, PriceTicks(8), LOT).unwrap();
    }

    #[test]
    fn a_level_of_all_orders_that_can_be_counted_takes_no_more() {
        let mut levels = Levels::default();
        let full = Total { quantity: u64::from(u32::MAX), orders: u32::MAX };
        levels.set(Side::Sell, PriceTicks(5), full);
        assert_eq!(levels.add(Side::Sell, PriceTicks(5), LOT), Err(LevelError::Overflow));
        assert_eq!(levels.total(Side::Sell, PriceTicks(5)), full);
    }
}
