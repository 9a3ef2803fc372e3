//! What can be wrong with events and with snapshots of a feed.

use exchange_types::{InstrumentId, PriceTicks, Sequence, Side};

use super::LevelError;

/// An event that cannot follow what the feed has seen. It was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// Events are missing, or this one was applied already.
    #[error("found event {found} where event {expected} was expected")]
    Gap {
        /// The next event.
        expected: Sequence,
        /// What came.
        found: Sequence,
    },
    /// The instrument was never listed.
    #[error("event {sequence} names instrument {instrument}, which was never listed")]
    UnknownInstrument {
        /// The event.
        sequence: Sequence,
        /// The instrument.
        instrument: InstrumentId,
    },
    /// Instruments are listed in the order of their numbers.
    #[error("event {sequence} lists instrument {instrument} where instrument {expected} comes next")]
    ListedOutOfOrder {
        /// The event.
        sequence: Sequence,
        /// The instrument.
        instrument: InstrumentId,
        /// The next number.
        expected: InstrumentId,
    },
    /// The venue lists more instruments than a feed keeps.
    #[error("event {sequence} lists more than {} instruments", super::INSTRUMENTS_MAX)]
    TooManyInstruments {
        /// The event.
        sequence: Sequence,
    },
    /// The event contradicts the depth that the events before it made.
    #[error("event {sequence} contradicts the depth of instrument {instrument} at {side:?} {}", price.0)]
    Level {
        /// The event.
        sequence: Sequence,
        /// The instrument.
        instrument: InstrumentId,
        /// The side of the level.
        side: Side,
        /// Its price.
        price: PriceTicks,
        /// What is wrong.
        source: LevelError,
    },
    /// Depth and snapshots exist between commands; call [`Feed::end_command`](super::Feed::end_command) first.
    #[error("a command is being applied; depth is complete when it has ended")]
    InsideCommand,
}

/// Why bytes are not the snapshot of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("snapshot of a feed, byte {offset}: {fault}")]
pub struct SnapshotError {
    /// Where the fault was found, in bytes from the start.
    pub offset: usize,
    /// What is wrong there.
    pub fault: SnapshotFault,
}

/// What can be wrong with a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotFault {
    /// It does not begin as one.
    #[error("these bytes are not a snapshot of a feed, or one of another version")]
    Foreign,
    /// It is shorter or longer than it says.
    #[error("found {found} bytes, expected {expected}")]
    Length {
        /// As it says.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// The state hash at its end is not that of its contents.
    #[error("the state hash does not match the contents")]
    Hash,
    /// A number is larger than its field or its ceiling.
    #[error("{field} is {found}, at most {limit} is possible")]
    AboveLimit {
        /// Which number.
        field: &'static str,
        /// As it is.
        found: u64,
        /// The largest.
        limit: u64,
    },
    /// Things that ascend do not, or one that cannot be empty is, or a candle contradicts itself.
    #[error("{0} contradict one another")]
    Contradiction(&'static str),
}
