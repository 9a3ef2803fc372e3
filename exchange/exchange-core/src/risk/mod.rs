//! Risk: who may do what with which money. Full pre-funding: nothing is matched that is not paid for already.
//!
//! It does not match, and it does not know the book: it admits commands, in ticks and lots, as [`Admitted`] messages, and it
//! settles the events that matching answers with. A newcomer needs to know one thing: [`Risk::admit`] reserves,
//! [`Risk::settle`] spends or releases, and a reservation ends exactly once.
//!
//! | file | what is in it |
//! |---|---|
//! | `ladder` | which commands are rejected, and in which order the reasons are tested |
//! | `admit` | what an admitted command changes |
//! | `settle` | what an event of matching changes |
//! | `admin` | accounts, tiers, listings, deposits, withdrawals, trading states |
//! | `money` | notional, fees, reservations, with the proof that a reservation suffices |
//! | `ledger` | balances and totals; conservation at every command |
//! | `requests` | idempotency keys: what came under which, for 24 hours |
//! | `orders`, `market` | the resting orders; an instrument with its band |
//! | `audit` | the full recount |
//! | `snapshot` | all of it as bytes, and back |
//!
//! Invariant: the events of one admitted command are settled before the next command is admitted. This makes risk a fold of
//! the log: whether a command can be paid for depends on what everything before it did, and on nothing else.

mod accounts;
mod admin;
mod admit;
mod audit;
mod ladder;
mod ledger;
mod limits;
mod market;
mod money;
mod orders;
mod requests;
mod settle;
mod snapshot;

pub(crate) use admit::order_id;
pub use audit::{Violation, resting_digest};
pub use ledger::Balance;
pub use limits::{
    ACCOUNTS_MAX, ASSETS_MAX, INSTRUMENTS_MAX, MARKET_REACH_WITHOUT_BAND, ORDERS_MAX, REQUEST_REMEMBERED_NS,
    REQUESTS_MAX, REQUESTS_PER_ACCOUNT_MAX, TIERS_MAX,
};

use exchange_types::{
    AccountId, AccountTier, AssetId, Instrument, InstrumentId, OrderId, PriceTicks, QuantityLots, Side,
    TradingState,
};

use crate::Digest;
use crate::book::BookCommand;
use accounts::Accounts;
use ledger::Ledger;
use market::Market;
use orders::{OrderTable, Record};
use requests::Requests;

/// What risk tells matching, in the order in which it is to be done. The message between the two, so it is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// Open the book of the instrument with the next number.
    Listing(Listing),
    /// Do this in the book of an instrument.
    Book {
        /// Which book.
        instrument: InstrumentId,
        /// What.
        command: BookCommand,
    },
}

/// What a book has to know about its instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Its number.
    pub instrument: InstrumentId,
    /// Where its prices will be, more or less.
    pub reference: PriceTicks,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountStatus {
    /// Its tier: see [`Risk::tier`].
    pub tier: u8,
    /// What may happen in it by itself; the venue or an instrument may be stopped beside it.
    pub state: TradingState,
}

/// A live order as its owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOrder {
    /// Which.
    pub order: OrderId,
    /// Where it rests.
    pub instrument: InstrumentId,
    /// Whose it is.
    pub account: AccountId,
    /// Which way.
    pub side: Side,
    /// Its limit.
    pub price: PriceTicks,
    /// What is left of it.
    pub remaining: QuantityLots,
    /// What stands behind it, in minor units: of the quote asset for a buy, of the base asset for a sell.
    pub reserved: u64,
}

/// An order on its way through a book.
#[derive(Debug, Clone, Copy)]
struct Taking {
    record: Record,
    taker_rate: u32,
    /// The record that it replaces, or [`orders::NONE`].
    replaces: u32,
}

/// The state of risk.
#[derive(Debug, Clone)]
pub struct Risk {
    accounts: Accounts,
    markets: Vec<Market>,
    ledger: Ledger,
    orders: OrderTable,
    requests: Requests,
    /// Orders that ever rested.
    arrivals: u64,
    state: TradingState,
    taking: Option<Taking>,
    /// [`ORDERS_MAX`], or less in a test.
    orders_max: usize,
    recount: audit::Scratch,
}

impl Risk {
    /// A venue without accounts, tiers and instruments. The order of slots in the index of ids depends on the seed and shows
    /// nowhere: see [`BookMaker::with_seed`](crate::matching::BookMaker::with_seed).
    #[must_use]
    pub fn new(index_seed: u64) -> Self {
        Self {
            accounts: Accounts::default(),
            markets: Vec::new(),
            ledger: Ledger::default(),
            orders: OrderTable::new(index_seed),
            requests: Requests::new(index_seed),
            arrivals: 0,
            state: TradingState::Open,
            taking: None,
            orders_max: ORDERS_MAX,
            recount: audit::Scratch::default(),
        }
    }

    /// Starts to load the place of an order in the table. These hints change nothing.
    #[inline]
    pub(crate) fn prefetch_place(&self, order: OrderId) {
        self.orders.prefetch_place(order);
    }

    /// Starts to load an order and the balances that a command about it will change, and returns what
    /// [`prefetch_neighbours`](Self::prefetch_neighbours) wants.
    #[inline]
    pub(crate) fn prefetch_order(&self, order: OrderId, account: AccountId, instrument: InstrumentId) -> u32 {
        if let Some(market) = self.markets.get(instrument.0 as usize) {
            self.ledger.prefetch(account, market.base());
            self.ledger.prefetch(account, market.quote());
        }
        self.orders.prefetch_record(order)
    }

    /// Starts to load what is linked to an order.
    #[inline]
    pub(crate) fn prefetch_neighbours(&self, number: u32) {
        self.orders.prefetch_neighbours(number);
    }

    /// What an account has of an asset; `None` if there is no such account or asset.
    #[must_use]
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<Balance> {
        let known = self.accounts.get(account).is_some() && (asset.0 as usize) < self.ledger.assets();
        let cell = known.then(|| self.ledger.cell(account, asset))?;
        Some(Balance { free: cell.free, reserved: cell.reserved })
    }

    /// What the venue has earned in an asset, in minor units.
    #[must_use]
    pub fn fees(&self, asset: AssetId) -> Option<u64> {
        self.ledger.totals().get(asset.0 as usize).map(|totals| totals.fees)
    }

    /// Deposits minus withdrawals of an asset, in minor units.
    #[must_use]
    pub fn supply(&self, asset: AssetId) -> Option<u64> {
        self.ledger.totals().get(asset.0 as usize).map(|totals| totals.supply)
    }

    /// The resting order with this id.
    #[must_use]
    pub fn order(&self, order: OrderId) -> Option<OpenOrder> {
        let number = self.orders.find(order);
        (number != orders::NONE).then(|| open_order(self.orders.get(number)))
    }

    /// The resting orders of an account, the oldest first.
    pub fn orders_of(&self, account: AccountId) -> impl Iterator<Item = OpenOrder> {
        let list = self.accounts.get(account).map(|account| account.orders).unwrap_or_default();
        self.orders.of(list).map(open_order)
    }

    /// How many orders rest in all books.
    #[must_use]
    pub fn live_orders(&self) -> usize {
        self.orders.live()
    }

    /// How many requests are remembered under idempotency keys.
    #[must_use]
    pub fn remembered_requests(&self) -> usize {
        self.requests.live()
    }

    /// The same of one account; at most [`REQUESTS_PER_ACCOUNT_MAX`].
    #[must_use]
    pub fn remembered_requests_of(&self, account: AccountId) -> u32 {
        self.requests.count_of(account)
    }

    /// How many accounts there are: their numbers are those below.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// How many assets there are: their numbers are those below.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.ledger.assets()
    }

    /// The tier of an account and what may happen in it; `None` if there is no such account.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<AccountStatus> {
        self.accounts.get(account).map(|account| AccountStatus { tier: account.tier, state: account.state })
    }

    /// What may happen in an instrument by itself; `None` if it is not listed.
    #[must_use]
    pub fn instrument_state(&self, instrument: InstrumentId) -> Option<TradingState> {
        self.markets.get(instrument.0 as usize).map(Market::state)
    }

    /// What may happen at the venue as a whole.
    #[must_use]
    pub const fn venue_state(&self) -> TradingState {
        self.state
    }

    /// The listed instruments, in the order of their numbers.
    pub fn instruments(&self) -> impl ExactSizeIterator<Item = &Instrument> {
        self.markets.iter().map(Market::instrument)
    }

    /// What accounts of a tier may do.
    #[must_use]
    pub fn tier(&self, tier: u8) -> Option<&AccountTier> {
        self.accounts.tier(tier)
    }

    /// The price of the last trade of an instrument; before the first one, its reference price.
    #[must_use]
    pub fn last_price(&self, instrument: InstrumentId) -> Option<PriceTicks> {
        self.markets.get(instrument.0 as usize).map(Market::last)
    }

    /// The digest of everything risk knows. It depends on what happened, and not on where anything is in memory.
    ///
    /// Balances, orders, accounts and remembered requests are sums kept at every change; there are few instruments, tiers and assets, and these are
    /// looked at here.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut digest = Digest::new();
        let sums =
            [self.ledger.digest(), self.orders.digest(), self.accounts.digest(), self.requests.digest()];
        for word in sums.into_iter().chain([self.arrivals, self.state as u64]) {
            digest.word(word);
        }
        let (orders, requests) = (self.orders.live(), self.requests.live());
        for length in [self.accounts.len(), orders, requests, self.markets.len(), self.ledger.assets()] {
            digest.word(length as u64);
        }
        digest.end_record();
        for totals in self.ledger.totals() {
            digest.word(totals.supply);
            digest.word(totals.fees);
            digest.end_record();
        }
        self.markets.iter().for_each(|market| market.digest_into(&mut digest));
        self.accounts.digest_tiers_into(&mut digest);
        digest.value()
    }
}

fn open_order(record: &Record) -> OpenOrder {
    OpenOrder {
        order: record.id,
        instrument: record.instrument(),
        account: record.account,
        side: record.side,
        price: record.ticks,
        remaining: record.remaining,
        reserved: record.reserved,
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::{
        AccountTier, Amount, Command, CommandHeader, EventBuffer, InstrumentSpec, NewOrder, OrderType, Price,
        Quantity, RejectReason, SelfTradePrevention, Sequence, Symbol, TimeInForce, TimestampNs,
    };

    use super::*;

    /// The limit of the venue is too large to be reached in a test, so it is lowered to nothing.
    #[test]
    fn a_full_venue_takes_orders_that_do_not_rest() {
        let mut risk = Risk::new(0);
        risk.orders_max = 0;
        let limits = AccountTier {
            open_orders_max: 9,
            order_notional_max: u64::MAX,
            balance_max: u64::MAX,
            fee_discount: 0,
        };
        let spec = InstrumentSpec {
            instrument: InstrumentId(0),
            symbol: Symbol::new("A-B").unwrap(),
            base: AssetId(0),
            quote: AssetId(1),
            base_decimals: 0,
            tick: Price(1),
            lot: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(10),
            position_limit: Quantity(0),
            maker_fee: exchange_types::FeeRate(0),
            taker_fee: exchange_types::FeeRate(0),
            price_band: 0,
            reference_price: Price(1),
        };
        let order = NewOrder {
            instrument: InstrumentId(0),
            account: AccountId(0),
            order: OrderId(1),
            side: Side::Sell,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTradePrevention::CancelTaker,
            price: Price(1),
            quantity: Quantity(1),
            expires_at: TimestampNs(0),
        };
        let header = CommandHeader { sequence: Sequence(1), time: TimestampNs(1) };
        let (mut admitted, mut events) = (Vec::new(), EventBuffer::new());
        let deposit = Command::Deposit { account: AccountId(0), asset: AssetId(0), amount: Amount(1) };
        for command in [
            Command::DefineTier { tier: 0, limits },
            Command::ListInstrument(Box::new(spec)),
            Command::OpenAccount { account: AccountId(0), tier: 0 },
            deposit,
            Command::NewOrder(order),
            Command::NewOrder(NewOrder { time_in_force: TimeInForce::Ioc, ..order }),
        ] {
            risk.admit(&header, &command, &mut admitted, &mut events);
        }
        let full = exchange_types::Event::Rejected {
            order: OrderId(1),
            instrument: InstrumentId(0),
            account: AccountId(0),
            reason: RejectReason::VenueFull,
        };
        assert_eq!(events.last(), Some(&full));
        assert!(matches!(admitted[..], [Admitted::Listing(_), Admitted::Book { .. }]));
    }
}
