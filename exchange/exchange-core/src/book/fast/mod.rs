//! The order book that runs: a price ladder, a slab of 32-byte records, an index of ids.
//!
//! It is not responsible for saying what a book does; [`ReferenceBook`](super::ReferenceBook) says that, and a test compares the
//! two after every command. A newcomer needs to know one thing: an order is a record in the [`slab`], a price level is a
//! circular list of records through a head, the [`ladder`] knows which prices have levels, and everything else follows.

mod audit;
mod batch;
mod flags;
mod ladder;
mod matching;
mod slab;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use exchange_types::{
    AccountId, CancelCause, Event, EventBuffer, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    RejectReason, Side, TimeInForce, TimestampNs,
};

use super::index::{IdIndex, Vacancy};
use super::{BookCommand, Order, OrderBook, RestingOrder};
use ladder::{Ladder, WINDOW};
use slab::{Record, Slab};

/// The fast order book of one instrument.
///
/// Finding, adding, reducing and cancelling an order touch a constant number of cache lines; so does each fill. Memory is the
/// index, 32 bytes for each order, and 160 KiB.
#[derive(Debug, Clone)]
pub struct FastBook<I> {
    instrument: InstrumentId,
    index: I,
    slab: Slab,
    ladder: Ladder,
    /// The highest bid; zero: there is none.
    best_bid: u32,
    /// The lowest ask; `u32::MAX`: there is none.
    best_ask: u32,
    live: usize,
    /// GTD orders by the time they end. Few orders have one, so those that do pay for it here.
    expiries: BTreeSet<(TimestampNs, OrderId)>,
    expiry_of: BTreeMap<OrderId, TimestampNs>,
}

impl<I: IdIndex> FastBook<I> {
    /// Most orders a book holds: 2 GiB of records. A handle could name sixty times as many.
    pub const ORDERS_MAX: usize = 1 << 26;

    /// An empty book with room for `orders` orders; more make it grow.
    #[must_use]
    pub fn new(instrument: InstrumentId, index: I, orders: usize) -> Self {
        Self {
            instrument,
            index,
            slab: Slab::new(WINDOW, orders),
            ladder: Ladder::new(),
            best_bid: 0,
            best_ask: u32::MAX,
            live: 0,
            expiries: BTreeSet::new(),
            expiry_of: BTreeMap::new(),
        }
    }

    /// Bytes this book has allocated.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let expiries = self.expiry_of.len().saturating_mul(48);
        [self.index.memory_bytes(), self.slab.memory_bytes(), self.ladder.memory_bytes(), expiries]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    #[inline(always)]
    fn find(&self, order: OrderId) -> Option<(u32, I::Place)> {
        self.index.find(order.0, |handle| self.slab.get(handle).id == order.0)
    }

    #[inline(always)]
    fn vacancy(&self, order: OrderId) -> Vacancy<I::Place> {
        self.index.vacancy(order.0, |handle| self.slab.get(handle).id == order.0)
    }

    /// The common case, an order that joins the book at once, is kept apart from all others: it is half of all traffic.
    #[inline(always)]
    fn submit(&mut self, order: &Order, events: &mut EventBuffer) {
        debug_assert!(order.quantity != QuantityLots(0), "an order has a quantity");
        debug_assert!(
            (PriceTicks::LOWEST..=PriceTicks::HIGHEST).contains(&order.price),
            "an order has a price at which it could rest"
        );
        match self.vacancy(order.id) {
            Vacancy::Free(place)
                if self.live < Self::ORDERS_MAX && order.may_rest() && !self.crosses(order) =>
            {
                self.rest(order, order.quantity.0, place, events);
            }
            Vacancy::Taken => self.reject(order.id, order.account, RejectReason::DuplicateOrderId, events),
            Vacancy::OutOfRange if order.may_rest() => {
                self.reject(order.id, order.account, RejectReason::OrderIdOutOfRange, events);
            }
            _ => self.submit_taker(order, events),
        }
    }

    #[inline(never)]
    fn submit_taker(&mut self, order: &Order, events: &mut EventBuffer) {
        if order.may_rest() && self.live >= Self::ORDERS_MAX {
            return self.reject(order.id, order.account, RejectReason::BookFull, events);
        }
        if self.crosses(order) && order.order_type == OrderType::PostOnly {
            return self.reject(order.id, order.account, RejectReason::PostOnlyWouldCross, events);
        }
        if order.time_in_force == TimeInForce::Fok && !self.fillable(order) {
            return self.reject(order.id, order.account, RejectReason::FillOrKillUnfillable, events);
        }
        let (remaining, stopped) = self.take(order, events);
        if remaining == 0 {
            return;
        }
        if stopped {
            return self.drop_rest(order, remaining, CancelCause::SelfTrade, events);
        }
        if !order.may_rest() {
            return self.drop_rest(order, remaining, CancelCause::Immediate, events);
        }
        // The fills have moved the index, and the place of the id with it.
        let Vacancy::Free(place) = self.vacancy(order.id) else {
            // Invariant: the id could be added before the fills, and removing ids does not change that.
            unreachable!("a new id stays acceptable while its order trades");
        };
        self.rest(order, remaining, place, events);
    }

    /// Whether an order reaches the other side. Written without a branch, because nobody can predict the side of an order.
    #[inline(always)]
    fn crosses(&self, order: &Order) -> bool {
        let buy = order.side == Side::Buy;
        (buy & (order.price.0 >= self.best_ask)) | (!buy & (order.price.0 <= self.best_bid))
    }

    #[inline(always)]
    fn rest(&mut self, order: &Order, remaining: u32, place: I::Place, events: &mut EventBuffer) {
        let expires = order.time_in_force == TimeInForce::Gtd && order.expires_at != TimestampNs(0);
        if expires {
            self.remember_expiry(order);
        }
        let price = order.price.0;
        let head = match self.ladder.near(price) {
            Some(level) => level,
            None => self.far_head(price),
        };
        let last = self.slab.get(head).prev;
        let handle = self.slab.take();
        // Field by field: a record made on the stack and copied as a whole stalls on its own stores.
        let record = self.slab.get_mut(handle);
        record.id = order.id.0;
        record.next = head;
        record.prev = last;
        record.remaining = remaining;
        record.price = price;
        record.account = order.account.0;
        record.flags = flags::pack(order.side, order.self_trade, expires);
        self.slab.get_mut(last).next = handle;
        self.slab.get_mut(head).prev = handle;
        self.index.fill(place, order.id.0, handle);
        // Bound: at most `ORDERS_MAX`.
        self.live = self.live.wrapping_add(1);
        if last == head {
            self.level_opened(order.side, price, head);
        }
        events.push_with(|| Event::Rested {
            order: order.id,
            instrument: self.instrument,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity: QuantityLots(remaining),
        });
    }

    #[inline(always)]
    fn level_opened(&mut self, side: Side, price: u32, head: u32) {
        if head < WINDOW {
            self.ladder.set(head);
        } else {
            self.ladder.set_far(price, head);
        }
        match side {
            Side::Buy => self.best_bid = self.best_bid.max(price),
            Side::Sell => self.best_ask = self.best_ask.min(price),
        }
    }

    #[inline]
    fn level_emptied(&mut self, side: Side, price: u32, head: u32) {
        if head < WINDOW {
            self.ladder.clear(head);
        } else {
            self.ladder.clear_far(price);
            self.slab.free(head);
        }
        match side {
            Side::Buy if price == self.best_bid => self.best_bid = self.ladder.below(price).unwrap_or(0),
            Side::Sell if price == self.best_ask => {
                self.best_ask = self.ladder.above(price).unwrap_or(u32::MAX)
            }
            _ => {}
        }
    }

    /// Takes an order off the book and returns its record.
    #[inline(always)]
    fn remove(&mut self, handle: u32, place: I::Place) -> Record {
        let record = *self.slab.get(handle);
        self.slab.get_mut(record.prev).next = record.next;
        self.slab.get_mut(record.next).prev = record.prev;
        self.index.vacate(place);
        self.slab.free(handle);
        // Bound: the order that goes was counted.
        self.live = self.live.wrapping_sub(1);
        // In a circular list of two, the other one is the head.
        if record.next == record.prev {
            self.level_emptied(flags::side(record.flags), record.price, record.next);
        }
        if flags::expires(record.flags) {
            self.forget_expiry(OrderId(record.id));
        }
        record
    }

    #[inline(always)]
    fn cancel(&mut self, order: OrderId, cause: CancelCause, events: &mut EventBuffer) {
        let Some((handle, place)) = self.find(order) else {
            return self.reject(order, AccountId(0), RejectReason::UnknownOrder, events);
        };
        let record = self.remove(handle, place);
        self.cancelled(&record, cause, events);
    }

    #[inline]
    fn reduce(&mut self, order: OrderId, by: QuantityLots, events: &mut EventBuffer) {
        let Some((handle, place)) = self.find(order) else {
            return self.reject(order, AccountId(0), RejectReason::UnknownOrder, events);
        };
        let record = self.slab.get_mut(handle);
        if by.0 >= record.remaining {
            let record = self.remove(handle, place);
            return self.cancelled(&record, CancelCause::Reduced, events);
        }
        // Bound: tested above.
        record.remaining = record.remaining.wrapping_sub(by.0);
        events.push_with(|| Event::Reduced {
            order,
            instrument: self.instrument,
            account: AccountId(record.account),
            side: flags::side(record.flags),
            price: PriceTicks(record.price),
            by,
            remaining: QuantityLots(record.remaining),
        });
    }

    #[inline]
    fn replace(
        &mut self,
        order: OrderId,
        new_order: OrderId,
        price: PriceTicks,
        quantity: QuantityLots,
        events: &mut EventBuffer,
    ) {
        let Some((handle, place)) = self.find(order) else {
            return self.reject(order, AccountId(0), RejectReason::UnknownOrder, events);
        };
        let old = self.resting(handle);
        match self.vacancy(new_order) {
            Vacancy::Free(_) => {}
            Vacancy::Taken => {
                return self.reject(new_order, old.account, RejectReason::DuplicateOrderId, events);
            }
            Vacancy::OutOfRange => {
                return self.reject(new_order, old.account, RejectReason::OrderIdOutOfRange, events);
            }
        }
        let record = self.remove(handle, place);
        self.cancelled(&record, CancelCause::Replaced, events);
        self.submit(&old.replacement(new_order, price, quantity), events);
    }

    #[inline]
    fn resting(&self, handle: u32) -> RestingOrder {
        let record = self.slab.get(handle);
        let id = OrderId(record.id);
        let expires_at = if flags::expires(record.flags) { self.expiry(id) } else { TimestampNs(0) };
        RestingOrder {
            id,
            account: AccountId(record.account),
            price: PriceTicks(record.price),
            remaining: QuantityLots(record.remaining),
            side: flags::side(record.flags),
            self_trade: flags::self_trade(record.flags),
            expires_at,
        }
    }

    #[cold]
    fn expiry(&self, order: OrderId) -> TimestampNs {
        self.expiry_of.get(&order).copied().unwrap_or_default()
    }

    #[cold]
    fn remember_expiry(&mut self, order: &Order) {
        self.expiries.insert((order.expires_at, order.id));
        self.expiry_of.insert(order.id, order.expires_at);
    }

    #[cold]
    fn forget_expiry(&mut self, order: OrderId) {
        if let Some(expires_at) = self.expiry_of.remove(&order) {
            self.expiries.remove(&(expires_at, order));
        }
    }

    #[inline(always)]
    fn cancelled(&self, record: &Record, cause: CancelCause, events: &mut EventBuffer) {
        events.push_with(|| Event::Cancelled {
            order: OrderId(record.id),
            instrument: self.instrument,
            account: AccountId(record.account),
            side: flags::side(record.flags),
            price: PriceTicks(record.price),
            quantity: QuantityLots(record.remaining),
            cause,
            rested: true,
        });
    }

    fn drop_rest(&self, order: &Order, remaining: u32, cause: CancelCause, events: &mut EventBuffer) {
        events.push_with(|| Event::Cancelled {
            order: order.id,
            instrument: self.instrument,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity: QuantityLots(remaining),
            cause,
            rested: false,
        });
    }

    #[cold]
    fn reject(&self, order: OrderId, account: AccountId, reason: RejectReason, events: &mut EventBuffer) {
        events.push_with(|| Event::Rejected { order, instrument: self.instrument, account, reason });
    }
}

impl<I: IdIndex> OrderBook for FastBook<I> {
    #[inline(always)]
    fn apply(&mut self, command: &BookCommand, events: &mut EventBuffer) {
        match command {
            BookCommand::Submit(order) => self.submit(order, events),
            BookCommand::Cancel { order, cause } => self.cancel(*order, *cause, events),
            BookCommand::Reduce { order, by } => self.reduce(*order, *by, events),
            BookCommand::Replace { order, new_order, price, quantity } => {
                self.replace(*order, *new_order, *price, *quantity, events);
            }
        }
    }

    fn expire(&mut self, now: TimestampNs, events: &mut EventBuffer) {
        while let Some((expires_at, order)) = self.expiries.first().copied() {
            if expires_at > now {
                break;
            }
            // Invariant: an order that expires rests, and forgets its expiry when it leaves; so this ends.
            let (handle, place) = self.find(order).expect("an order that expires rests in the book");
            let record = self.remove(handle, place);
            self.cancelled(&record, CancelCause::Expired, events);
        }
    }

    #[inline]
    fn prefetch_place(&self, order: OrderId) {
        self.index.prefetch(order.0);
    }

    #[inline]
    fn prefetch_order(&self, order: OrderId) {
        self.slab.prefetch(self.index.guess(order.0));
    }

    fn next_expiry(&self) -> TimestampNs {
        self.expiries.first().map_or(TimestampNs(u64::MAX), |(expires_at, _)| *expires_at)
    }

    fn order(&self, order: OrderId) -> Option<RestingOrder> {
        self.find(order).map(|(handle, _)| self.resting(handle))
    }

    fn best(&self, side: Side) -> Option<PriceTicks> {
        match side {
            Side::Buy => (self.best_bid != 0).then_some(PriceTicks(self.best_bid)),
            Side::Sell => (self.best_ask != u32::MAX).then_some(PriceTicks(self.best_ask)),
        }
    }

    fn live_orders(&self) -> usize {
        self.live
    }

    fn visit(&self, see: &mut dyn FnMut(&RestingOrder)) {
        // All bids are below all asks, so ascending prices are bids and then asks.
        for (_, head) in self.ladder.levels() {
            let mut handle = self.slab.get(head).next;
            while handle != head {
                see(&self.resting(handle));
                handle = self.slab.get(handle).next;
            }
        }
    }
}
