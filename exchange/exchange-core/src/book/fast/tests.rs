//! The fast book under commands chosen to hurt: everything it holds is walked over after every command.
//!
//! Beside it runs the reference book, whose events and state it must have.

use exchange_types::{
    AccountId, CancelCause, Event, EventBuffer, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    RejectReason, SelfTradePrevention, Side, TimeInForce, TimestampNs,
};
use proptest::prelude::*;

use super::FastBook;
use crate::book::index::{DenseIndex, IdIndex, OpaqueIndex};
use crate::book::{BookCommand, Order, OrderBook, ReferenceBook};

mod random;
mod scripted;

const HIGHEST: u32 = PriceTicks::HIGHEST.0;

/// A command, or the time at which orders expire.
#[derive(Debug, Clone, Copy)]
enum Step {
    Apply(BookCommand),
    Expire(TimestampNs),
}

/// A fast book beside the reference book it must equal.
struct Pair<I> {
    fast: FastBook<I>,
    reference: ReferenceBook,
    expected: EventBuffer,
    events: EventBuffer,
}

impl<I: IdIndex> Pair<I> {
    fn new(index: I) -> Self {
        Self {
            fast: FastBook::new(InstrumentId(7), index, 0),
            reference: ReferenceBook::new(InstrumentId(7)),
            expected: EventBuffer::new(),
            events: EventBuffer::new(),
        }
    }

    /// Takes one step in both books, compares them, and walks over the fast one.
    fn step(&mut self, step: &Step) {
        self.step_unaudited(step);
        self.fast.audit();
        assert_eq!(self.fast.state_hash(), self.reference.state_hash(), "after {step:?}");
        for side in [Side::Buy, Side::Sell] {
            assert_eq!(self.fast.best(side), self.reference.best(side), "after {step:?}");
        }
    }

    fn step_unaudited(&mut self, step: &Step) {
        self.events.clear();
        self.expected.clear();
        match step {
            Step::Apply(command) => {
                self.fast.apply(command, &mut self.events);
                if refused_by_index(&self.events) {
                    // The reference book takes any id; to the fast one nothing may have happened.
                    return;
                }
                self.reference.apply(command, &mut self.expected);
            }
            Step::Expire(now) => {
                self.fast.expire(*now, &mut self.events);
                self.reference.expire(*now, &mut self.expected);
            }
        }
        assert_eq!(self.events, self.expected, "after {step:?}");
        assert_eq!(self.fast.live_orders(), self.reference.live_orders(), "after {step:?}");
    }

    fn apply(&mut self, command: BookCommand) -> &[Event] {
        self.step(&Step::Apply(command));
        &self.events
    }
}

fn refused_by_index(events: &[Event]) -> bool {
    matches!(events, [Event::Rejected { reason: RejectReason::OrderIdOutOfRange, .. }])
}

/// A good-till-cancelled limit order of an account of its own side.
fn order(id: u64, side: Side, price: u32, quantity: u32) -> Order {
    Order {
        id: OrderId(id),
        account: AccountId(side as u32),
        price: PriceTicks(price),
        quantity: QuantityLots(quantity),
        expires_at: TimestampNs(0),
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::CancelTaker,
    }
}

fn submit(id: u64, side: Side, price: u32, quantity: u32) -> BookCommand {
    BookCommand::Submit(order(id, side, price, quantity))
}

fn cancel(id: u64) -> BookCommand {
    BookCommand::Cancel { order: OrderId(id), cause: CancelCause::Requested }
}

fn replace(id: u64, new_id: u64, price: u32, quantity: u32) -> BookCommand {
    BookCommand::Replace {
        order: OrderId(id),
        new_order: OrderId(new_id),
        price: PriceTicks(price),
        quantity: QuantityLots(quantity),
    }
}

/// Ids that come again, that lie far apart, and that lie at the ends.
fn id() -> impl Strategy<Value = OrderId> {
    prop_oneof![
        8 => 1_u64..40,
        2 => (0_u64..300).prop_map(|page| page * 4096),
        1 => Just(0_u64),
        1 => Just(u64::MAX),
        1 => Just(u64::MAX - 4096),
        1 => any::<u64>(),
    ]
    .prop_map(OrderId)
}

/// Prices that lie close together, at the ends, and at the border of a window that is centred on 10,000.
fn price() -> impl Strategy<Value = PriceTicks> {
    prop_oneof![
        6 => 9_995_u32..10_005,
        2 => 10_000_u32 - 2_048 - 2..10_000 - 2_048 + 2,
        2 => 10_000_u32 + 2_048 - 2..10_000 + 2_048 + 2,
        1 => 1_u32..4,
        1 => HIGHEST - 3..=HIGHEST,
        1 => 1_u32..=HIGHEST,
    ]
    .prop_map(PriceTicks)
}

fn quantity() -> impl Strategy<Value = QuantityLots> {
    prop_oneof![8 => 1_u32..30, 1 => Just(u32::MAX)].prop_map(QuantityLots)
}

fn self_trade() -> impl Strategy<Value = SelfTradePrevention> {
    prop_oneof![
        Just(SelfTradePrevention::CancelTaker),
        Just(SelfTradePrevention::CancelMaker),
        Just(SelfTradePrevention::CancelBoth),
    ]
}

fn any_order() -> impl Strategy<Value = Order> {
    let shape = prop_oneof![
        6 => Just((OrderType::Limit, TimeInForce::Gtc)),
        2 => Just((OrderType::Limit, TimeInForce::Gtd)),
        1 => Just((OrderType::Limit, TimeInForce::Ioc)),
        1 => Just((OrderType::Limit, TimeInForce::Fok)),
        1 => Just((OrderType::Market, TimeInForce::Ioc)),
        1 => Just((OrderType::Market, TimeInForce::Gtc)),
        1 => Just((OrderType::PostOnly, TimeInForce::Gtc)),
        1 => Just((OrderType::PostOnly, TimeInForce::Fok)),
    ];
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    (id(), 0_u32..4, price(), quantity(), 0_u64..20, side, shape, self_trade()).prop_map(
        |(id, account, price, quantity, expires_at, side, (order_type, time_in_force), self_trade)| Order {
            id,
            account: AccountId(account),
            price,
            quantity,
            expires_at: TimestampNs(expires_at),
            side,
            order_type,
            time_in_force,
            self_trade,
        },
    )
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any_order().prop_map(|order| Step::Apply(BookCommand::Submit(order))),
        3 => id().prop_map(|order| Step::Apply(cancel(order.0))),
        2 => (id(), 0_u32..40).prop_map(|(order, by)| {
            Step::Apply(BookCommand::Reduce { order, by: QuantityLots(by) })
        }),
        3 => (id(), id(), price(), quantity()).prop_map(|(order, new_order, price, quantity)| {
            Step::Apply(BookCommand::Replace { order, new_order, price, quantity })
        }),
        1 => (0_u64..20).prop_map(|now| Step::Expire(TimestampNs(now))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_book_with_opaque_ids_keeps_its_invariants(steps in prop::collection::vec(any_step(), 1..200)) {
        let mut pair = Pair::new(OpaqueIndex::default());
        steps.iter().for_each(|step| pair.step(step));
    }

    #[test]
    fn a_book_with_dense_ids_keeps_its_invariants(steps in prop::collection::vec(any_step(), 1..200)) {
        let mut pair = Pair::new(DenseIndex::default());
        steps.iter().for_each(|step| pair.step(step));
    }
}
