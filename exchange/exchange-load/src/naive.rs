//! The plain matcher: queues of orders in a `BTreeMap` by price, and a `HashMap` that finds an order by its id.
//!
//! It yields the keys of order-flow files and is what the fast book's speed is a multiple of, so it is written as one
//! would write it without thinking of speed, and must stay so. A newcomer needs to know one thing: it works on records of
//! a file and tells trades to a sink; it shares no code with the books of `exchange-core`.

use std::collections::{BTreeMap, HashMap, VecDeque};

use exchange_types::{AccountId, OrderId, PriceTicks, QuantityLots, Side};

use crate::flow::{Operation, Record};
use crate::key::BookKey;

/// One trade, as the plain matcher tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// The resting order.
    pub maker: OrderId,
    /// The arriving order.
    pub taker: OrderId,
    /// The resting order's price.
    pub price: PriceTicks,
    /// How much.
    pub quantity: QuantityLots,
    /// True where nothing is left of the resting order.
    pub maker_filled: bool,
}

/// An order in a queue.
#[derive(Debug, Clone, Copy)]
struct Resting {
    id: OrderId,
    remaining: QuantityLots,
    account: AccountId,
}

type Levels = BTreeMap<PriceTicks, VecDeque<Resting>>;

/// The plain matcher's book.
#[derive(Debug, Clone, Default)]
pub struct NaiveBook {
    bids: Levels,
    asks: Levels,
    orders: HashMap<OrderId, (Side, PriceTicks)>,
    self_trade_prevention: bool,
}

impl NaiveBook {
    /// An empty book.
    #[must_use]
    pub fn new(self_trade_prevention: bool) -> Self {
        Self { self_trade_prevention, ..Self::default() }
    }

    /// Carries out one record and tells every trade to `sink`.
    pub fn apply(&mut self, record: &Record, sink: &mut impl FnMut(Fill)) {
        match record.operation {
            Operation::Cancel => {
                self.cancel(record.order);
            }
            Operation::Reduce => self.reduce(record.order, record.quantity),
            // The id of a live order cannot be given to another.
            Operation::Replace if self.orders.contains_key(&record.new_order) => {}
            Operation::Replace => {
                if let Some((side, old)) = self.cancel(record.order) {
                    let new = Record { order: record.new_order, side, account: old.account, ..*record };
                    self.submit(&new, record.price, sink);
                }
            }
            Operation::Market => {
                let any = if record.side == Side::Buy { PriceTicks::HIGHEST } else { PriceTicks::LOWEST };
                self.submit(record, any, sink);
            }
            _ => self.submit(record, record.price, sink),
        }
    }

    fn submit(&mut self, order: &Record, limit: PriceTicks, sink: &mut impl FnMut(Fill)) {
        if self.orders.contains_key(&order.order) {
            return;
        }
        let crosses = self.best(order.side.opposite()).is_some_and(|best| within(order.side, limit, best));
        match order.operation {
            Operation::PostOnly if crosses => return,
            Operation::FillOrKill if !self.can_fill(order, limit) => return,
            _ => {}
        }
        let mut remaining = order.quantity;
        if crosses {
            let (left, met_itself) = self.take(order, limit, sink);
            if met_itself {
                return;
            }
            remaining = left;
        }
        let rests = matches!(order.operation, Operation::Limit | Operation::PostOnly | Operation::Replace);
        if remaining.0 > 0 && rests {
            let resting = Resting { id: order.order, remaining, account: order.account };
            self.levels(order.side).entry(limit).or_default().push_back(resting);
            self.orders.insert(order.order, (order.side, limit));
        }
    }

    fn can_fill(&self, order: &Record, limit: PriceTicks) -> bool {
        let mut available = 0;
        for (price, queue) in self.ladder(order.side.opposite()) {
            if !within(order.side, limit, price) {
                break;
            }
            for maker in queue {
                if self.self_trade_prevention && maker.account == order.account {
                    return false;
                }
                available += u64::from(maker.remaining.0);
                if available >= u64::from(order.quantity.0) {
                    return true;
                }
            }
        }
        false
    }

    /// Trades against the other side; returns what is left, and whether the order met one of its own account.
    fn take(
        &mut self,
        order: &Record,
        limit: PriceTicks,
        sink: &mut impl FnMut(Fill),
    ) -> (QuantityLots, bool) {
        let mut remaining = order.quantity;
        let levels = match order.side {
            Side::Buy => &mut self.asks,
            Side::Sell => &mut self.bids,
        };
        while remaining.0 > 0 {
            let level = match order.side {
                Side::Buy => levels.first_entry(),
                Side::Sell => levels.last_entry(),
            };
            let Some(mut level) = level else { break };
            let price = *level.key();
            if !within(order.side, limit, price) {
                break;
            }
            let queue = level.get_mut();
            while let Some(maker) = queue.front_mut() {
                if self.self_trade_prevention && maker.account == order.account {
                    return (remaining, true);
                }
                let quantity = remaining.min(maker.remaining);
                remaining.0 -= quantity.0;
                maker.remaining.0 -= quantity.0;
                let maker_filled = maker.remaining.0 == 0;
                sink(Fill { maker: maker.id, taker: order.order, price, quantity, maker_filled });
                if maker_filled {
                    self.orders.remove(&maker.id);
                    queue.pop_front();
                }
                if remaining.0 == 0 {
                    break;
                }
            }
            if queue.is_empty() {
                level.remove();
            }
        }
        (remaining, false)
    }

    fn cancel(&mut self, id: OrderId) -> Option<(Side, Resting)> {
        let (side, price) = self.orders.remove(&id)?;
        let levels = self.levels(side);
        let queue = levels.get_mut(&price)?;
        let position = queue.iter().position(|resting| resting.id == id)?;
        let order = queue.remove(position)?;
        if queue.is_empty() {
            levels.remove(&price);
        }
        Some((side, order))
    }

    fn reduce(&mut self, id: OrderId, by: QuantityLots) {
        let Some(&(side, price)) = self.orders.get(&id) else { return };
        let Some(queue) = self.levels(side).get_mut(&price) else { return };
        let Some(order) = queue.iter_mut().find(|resting| resting.id == id) else { return };
        if by >= order.remaining {
            self.cancel(id);
        } else {
            order.remaining.0 -= by.0;
        }
    }

    fn levels(&mut self, side: Side) -> &mut Levels {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The levels of a side, best price first.
    fn ladder(&self, side: Side) -> Box<dyn Iterator<Item = (PriceTicks, &VecDeque<Resting>)> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(|(price, queue)| (*price, queue))),
            Side::Sell => Box::new(self.asks.iter().map(|(price, queue)| (*price, queue))),
        }
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<PriceTicks> {
        match side {
            Side::Buy => self.bids.keys().next_back().copied(),
            Side::Sell => self.asks.keys().next().copied(),
        }
    }

    /// Price and volume of the levels of a side, best price first.
    pub fn depth(&self, side: Side) -> impl Iterator<Item = (PriceTicks, u64)> {
        self.ladder(side)
            .map(|(price, queue)| (price, queue.iter().map(|order| u64::from(order.remaining.0)).sum()))
    }

    /// How many orders rest.
    #[must_use]
    pub fn live_orders(&self) -> usize {
        self.orders.len()
    }

    /// True where an order with this id rests.
    #[must_use]
    pub fn contains(&self, id: OrderId) -> bool {
        self.orders.contains_key(&id)
    }

    /// How many levels a side has.
    #[must_use]
    pub fn level_count(&self, side: Side) -> usize {
        match side {
            Side::Buy => self.bids.len(),
            Side::Sell => self.asks.len(),
        }
    }

    /// Side and remaining quantity of a resting order.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<(Side, QuantityLots)> {
        let (side, price) = self.orders.get(&id)?;
        let levels = if *side == Side::Buy { &self.bids } else { &self.asks };
        let order = levels.get(price)?.iter().find(|resting| resting.id == id)?;
        Some((*side, order.remaining))
    }

    /// The key of the book as it stands.
    #[must_use]
    pub fn key(&self) -> BookKey {
        let mut key = BookKey::default();
        for (side, levels) in [(Side::Buy, &self.bids), (Side::Sell, &self.asks)] {
            for (price, queue) in levels {
                for order in queue {
                    key.order(side, *price, order.id, order.remaining);
                }
            }
        }
        key
    }
}

/// True where an order of this side with this limit would trade at this price.
fn within(side: Side, limit: PriceTicks, price: PriceTicks) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}
