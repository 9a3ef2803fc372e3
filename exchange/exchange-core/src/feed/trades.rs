//! The public print of a trade, and the last of them.

use std::collections::VecDeque;

use exchange_types::{InstrumentId, PriceTicks, QuantityLots, Sequence, Side, TimestampNs};

/// Recent trades kept for each instrument: more than a screen shows or a request returns; the journal has them all.
pub const RECENT_TRADES_MAX: usize = 1_000;

/// What the public learns of a fill: no order, no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradePrint {
    /// The trade's id: the sequence number of its event.
    pub id: Sequence,
    /// When.
    pub time: TimestampNs,
    /// Where.
    pub instrument: InstrumentId,
    /// At what price.
    pub price: PriceTicks,
    /// How much.
    pub quantity: QuantityLots,
    /// Which way the taker traded.
    pub taker_side: Side,
}

/// The last trades of one instrument, the newest at the end.
#[derive(Debug, Clone)]
pub(super) struct RecentTrades(VecDeque<TradePrint>);

impl RecentTrades {
    pub(super) fn new() -> Self {
        Self(VecDeque::with_capacity(RECENT_TRADES_MAX))
    }

    #[inline]
    pub(super) fn push(&mut self, print: TradePrint) {
        if self.0.len() >= RECENT_TRADES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(print);
    }

    pub(super) fn last(&self) -> Option<&TradePrint> {
        self.0.back()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &TradePrint> {
        self.0.iter()
    }
}
