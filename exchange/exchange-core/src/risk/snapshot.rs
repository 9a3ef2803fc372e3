//! Risk as bytes, and back.
//!
//! | what | bytes |
//! |---|---|
//! | trading state of the venue | 1 |
//! | orders that ever rested | 8 |
//! | tiers: how many; each: open orders, discount, notional, balance | 8; 4, 4, 8, 8 |
//! | accounts: how many; each: tier, trading state | 8; 1, 1 |
//! | instruments: how many; each: trading state, last price, the message that lists it | 8; 1, 4, 96 |
//! | assets: each: supply, fees | 8, 8 |
//! | free balances: how many; each: account, asset, amount, in this order | 8; 4, 4, 8 |
//! | orders: how many; each: id, arrival, expiry, fees, account, instrument, price, quantity, side, self-trade choice, by arrival | 8; 8, 8, 8, 8, 4, 4, 4, 4, 1, 1 |
//! | remembered requests: how many; each: key, account, sequence, time, content of the command, the oldest first | 8; 16, 4, 8, 8, 8 |
//!
//! What follows from these is not written: how many assets there are, which balances are reserved, what is held in all.
//! Everything is checked as it is read: a count before anything is allocated for it, a reference before it is followed, and
//! conservation at the end.

use exchange_types::{
    AccountId, AccountTier, AssetId, Command, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    SelfTradePrevention, Sequence, Side, TimeInForce, TimestampNs, TradingState, decode_command,
    encode_command,
};

use super::limits::{ACCOUNTS_MAX, ASSETS_MAX, INSTRUMENTS_MAX, ORDERS_MAX, REQUESTS_MAX, TIERS_MAX};
use super::market::Market;
use super::money::Fees;
use super::orders::{NONE, Record};
use super::requests::Remembered;
use super::settle::reservation_of;
use super::{Listing, Risk};
use crate::book::Order;
use crate::engine::Progress;
use crate::snapshot::{COUNTABLE, Reader, SnapshotError, Writer, is_countable};

/// Bytes of the message that lists an instrument.
const LISTING_BYTES: usize = 96;
/// Bytes of an order.
const ORDER_BYTES: usize = 50;
/// Bytes of a request that is remembered.
const REQUEST_BYTES: usize = 44;

impl Risk {
    /// Appends the whole state.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(self.state as u8);
        writer.u64(self.arrivals);
        writer.count(self.accounts.tiers().len());
        for tier in self.accounts.tiers() {
            writer.u32(tier.open_orders_max);
            writer.u32(tier.fee_discount);
            writer.u64(tier.order_notional_max);
            writer.u64(tier.balance_max);
        }
        writer.count(self.accounts.len());
        for account in self.accounts.iter() {
            writer.u8(account.tier);
            writer.u8(account.state as u8);
        }
        writer.count(self.markets.len());
        for market in &self.markets {
            writer.u8(market.state() as u8);
            writer.u32(market.last().0);
            let listing = Command::ListInstrument(Box::new(market.instrument().spec().clone()));
            encode_command(&listing, writer.0);
        }
        for totals in self.ledger.totals() {
            writer.u64(totals.supply);
            writer.u64(totals.fees);
        }
        writer.count(self.ledger.free_balances().count());
        for (account, asset, free) in self.ledger.free_balances() {
            writer.u32(account.0);
            writer.u32(asset.0);
            writer.u64(free);
        }
        let mut orders: Vec<&Record> = self.orders.iter().collect();
        orders.sort_unstable_by_key(|record| record.arrival);
        writer.count(orders.len());
        for record in orders {
            for word in [record.id.0, record.arrival, record.expires_at.0, record.fees.word()] {
                writer.u64(word);
            }
            let instrument = record.instrument().0;
            for word in [record.account.0, instrument, record.ticks.0, record.remaining.0] {
                writer.u32(word);
            }
            writer.u8(record.side as u8);
            writer.u8(record.self_trade as u8);
        }
        writer.count(self.requests.live());
        for request in self.requests.iter() {
            writer.u128(request.key);
            writer.u32(request.account.0);
            for word in [request.sequence.0, request.time.0, request.content] {
                writer.u64(word);
            }
        }
    }

    /// The state that was written. At the engine's event time no order that has ended is live, and no key is remembered that has
    /// had its time.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        index_seed: u64,
        progress: &Progress,
    ) -> Result<Self, SnapshotError> {
        let mut risk = Self::new(index_seed);
        risk.state = reader.choice(STATE, trading_state)?;
        risk.arrivals = reader.u64()?;
        reader.hold(COUNTABLE, is_countable(risk.arrivals))?;
        risk.read_accounts(reader)?;
        risk.read_markets(reader)?;
        for asset in (0..).take(risk.ledger.assets()).map(AssetId) {
            risk.ledger.restore_totals(asset, reader.u64()?, reader.u64()?);
        }
        risk.read_balances(reader)?;
        risk.read_orders(reader, progress.time)?;
        risk.read_requests(reader, progress)?;
        for totals in risk.ledger.totals() {
            reader.hold("what is held and the fees are deposits minus withdrawals", totals.is_conserved())?;
        }
        Ok(risk)
    }

    fn read_accounts(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for tier in (0..).take(reader.count("tiers", TIERS_MAX, 24)?) {
            let (open_orders_max, fee_discount) = (reader.u32()?, reader.u32()?);
            let (order_notional_max, balance_max) = (reader.u64()?, reader.u64()?);
            let limits = AccountTier { open_orders_max, order_notional_max, balance_max, fee_discount };
            let defined = u8::try_from(tier).is_ok_and(|tier: u8| self.define_tier(tier, limits).is_ok());
            reader.hold("a tier is one that can be defined", defined)?;
        }
        for _ in 0..reader.count("accounts", ACCOUNTS_MAX, 2)? {
            let tier = reader.u8()?;
            reader.hold("an account has a tier that is defined", self.accounts.tier(tier).is_some())?;
            let state = reader.choice(STATE, trading_state)?;
            self.accounts.open(tier, state);
            self.ledger.open_account();
        }
        Ok(())
    }

    fn read_markets(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let markets = reader.count("instruments", INSTRUMENTS_MAX, LISTING_BYTES.saturating_add(5))?;
        for _ in 0..markets {
            let state = reader.choice(STATE, trading_state)?;
            let last = PriceTicks(reader.u32()?);
            reader.hold("a trade has a price at which an order can rest", is_price(last))?;
            let spec = match decode_command(reader.take(LISTING_BYTES)?) {
                Ok(Command::ListInstrument(spec)) => spec,
                _ => return Err(reader.invalid("an instrument is the message that lists it")),
            };
            let listed = self.list(&spec).is_ok();
            reader.hold("an instrument is one that can be listed", listed)?;
            if let Some(market) = self.markets.last_mut() {
                market.restore(state, last);
            }
        }
        Ok(())
    }

    fn read_balances(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let balances = reader.count("balances", ACCOUNTS_MAX.saturating_mul(ASSETS_MAX), 16)?;
        let mut before = None;
        for _ in 0..balances {
            let (account, asset) = (AccountId(reader.u32()?), AssetId(reader.u32()?));
            let free = reader.u64()?;
            let known = self.balance(account, asset).is_some();
            reader.hold("a balance is that of an account and an asset there are", known)?;
            let in_order = before < Some((account, asset)) && free > 0;
            reader.hold("balances ascend, and none of them is zero", in_order)?;
            before = Some((account, asset));
            self.ledger.restore_free(account, asset, free).ok_or_else(|| reader.invalid(SUPPLY))?;
        }
        Ok(())
    }

    fn read_orders(&mut self, reader: &mut Reader<'_>, now: TimestampNs) -> Result<(), SnapshotError> {
        let orders = reader.count("orders", ORDERS_MAX, ORDER_BYTES)?;
        self.orders.reserve(orders);
        let mut before = 0;
        for _ in 0..orders {
            let record = self.read_order(reader)?;
            reader.hold("an order has an id of its own", self.orders.find(record.id) == NONE)?;
            let arrived = before < record.arrival && record.arrival <= self.arrivals;
            reader.hold("orders come in the order of their arrival", arrived)?;
            before = record.arrival;
            let lives = record.expires_at.0 == 0 || record.expires_at > now;
            reader.hold("an order that has ended is gone", lives)?;
            let market = &self.markets[record.instrument().0 as usize];
            let incoming = match record.side {
                Side::Buy => market.base_quantity(record.remaining),
                Side::Sell => 0,
            };
            let asset = if record.side == Side::Buy { market.quote() } else { market.base() };
            self.ledger
                .restore_reserved(record.account, (asset, record.reserved), (market.base(), incoming))
                .ok_or_else(|| reader.invalid(SUPPLY))?;
            self.orders.insert(&record, self.accounts.list_mut(record.account));
        }
        Ok(())
    }

    fn read_requests(&mut self, reader: &mut Reader<'_>, progress: &Progress) -> Result<(), SnapshotError> {
        let mut before = (Sequence(0), TimestampNs(0));
        for _ in 0..reader.count("remembered requests", REQUESTS_MAX, REQUEST_BYTES)? {
            let (key, account) = (reader.u128()?, AccountId(reader.u32()?));
            let (sequence, time) = (Sequence(reader.u64()?), TimestampNs(reader.u64()?));
            let request = Remembered::new(key, sequence, time, reader.u64()?, account);
            let (known, new) = (self.accounts.get(account).is_some(), !self.requests.contains(account, key));
            reader.hold(
                "a request is that of an account there is, under a key of its own",
                known && key != 0 && new,
            )?;
            let in_order = before.0 < sequence && before.1 <= time;
            let past = sequence <= progress.sequence && time <= progress.time;
            reader.hold("requests come in the order of the log", in_order && past)?;
            before = (sequence, time);
            let lives = !request.has_ended(progress.time);
            reader.hold("a request that has had its time is forgotten", lives)?;
            reader.hold("an account has no more requests than it may", self.requests.has_room(account))?;
            self.requests.remember(request);
        }
        Ok(())
    }

    fn read_order(&self, reader: &mut Reader<'_>) -> Result<Record, SnapshotError> {
        let (id, arrival) = (OrderId(reader.u64()?), reader.u64()?);
        let (expires_at, fees) = (TimestampNs(reader.u64()?), reader.u64()?);
        let (account, instrument) = (AccountId(reader.u32()?), InstrumentId(reader.u32()?));
        let (ticks, remaining) = (PriceTicks(reader.u32()?), QuantityLots(reader.u32()?));
        let side = reader.choice("a side is buy or sell", |byte| match byte {
            0 => Some(Side::Buy),
            1 => Some(Side::Sell),
            _ => None,
        })?;
        let self_trade = reader.choice("a self-trade choice is one there is", |byte| match byte {
            0 => Some(SelfTradePrevention::CancelTaker),
            1 => Some(SelfTradePrevention::CancelMaker),
            2 => Some(SelfTradePrevention::CancelBoth),
            _ => None,
        })?;
        let known = self.known(account, instrument);
        let (_, market) = known
            .map_err(|_| reader.invalid("an order is that of an account and an instrument there are"))?;
        reader.hold("an order has an id", id.0 != 0)?;
        reader.hold("an order rests at a price", is_price(ticks))?;
        let sized = remaining.0 > 0 && remaining <= market.instrument().max_lots();
        reader.hold("an order has something left, at most the largest quantity", sized)?;
        let fees = Fees::from_word(fees).ok_or_else(|| reader.invalid("fees are rates and a credit"))?;
        let new = Record::new(id, account, instrument, side, self_trade, expires_at);
        let record = Record { arrival, fees, ticks, remaining, ..new };
        let reserved = reservation_of(market, &record)
            .ok_or_else(|| reader.invalid("what an order may cost fits the numbers of the venue"))?;
        Ok(Record { reserved, ..record })
    }

    /// What the books have to know, in the order of listing.
    pub(crate) fn listings(&self) -> impl Iterator<Item = Listing> {
        self.markets.iter().map(Market::listing)
    }

    /// Every resting order as it would be submitted again, the oldest first.
    pub(crate) fn orders_by_arrival(&self) -> impl Iterator<Item = (InstrumentId, Order)> {
        let mut orders: Vec<&Record> = self.orders.iter().collect();
        orders.sort_unstable_by_key(|record| record.arrival);
        orders.into_iter().map(|record| {
            let ends = record.expires_at.0 != 0;
            let order = Order {
                id: record.id,
                account: record.account,
                price: record.ticks,
                quantity: record.remaining,
                expires_at: record.expires_at,
                side: record.side,
                order_type: OrderType::Limit,
                time_in_force: if ends { TimeInForce::Gtd } else { TimeInForce::Gtc },
                self_trade: record.self_trade,
            };
            (record.instrument(), order)
        })
    }
}

const STATE: &str = "a trading state is open, halted or killed";
const SUPPLY: &str = "what is held of an asset fits the numbers of the venue";

fn is_price(ticks: PriceTicks) -> bool {
    (PriceTicks::LOWEST..=PriceTicks::HIGHEST).contains(&ticks)
}

fn trading_state(byte: u8) -> Option<TradingState> {
    [TradingState::Open, TradingState::Halted, TradingState::Killed]
        .into_iter()
        .find(|state| *state as u8 == byte)
}
