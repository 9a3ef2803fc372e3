//! What a book refuses after risk has admitted it: the reservation ends as if nothing had happened.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use exchange_core::Engine;
use exchange_core::book::FastBook;
use exchange_core::book::index::DenseIndex;
use exchange_core::matching::BookMaker;
use exchange_types::{
    Amount, Command, CommandHeader, Event, EventBuffer, NewOrder, OrderId, OrderType, Price, Quantity,
    RejectReason, SelfTradePrevention, Side, TimeInForce, TimestampNs,
};
use support::{BTC_USD, GENEROUS, USD, account, plain_spec};

type DenseEngine = Engine<FastBook<DenseIndex>>;

fn apply(engine: &mut DenseEngine, command: &Command) -> Vec<Event> {
    let header = CommandHeader { sequence: engine.sequence().next(), time: TimestampNs(1) };
    let mut events = EventBuffer::new();
    engine.apply(&header, command, &mut events);
    engine.audit().unwrap();
    events.to_vec()
}

fn order(id: u64, price: u64) -> NewOrder {
    NewOrder {
        instrument: BTC_USD,
        account: account(0),
        order: OrderId(id),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::CancelTaker,
        price: Price(price),
        quantity: Quantity(5),
        expires_at: TimestampNs(0),
    }
}

/// An id so far ahead of all others that a book with dense ids does not take it.
const FAR: OrderId = OrderId(1 << 60);

/// A venue whose books take dense ids, where order 1 rests and everything else is free.
fn venue() -> DenseEngine {
    let mut engine =
        Engine::new(BookMaker::new(|listing, _| FastBook::new(listing.instrument, DenseIndex::default(), 0)));
    for command in [
        Command::DefineTier { tier: 0, limits: GENEROUS },
        Command::ListInstrument(Box::new(plain_spec(0, "BTC-USD", 0, 1))),
        Command::OpenAccount { account: account(0), tier: 0 },
        Command::Deposit { account: account(0), asset: USD, amount: Amount(1_000) },
        Command::NewOrder(order(1, 100)),
    ] {
        apply(&mut engine, &command);
    }
    assert_eq!(engine.risk().live_orders(), 1);
    engine
}

#[test]
fn an_order_that_the_book_refuses_has_reserved_nothing() {
    let mut engine = venue();
    let before = engine.risk().state_hash();
    let events = apply(&mut engine, &Command::NewOrder(NewOrder { order: FAR, ..order(2, 90) }));
    assert!(matches!(events[..], [Event::Rejected { reason: RejectReason::OrderIdOutOfRange, .. }]));
    assert_eq!(engine.risk().state_hash(), before);
}

#[test]
fn a_replacement_that_the_book_refuses_leaves_the_old_order_and_its_reservation() {
    let mut engine = venue();
    let before = engine.risk().state_hash();
    let command = Command::ReplaceOrder {
        instrument: BTC_USD,
        account: account(0),
        order: OrderId(1),
        new_order: FAR,
        price: Price(110),
        quantity: Quantity(9),
    };
    let events = apply(&mut engine, &command);
    assert!(matches!(events[..], [Event::Rejected { reason: RejectReason::OrderIdOutOfRange, .. }]));
    assert_eq!(engine.risk().state_hash(), before);
    assert_eq!(engine.risk().order(OrderId(1)).unwrap().reserved, 500);
}
