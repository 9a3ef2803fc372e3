//! Events: what has happened. State is a fold of commands, everything downstream is a fold of events.

use crate::{
    AccountId, Amount, AssetId, InstrumentId, OrderId, PriceTicks, QuantityLots, RejectReason, Scope,
    Sequence, Side, TradingState,
};

/// One fill: a taker met a maker at the maker's price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// The resting order.
    pub maker: OrderId,
    /// The arriving order.
    pub taker: OrderId,
    /// Where.
    pub instrument: InstrumentId,
    /// Whose the resting order is.
    pub maker_account: AccountId,
    /// Whose the arriving order is.
    pub taker_account: AccountId,
    /// The maker's price.
    pub price: PriceTicks,
    /// How much changed hands.
    pub quantity: QuantityLots,
    /// What is left of the maker; zero: it is gone.
    pub maker_remaining: QuantityLots,
    /// What is left of the taker; zero: it is filled.
    pub taker_remaining: QuantityLots,
    /// Which way the taker traded.
    pub taker_side: Side,
}

/// Why an order, or the rest of one, ended without trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CancelCause {
    /// Its owner asked.
    Requested = 0,
    /// Its owner asked for all orders to end.
    MassCancel = 1,
    /// It was replaced by another.
    Replaced = 2,
    /// A reduction took all of it.
    Reduced = 3,
    /// The rest of an IOC or market order.
    Immediate = 4,
    /// It met an order of its own account.
    SelfTrade = 5,
    /// Its time was up.
    Expired = 6,
    /// The kill switch.
    Killed = 7,
}

/// Everything that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A fill.
    Trade(Trade),
    /// An order, or the rest of one, joined the book.
    Rested {
        /// Which.
        order: OrderId,
        /// Where.
        instrument: InstrumentId,
        /// Whose.
        account: AccountId,
        /// Which way.
        side: Side,
        /// At what price.
        price: PriceTicks,
        /// How much.
        quantity: QuantityLots,
    },
    /// An order left the book, or the rest of an order that never rested was dropped.
    Cancelled {
        /// Which.
        order: OrderId,
        /// Where.
        instrument: InstrumentId,
        /// Whose.
        account: AccountId,
        /// Which way.
        side: Side,
        /// Its limit price. For a market order the bound it was given.
        price: PriceTicks,
        /// How much of it was left.
        quantity: QuantityLots,
        /// Why.
        cause: CancelCause,
        /// True where the quantity stood in the book, false where it never rested.
        rested: bool,
    },
    /// A resting order became smaller and kept its place.
    Reduced {
        /// Which.
        order: OrderId,
        /// Where.
        instrument: InstrumentId,
        /// Whose.
        account: AccountId,
        /// Which way.
        side: Side,
        /// Its price.
        price: PriceTicks,
        /// How much was taken off.
        by: QuantityLots,
        /// What is left, never zero.
        remaining: QuantityLots,
    },
    /// A command changed nothing.
    Rejected {
        /// The order concerned, with the id that it has or would have had; zero where the command names none or could not be
        /// read.
        order: OrderId,
        /// Where, if the command says.
        instrument: InstrumentId,
        /// Whose, if the command says.
        account: AccountId,
        /// The first reason that applied, in the documented order.
        reason: RejectReason,
    },
    /// An account was credited.
    Deposited {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
        /// How much.
        amount: Amount,
    },
    /// An account was debited.
    Withdrawn {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
        /// How much.
        amount: Amount,
    },
    /// An account was opened, or moved to another tier.
    AccountTierSet {
        /// Whose.
        account: AccountId,
        /// Which tier.
        tier: u8,
    },
    /// A tier was defined or changed.
    TierDefined {
        /// Which.
        tier: u8,
    },
    /// An instrument was listed.
    InstrumentListed {
        /// Which.
        instrument: InstrumentId,
    },
    /// A part of the venue was halted, killed or opened.
    TradingStateSet {
        /// Which part.
        scope: Scope,
        /// What may happen there from now on.
        state: TradingState,
    },
    /// Time passed. The one event of a tick that ended nothing, so that whoever follows the events alone learns of it.
    Ticked,
    /// A request came again under its idempotency key. Nothing was done: what it did the first time stands.
    Repeated {
        /// Whose.
        account: AccountId,
        /// The position in the log of the command that was carried out, or rejected, under this key.
        original: Sequence,
    },
    /// Every [`Event::CHECKPOINT_EVERY`] events: the digest of the state after the event before this one.
    Checkpoint {
        /// Events so far, this one not counted.
        events: u64,
        /// The state hash.
        state_hash: u64,
    },
}

impl Event {
    /// How many events lie between two checkpoints, each with a state hash; it comes after a full recount, unless there is so
    /// much to count that this waits for a later one.
    pub const CHECKPOINT_EVERY: u64 = 1_000;
}

// An event is copied on the hot path; three quarters of a cache line is what the largest one, a trade, needs.
const _: () = assert!(size_of::<Event>() == 48);
