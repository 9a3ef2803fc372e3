//! The ladder: which commands are rejected, tested in the order of [`RejectReason`].
//!
//! It decides and changes nothing. A newcomer needs to know one thing: the first fault on the way down is the answer, and
//! this table says which rungs a command passes. Codes from 100 are the decoder's, those from 190 are about idempotency keys and
//! come before this table (see `requests`), those from 600 are the book's.
//!
//! | command | rungs, from the top |
//! |---|---|
//! | `NewOrder` | unknown account, unknown instrument; venue, instrument, account halted; duplicate id; market must not rest, post-only must rest, market with price, expiry mismatch, expiry in past; quantity zero, off lot, below minimum, above maximum; price zero, off tick, overflow, outside band; notional overflow, above maximum; open orders, position limit, balance overflow, insufficient funds; venue full |
//! | `ReplaceOrder` | unknown account, unknown instrument; venue, instrument, account halted; zero id (of the old order), unknown order, not owner, duplicate new id; then as `NewOrder` from quantity zero on, as if the old order were gone, without open orders and venue full |
//! | `CancelOrder` | unknown account, unknown instrument; zero id, unknown order, not owner |
//! | `ReduceOrder` | as `CancelOrder`; quantity zero, off lot |
//! | `MassCancel` | unknown account, unknown instrument |
//! | `Deposit` | unknown account, unknown asset; amount zero, balance limit, balance overflow |
//! | `Withdraw` | unknown account, unknown asset; amount zero, insufficient funds |
//! | `OpenAccount` | unknown tier, out of order |
//! | `SetAccountTier` | unknown account, unknown tier |
//! | `DefineTier` | out of order, invalid definition |
//! | `ListInstrument` | out of order (the instrument, then each asset), invalid definition |
//! | `SetTradingState` | unknown account or unknown instrument, as the scope says |
//! | `Tick` | none |

use exchange_types::{
    AccountId, AssetId, InstrumentId, NewOrder, OrderId, OrderType, Price, PriceTicks, Quantity,
    QuantityLots, RejectReason, Side, TimeInForce, TimestampNs, TradingState,
};

use super::Risk;
use super::accounts::Account;
use super::market::Market;
use super::money::{Fees, notional, reservation_of_buy};
use super::orders::{NONE, Record};

/// What an order will be, in ticks and lots, and what has to be reserved for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) lots: QuantityLots,
    pub(super) ticks: PriceTicks,
    pub(super) fees: Fees,
    pub(super) taker_rate: u32,
    /// In minor units of the quote asset for a buy, of the base asset for a sell.
    pub(super) reserved: u64,
}

/// What an order or a replacement asks for.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    account: AccountId,
    side: Side,
    quantity: Quantity,
    /// `None`: a market order.
    price: Option<Price>,
    may_rest: bool,
    /// The order that will be gone.
    replaced: Option<&'a Record>,
}

impl Risk {
    /// The rungs of a new order.
    #[inline]
    pub(super) fn check_new_order(
        &self,
        now: TimestampNs,
        id: OrderId,
        new: &NewOrder,
    ) -> Result<Terms, RejectReason> {
        let (account, market) = self.known(new.account, new.instrument)?;
        self.check_open(account, market)?;
        if self.orders.find(id) != NONE {
            return Err(RejectReason::DuplicateOrderId);
        }
        check_kind(now, new)?;
        let market_order = new.order_type == OrderType::Market;
        let asked = Asked {
            account: new.account,
            side: new.side,
            quantity: new.quantity,
            price: (!market_order).then_some(new.price),
            may_rest: matches!(new.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd),
            replaced: None,
        };
        self.check_terms(account, market, &asked)
    }

    /// The rungs of a replacement; the number of the old record comes with its terms.
    #[inline]
    pub(super) fn check_replacement(
        &self,
        instrument: InstrumentId,
        account_id: AccountId,
        (order, new_order): (OrderId, OrderId),
        (price, quantity): (Price, Quantity),
    ) -> Result<(u32, Terms), RejectReason> {
        let (account, market) = self.known(account_id, instrument)?;
        self.check_open(account, market)?;
        let number = self.owned(instrument, account_id, order)?;
        if self.orders.find(new_order) != NONE {
            return Err(RejectReason::DuplicateOrderId);
        }
        let old = self.orders.get(number);
        let asked = Asked {
            account: account_id,
            side: old.side,
            quantity,
            price: Some(price),
            may_rest: true,
            replaced: Some(old),
        };
        Ok((number, self.check_terms(account, market, &asked)?))
    }

    /// The rungs of a cancel; what comes back is the number of the record.
    #[inline]
    pub(super) fn check_cancel(
        &self,
        instrument: InstrumentId,
        account: AccountId,
        order: OrderId,
    ) -> Result<u32, RejectReason> {
        self.known(account, instrument)?;
        self.owned(instrument, account, order)
    }

    /// The rungs of a reduction.
    #[inline]
    pub(super) fn check_reduction(
        &self,
        instrument: InstrumentId,
        account: AccountId,
        order: OrderId,
        by: Quantity,
    ) -> Result<QuantityLots, RejectReason> {
        let (_, market) = self.known(account, instrument)?;
        self.owned(instrument, account, order)?;
        market.reduction(by)
    }

    /// The rungs of a deposit.
    pub(super) fn check_deposit(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: u64,
    ) -> Result<(), RejectReason> {
        let owner = self.accounts.get(account).ok_or(RejectReason::UnknownAccount)?;
        let totals = self.ledger.totals().get(asset.0 as usize).ok_or(RejectReason::UnknownAsset)?;
        if amount == 0 {
            return Err(RejectReason::AmountZero);
        }
        let cell = self.ledger.cell(account, asset);
        // Bound: three numbers below 2^64 in 128 bits.
        let balance = u128::from(cell.free).wrapping_add(cell.reserved.into()).wrapping_add(amount.into());
        if balance > u128::from(self.accounts.tier_of(owner).balance_max) {
            return Err(RejectReason::BalanceLimit);
        }
        // The supply and not the balance: see the bound at the head of the ledger.
        totals.supply.checked_add(amount).map(|_| ()).ok_or(RejectReason::BalanceOverflow)
    }

    /// The rungs of a withdrawal. What is reserved cannot be withdrawn.
    pub(super) fn check_withdrawal(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: u64,
    ) -> Result<(), RejectReason> {
        self.accounts.get(account).ok_or(RejectReason::UnknownAccount)?;
        self.ledger.totals().get(asset.0 as usize).ok_or(RejectReason::UnknownAsset)?;
        if amount == 0 {
            return Err(RejectReason::AmountZero);
        }
        if self.ledger.cell(account, asset).free < amount {
            return Err(RejectReason::InsufficientFunds);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn known(
        &self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<(&Account, &Market), RejectReason> {
        let account = self.accounts.get(account).ok_or(RejectReason::UnknownAccount)?;
        let market = self.markets.get(instrument.0 as usize).ok_or(RejectReason::UnknownInstrument)?;
        Ok((account, market))
    }

    #[inline]
    fn check_open(&self, account: &Account, market: &Market) -> Result<(), RejectReason> {
        if self.state != TradingState::Open {
            return Err(RejectReason::VenueHalted);
        }
        if market.state() != TradingState::Open {
            return Err(RejectReason::InstrumentHalted);
        }
        if account.state != TradingState::Open {
            return Err(RejectReason::AccountHalted);
        }
        Ok(())
    }

    /// The record of an order of this account in this instrument.
    #[inline]
    fn owned(
        &self,
        instrument: InstrumentId,
        account: AccountId,
        order: OrderId,
    ) -> Result<u32, RejectReason> {
        if order.0 == 0 {
            return Err(RejectReason::ZeroOrderId);
        }
        let number = self.orders.find(order);
        if number == NONE || self.orders.get(number).instrument() != instrument {
            return Err(RejectReason::UnknownOrder);
        }
        if self.orders.get(number).account != account {
            return Err(RejectReason::NotOrderOwner);
        }
        Ok(number)
    }

    /// The rungs that a new order and a replacement have in common, from the quantity down.
    #[inline]
    fn check_terms(
        &self,
        account: &Account,
        market: &Market,
        asked: &Asked<'_>,
    ) -> Result<Terms, RejectReason> {
        let tier = self.accounts.tier_of(account);
        let lots = market.lots(asked.quantity)?;
        let ticks = match asked.price {
            Some(price) => market.ticks(price)?,
            None => market.bound(asked.side),
        };
        // A sell may well trade above its limit, so it is valued at the last trade where that is higher. This matters to the
        // limit of its tier only: a sell has to be covered by what it sells.
        let valued_at = match asked.side {
            Side::Buy => ticks,
            Side::Sell => ticks.max(market.last()),
        };
        let value = notional(lots, valued_at, market.tick_value()).ok_or(RejectReason::NotionalOverflow)?;
        let spec = market.instrument().spec();
        let (fees, taker_rate) = Fees::of(spec.maker_fee, spec.taker_fee, tier);
        let reserved = match asked.side {
            Side::Buy => reservation_of_buy(value, fees).ok_or(RejectReason::NotionalOverflow)?,
            Side::Sell => market.base_quantity(lots),
        };
        if value > tier.order_notional_max {
            return Err(RejectReason::NotionalAboveMaximum);
        }
        // An order that cannot rest is gone when its command is done, and a replacement takes the place of the old order.
        let adds = asked.may_rest && asked.replaced.is_none();
        if adds && account.orders.length >= tier.open_orders_max {
            return Err(RejectReason::OpenOrdersLimit);
        }
        let terms = Terms { lots, ticks, fees, taker_rate, reserved };
        self.check_funds(market, asked, &terms)?;
        if adds && self.orders.live() >= self.orders_max {
            return Err(RejectReason::VenueFull);
        }
        Ok(terms)
    }

    /// Position limit, overflow of the position, and whether the order can be paid for.
    #[inline]
    fn check_funds(&self, market: &Market, asked: &Asked<'_>, terms: &Terms) -> Result<(), RejectReason> {
        let base = self.ledger.cell(asked.account, market.base());
        let free = match asked.side {
            Side::Sell => base.free,
            Side::Buy => {
                let before = asked.replaced.map_or(0, |old| market.base_quantity(old.remaining));
                let limit = market.instrument().spec().position_limit.0;
                // Bound: four numbers below 2^64 in 128 bits, and `before` is part of what is awaited.
                let position = u128::from(base.free)
                    .wrapping_add(base.reserved.into())
                    .wrapping_add(base.incoming.into())
                    .wrapping_sub(before.into())
                    .wrapping_add(market.base_quantity(terms.lots).into());
                if limit != 0 && position > u128::from(limit) {
                    return Err(RejectReason::PositionLimit);
                }
                if position > u128::from(u64::MAX) {
                    return Err(RejectReason::BalanceOverflow);
                }
                self.ledger.cell(asked.account, market.quote()).free
            }
        };
        // What the old order has reserved is free again when the new one is reserved. Bound: both are parts of one balance.
        let free = free.saturating_add(asked.replaced.map_or(0, |old| old.reserved));
        if free < terms.reserved {
            return Err(RejectReason::InsufficientFunds);
        }
        Ok(())
    }
}

/// The rungs that look at what kind of order it is.
#[inline]
fn check_kind(now: TimestampNs, new: &NewOrder) -> Result<(), RejectReason> {
    let rests = matches!(new.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd);
    match new.order_type {
        OrderType::Market if rests => return Err(RejectReason::MarketMustNotRest),
        OrderType::PostOnly if !rests => return Err(RejectReason::PostOnlyMustRest),
        OrderType::Market if new.price.0 != 0 => return Err(RejectReason::MarketWithPrice),
        OrderType::Limit | OrderType::Market | OrderType::PostOnly => {}
    }
    let ends = new.time_in_force == TimeInForce::Gtd;
    if ends != (new.expires_at.0 != 0) {
        return Err(RejectReason::ExpiryMismatch);
    }
    if ends && new.expires_at <= now {
        return Err(RejectReason::ExpiryInPast);
    }
    Ok(())
}
