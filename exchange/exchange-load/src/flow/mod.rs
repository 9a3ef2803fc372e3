//! Order-flow files in the format `LOBWL001`: what one holds, how it is read and written, how one is made.
//!
//! What a record does to a book is not decided here but in the matchers. A newcomer needs to know one thing: a [`Record`]
//! exists only in valid form, because reading refuses everything else with the offset and the reason.

mod describe;
mod file;
mod generate;
mod random;

pub use describe::Description;
pub use file::{FlowError, Problem};
pub use generate::{Ids, Mix, generate};
pub use random::{Random, scrambled};

use exchange_types::{AccountId, OrderId, PriceTicks, QuantityLots, Side};

/// What a record asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Operation {
    /// A limit order, good till cancelled. It may cross.
    Limit = 0,
    /// Take an order off the book.
    Cancel = 1,
    /// A limit order whose rest is dropped.
    ImmediateOrCancel = 2,
    /// Cancel an order and submit another in its stead.
    Replace = 3,
    /// Take some quantity off an order.
    Reduce = 4,
    /// An order at any price whose rest is dropped.
    Market = 5,
    /// A limit order that trades whole or not at all.
    FillOrKill = 6,
    /// A limit order that is rejected where it would trade.
    PostOnly = 7,
}

impl Operation {
    /// All of them, each at the index of its number.
    pub const ALL: [Self; 8] = [
        Self::Limit,
        Self::Cancel,
        Self::ImmediateOrCancel,
        Self::Replace,
        Self::Reduce,
        Self::Market,
        Self::FillOrKill,
        Self::PostOnly,
    ];

    /// The operation with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// True where the record's own id is that of a new order.
    #[must_use]
    pub const fn submits(self) -> bool {
        !matches!(self, Self::Cancel | Self::Replace | Self::Reduce)
    }

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "GTC limit",
            Self::Cancel => "cancel",
            Self::ImmediateOrCancel => "IOC limit",
            Self::Replace => "replace",
            Self::Reduce => "reduce",
            Self::Market => "market",
            Self::FillOrKill => "FOK limit",
            Self::PostOnly => "post-only",
        }
    }
}

/// One command of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The order concerned; in a replacement the old one.
    pub order: OrderId,
    /// In a replacement the id of the new order, zero elsewhere.
    pub new_order: OrderId,
    /// Limit price; zero in a market order.
    pub price: PriceTicks,
    /// How much; in a reduction how much to take off, zero in a cancel.
    pub quantity: QuantityLots,
    /// Whose; to be ignored unless the header switches self-trade prevention on.
    pub account: AccountId,
    /// What to do.
    pub operation: Operation,
    /// Which way.
    pub side: Side,
}

// A stream of millions of records lies in memory while it is replayed; as here, so in the file.
const _: () = assert!(size_of::<Record>() == Record::BYTES);

/// What stands before the records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header {
    /// True: an order that meets one of its own account has its rest cancelled.
    pub self_trade_prevention: bool,
    /// How many of the first records build the book; replays time only the rest.
    pub prefill: u64,
    /// The lowest price of any limit order, in ticks.
    pub lowest_price: i32,
    /// The highest price of any limit order, in ticks.
    pub highest_price: i32,
    /// The highest id of any new order; zero: ids are opaque.
    pub highest_id: u64,
    /// What the generator was seeded with.
    pub seed: u64,
    /// The most orders that rested at any time.
    pub peak_live: u64,
}

/// A whole file in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// What stands before the records.
    pub header: Header,
    /// The stream.
    pub records: Vec<Record>,
}

impl Flow {
    /// The records that build the book, and those that are timed.
    #[must_use]
    pub fn parts(&self) -> (&[Record], &[Record]) {
        let prefill = usize::try_from(self.header.prefill).unwrap_or(usize::MAX);
        self.records.split_at(prefill.min(self.records.len()))
    }
}
