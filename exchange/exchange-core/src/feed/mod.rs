//! Market data: depth, trades, candles, statistics and trading states, as a fold of the events and of nothing else.
//!
//! It never looks into a book, so that whoever has the events can make the same market data, and whoever doubts them can
//! check them against the book. It does not publish: a [`FeedSink`] takes what comes out, and who is slow is the sink's
//! matter. A newcomer needs to know one thing: depth is announced once for each command, with the sequence number of the
//! update before, so that [`DepthBook`] notices when one is missing.

mod candle;
mod depth;
mod depth_book;
mod error;
mod fold;
mod instrument;
mod levels;
mod snapshot;
mod statistics;
mod trades;

use exchange_types::{InstrumentId, Sequence, TimestampNs};

pub use candle::{Candle, Interval};
pub use depth::{DepthSnapshot, DepthUpdate, LevelChange};
pub use depth_book::{DepthBook, DepthBookError, Taken};
pub use error::{FeedError, SnapshotError, SnapshotFault};
pub use fold::Feed;
pub use levels::{LEVELS_MAX, Level, LevelError};
pub use statistics::Statistics;
pub use trades::{RECENT_TRADES_MAX, TradePrint};

/// Most instruments that a feed keeps: each holds up to a megabyte of candles and trades, and a gigabyte is enough.
pub const INSTRUMENTS_MAX: usize = 1_024;

/// What an event says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventHeader {
    /// The event's position in the stream of events.
    pub sequence: Sequence,
    /// The position in the log of the command that made it. Events of one command follow one another.
    pub command: Sequence,
    /// When, by the clock of the log.
    pub time: TimestampNs,
}

/// Takes what the feed says, in the order in which it says it.
pub trait FeedSink {
    /// Something traded.
    fn trade(&mut self, print: &TradePrint);

    /// A command has changed the depth of an instrument.
    fn depth(&mut self, update: &DepthUpdate<'_>);

    /// An interval with trades in it is over.
    fn candle(&mut self, instrument: InstrumentId, interval: Interval, candle: &Candle);
}
