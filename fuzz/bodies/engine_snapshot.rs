//! Snapshots of the engine: restoring ends without a panic, both books agree, what is restored is written back as the same
//! bytes, and goes on.
//!
//! No fuzzer guesses a state hash, so an input that is refused for its hash alone is read again with the right one.

use exchange_core::book::{OrderBook, ReferenceBook};
use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine, SnapshotError, SnapshotFault};
use exchange_types::{
    AccountId, AssetId, Command, CommandHeader, Event, EventBuffer, IdempotencyKey, InstrumentId, NewOrder,
    OrderId, OrderType, Price, Request, RequestId, Scope, SelfTradePrevention, Side, TimeInForce,
    TimestampNs, TradingState,
};

/// Bytes that a book takes for each byte of the snapshot it comes from. An instrument of 101 bytes opens a book of a quarter
/// of a mebibyte; an order adds less.
const BOOK_BYTES_PER_BYTE: usize = 4_096;
/// Balances for each byte: an account of two bytes has one of each of at most 128 assets.
const BALANCES_PER_BYTE: usize = 64;
/// Accounts and instruments that go on trading.
const TRADERS_MAX: u32 = 3;

/// Where the counts stand that may not reach 2^63: commands, events, orders that ever rested.
const COUNTS_AT: [usize; 3] = [20, 36, 53];

/// Reads one input as a snapshot.
pub fn run(bytes: &[u8]) {
    if let Some((offset, hash)) = restore(bytes) {
        let mut bytes = bytes.to_vec();
        bytes[offset..offset + 8].copy_from_slice(&hash.to_le_bytes());
        assert_eq!(restore(&bytes), None, "the hash was all that was wrong");
    }
}

/// The place of the state hash and what it should have been, where nothing else is wrong.
fn restore(bytes: &[u8]) -> Option<(usize, u64)> {
    let fast: Result<FastEngine, SnapshotError> = Engine::restore(BookMaker::fast().with_seed(1), bytes);
    let reference: Result<Engine<ReferenceBook>, SnapshotError> =
        Engine::restore(BookMaker::reference(), bytes);
    match (fast, reference) {
        (Ok(mut fast), Ok(mut reference)) => {
            check_memory(&fast, bytes.len());
            check(&mut fast, bytes);
            check(&mut reference, bytes);
            assert_eq!(go_on(&mut fast), go_on(&mut reference), "both books answer alike");
            assert_eq!(snapshot_of(&fast), snapshot_of(&reference), "a snapshot knows no book");
            check_again(&fast);
            None
        }
        (Err(error), Err(reference)) => {
            assert_eq!(error, reference, "bytes are refused before a book can make a difference");
            assert!(error.offset <= bytes.len() && !error.to_string().is_empty(), "{error}");
            match error.fault {
                SnapshotFault::Hash { found, .. } => Some((error.offset, found)),
                _ => None,
            }
        }
        (fast, reference) => panic!("{:?} with one book, {:?} with the other", fast.err(), reference.err()),
    }
}

fn check<B: OrderBook>(engine: &mut Engine<B>, bytes: &[u8]) {
    assert_eq!(snapshot_of(engine), bytes, "there is one way to write a state");
    if let Err(violation) = engine.audit() {
        panic!("restored although this does not hold: {violation}");
    }
}

/// What has gone on is written and read as well as what was there before.
fn check_again(engine: &FastEngine) {
    let bytes = snapshot_of(engine);
    match FastEngine::restore(BookMaker::fast(), &bytes) {
        Ok(again) => assert_eq!(again.state_hash(), engine.state_hash(), "nothing is lost in a snapshot"),
        // Only where it began right below the largest count there can be, at which no venue ever arrives.
        Err(error) => {
            let counted_out = COUNTS_AT.into_iter().any(|at| bytes[at + 7] == 0x80);
            assert!(counted_out, "an engine reads what it wrote: {error}");
        }
    }
}

fn check_memory(engine: &FastEngine, bytes: usize) {
    assert!(engine.risk().balances() <= bytes * BALANCES_PER_BYTE, "{} balances", engine.risk().balances());
    let books: usize = engine.matching().books().map(|(_, book)| book.memory_bytes()).sum();
    assert!(books <= bytes * BOOK_BYTES_PER_BYTE, "{books} bytes of books from {bytes}");
}

fn snapshot_of<B: OrderBook>(engine: &Engine<B>) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    bytes
}

/// Whatever was restored can be traded on, closed and emptied; what that says.
fn go_on<B: OrderBook>(engine: &mut Engine<B>) -> Vec<Event> {
    let mut all = Vec::new();
    // Open as it is, and then open for everybody, so that the orders meet something.
    for commands in [trading(engine), opening(engine), trading(engine), closing()] {
        for (delay, command) in commands {
            let time = TimestampNs(engine.time().0.saturating_add(delay));
            apply(engine, time, &command, &mut all);
        }
        // Keys of before and of now stand beside one another.
        for key in [1, 1 << 64] {
            let command = Command::MassCancel { account: AccountId(0), instrument: None, side: None };
            ask(
                engine,
                Request { id: RequestId(key as u64), key: IdempotencyKey::new(key), command },
                &mut all,
            );
        }
    }
    assert_eq!(engine.risk().live_orders(), 0, "the kill switch leaves no order");
    for account in (0..engine.risk().accounts() as u32).map(AccountId) {
        for asset in (0..engine.risk().assets() as u32).map(AssetId) {
            let balance = engine.risk().balance(account, asset).expect("both are there");
            assert_eq!(balance.reserved, 0, "a reservation ends with its order");
        }
    }
    engine.audit().expect("every rule holds");
    all
}

fn apply<B: OrderBook>(engine: &mut Engine<B>, time: TimestampNs, command: &Command, all: &mut Vec<Event>) {
    let mut events = EventBuffer::new();
    let header = CommandHeader { sequence: engine.sequence().next(), time };
    engine.apply(&header, command, &mut events);
    all.extend_from_slice(&events);
}

fn ask<B: OrderBook>(engine: &mut Engine<B>, request: Request, all: &mut Vec<Event>) {
    let mut events = EventBuffer::new();
    let header = CommandHeader { sequence: engine.sequence().next(), time: engine.time() };
    engine.apply_request(&header, &request, &mut events);
    all.extend_from_slice(&events);
}

/// Orders of the first accounts in the first instruments: two that cross whatever is there, and one that rests.
fn trading<B: OrderBook>(engine: &Engine<B>) -> Vec<(u64, Command)> {
    let mut commands = Vec::new();
    let accounts = (engine.risk().accounts() as u32).min(TRADERS_MAX);
    let mut id = u64::MAX;
    for account in (0..accounts).map(AccountId) {
        for instrument in engine.risk().instruments().take(TRADERS_MAX as usize) {
            let spec = instrument.spec();
            let last = engine.risk().last_price(spec.instrument).expect("it is listed");
            for (side, order_type, time_in_force) in [
                (Side::Buy, OrderType::Market, TimeInForce::Ioc),
                (Side::Sell, OrderType::Market, TimeInForce::Ioc),
                (Side::Sell, OrderType::Limit, TimeInForce::Gtc),
            ] {
                let market = order_type == OrderType::Market;
                let price = if market { 0 } else { u64::from(last.0).saturating_mul(spec.tick.0) };
                commands.push((
                    1,
                    Command::NewOrder(NewOrder {
                        instrument: spec.instrument,
                        account,
                        order: OrderId(id),
                        side,
                        order_type,
                        time_in_force,
                        self_trade: SelfTradePrevention::CancelMaker,
                        price: Price(price),
                        quantity: spec.min_quantity,
                        expires_at: TimestampNs(0),
                    }),
                ));
                id -= 1;
            }
        }
    }
    commands
}

fn opening<B: OrderBook>(engine: &Engine<B>) -> Vec<(u64, Command)> {
    let accounts = (engine.risk().accounts() as u32).min(TRADERS_MAX);
    let instruments = (engine.risk().instruments().len() as u32).min(TRADERS_MAX);
    let scopes = std::iter::once(Scope::Venue)
        .chain((0..accounts).map(|number| Scope::Account(AccountId(number))))
        .chain((0..instruments).map(|number| Scope::Instrument(InstrumentId(number))));
    scopes.map(|scope| (0, Command::SetTradingState { scope, state: TradingState::Open })).collect()
}

fn closing() -> Vec<(u64, Command)> {
    vec![
        (1_000_000_000, Command::Tick),
        (0, Command::MassCancel { account: AccountId(0), instrument: None, side: None }),
        (u64::MAX, Command::Tick),
        (0, Command::SetTradingState { scope: Scope::Venue, state: TradingState::Killed }),
    ]
}
