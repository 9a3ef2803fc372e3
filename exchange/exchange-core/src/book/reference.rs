//! The order book as one would explain it: queues of orders by price, and a directory of where each order is.
//!
//! It is not meant to be fast: a cancel walks through its queue. A newcomer needs to know one thing: this file is the
//! specification of matching. Where `FastBook` differs from it by a single event, `FastBook` is wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use exchange_types::{
    AccountId, CancelCause, Event, EventBuffer, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    RejectReason, SelfTradePrevention, Side, TimeInForce, TimestampNs, Trade,
};

use super::{BookCommand, Order, OrderBook, RestingOrder};

/// The orders of one price, the oldest in front.
type Queue = VecDeque<RestingOrder>;

/// The plain book.
///
/// Invariants, each checked by the tests of this folder: no queue is empty; no remaining quantity is zero; the directory
/// knows exactly the orders in the queues; the best bid is below the best ask.
#[derive(Debug, Clone)]
pub struct ReferenceBook {
    instrument: InstrumentId,
    bids: BTreeMap<PriceTicks, Queue>,
    asks: BTreeMap<PriceTicks, Queue>,
    /// Where each resting order is.
    directory: BTreeMap<OrderId, (Side, PriceTicks)>,
    /// The orders that end by themselves, in the order in which they do.
    expiries: BTreeSet<(TimestampNs, OrderId)>,
}

impl ReferenceBook {
    /// An empty book.
    #[must_use]
    pub const fn new(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            directory: BTreeMap::new(),
            expiries: BTreeSet::new(),
        }
    }

    fn submit(&mut self, order: &Order, events: &mut EventBuffer) {
        if let Some(reason) = self.refusal(order) {
            events.push(self.rejected(order.id, order.account, reason));
            return;
        }
        let (remaining, met_itself) = self.trade(order, events);
        if remaining == QuantityLots(0) {
            return;
        }
        if met_itself {
            events.push(self.dropped(order, remaining, CancelCause::SelfTrade));
        } else if order.may_rest() {
            self.rest(order, remaining, events);
        } else {
            events.push(self.dropped(order, remaining, CancelCause::Immediate));
        }
    }

    /// Why an order cannot be accepted. The tests come in the order of the reasons.
    fn refusal(&self, order: &Order) -> Option<RejectReason> {
        if self.directory.contains_key(&order.id) {
            return Some(RejectReason::DuplicateOrderId);
        }
        let crosses =
            self.best(order.side.opposite()).is_some_and(|best| reaches(order.side, order.price, best));
        if order.order_type == OrderType::PostOnly && crosses {
            return Some(RejectReason::PostOnlyWouldCross);
        }
        if order.time_in_force == TimeInForce::Fok && self.fillable(order) < u64::from(order.quantity.0) {
            return Some(RejectReason::FillOrKillUnfillable);
        }
        None
    }

    /// How much of an order would trade, counted until that is enough.
    ///
    /// An order of the same account never trades: it ends the walk, unless the taker wants such makers cancelled and goes on.
    fn fillable(&self, order: &Order) -> u64 {
        let mut fillable: u64 = 0;
        for maker in self.makers(order.side, order.price) {
            if maker.account != order.account {
                // Bound: the sum stays below 2 * 2^32, because the walk ends where it reaches the order's quantity.
                fillable = fillable.saturating_add(u64::from(maker.remaining.0));
            } else if order.self_trade != SelfTradePrevention::CancelMaker {
                break;
            }
            if fillable >= u64::from(order.quantity.0) {
                break;
            }
        }
        fillable
    }

    /// The orders that a taker of this side with this limit can meet, in the order in which it would meet them.
    fn makers(&self, taker: Side, limit: PriceTicks) -> Box<dyn Iterator<Item = &RestingOrder> + '_> {
        match taker {
            Side::Buy => Box::new(self.asks.range(..=limit).flat_map(|(_, queue)| queue)),
            Side::Sell => Box::new(self.bids.range(limit..).rev().flat_map(|(_, queue)| queue)),
        }
    }

    /// Trades an order against the other side: best price first, oldest order first, at the price of the resting order.
    ///
    /// Returns what is left of the taker, and whether that has to be cancelled because it met an order of its own account.
    fn trade(&mut self, taker: &Order, events: &mut EventBuffer) -> (QuantityLots, bool) {
        let mut remaining = taker.quantity;
        while remaining > QuantityLots(0) {
            let Some(maker) = self.makers(taker.side, taker.price).next().copied() else { break };
            if maker.account == taker.account {
                if taker.self_trade != SelfTradePrevention::CancelTaker {
                    self.cancel(&maker, CancelCause::SelfTrade, events);
                }
                if taker.self_trade != SelfTradePrevention::CancelMaker {
                    return (remaining, true);
                }
                continue;
            }
            let quantity = remaining.min(maker.remaining);
            remaining = less(remaining, quantity);
            let maker_remaining = less(maker.remaining, quantity);
            self.shrink(&maker, maker_remaining);
            events.push(Event::Trade(Trade {
                maker: maker.id,
                taker: taker.id,
                instrument: self.instrument,
                maker_account: maker.account,
                taker_account: taker.account,
                price: maker.price,
                quantity,
                maker_remaining,
                taker_remaining: remaining,
                taker_side: taker.side,
            }));
        }
        (remaining, false)
    }

    /// Puts what is left of an order at the back of the queue of its price.
    fn rest(&mut self, order: &Order, remaining: QuantityLots, events: &mut EventBuffer) {
        let expires_at = match order.time_in_force {
            TimeInForce::Gtd => order.expires_at,
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => TimestampNs(0),
        };
        let resting = RestingOrder {
            id: order.id,
            account: order.account,
            price: order.price,
            remaining,
            side: order.side,
            self_trade: order.self_trade,
            expires_at,
        };
        self.side_mut(order.side).entry(order.price).or_default().push_back(resting);
        self.directory.insert(order.id, (order.side, order.price));
        if expires_at != TimestampNs(0) {
            self.expiries.insert((expires_at, order.id));
        }
        events.push(Event::Rested {
            order: order.id,
            instrument: self.instrument,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity: remaining,
        });
    }

    fn reduce(&mut self, order: &RestingOrder, by: QuantityLots, events: &mut EventBuffer) {
        if by >= order.remaining {
            self.cancel(order, CancelCause::Reduced, events);
            return;
        }
        let remaining = less(order.remaining, by);
        self.shrink(order, remaining);
        events.push(Event::Reduced {
            order: order.id,
            instrument: self.instrument,
            account: order.account,
            side: order.side,
            price: order.price,
            by,
            remaining,
        });
    }

    fn replace(
        &mut self,
        old: &RestingOrder,
        new_order: OrderId,
        price: PriceTicks,
        quantity: QuantityLots,
        events: &mut EventBuffer,
    ) {
        // An order cannot be replaced by one of the same id either: events would not say which of the two they mean.
        if self.directory.contains_key(&new_order) {
            events.push(self.rejected(new_order, old.account, RejectReason::DuplicateOrderId));
            return;
        }
        self.cancel(old, CancelCause::Replaced, events);
        self.submit(&old.replacement(new_order, price, quantity), events);
    }

    /// Takes a whole order off the book.
    fn cancel(&mut self, order: &RestingOrder, cause: CancelCause, events: &mut EventBuffer) {
        self.shrink(order, QuantityLots(0));
        events.push(Event::Cancelled {
            order: order.id,
            instrument: self.instrument,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity: order.remaining,
            cause,
            rested: true,
        });
    }

    /// Sets what is left of a resting order, which keeps its place; with nothing left it is gone.
    fn shrink(&mut self, order: &RestingOrder, remaining: QuantityLots) {
        let levels = self.side_mut(order.side);
        let Some(queue) = levels.get_mut(&order.price) else { return };
        if remaining > QuantityLots(0) {
            queue
                .iter_mut()
                .filter(|resting| resting.id == order.id)
                .for_each(|one| one.remaining = remaining);
            return;
        }
        queue.retain(|resting| resting.id != order.id);
        if queue.is_empty() {
            levels.remove(&order.price);
        }
        self.directory.remove(&order.id);
        self.expiries.remove(&(order.expires_at, order.id));
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<PriceTicks, Queue> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    const fn dropped(&self, order: &Order, quantity: QuantityLots, cause: CancelCause) -> Event {
        Event::Cancelled {
            order: order.id,
            instrument: self.instrument,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity,
            cause,
            rested: false,
        }
    }

    const fn rejected(&self, order: OrderId, account: AccountId, reason: RejectReason) -> Event {
        Event::Rejected { order, instrument: self.instrument, account, reason }
    }
}

impl OrderBook for ReferenceBook {
    fn apply(&mut self, command: &BookCommand, events: &mut EventBuffer) {
        let named = match command {
            BookCommand::Submit(order) => return self.submit(order, events),
            BookCommand::Cancel { order, .. }
            | BookCommand::Reduce { order, .. }
            | BookCommand::Replace { order, .. } => *order,
        };
        // A command that names an order says no account, and an order that is not there has none.
        let Some(resting) = self.order(named) else {
            return events.push(self.rejected(named, AccountId(0), RejectReason::UnknownOrder));
        };
        match *command {
            BookCommand::Submit(_) => {}
            BookCommand::Cancel { cause, .. } => self.cancel(&resting, cause, events),
            BookCommand::Reduce { by, .. } => self.reduce(&resting, by, events),
            BookCommand::Replace { new_order, price, quantity, .. } => {
                self.replace(&resting, new_order, price, quantity, events);
            }
        }
    }

    fn expire(&mut self, now: TimestampNs, events: &mut EventBuffer) {
        while let Some((_, order)) = self.expiries.first().copied().filter(|(expiry, _)| *expiry <= now) {
            let Some(resting) = self.order(order) else { return };
            self.cancel(&resting, CancelCause::Expired, events);
        }
    }

    fn next_expiry(&self) -> TimestampNs {
        self.expiries.first().map_or(TimestampNs(u64::MAX), |(expires_at, _)| *expires_at)
    }

    fn order(&self, order: OrderId) -> Option<RestingOrder> {
        let (side, price) = self.directory.get(&order)?;
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(price)?.iter().find(|resting| resting.id == order).copied()
    }

    fn best(&self, side: Side) -> Option<PriceTicks> {
        match side {
            Side::Buy => self.bids.keys().next_back().copied(),
            Side::Sell => self.asks.keys().next().copied(),
        }
    }

    fn live_orders(&self) -> usize {
        self.directory.len()
    }

    fn visit(&self, see: &mut dyn FnMut(&RestingOrder)) {
        self.bids.values().chain(self.asks.values()).flatten().for_each(see);
    }
}

/// True where an order of this side with this limit would trade at this price.
const fn reaches(side: Side, limit: PriceTicks, price: PriceTicks) -> bool {
    match side {
        Side::Buy => price.0 <= limit.0,
        Side::Sell => price.0 >= limit.0,
    }
}

/// What is left of `whole` without `part`. Bound: no caller takes off more than there is, so this never saturates.
const fn less(whole: QuantityLots, part: QuantityLots) -> QuantityLots {
    QuantityLots(whole.0.saturating_sub(part.0))
}
