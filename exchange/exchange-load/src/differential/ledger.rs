//! A book kept from events alone, and what must hold of any book after any command.

use std::collections::BTreeMap;

use exchange_core::book::OrderBook;
use exchange_types::{Event, OrderId, PriceTicks, Side};

/// What events say of a resting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    side: Side,
    price: PriceTicks,
    remaining: u32,
    /// The number of the event with which it came to rest: inside a price the lower one has priority.
    arrival: u64,
}

/// The orders that rest according to the events so far.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    orders: BTreeMap<OrderId, Entry>,
    arrivals: u64,
}

impl Ledger {
    /// Takes the events of one command in and holds the book against them.
    ///
    /// # Errors
    /// What does not hold, in words: events that contradict one another, a crossed book, an order out of its turn, an order
    /// or a quantity that events do not account for.
    pub fn check(&mut self, events: &[Event], book: &impl OrderBook) -> Result<(), String> {
        for event in events {
            self.fold(event).map_err(|what| format!("{what}: {event:?}"))?;
        }
        if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell))
            && bid >= ask
        {
            return Err(format!("the book is crossed: bid {bid:?}, ask {ask:?}"));
        }
        let mut wrong = None;
        let mut seen = 0;
        let mut before: Option<(Side, PriceTicks, u64)> = None;
        book.visit(&mut |order| {
            seen += 1;
            let entry = self.orders.get(&order.id).copied();
            let arrival = entry.map_or(0, |entry| entry.arrival);
            let remaining = order.remaining.0;
            if entry != Some(Entry { side: order.side, price: order.price, remaining, arrival }) {
                wrong.get_or_insert(format!("events account for {entry:?}, the book has {order:?}"));
            }
            let turn = (order.side, order.price, arrival);
            if before.is_some_and(|before| before >= turn) {
                wrong.get_or_insert(format!("out of its turn: {order:?}"));
            }
            before = Some(turn);
        });
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if seen != self.orders.len() || seen != book.live_orders() {
            let (ledger, live) = (self.orders.len(), book.live_orders());
            return Err(format!("events leave {ledger} orders, the book shows {seen} and counts {live}"));
        }
        Ok(())
    }

    fn fold(&mut self, event: &Event) -> Result<(), &'static str> {
        match *event {
            Event::Trade(trade) => {
                let maker = self.orders.get_mut(&trade.maker).ok_or("a maker that does not rest")?;
                if maker.price != trade.price || maker.side != trade.taker_side.opposite() {
                    return Err("a trade that is not at the maker's price and side");
                }
                let (price, side, arrival) = (maker.price, maker.side, maker.arrival);
                maker.remaining =
                    maker.remaining.checked_sub(trade.quantity.0).ok_or("a trade of more than there is")?;
                if maker.remaining != trade.maker_remaining.0 || trade.quantity.0 == 0 {
                    return Err("a trade that does not add up");
                }
                if maker.remaining == 0 {
                    self.orders.remove(&trade.maker);
                }
                // Price-time priority: nothing better, and nothing older at the same price, may have been passed over.
                let passed = self.orders.values().any(|other| {
                    let better = match side {
                        Side::Buy => other.price > price,
                        Side::Sell => other.price < price,
                    };
                    other.side == side && (better || (other.price == price && other.arrival < arrival))
                });
                if passed {
                    return Err("a trade that passed an order with priority");
                }
            }
            Event::Rested { order, side, price, quantity, .. } => {
                self.arrivals += 1;
                let entry = Entry { side, price, remaining: quantity.0, arrival: self.arrivals };
                if quantity.0 == 0 || self.orders.insert(order, entry).is_some() {
                    return Err("an order that rests twice, or with nothing");
                }
            }
            Event::Cancelled { order, price, side, quantity, rested: true, .. } => {
                let entry = self.orders.remove(&order).ok_or("a cancel of an order that does not rest")?;
                if (entry.price, entry.side, entry.remaining) != (price, side, quantity.0) {
                    return Err("a cancel that says something else than the order");
                }
            }
            Event::Reduced { order, by, remaining, .. } => {
                let entry =
                    self.orders.get_mut(&order).ok_or("a reduction of an order that does not rest")?;
                entry.remaining =
                    entry.remaining.checked_sub(by.0).ok_or("a reduction of more than there is")?;
                if entry.remaining != remaining.0 || remaining.0 == 0 {
                    return Err("a reduction that does not add up");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use exchange_core::book::ReferenceBook;
    use exchange_types::{AccountId, Event, InstrumentId, OrderId, PriceTicks, QuantityLots, Side, Trade};

    use super::Ledger;

    fn rested(order: u64, side: Side, price: u32, quantity: u32) -> Event {
        Event::Rested {
            order: OrderId(order),
            instrument: InstrumentId(0),
            account: AccountId(1),
            side,
            price: PriceTicks(price),
            quantity: QuantityLots(quantity),
        }
    }

    /// A buyer trades with this maker at this price; `left` is what is left of the maker.
    fn bought(maker: u64, price: u32, quantity: u32, left: u32) -> Event {
        Event::Trade(Trade {
            maker: OrderId(maker),
            taker: OrderId(99),
            instrument: InstrumentId(0),
            maker_account: AccountId(1),
            taker_account: AccountId(2),
            price: PriceTicks(price),
            quantity: QuantityLots(quantity),
            maker_remaining: QuantityLots(left),
            taker_remaining: QuantityLots(0),
            taker_side: Side::Buy,
        })
    }

    /// What the ledger says of these events beside an empty book.
    #[track_caller]
    fn check(events: &[Event], expected: &str) {
        let found = Ledger::default().check(events, &ReferenceBook::new(InstrumentId(0)));
        let found = found.expect_err("the book is empty and the events are not");
        assert!(found.starts_with(expected), "expected {expected}, found {found}");
    }

    #[test]
    fn events_that_contradict_one_another_are_found() {
        let ask = rested(1, Side::Sell, 100, 5);
        check(&[bought(1, 100, 5, 0)], "a maker that does not rest");
        check(&[ask, bought(1, 101, 5, 0)], "a trade that is not at the maker's price");
        check(&[ask, bought(1, 100, 6, 0)], "a trade of more than there is");
        check(&[ask, bought(1, 100, 3, 1)], "a trade that does not add up");
        check(&[ask, ask], "an order that rests twice");
    }

    #[test]
    fn a_trade_that_passes_a_better_or_an_older_order_is_found() {
        let (old, young) = (rested(1, Side::Sell, 100, 5), rested(2, Side::Sell, 100, 5));
        check(&[old, young, bought(2, 100, 5, 0)], "a trade that passed an order");
        check(&[rested(3, Side::Sell, 99, 1), old, bought(1, 100, 5, 0)], "a trade that passed an order");
    }

    #[test]
    fn an_order_that_the_book_does_not_have_is_found() {
        check(&[rested(1, Side::Buy, 100, 5)], "events leave 1 orders, the book shows 0");
    }
}
