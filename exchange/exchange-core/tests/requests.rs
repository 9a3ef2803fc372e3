//! Requests: what comes again under its key is not done again, and an order without an id gets one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use exchange_core::matching::BookMaker;
use exchange_core::risk::{REQUEST_REMEMBERED_NS, REQUESTS_PER_ACCOUNT_MAX};
use exchange_core::{Engine, FastEngine};
use exchange_types::{
    AccountId, Amount, Command, CommandHeader, Event, EventBuffer, IdempotencyKey, NewOrder, OrderId,
    OrderType, Price, Quantity, RejectReason, Request, RequestHead, RequestId, Scope, SelfTradePrevention,
    Sequence, Side, TimeInForce, TimestampNs, TradingState, encode_request,
};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::test_runner::Config;
use support::random::Random;
use support::stream::{Bytes, command, delay, setup};
use support::{BTC, BTC_USD, USD, Venue, account, plain_spec};

const ALICE: AccountId = AccountId(0);
const BOB: AccountId = AccountId(1);

/// Two accounts with money of both kinds.
fn venue() -> Venue {
    let mut venue = Venue::new();
    venue.apply(&Command::DefineTier { tier: 0, limits: support::GENEROUS });
    venue.apply(&Command::ListInstrument(Box::new(plain_spec(0, "BTC-USD", 0, 1))));
    for account in [ALICE, BOB] {
        venue.apply(&Command::OpenAccount { account, tier: 0 });
        for asset in [BTC, USD] {
            venue.apply(&Command::Deposit { account, asset, amount: Amount(10_000) });
        }
    }
    venue
}

fn buy(owner: AccountId, order: u64, price: u64) -> NewOrder {
    NewOrder {
        instrument: BTC_USD,
        account: owner,
        order: OrderId(order),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::CancelTaker,
        price: Price(price),
        quantity: Quantity(10),
        expires_at: TimestampNs(0),
    }
}

fn repeated(account: AccountId, original: u64) -> [Event; 1] {
    [Event::Repeated { account, original: Sequence(original) }]
}

fn reason_of(events: &[Event]) -> Option<RejectReason> {
    match events {
        [Event::Rejected { reason, .. }] => Some(*reason),
        _ => None,
    }
}

#[test]
fn an_order_that_comes_again_under_its_key_is_not_placed_again() {
    let mut venue = venue();
    let order = Command::NewOrder(buy(ALICE, 0, 100));
    let place = venue.next_header().sequence.0;
    assert!(matches!(venue.ask_under(7, &order)[..], [Event::Rested { .. }]));
    for _ in 0..3 {
        assert_eq!(venue.ask_under(7, &order), repeated(ALICE, place));
    }
    assert_eq!(venue.fast.risk().live_orders(), 1);
    // Without the key, or under another one, it is another order.
    assert!(matches!(venue.apply(&order)[..], [Event::Rested { .. }]));
    assert!(matches!(venue.ask_under(8, &order)[..], [Event::Rested { .. }]));
    assert_eq!(venue.fast.risk().live_orders(), 3);
    venue.audit();
}

#[test]
fn another_command_under_a_key_is_a_conflict_and_changes_nothing() {
    let mut venue = venue();
    let place = venue.next_header().sequence.0;
    let order = Command::NewOrder(buy(ALICE, 0, 100));
    venue.ask_under(7, &order);
    let before = venue.holdings_hash();
    let others = [
        Command::NewOrder(buy(ALICE, 0, 101)),
        Command::NewOrder(buy(ALICE, place, 100)),
        Command::CancelOrder { instrument: BTC_USD, account: ALICE, order: OrderId(place) },
        Command::Deposit { account: ALICE, asset: USD, amount: Amount(1) },
    ];
    for other in others {
        assert_eq!(reason_of(&venue.ask_under(7, &other)), Some(RejectReason::RequestConflict), "{other:?}");
    }
    assert_eq!(before, venue.holdings_hash(), "a conflict is not remembered");
    assert_eq!(venue.ask_under(7, &order), repeated(ALICE, place));
    // The key of somebody else is another key.
    assert!(matches!(venue.ask_under(7, &Command::NewOrder(buy(BOB, 0, 99)))[..], [Event::Rested { .. }]));
    venue.audit();
}

#[test]
fn a_command_that_was_rejected_gets_the_same_answer_again() {
    let mut venue = venue();
    let place = venue.next_header().sequence.0;
    let dear = Command::NewOrder(buy(ALICE, 0, 5_000));
    assert_eq!(reason_of(&venue.ask_under(7, &dear)), Some(RejectReason::InsufficientFunds));
    venue.apply(&Command::Deposit { account: ALICE, asset: USD, amount: Amount(1_000_000) });
    assert_eq!(venue.ask_under(7, &dear), repeated(ALICE, place), "although it could be paid for now");
    assert!(matches!(venue.ask_under(8, &dear)[..], [Event::Rested { .. }]));
    // What a book rejects is remembered like what risk rejects.
    let place = venue.next_header().sequence.0;
    let crossing = NewOrder { order_type: OrderType::PostOnly, side: Side::Sell, ..buy(BOB, 0, 100) };
    let crossing = Command::NewOrder(crossing);
    assert_eq!(reason_of(&venue.ask_under(9, &crossing)), Some(RejectReason::PostOnlyWouldCross));
    assert_eq!(venue.ask_under(9, &crossing), repeated(BOB, place));
    venue.audit();
}

#[test]
fn a_key_is_looked_at_before_everything_that_could_be_said_of_the_command() {
    let mut venue = venue();
    let place = venue.next_header().sequence.0;
    let order = Command::NewOrder(buy(ALICE, 0, 100));
    venue.ask_under(7, &order);
    let halt = Command::SetTradingState { scope: Scope::Venue, state: TradingState::Halted };
    venue.apply(&halt);
    assert_eq!(venue.ask_under(7, &order), repeated(ALICE, place), "a halted venue still knows what it did");
    let elsewhere = Command::NewOrder(NewOrder {
        instrument: exchange_types::InstrumentId(9),
        quantity: Quantity(0),
        ..buy(ALICE, 0, 100)
    });
    assert_eq!(reason_of(&venue.ask_under(7, &elsewhere)), Some(RejectReason::RequestConflict));
    assert_eq!(reason_of(&venue.ask_under(8, &order)), Some(RejectReason::VenueHalted));
}

#[test]
fn a_key_is_remembered_for_a_day_of_the_log_and_not_longer() {
    let mut venue = venue();
    let start = venue.now.0;
    let place = venue.next_header().sequence.0;
    let order = Command::NewOrder(buy(ALICE, 0, 100));
    venue.ask_under(7, &order);
    venue.now.0 = start + REQUEST_REMEMBERED_NS - 1;
    assert_eq!(venue.ask_under(7, &order), repeated(ALICE, place), "a repetition does not begin a new day");
    venue.now.0 += 1;
    assert!(matches!(venue.ask_under(7, &order)[..], [Event::Rested { .. }]));
    assert_eq!(venue.fast.risk().remembered_requests_of(ALICE), 1);
    // Time passes with whatever comes, even with bytes that nobody can read.
    let mut engine = venue.fast.clone();
    let header = venue.next_header();
    let later = TimestampNs(venue.now.0 + REQUEST_REMEMBERED_NS);
    engine.apply_encoded(&CommandHeader { time: later, ..header }, b"noise", &mut EventBuffer::new());
    assert_eq!(engine.risk().remembered_requests(), 0);
}

#[test]
fn what_belongs_to_no_account_has_no_key() {
    let mut venue = venue();
    let state = TradingState::Open;
    let commands = [
        Command::Tick,
        Command::DefineTier { tier: 0, limits: support::GENEROUS },
        Command::SetTradingState { scope: Scope::Account(ALICE), state },
        Command::SetTradingState { scope: Scope::Venue, state },
    ];
    for command in &commands {
        let first = venue.ask_under(7, command);
        assert_eq!(venue.ask_under(7, command), first);
        assert!(!matches!(first[..], [Event::Repeated { .. }]));
    }
    let spec = plain_spec(1, "ETH-USD", 2, 1);
    assert!(matches!(
        venue.ask_under(7, &Command::ListInstrument(Box::new(spec)))[..],
        [Event::InstrumentListed { .. }]
    ));
    assert_eq!(venue.fast.risk().remembered_requests(), 0);
}

#[test]
fn an_account_that_is_not_there_remembers_nothing_and_one_that_is_opened_does() {
    let mut venue = venue();
    let deposit = Command::Deposit { account: account(2), asset: USD, amount: Amount(5) };
    for _ in 0..2 {
        assert_eq!(reason_of(&venue.ask_under(7, &deposit)), Some(RejectReason::UnknownAccount));
    }
    let open = |number| Command::OpenAccount { account: account(number), tier: 0 };
    assert_eq!(reason_of(&venue.ask_under(6, &open(5))), Some(RejectReason::OutOfOrder));
    let place = venue.next_header().sequence.0;
    assert!(matches!(venue.ask_under(6, &open(2))[..], [Event::AccountTierSet { .. }]));
    assert_eq!(venue.ask_under(6, &open(2)), repeated(account(2), place));
    assert!(matches!(venue.ask_under(7, &deposit)[..], [Event::Deposited { .. }]));
    venue.audit();
}

#[test]
fn an_account_can_have_as_many_keys_as_is_documented() {
    let mut engine: FastEngine = venue().fast;
    let mut events = EventBuffer::new();
    let mut ask = |engine: &mut FastEngine, account, key: u32| {
        events.clear();
        let header = CommandHeader { sequence: engine.sequence().next(), time: TimestampNs(2_000) };
        let command = Command::Deposit { account, asset: USD, amount: Amount(1) };
        let key = IdempotencyKey::new(u128::from(key));
        engine.apply_request(&header, &Request { id: RequestId(0), key, command }, &mut events);
        events[0]
    };
    for key in 1..=REQUESTS_PER_ACCOUNT_MAX {
        assert!(matches!(ask(&mut engine, ALICE, key), Event::Deposited { .. }));
    }
    let full = [ask(&mut engine, ALICE, u32::MAX)];
    assert_eq!(reason_of(&full), Some(RejectReason::TooManyRequestsRemembered));
    assert!(matches!(ask(&mut engine, ALICE, 1), Event::Repeated { .. }), "nothing was given up for it");
    assert!(matches!(ask(&mut engine, BOB, u32::MAX), Event::Deposited { .. }), "others have room");
    assert_eq!(engine.risk().remembered_requests_of(ALICE), REQUESTS_PER_ACCOUNT_MAX);
    engine.audit().unwrap();
    let mut snapshot = Vec::new();
    engine.snapshot(&mut snapshot);
    let restored = FastEngine::restore(BookMaker::fast(), &snapshot).unwrap();
    assert_eq!(restored.state_hash(), engine.state_hash());
}

#[test]
fn an_order_without_an_id_gets_its_place_in_the_log() {
    let mut venue = venue();
    let place = venue.next_header().sequence.0;
    let [Event::Rested { order, .. }] = venue.apply(&Command::NewOrder(buy(ALICE, 0, 100)))[..] else {
        panic!("it rests");
    };
    assert_eq!(order, OrderId(place));
    // So does the order that replaces it, and a reject says the id that it would have had.
    let replace = |order, new_order| Command::ReplaceOrder {
        instrument: BTC_USD,
        account: ALICE,
        order: OrderId(order),
        new_order: OrderId(new_order),
        price: Price(90),
        quantity: Quantity(5),
    };
    let next = venue.next_header().sequence.0;
    let events = venue.apply(&replace(place, 0));
    assert!(matches!(events[1], Event::Rested { order, .. } if order == OrderId(next)), "{events:?}");
    let next = venue.next_header().sequence.0;
    let dear = venue.apply(&Command::NewOrder(buy(ALICE, 0, 5_000)));
    assert!(matches!(dear[..], [Event::Rejected { order, .. }] if order == OrderId(next)), "{dear:?}");
    venue.audit();
}

#[test]
fn an_id_from_the_log_that_somebody_has_chosen_already_is_a_duplicate() {
    let mut venue = venue();
    let taken = venue.next_header().sequence.0 + 2;
    venue.apply(&Command::NewOrder(buy(BOB, taken, 90)));
    venue.apply(&Command::NewOrder(buy(ALICE, 1, 91)));
    let events = venue.apply(&Command::NewOrder(buy(ALICE, 0, 92)));
    let [Event::Rejected { order, reason, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!((order, reason), (OrderId(taken), RejectReason::DuplicateOrderId));
    let taken = venue.next_header().sequence.0 + 1;
    venue.apply(&Command::NewOrder(buy(BOB, taken, 90)));
    let replace = Command::ReplaceOrder {
        instrument: BTC_USD,
        account: ALICE,
        order: OrderId(1),
        new_order: OrderId(0),
        price: Price(90),
        quantity: Quantity(5),
    };
    let events = venue.apply(&replace);
    let [Event::Rejected { order, reason, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!((order, reason), (OrderId(taken), RejectReason::DuplicateOrderId));
}

/// What a key stands for, kept in the simplest way.
#[derive(Default)]
struct Model(BTreeMap<(AccountId, u128), (Sequence, TimestampNs, Command)>);

/// What it expects.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Carried,
    Repeated(Sequence),
    Conflict,
}

impl Model {
    fn ask(&mut self, header: CommandHeader, key: u128, owner: AccountId, command: &Command) -> Expected {
        self.0.retain(|_, (_, time, _)| header.time.0 - time.0 < REQUEST_REMEMBERED_NS);
        match self.0.get(&(owner, key)) {
            None => {
                self.0.insert((owner, key), (header.sequence, header.time, command.clone()));
                Expected::Carried
            }
            Some((sequence, _, before)) if before == command => Expected::Repeated(*sequence),
            Some(_) => Expected::Conflict,
        }
    }
}

fn owner(command: &Command) -> Option<AccountId> {
    match command {
        Command::NewOrder(new) => Some(new.account),
        Command::CancelOrder { account, .. }
        | Command::MassCancel { account, .. }
        | Command::ReduceOrder { account, .. }
        | Command::ReplaceOrder { account, .. }
        | Command::Deposit { account, .. }
        | Command::Withdraw { account, .. }
        | Command::SetAccountTier { account, .. } => Some(*account),
        _ => None,
    }
}

/// What the engine said of the key: expiries come before it, a checkpoint behind.
fn said(events: &[Event]) -> Expected {
    let own = events.iter().rev().find(|event| !matches!(event, Event::Checkpoint { .. }));
    match own {
        Some(Event::Repeated { original, .. }) => Expected::Repeated(*original),
        Some(Event::Rejected { reason: RejectReason::RequestConflict, .. }) => Expected::Conflict,
        _ => Expected::Carried,
    }
}

/// Commands under few keys over some days, each of them sometimes the same as one before.
fn run(stream: &[Bytes]) -> [u32; 3] {
    let mut venue = Venue::new();
    setup().iter().for_each(|command| drop(venue.apply(command)));
    let (mut model, mut past, mut counts) = (Model::default(), Vec::<(u128, Command)>::new(), [0; 3]);
    for bytes in stream {
        venue.now.0 += delay(bytes) * 1_000_000_000_000;
        let mut asked = (u128::from(bytes[10] % 32) + 1, command(bytes, venue.now));
        if bytes[11] % 4 == 0 && !past.is_empty() {
            // One of the last: most of the others are forgotten.
            asked = past[past.len() - 1 - usize::from(bytes[9]) % past.len().min(16)].clone();
        }
        let header = venue.next_header();
        let events = venue.ask_under(asked.0, &asked.1);
        let there = owner(&asked.1).filter(|owner| (owner.0 as usize) < venue.fast.risk().accounts());
        if let Some(owner) = there {
            let expected = model.ask(header, asked.0, owner, &asked.1);
            counts[match expected {
                Expected::Carried => 0,
                Expected::Repeated(_) => 1,
                Expected::Conflict => 2,
            }] += 1;
            assert_eq!(said(&events), expected, "{asked:?}: {events:?}");
        } else if !matches!(asked.1, Command::OpenAccount { .. }) {
            assert_eq!(said(&events), Expected::Carried);
        }
        past.push(asked);
    }
    venue.audit();
    counts
}

proptest! {
    #![proptest_config(Config { cases: 64, ..Config::default() })]

    #[test]
    fn keys_do_what_the_simplest_table_says(mut stream in vec(any::<Bytes>(), 1..300)) {
        // Accounts are opened in the scenarios above; the model need not know of it.
        stream.iter_mut().for_each(|bytes| bytes[0] = bytes[0].min(251));
        run(&stream);
    }

    /// The log holds bytes: folding them in, in a batch too, is folding the requests in.
    #[test]
    fn encoded_requests_fold_to_the_same_state(stream in vec(any::<Bytes>(), 1..200)) {
        let mut venue = support::stream::venue();
        let (start, mut engine) = (venue.fast.clone(), venue.fast.clone());
        let (mut events, mut log) = (EventBuffer::new(), Vec::new());
        for bytes in &stream {
            venue.now.0 += delay(bytes);
            let request = support::stream::request(bytes, venue.now);
            let header = venue.next_header();
            let expected = venue.ask(&request);
            let mut payload = Vec::new();
            encode_request(&RequestHead { id: request.id, key: request.key }, &request.command, &mut payload);
            events.clear();
            engine.apply_encoded(&header, &payload, &mut events);
            assert_eq!(events.to_vec(), expected);
            assert_eq!(engine.outcome(&events).request, request.id);
            log.push((header, payload));
        }
        assert_eq!(engine.state_hash(), venue.fast.state_hash());
        let mut batch: FastEngine = start;
        let borrowed = log.iter().map(|(header, payload)| (*header, &payload[..]));
        batch.apply_all(borrowed, &mut events, |_, _| {});
        assert_eq!(batch.state_hash(), venue.fast.state_hash());
    }
}

#[test]
fn a_long_stream_meets_repetitions_conflicts_and_keys_that_are_free_again() {
    let mut random = Random(17);
    let mut stream = vec![Bytes::default(); 4_000];
    stream.iter_mut().flatten().for_each(|byte| *byte = random.next() as u8);
    stream.iter_mut().for_each(|bytes| bytes[0] = bytes[0].min(251));
    let [carried, again, conflicts] = run(&stream);
    assert!(carried > 300 && again > 300 && conflicts > 300, "{carried} {again} {conflicts}");
}

#[test]
fn a_record_that_nobody_can_read_still_says_who_waits() {
    let mut engine: FastEngine = Engine::new(BookMaker::fast());
    let mut payload = Vec::new();
    encode_request(&RequestHead { id: RequestId(77), key: None }, &Command::Tick, &mut payload);
    payload.pop();
    let header = CommandHeader { sequence: Sequence(1), time: TimestampNs(5) };
    let mut events = EventBuffer::new();
    engine.apply_encoded(&header, &payload, &mut events);
    assert_eq!(reason_of(&events), Some(RejectReason::WrongLength));
    assert_eq!(engine.outcome(&events).request, RequestId(77));
}
