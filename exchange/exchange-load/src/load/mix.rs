//! What each connection asks for: orders that rest, orders that cross, cancels.
//!
//! Buyers and sellers are different accounts, so nobody meets himself. Orders that cross have the quantity of those that rest, so
//! that each takes about one and the book stays as large as it is.

use std::collections::VecDeque;

use crate::client::api::Order;
use crate::client::{Placed, Trader};
use crate::flow::Random;

/// The market that everybody trades in.
const MARKET: &str = "BTC-USD";

/// The price around which everything happens, in cents: the reference price of the embedded markets file.
const MIDDLE_CENTS: u64 = 6_000_000;

/// How far from the middle orders rest, in cents.
const DISTANCE_CENTS: u64 = 50;

/// How many resting orders a connection remembers so that it can cancel them. Beyond that it cancels before it adds, so that no
/// account comes to the bound of its tier.
const LIVE_MAX: usize = 64;

/// Shares of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    /// Orders that cross.
    pub crossing: u64,
    /// Cancels.
    pub cancels: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self { crossing: 30, cancels: 30 }
    }
}

impl Mix {
    /// Half of the orders rest, the other half take them.
    pub const ORDERS: Self = Self { crossing: 50, cancels: 0 };
}

/// What one request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rest,
    Cross,
    Cancel,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rest => "order to rest",
            Self::Cross => "order to cross",
            Self::Cancel => "cancel",
        }
    }
}

/// One who asks, over a connection of his own.
#[derive(Debug)]
pub(super) struct Asker {
    trader: Trader,
    mix: Mix,
    random: Random,
    /// Ids of orders that rest or did, oldest first.
    live: VecDeque<u64>,
    body: String,
}

impl Asker {
    pub(super) fn new(trader: Trader, mix: Mix, seed: u64) -> Self {
        Self { trader, mix, random: Random::new(seed), live: VecDeque::new(), body: String::new() }
    }

    /// The next request.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Kind {
        let drawn = self.random.below(100);
        let full = self.mix.cancels > 0 && self.live.len() >= LIVE_MAX;
        if (full || drawn < self.mix.cancels)
            && let Some(order) = self.live.pop_front()
        {
            self.trader.cancel(order, None, &mut self.body, out);
            return Kind::Cancel;
        }
        let kind = if drawn < self.mix.cancels + self.mix.crossing { Kind::Cross } else { Kind::Rest };
        let distance = self.random.below(DISTANCE_CENTS) + 1;
        let buys = self.trader.account.is_multiple_of(2);
        let above = buys == (kind == Kind::Cross);
        let order = Order {
            market: MARKET,
            side: if buys { "buy" } else { "sell" },
            price_cents: if above { MIDDLE_CENTS + distance } else { MIDDLE_CENTS - distance },
            quantity: 10,
        };
        self.trader.place(&order, None, &mut self.body, out);
        kind
    }

    /// Remembers an order; returns its id, if the answer has one.
    pub(super) fn answered(&mut self, kind: Kind, body: &[u8]) -> Option<u64> {
        if kind == Kind::Cancel {
            return None;
        }
        let order = Placed::read(body)?.number()?;
        if kind == Kind::Rest && self.mix.cancels > 0 {
            self.live.push_back(order);
        }
        Some(order)
    }
}
