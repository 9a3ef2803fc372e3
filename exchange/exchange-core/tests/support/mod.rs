//! What the tests of risk, matching and the engine have in common: a venue that runs on both books at once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod random;
pub mod scenario;
pub mod stream;

use exchange_core::book::{OrderBook, ReferenceBook};
use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine};
use exchange_types::{
    AccountId, AccountTier, AssetId, Command, CommandHeader, Event, EventBuffer, FeeRate, IdempotencyKey,
    InstrumentId, InstrumentSpec, Price, Quantity, RejectReason, Request, RequestId, Symbol, TimestampNs,
};

/// Two engines, one on each book, which agree after every command.
#[derive(Clone)]
pub struct Venue {
    pub fast: FastEngine,
    reference: Engine<ReferenceBook>,
    pub now: TimestampNs,
    events: EventBuffer,
    reference_events: EventBuffer,
}

impl Venue {
    pub fn new() -> Self {
        Self {
            fast: Engine::new(BookMaker::fast().with_seed(7)),
            reference: Engine::new(BookMaker::reference()),
            now: TimestampNs(1_000),
            events: EventBuffer::new(),
            reference_events: EventBuffer::new(),
        }
    }

    /// Folds a command into both engines. They must say the same, be the same afterwards, and survive a recount.
    pub fn apply(&mut self, command: &Command) -> Vec<Event> {
        let header = self.next_header();
        self.events.clear();
        self.reference_events.clear();
        self.fast.apply(&header, command, &mut self.events);
        self.reference.apply(&header, command, &mut self.reference_events);
        assert_eq!(*self.events, *self.reference_events, "after {command:?}");
        assert_eq!(self.fast.state_hash(), self.reference.state_hash(), "after {command:?}");
        self.events.to_vec()
    }

    /// The same for a request.
    pub fn ask(&mut self, request: &Request) -> Vec<Event> {
        let header = self.next_header();
        self.events.clear();
        self.reference_events.clear();
        self.fast.apply_request(&header, request, &mut self.events);
        self.reference.apply_request(&header, request, &mut self.reference_events);
        assert_eq!(*self.events, *self.reference_events, "after {request:?}");
        assert_eq!(self.fast.state_hash(), self.reference.state_hash(), "after {request:?}");
        self.events.to_vec()
    }

    /// The same under a key.
    pub fn ask_under(&mut self, key: u128, command: &Command) -> Vec<Event> {
        let key = IdempotencyKey::new(key);
        self.ask(&Request { id: RequestId(1), key, command: command.clone() })
    }

    /// Counts everything again, in both.
    pub fn audit(&mut self) {
        self.fast.audit().unwrap();
        self.reference.audit().unwrap();
    }

    pub fn next_header(&self) -> CommandHeader {
        CommandHeader { sequence: self.fast.sequence().next(), time: self.now }
    }

    /// The digest of everything but the position in the log: what a reject leaves alone.
    pub fn holdings_hash(&self) -> (u64, Vec<u64>) {
        let books = self.fast.matching().books().map(|(_, book)| book.state_hash()).collect();
        (self.fast.risk().state_hash(), books)
    }

    /// The reason of a command that is rejected and does nothing else.
    pub fn reason(&mut self, command: &Command) -> Option<RejectReason> {
        match self.apply(command)[..] {
            [Event::Rejected { reason, .. }] => Some(reason),
            _ => None,
        }
    }
}

pub const BTC: AssetId = AssetId(0);
pub const USD: AssetId = AssetId(1);
pub const BTC_USD: InstrumentId = InstrumentId(0);

/// An instrument of whole numbers: one lot at one tick costs one minor unit of the quote asset.
pub fn plain_spec(instrument: u32, symbol: &str, base: u32, quote: u32) -> InstrumentSpec {
    InstrumentSpec {
        instrument: InstrumentId(instrument),
        symbol: Symbol::new(symbol).unwrap(),
        base: AssetId(base),
        quote: AssetId(quote),
        base_decimals: 0,
        tick: Price(1),
        lot: Quantity(1),
        min_quantity: Quantity(1),
        max_quantity: Quantity(1_000_000),
        position_limit: Quantity(0),
        maker_fee: FeeRate(0),
        taker_fee: FeeRate(0),
        price_band: 0,
        reference_price: Price(100),
    }
}

/// A tier that allows everything.
pub const GENEROUS: AccountTier = AccountTier {
    open_orders_max: u32::MAX,
    order_notional_max: u64::MAX,
    balance_max: u64::MAX,
    fee_discount: 0,
};

pub fn account(number: u32) -> AccountId {
    AccountId(number)
}
