//! A warm engine allocates nothing for a command without a key, and neither does anybody on the way of a step from risk to
//! matching and of an outcome from there.
//!
//! What is exempt is what `allocations.rs` says of books, and kill switches, which gather what they end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use exchange_core::FastEngine;
use exchange_core::step::StepBuffer;
use exchange_types::codec::decode_outcome;
use exchange_types::{
    AccountId, Amount, Command, CommandHeader, EventBuffer, IdempotencyKey, NewOrder, OrderId, OrderType,
    Price, Quantity, RequestHead, RequestId, SelfTradePrevention, Side, TimeInForce, TimestampNs,
    encode_outcome, encode_request,
};
use support::random::Random;
use support::{BTC, BTC_USD, USD, Venue, plain_spec};

/// The way of a command through risk and matching, in buffers that are used again.
struct Way {
    engine: FastEngine,
    matching: exchange_core::matching::Matching<
        exchange_core::book::FastBook<exchange_core::book::index::OpaqueIndex>,
    >,
    random: Random,
    now: u64,
    payload: Vec<u8>,
    events: EventBuffer,
    step: Vec<u8>,
    steps: StepBuffer,
    told: EventBuffer,
    outcome: Vec<u8>,
    heard: EventBuffer,
}

impl Way {
    fn new() -> Self {
        let mut venue = Venue::new();
        venue.apply(&Command::DefineTier { tier: 0, limits: support::GENEROUS });
        venue.apply(&Command::ListInstrument(Box::new(plain_spec(0, "BTC-USD", 0, 1))));
        for account in (0..8).map(AccountId) {
            venue.apply(&Command::OpenAccount { account, tier: 0 });
            for asset in [BTC, USD] {
                venue.apply(&Command::Deposit { account, asset, amount: Amount(1 << 40) });
            }
        }
        Self {
            matching: venue.fast.clone().into_matching(),
            engine: venue.fast,
            random: Random(23),
            now: 1_000,
            payload: Vec::new(),
            events: EventBuffer::new(),
            step: Vec::new(),
            steps: StepBuffer::new(),
            told: EventBuffer::new(),
            outcome: Vec::new(),
            heard: EventBuffer::new(),
        }
    }

    /// An order near the middle, or the end of one; there are never more than some hundreds.
    fn command(&mut self) -> Command {
        let account = AccountId(self.random.below(8) as u32);
        if self.random.one_in(40) {
            return Command::MassCancel { account, instrument: None, side: None };
        }
        let side = if self.random.one_in(2) { Side::Buy } else { Side::Sell };
        Command::NewOrder(NewOrder {
            instrument: BTC_USD,
            account,
            order: OrderId(0),
            side,
            order_type: OrderType::Limit,
            time_in_force: if self.random.one_in(4) { TimeInForce::Ioc } else { TimeInForce::Gtc },
            self_trade: SelfTradePrevention::CancelMaker,
            price: Price(90 + self.random.below(20)),
            quantity: Quantity(1 + self.random.below(20)),
            expires_at: TimestampNs(0),
        })
    }

    fn go(&mut self, commands: u32, keyed: bool) {
        for _ in 0..commands {
            let command = self.command();
            self.now += 1_000;
            let key = keyed.then(|| u128::from(self.random.next()) << 64 | 1).and_then(IdempotencyKey::new);
            self.payload.clear();
            let head = RequestHead { id: RequestId(self.now), key };
            encode_request(&head, &command, &mut self.payload);
            let header =
                CommandHeader { sequence: self.engine.sequence().next(), time: TimestampNs(self.now) };
            self.events.clear();
            self.engine.apply_encoded(&header, &self.payload, &mut self.events);
            self.step.clear();
            self.engine.step(&self.events).encode(&mut self.step);
            let (step, _) = self.steps.decode(&self.step).unwrap();
            self.told.clear();
            self.matching.carry_out(&step, &mut self.told).unwrap();
            self.outcome.clear();
            encode_outcome(&step.outcome(&self.told), &self.told, &mut self.outcome);
            self.heard.clear();
            decode_outcome(&self.outcome, &mut self.heard).unwrap();
        }
    }
}

#[test]
fn a_warm_engine_and_the_way_to_a_client_allocate_nothing_without_keys() {
    let mut way = Way::new();
    let warm_up = allocation_counter::measure(|| way.go(100_000, false));
    assert!(warm_up.count_total > 0, "allocations are counted: {warm_up:?}");
    let before = way.engine.events();
    let warm = allocation_counter::measure(|| way.go(100_000, false));
    assert_eq!(warm.count_total, 0, "{warm:?}");
    assert!(way.engine.events() - before > 100_000, "something happened");
    way.engine.audit().unwrap();
    // Keys are remembered somewhere.
    let keyed = allocation_counter::measure(|| way.go(2_000, true));
    assert!(keyed.count_total > 0 && way.engine.risk().remembered_requests() == 2_000, "{keyed:?}");
}
