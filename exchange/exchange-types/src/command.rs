//! Commands: what somebody asks of the venue. A command is immutable once the log has it.

use crate::{
    AccountId, AccountTier, Amount, AssetId, InstrumentId, InstrumentSpec, OrderId, OrderType, Price,
    Quantity, SelfTradePrevention, Side, TimeInForce, TimestampNs,
};

/// A request to trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewOrder {
    /// Where.
    pub instrument: InstrumentId,
    /// Whose.
    pub account: AccountId,
    /// The id the order will have; zero: the position of this command in the log. It must not be that of a live order.
    pub order: OrderId,
    /// Which way.
    pub side: Side,
    /// Limit, market or post-only.
    pub order_type: OrderType,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// What happens when it meets an order of the same account.
    pub self_trade: SelfTradePrevention,
    /// Limit price; zero in a market order.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// When a GTD order ends; zero in all others.
    pub expires_at: TimestampNs,
}

/// What a change of the trading state concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything.
    Venue,
    /// One instrument.
    Instrument(InstrumentId),
    /// One account.
    Account(AccountId),
}

/// What may happen in a [`Scope`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TradingState {
    /// Everything.
    #[default]
    Open = 0,
    /// No new orders and no replacements; cancels and reductions go on, resting orders stay.
    Halted = 1,
    /// The kill switch: as [`Halted`](Self::Halted), and every resting order in the scope is cancelled at once.
    Killed = 2,
}

/// Everything that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Submit an order.
    NewOrder(NewOrder),
    /// Cancel one order.
    CancelOrder {
        /// Where it rests.
        instrument: InstrumentId,
        /// Whose it is.
        account: AccountId,
        /// Which.
        order: OrderId,
    },
    /// Cancel all orders of an account, narrowed to an instrument and a side where they are given.
    MassCancel {
        /// Whose.
        account: AccountId,
        /// Where; `None`: everywhere.
        instrument: Option<InstrumentId>,
        /// Which side; `None`: both.
        side: Option<Side>,
    },
    /// Take some quantity off an order, which keeps its place. Taking off all of it or more cancels it.
    ReduceOrder {
        /// Where it rests.
        instrument: InstrumentId,
        /// Whose it is.
        account: AccountId,
        /// Which.
        order: OrderId,
        /// How much to take off.
        by: Quantity,
    },
    /// Cancel an order and submit a plain limit order of the same side, account, self-trade choice and expiry, at the back of
    /// the queue. The new order may cross.
    ReplaceOrder {
        /// Where it rests.
        instrument: InstrumentId,
        /// Whose it is.
        account: AccountId,
        /// Which.
        order: OrderId,
        /// The id of the new order; zero: the position of this command in the log.
        new_order: OrderId,
        /// Its limit price.
        price: Price,
        /// Its quantity.
        quantity: Quantity,
    },
    /// Credit an account.
    Deposit {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
        /// How much.
        amount: Amount,
    },
    /// Debit an account.
    Withdraw {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
        /// How much.
        amount: Amount,
    },
    /// Open the account with the next number.
    OpenAccount {
        /// The number; it must be the next one.
        account: AccountId,
        /// An index into the venue's tiers.
        tier: u8,
    },
    /// Move an account to another tier.
    SetAccountTier {
        /// Whose.
        account: AccountId,
        /// An index into the venue's tiers.
        tier: u8,
    },
    /// Define the tier with this index, or change what it allows from now on.
    DefineTier {
        /// The index; at most the number of tiers there are.
        tier: u8,
        /// What it allows.
        limits: AccountTier,
    },
    /// List the instrument with the next number.
    ListInstrument(Box<InstrumentSpec>),
    /// Halt, kill or open a part of the venue.
    SetTradingState {
        /// Which part.
        scope: Scope,
        /// What may happen there from now on.
        state: TradingState,
    },
    /// Nothing but the passing of time, so that GTD orders end and candles close without traffic.
    Tick,
}
