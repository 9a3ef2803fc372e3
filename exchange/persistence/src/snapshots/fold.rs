//! What the follower folds the log into: the venue and its market data.

use std::sync::Arc;

use exchange_core::feed::{Candle, DepthUpdate, EventHeader, Feed, FeedSink, Interval, TradePrint};
use exchange_core::matching::BookMaker;
use exchange_core::{Digest, Engine, FastEngine};
use exchange_service::log::Record;
use exchange_service::snapshot::{Fold, RestoreError};
use exchange_types::{CommandHeader, Event, EventBuffer, InstrumentId, Sequence, TimestampNs};

use super::Checkpoints;

/// How long the length before each part is, in bytes.
const LENGTH_BYTES: usize = 8;

/// A part of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Balances, orders, instruments.
    Engine,
    /// Depth, trades, candles.
    Feed,
}

/// The venue as a fold of the log.
#[derive(Debug)]
pub(crate) struct Venue {
    engine: FastEngine,
    feed: Feed,
    events: EventBuffer,
    checkpoints: Arc<Checkpoints>,
}

impl Venue {
    /// The venue before the first record. It says its checkpoints to `checkpoints`.
    pub(crate) fn new(checkpoints: Arc<Checkpoints>) -> Self {
        let engine = Engine::new(BookMaker::fast());
        Self { engine, feed: Feed::new(), events: EventBuffer::new(), checkpoints }
    }

    /// The time of the last record.
    pub(crate) fn time(&self) -> TimestampNs {
        self.engine.time()
    }
}

/// Nobody listens: only the state counts.
struct Nobody;

impl FeedSink for Nobody {
    fn trade(&mut self, _: &TradePrint) {}
    fn depth(&mut self, _: &DepthUpdate<'_>) {}
    fn candle(&mut self, _: InstrumentId, _: Interval, _: &Candle) {}
}

impl Fold for Venue {
    fn apply(&mut self, record: &Record<'_>) -> u64 {
        self.events.clear();
        let header = CommandHeader { sequence: record.sequence, time: record.time };
        let first = self.engine.events();
        self.engine.apply_encoded(&header, record.payload, &mut self.events);
        for (number, event) in (first + 1..).zip(&self.events) {
            if let Event::Checkpoint { state_hash, .. } = *event {
                self.checkpoints.folded(number, state_hash);
            }
            let header =
                EventHeader { sequence: Sequence(number), command: record.sequence, time: record.time };
            if let Err(error) = self.feed.apply(&header, event, &mut Nobody) {
                // Invariant: the engine makes no event that its own feed cannot follow.
                panic!("record {}: the feed does not follow the engine: {error}", record.sequence);
            }
        }
        self.feed.end_command(&mut Nobody);
        self.events.len() as u64
    }

    fn snapshot(&self, out: &mut Vec<u8>) {
        put_part(out, |out| self.engine.snapshot(out));
        put_part(out, |out| match self.feed.snapshot() {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(error) => unreachable!("`apply` ends every command: {error}"),
        });
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), RestoreError> {
        let engine = part_of(snapshot, Part::Engine)?;
        self.engine = Engine::restore(BookMaker::fast(), engine).map_err(|error| RestoreError {
            offset: (LENGTH_BYTES + error.offset) as u64,
            reason: error.fault.to_string(),
        })?;
        let feed = part_of(snapshot, Part::Feed)?;
        self.feed = Feed::restore(feed).map_err(|error| RestoreError {
            offset: (2 * LENGTH_BYTES + engine.len() + error.offset) as u64,
            reason: error.fault.to_string(),
        })?;
        if self.feed.sequence().0 == self.engine.events() {
            return Ok(());
        }
        let reason = format!(
            "the feed ends with event {}, the engine with event {}",
            self.feed.sequence(),
            self.engine.events()
        );
        Err(RestoreError { offset: 0, reason })
    }

    fn state_hash(&self) -> u64 {
        let mut digest = Digest::new();
        digest.word(self.engine.state_hash());
        digest.word(self.feed.state_hash());
        digest.end_record();
        digest.value()
    }
}

fn put_part(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    write(out);
    let length = (out.len() - start - LENGTH_BYTES) as u64;
    out[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
}

/// One part of a snapshot's state. Both must be there and nothing behind them.
pub(crate) fn part_of(state: &[u8], part: Part) -> Result<&[u8], RestoreError> {
    let (engine, rest) = split(state, 0)?;
    let (feed, rest) = split(rest, LENGTH_BYTES + engine.len())?;
    if !rest.is_empty() {
        let reason = format!("found {} bytes behind the feed", rest.len());
        return Err(RestoreError { offset: (state.len() - rest.len()) as u64, reason });
    }
    Ok(match part {
        Part::Engine => engine,
        Part::Feed => feed,
    })
}

fn split(bytes: &[u8], offset: usize) -> Result<(&[u8], &[u8]), RestoreError> {
    let short = || RestoreError { offset: offset as u64, reason: "the state is cut short".into() };
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or_else(short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| short())?;
    rest.split_at_checked(length).ok_or_else(short)
}
