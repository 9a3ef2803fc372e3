//! The invariants of the book, all of them, as one walk over everything it holds.
//!
//! It is not part of the hot path: it takes time and memory by the size of the book. A newcomer needs to know one thing: what
//! is asserted here holds after every command, and the tests of this folder ask after every command.

use exchange_types::{OrderId, Side, TimestampNs};

use super::{FastBook, IdIndex, WINDOW, flags};

/// What was found on the way.
struct Walk {
    /// By handle, whether the record has been met: as head, as order, or as free.
    met: Vec<bool>,
    orders: usize,
    expiring: usize,
    best_bid: u32,
    best_ask: u32,
}

impl Walk {
    /// Meets a record. A list with a loop or two lists with a common end meet one twice.
    fn meet(&mut self, handle: u32) {
        let met = &mut self.met[handle as usize];
        assert!(!*met, "a record is one head, one order, or free once: {handle}");
        *met = true;
    }
}

impl<I: IdIndex> FastBook<I> {
    /// Walks over the whole book and asserts that everything in it agrees.
    ///
    /// # Panics
    /// Where an invariant does not hold, with a message that states it.
    pub fn audit(&self) {
        let mut walk = Walk {
            met: vec![false; self.slab.records()],
            orders: 0,
            expiring: 0,
            best_bid: 0,
            best_ask: u32::MAX,
        };
        self.ladder.audit();
        for head in 0..WINDOW {
            walk.meet(head);
            let (empty, set) = (self.slab.get(head).next == head, self.ladder.is_set(head));
            assert!(empty != set, "a near level is set where its queue has orders: {head}");
            assert!(!empty || self.slab.get(head).prev == head, "an empty queue is closed: {head}");
        }
        let mut last_price = 0;
        for (price, head) in self.ladder.levels() {
            assert!(price > last_price, "levels come by ascending price: {price}");
            last_price = price;
            if head >= WINDOW {
                walk.meet(head);
            }
            self.audit_queue(price, head, &mut walk);
        }
        for handle in self.slab.free_records().take(self.slab.records()) {
            walk.meet(handle);
        }
        assert!(walk.met.iter().all(|met| *met), "a record that is neither head nor order is free");
        assert!(walk.best_bid < walk.best_ask, "the book is not crossed");
        assert_eq!(self.best_bid, walk.best_bid, "the best bid is that of the highest bid level");
        assert_eq!(self.best_ask, walk.best_ask, "the best ask is that of the lowest ask level");
        assert_eq!(self.live, walk.orders, "the count of live orders is that of the records");
        assert_eq!(self.index.live_ids(), walk.orders, "the index knows as many ids as there are orders");
        assert_eq!(self.expiry_of.len(), walk.expiring, "expiries are known of live orders only");
        assert_eq!(self.expiries.len(), walk.expiring, "each expiry stands in the calendar once");
    }

    fn audit_queue(&self, price: u32, head: u32, walk: &mut Walk) {
        let (mut handle, mut prev) = (self.slab.get(head).next, head);
        assert!(handle != head, "a level has orders: {price}");
        let side = flags::side(self.slab.get(handle).flags);
        match side {
            Side::Buy => walk.best_bid = walk.best_bid.max(price),
            Side::Sell => walk.best_ask = walk.best_ask.min(price),
        }
        while handle != head {
            walk.meet(handle);
            let record = self.slab.get(handle);
            let order = OrderId(record.id);
            assert_eq!(record.prev, prev, "an order knows the one ahead of it: {order}");
            assert_eq!(record.price, price, "an order is in the queue of its price: {order}");
            assert_eq!(flags::side(record.flags), side, "all orders of a level are on one side: {order}");
            assert!(record.remaining > 0, "an order has a quantity left: {order}");
            let found = self.find(order).map(|(handle, _)| handle);
            assert_eq!(found, Some(handle), "the index finds an order: {order}");
            let expires_at = self.expiry_of.get(&order).copied();
            assert_eq!(flags::expires(record.flags), expires_at.is_some(), "an expiry is flagged: {order}");
            if let Some(expires_at) = expires_at {
                assert!(expires_at > TimestampNs(0), "an expiry is a time: {order}");
                assert!(self.expiries.contains(&(expires_at, order)), "an expiry is planned: {order}");
                walk.expiring = walk.expiring.saturating_add(1);
            }
            walk.orders = walk.orders.saturating_add(1);
            (handle, prev) = (record.next, handle);
        }
        assert_eq!(self.slab.get(head).prev, prev, "a level knows its last order: {price}");
    }
}
