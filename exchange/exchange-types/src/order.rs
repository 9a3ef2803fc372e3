//! What an order says beside price and quantity.

/// Which way an order trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Side {
    /// Bids for the base asset.
    Buy = 0,
    /// Offers the base asset.
    Sell = 1,
}

impl Side {
    /// The other side.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// What an order does about its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OrderType {
    /// Trades at its price or better; what is left may rest.
    Limit = 0,
    /// Trades at whatever price the book has, within the price band; never rests.
    Market = 1,
    /// Rests or is rejected: it never takes.
    PostOnly = 2,
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimeInForce {
    /// Good till cancelled.
    Gtc = 0,
    /// Immediate or cancel: what does not trade at once is dropped.
    Ioc = 1,
    /// Fill or kill: trades whole and at once, or not at all.
    Fok = 2,
    /// Good till date: cancelled at the first event time that is not before its expiry.
    Gtd = 3,
}

/// What happens when an order meets a resting order of its own account. The taker's choice counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SelfTradePrevention {
    /// The taker's rest is cancelled, the maker stays.
    #[default]
    CancelTaker = 0,
    /// The maker is cancelled, the taker goes on.
    CancelMaker = 1,
    /// Both are cancelled.
    CancelBoth = 2,
}
