//! What market data costs: the events of an order-flow file through the feed, and its updates through a consumer.
//!
//! The book that makes the events is not timed. A newcomer needs to know one thing: the end is compared with the book, so a
//! figure is never that of a feed that went wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use exchange_core::book::index::OpaqueIndex;
use exchange_core::book::{FastBook, OrderBook};
use exchange_core::feed::{
    Candle, DepthBook, DepthSnapshot, DepthUpdate, EventHeader, Feed, FeedError, FeedSink, Interval, Level,
    LevelChange, SnapshotError, TradePrint,
};
use exchange_types::{Event, EventBuffer, InstrumentId, PriceTicks, Sequence, Side, TimestampNs};

use crate::commands::Decoder;
use crate::flow::{Flow, Record};
use crate::replay::thread_time;

const INSTRUMENT: InstrumentId = InstrumentId(0);
/// Commands between two looks at the clock.
const CHUNK: usize = 4_096;
/// Time from one command to the next: a million commands in a second.
const STEP_NS: u64 = 1_000;
/// The first command's time: an ordinary one, so that candles begin at ordinary places.
const START_NS: u64 = 1_700_000_000_000_000_000;

/// What a file's events cost the feed.
#[derive(Debug, Clone, Copy)]
pub struct FeedCost {
    /// Timed events: those after the prefill.
    pub events: u64,
    /// Updates of depth among what the feed said to them.
    pub updates: u64,
    /// Processor time of the feed.
    pub feed: Duration,
    /// Processor time of a consumer that took the updates.
    pub consumer: Duration,
    /// Levels on both sides at the end.
    pub levels: usize,
    /// Bytes of the snapshot at the end.
    pub snapshot_bytes: usize,
    /// Processor time to make that snapshot and to restore it.
    pub snapshot: Duration,
}

/// Why a measurement is none.
#[derive(Debug, thiserror::Error)]
pub enum FeedCostError {
    /// The feed refused an event of the book.
    #[error("the feed refused an event")]
    Refused(#[from] FeedError),
    /// The feed refused its own snapshot.
    #[error("the feed refused its own snapshot")]
    Snapshot(#[from] SnapshotError),
    /// What events made is not what the book has.
    #[error("{0} does not have the levels of the book")]
    Differs(&'static str),
}

/// The updates of a chunk, in memory that is reused.
#[derive(Default)]
struct Updates {
    updates: Vec<(Sequence, Sequence, usize)>,
    changes: Vec<LevelChange>,
}

impl FeedSink for Updates {
    fn trade(&mut self, print: &TradePrint) {
        std::hint::black_box(print);
    }

    fn depth(&mut self, update: &DepthUpdate<'_>) {
        self.changes.extend_from_slice(update.changes);
        self.updates.push((update.seq, update.prev_seq, self.changes.len()));
    }

    fn candle(&mut self, _: InstrumentId, _: Interval, candle: &Candle) {
        std::hint::black_box(candle);
    }
}

/// The venue: a book, and the events of one chunk of commands.
struct Source {
    book: FastBook<OpaqueIndex>,
    decoder: Decoder,
    events: EventBuffer,
    stamped: Vec<(EventHeader, Event)>,
    sequence: Sequence,
    command: Sequence,
}

impl Source {
    /// Carries out commands; their events are in `stamped` afterwards.
    fn run(&mut self, records: &[Record]) {
        self.stamped.clear();
        for record in records {
            self.events.clear();
            self.book.apply(&self.decoder.command(record), &mut self.events);
            self.command = self.command.next();
            let time = TimestampNs(START_NS + self.command.0 * STEP_NS);
            for event in &self.events {
                self.sequence = self.sequence.next();
                let header = EventHeader { sequence: self.sequence, command: self.command, time };
                self.stamped.push((header, *event));
            }
        }
    }

    /// All levels, by looking at every order.
    fn levels(&self, side: Side) -> Vec<Level> {
        let mut levels: BTreeMap<PriceTicks, (u64, u32)> = BTreeMap::new();
        self.book.visit(&mut |order| {
            if order.side == side {
                let level = levels.entry(order.price).or_default();
                *level = (level.0 + u64::from(order.remaining.0), level.1 + 1);
            }
        });
        let ascending =
            levels.into_iter().map(|(price, (quantity, orders))| Level { price, quantity, orders });
        if side == Side::Buy { ascending.rev().collect() } else { ascending.collect() }
    }
}

/// Sends the events of a file through a feed and a consumer, and measures the part after the prefill.
///
/// # Errors
/// [`FeedCostError`], each a bug of the feed or of the book.
pub fn measure(flow: &Flow) -> Result<FeedCost, FeedCostError> {
    let mut source = Source {
        book: FastBook::new(INSTRUMENT, OpaqueIndex::default(), 0),
        decoder: Decoder::new(flow.header.self_trade_prevention),
        events: EventBuffer::new(),
        stamped: Vec::new(),
        sequence: Sequence(1),
        command: Sequence(1),
    };
    let (mut feed, mut said) = (Feed::new(), Updates::default());
    let listed = Event::InstrumentListed { instrument: INSTRUMENT };
    let header = EventHeader { sequence: Sequence(1), command: Sequence(1), time: TimestampNs(START_NS) };
    feed.apply(&header, &listed, &mut said)?;
    let empty = DepthSnapshot { instrument: INSTRUMENT, seq: Sequence(0), bids: vec![], asks: vec![] };
    let mut consumer = DepthBook::from_snapshot(&empty).map_err(|_| FeedCostError::Differs("a consumer"))?;

    let (mut events, mut updates) = (0, 0);
    let (mut feed_time, mut consumer_time) = (Duration::ZERO, Duration::ZERO);
    let (prefill, timed) = flow.parts();
    for (part, counts) in [(prefill, false), (timed, true)] {
        for chunk in part.chunks(CHUNK) {
            source.run(chunk);
            said.updates.clear();
            said.changes.clear();
            let start = thread_time();
            for (header, event) in &source.stamped {
                feed.apply(header, event, &mut said)?;
            }
            feed.end_command(&mut said);
            let middle = thread_time();
            consume(&mut consumer, &said)?;
            let end = thread_time();
            if counts {
                events += source.stamped.len() as u64;
                updates += said.updates.len() as u64;
                feed_time += middle.saturating_sub(start);
                consumer_time += end.saturating_sub(middle);
            }
        }
    }

    let start = thread_time();
    let bytes = feed.snapshot()?;
    let restored = Feed::restore(&bytes)?;
    let snapshot = thread_time().saturating_sub(start);
    let mut levels = 0;
    for side in [Side::Buy, Side::Sell] {
        let expected = source.levels(side);
        levels += expected.len();
        if !restored.levels(INSTRUMENT, side).eq(expected.iter().copied()) {
            return Err(FeedCostError::Differs("the feed"));
        }
        if !consumer.levels(side).eq(expected) {
            return Err(FeedCostError::Differs("a consumer"));
        }
    }
    Ok(FeedCost {
        events,
        updates,
        feed: feed_time,
        consumer: consumer_time,
        levels,
        snapshot_bytes: bytes.len(),
        snapshot,
    })
}

fn consume(consumer: &mut DepthBook, said: &Updates) -> Result<(), FeedCostError> {
    let mut from = 0;
    for &(seq, prev_seq, to) in &said.updates {
        let changes = &said.changes[from..to];
        let update = DepthUpdate { instrument: INSTRUMENT, seq, prev_seq, changes };
        consumer.apply(&update).map_err(|_| FeedCostError::Differs("a consumer"))?;
        from = to;
    }
    Ok(())
}
