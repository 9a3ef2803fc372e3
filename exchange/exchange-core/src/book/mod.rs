//! The order book of one instrument: price-time priority, in two implementations that agree after every command.
//!
//! A book knows ticks, lots and ids. It knows nothing of money, of limits, or of who may ask for what: risk has decided that
//! before. A newcomer needs to know one thing: `ReferenceBook` is the specification one can read, `FastBook` the one that
//! runs, and the differential test holds them together.

mod fast;
pub mod index;
mod reference;

pub use fast::FastBook;
pub use reference::ReferenceBook;

use exchange_types::{
    AccountId, CancelCause, EventBuffer, OrderId, OrderType, PriceTicks, QuantityLots, SelfTradePrevention,
    Side, TimeInForce, TimestampNs,
};

use crate::Digest;

/// An order as it comes to the book, in ticks and lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its id. The book rejects that of an order it holds.
    pub id: OrderId,
    /// Whose it is; only self-trade prevention looks at it.
    pub account: AccountId,
    /// The worst price it may trade at, in a market order too ([`PriceTicks::HIGHEST`] or `LOWEST`: any).
    pub price: PriceTicks,
    /// How much. Not zero.
    pub quantity: QuantityLots,
    /// When a GTD order ends.
    pub expires_at: TimestampNs,
    /// Which way.
    pub side: Side,
    /// Limit, market or post-only.
    pub order_type: OrderType,
    /// How long it lives. A market order never rests, whatever stands here.
    pub time_in_force: TimeInForce,
    /// What happens when it meets an order of its own account.
    pub self_trade: SelfTradePrevention,
}

impl Order {
    /// Whether what is left of it may join the book.
    #[inline]
    #[must_use]
    pub const fn may_rest(&self) -> bool {
        !matches!(self.order_type, OrderType::Market)
            && matches!(self.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd)
    }
}

/// What a book can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookCommand {
    /// Match an order; what may rest, rests.
    Submit(Order),
    /// Take an order off the book.
    Cancel {
        /// Which.
        order: OrderId,
        /// What the event will say.
        cause: CancelCause,
    },
    /// Take some quantity off an order, which keeps its place; all of it or more cancels it.
    Reduce {
        /// Which.
        order: OrderId,
        /// How much.
        by: QuantityLots,
    },
    /// Cancel an order and submit a plain limit order with its side, account, self-trade choice and expiry.
    Replace {
        /// Which.
        order: OrderId,
        /// The id of the new order.
        new_order: OrderId,
        /// The price of the new order.
        price: PriceTicks,
        /// The quantity of the new order. Not zero.
        quantity: QuantityLots,
    },
}

/// An order in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestingOrder {
    /// Its id.
    pub id: OrderId,
    /// Whose it is.
    pub account: AccountId,
    /// At what price it rests.
    pub price: PriceTicks,
    /// What is left of it.
    pub remaining: QuantityLots,
    /// Which way.
    pub side: Side,
    /// Its self-trade choice, which a replacement inherits.
    pub self_trade: SelfTradePrevention,
    /// When it ends; zero: when it is cancelled or filled.
    pub expires_at: TimestampNs,
}

impl RestingOrder {
    /// The order that takes its place when it is replaced: a plain limit order that inherits what a replacement cannot say.
    #[inline]
    #[must_use]
    pub fn replacement(&self, id: OrderId, price: PriceTicks, quantity: QuantityLots) -> Order {
        let expires = self.expires_at != TimestampNs(0);
        Order {
            id,
            account: self.account,
            price,
            quantity,
            expires_at: self.expires_at,
            side: self.side,
            order_type: OrderType::Limit,
            time_in_force: if expires { TimeInForce::Gtd } else { TimeInForce::Gtc },
            self_trade: self.self_trade,
        }
    }
}

/// What both books can do.
///
/// Events of a submitted order come in this order: a reject alone; or the fills and the makers that self-trade prevention
/// cancelled, in the order in which the taker met them, then at most one of [`Event::Rested`] or [`Event::Cancelled`] for what
/// is left of the taker. A replacement says [`Event::Cancelled`] for the old order first. An order id the book does not hold,
/// or an id for a new order that it does hold, is rejected and changes nothing; the reject names that id. An order cannot be
/// replaced by one of its own id.
pub trait OrderBook {
    /// Carries out one command and appends what happened to `events`.
    fn apply(&mut self, command: &BookCommand, events: &mut EventBuffer);

    /// Cancels every order whose expiry is not after `now`, in the order of (expiry, id).
    fn expire(&mut self, now: TimestampNs, events: &mut EventBuffer);

    /// The time at which the next order ends, or an earlier one; `u64::MAX`: none of them ends by itself.
    fn next_expiry(&self) -> TimestampNs {
        TimestampNs(0)
    }

    /// Starts to load the place where this id is found or added. A hint: it changes nothing, and may do nothing.
    fn prefetch_place(&self, _order: OrderId) {}

    /// Starts to load the order with this id, for which the place should have been loaded some commands ago. A hint too.
    fn prefetch_order(&self, _order: OrderId) {}

    /// The order with this id.
    fn order(&self, order: OrderId) -> Option<RestingOrder>;

    /// The best price of a side.
    fn best(&self, side: Side) -> Option<PriceTicks>;

    /// How many orders rest.
    fn live_orders(&self) -> usize;

    /// Shows every resting order: bids by ascending price and, inside a price, in the order of their priority; then asks alike.
    fn visit(&self, see: &mut dyn FnMut(&RestingOrder));

    /// The digest of every resting order in the order of [`visit`](Self::visit): equal books have equal hashes.
    fn state_hash(&self) -> u64 {
        let mut digest = Digest::new();
        self.visit(&mut |order| {
            digest.word(order.side as u64);
            digest.word(u64::from(order.price.0));
            digest.word(order.id.0);
            digest.word(u64::from(order.remaining.0));
            digest.word(u64::from(order.account.0));
            digest.word(order.self_trade as u64);
            digest.word(order.expires_at.0);
            digest.end_record();
        });
        digest.value()
    }
}
