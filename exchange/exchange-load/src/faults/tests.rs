//! The judge on trial: a log with known contents, and promises that it does and does not keep.

use std::path::Path;

use exchange_service::log::{Log, LogOptions, Payloads, SegmentedLog};
use exchange_service::markets::Markets;
use exchange_service::storage::FileStorage;
use exchange_types::{
    AccountId, Amount, AssetId, Command, Epoch, IdempotencyKey, InstrumentId, NewOrder, OrderId, OrderType,
    Price, Quantity, RequestHead, RequestId, SelfTradePrevention, Side, TimeInForce, TimestampNs,
    encode_request,
};

use super::ledger::Ledger;
use super::record::{Answered, Asked, Request};
use super::verify::{journaled, violations};

/// The position of the first order: behind the listing, the tier, the account and its deposit.
const FIRST: u64 = 5;
const KEY: u128 = 77;
const PRICE_CENTS: u64 = 6_000_000;

fn order(quantity: u64) -> Command {
    Command::NewOrder(NewOrder {
        instrument: InstrumentId(0),
        account: AccountId(0),
        order: OrderId(0),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::default(),
        price: Price(PRICE_CENTS * 10_000),
        quantity: Quantity(quantity * 10_000),
        expires_at: TimestampNs(0),
    })
}

/// A log with an order of 1 lot without a key, and one of 2 lots that came twice under a key.
fn ledger(folder: &Path) -> Ledger {
    let markets = Markets::embedded();
    let tier = Command::DefineTier { tier: 0, limits: markets.tiers[0].limits };
    let listing = Command::ListInstrument(Box::new(markets.markets[0].instrument.spec().clone()));
    let account = Command::OpenAccount { account: AccountId(0), tier: 0 };
    let deposit =
        Command::Deposit { account: AccountId(0), asset: AssetId(1), amount: Amount(1_000_000_000_000) };
    let keyed = IdempotencyKey::new(journaled(KEY));
    let commands = [
        (tier, None),
        (listing, None),
        (account, None),
        (deposit, None),
        (order(1), None),
        (order(2), keyed),
        (order(2), keyed),
    ];
    let storage = FileStorage::open(&folder.join("log")).unwrap();
    let (mut log, _) = SegmentedLog::open(storage, LogOptions::default(), Epoch(1)).unwrap();
    let mut payloads = Payloads::new();
    for (at, (command, key)) in commands.iter().enumerate() {
        let mut payload = Vec::new();
        encode_request(&RequestHead { id: RequestId(at as u64 + 1), key: *key }, command, &mut payload);
        payloads.push(&payload);
    }
    log.append(TimestampNs(1), &payloads).unwrap();
    log.sync().unwrap();
    drop(log);
    Ledger::read(folder).unwrap()
}

fn request(quantity: u64, key: Option<u128>, sent: u32, answered: Answered) -> Request {
    let asked = Asked::Order { buys: true, price_cents: PRICE_CENTS, quantity };
    Request { account: 0, key, asked, answered, sent }
}

fn done(order: u64) -> Answered {
    Answered::Done { order }
}

/// The promises that the log keeps.
fn kept() -> Vec<Request> {
    vec![request(1, None, 1, done(FIRST)), request(2, Some(KEY), 2, done(FIRST + 1))]
}

#[test]
fn promises_that_the_log_keeps_are_no_violations() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    assert_eq!(violations(&kept(), &ledger), [""; 0]);
    let unknown = Answered::Unknown { why: "the connection broke".into() };
    let requests = [request(1, None, 1, unknown.clone()), kept().remove(1), request(9, None, 1, unknown)];
    assert_eq!(
        violations(&requests, &ledger),
        [""; 0],
        "an order that nobody was told of may be there or not"
    );
}

#[test]
fn every_broken_promise_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    let not_taken = Answered::NotTaken { code: "busy".into() };
    let rejected = Answered::Rejected { code: "insufficient-funds".into() };
    let unknown = Answered::Unknown { why: "closed".into() };
    for (at, broken, expected) in [
        (0, request(1, None, 1, done(FIRST + 1)), "acknowledged and lost"),
        (0, request(1, None, 1, not_taken), "the gateway said that nothing was done"),
        (0, request(1, None, 1, rejected.clone()), "answered as rejected"),
        (1, request(2, Some(KEY), 2, done(FIRST)), "its order is 6"),
        (1, request(2, Some(KEY), 1, done(FIRST + 1)), "sent 1 times, in the log 2 times"),
        (1, request(2, Some(KEY), 2, rejected), "answered as rejected"),
        (1, request(2, Some(KEY), 2, unknown), "never answered"),
        (1, request(2, None, 1, done(FIRST + 1)), "executed 2 times"),
        (1, request(2, Some(KEY + 1), 2, done(FIRST + 1)), "acknowledged and lost"),
    ] {
        let mut requests = kept();
        requests[at] = broken;
        let found = violations(&requests, &ledger);
        assert!(found.iter().any(|text| text.contains(expected)), "expected `{expected}`, found {found:?}");
    }
    let found = violations(&kept()[..1], &ledger);
    assert!(found[0].contains("nobody asked for it"), "{found:?}");
    let cancel = Request { asked: Asked::Cancel { order: FIRST }, ..request(1, None, 1, done(FIRST)) };
    let found = violations(&[kept(), vec![cancel]].concat(), &ledger);
    assert!(found[0].contains("although its cancel was acknowledged"), "{found:?}");
}
