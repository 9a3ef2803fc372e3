//! The set of live orders from which the generator picks at random.

use exchange_types::OrderId;

use crate::flow::random::Random;

/// A set of dense ids with a uniform pick, all in constant time.
#[derive(Debug, Default)]
pub(super) struct Live {
    orders: Vec<OrderId>,
    /// For each id where it stands in `orders`.
    places: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Live {
    pub(super) fn len(&self) -> usize {
        self.orders.len()
    }

    pub(super) fn contains(&self, order: OrderId) -> bool {
        self.place(order).is_some()
    }

    pub(super) fn insert(&mut self, order: OrderId) {
        let index = order.0 as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, NOWHERE);
        }
        self.places[index] = self.orders.len() as u32;
        self.orders.push(order);
    }

    pub(super) fn remove(&mut self, order: OrderId) {
        let Some(place) = self.place(order) else { return };
        self.places[order.0 as usize] = NOWHERE;
        self.orders.swap_remove(place);
        if let Some(moved) = self.orders.get(place) {
            self.places[moved.0 as usize] = place as u32;
        }
    }

    pub(super) fn pick(&self, random: &mut Random) -> Option<OrderId> {
        self.orders.get(random.below(self.orders.len() as u64) as usize).copied()
    }

    fn place(&self, order: OrderId) -> Option<usize> {
        let place = *self.places.get(usize::try_from(order.0).ok()?)?;
        (place != NOWHERE).then_some(place as usize)
    }
}
