//! Where orders rest: which account and which instrument an order id belongs to.
//!
//! Not responsible for whether an order is still live, and never for who may touch it: the venue decides that. A newcomer needs to
//! know one thing: a cancel names only an id, a command needs the instrument as well, and what this gateway has placed itself it
//! need not ask for. What is not remembered is asked of the risk engine, then of the history.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use exchange_types::{AccountId, InstrumentId, OrderId};

/// How many orders are remembered; the oldest is forgotten first. Some 4 MB.
const ORDERS_MAX: usize = 65_536;

/// Whose an order is, and where it rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
}

/// Places of orders that came to rest. They never change: an id is used once.
#[derive(Debug, Default)]
pub struct Places {
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    by_order: HashMap<OrderId, Place>,
    oldest_first: VecDeque<OrderId>,
}

impl Places {
    pub(super) fn get(&self, order: OrderId) -> Option<Place> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.by_order.get(&order).copied()
    }

    pub(super) fn put(&self, order: OrderId, place: Place) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.by_order.insert(order, place).is_some() {
            return;
        }
        remembered.oldest_first.push_back(order);
        if remembered.oldest_first.len() > ORDERS_MAX
            && let Some(oldest) = remembered.oldest_first.pop_front()
        {
            remembered.by_order.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_places_are_forgotten() {
        let places = Places::default();
        let place = Place { account: AccountId(1), instrument: InstrumentId(2) };
        for order in 0..=ORDERS_MAX as u64 {
            places.put(OrderId(order), place);
            places.put(OrderId(order), place);
        }
        assert_eq!(places.get(OrderId(0)), None);
        assert_eq!(places.get(OrderId(1)), Some(place));
    }
}
