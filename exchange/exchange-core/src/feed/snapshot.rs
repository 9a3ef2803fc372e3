//! The state of a feed as bytes, and its state hash: one walk over the state serves both.
//!
//! A snapshot is a row of 64-bit words, the lowest byte first: a magic number, its length in bytes, the state, and the state
//! hash. Prices and counts of 32 bits go two to a word. What is computed from the rest, such as the sums of the 24 hours, is
//! not stored. The last byte of the magic number is the version.

use exchange_types::{InstrumentId, PriceTicks, QuantityLots, Sequence, Side, TimestampNs, TradingState};

use crate::Digest;

use super::candle::{Candle, Interval, Series};
use super::depth::Depth;
use super::error::{FeedError, SnapshotError, SnapshotFault};
use super::fold::Feed;
use super::instrument::InstrumentFeed;
use super::levels::{LEVELS_MAX, Levels, Total};
use super::trades::{RECENT_TRADES_MAX, RecentTrades, TradePrint};
use super::{INSTRUMENTS_MAX, candle};

const MAGIC: u64 = u64::from_le_bytes(*b"XCHFEED\x02");
const WORD_BYTES: usize = size_of::<u64>();
/// Magic number and length before the state, the hash after it.
const FRAME_WORDS: usize = 3;

impl Feed {
    /// The digest of the whole state. Feeds with equal hashes say the same from here on.
    ///
    /// Inside a command it does not cover what is not announced yet.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut digest = Digest::new();
        self.visit_words(&mut |word| {
            digest.word(word);
            digest.end_record();
        });
        digest.value()
    }

    /// The state as bytes, for [`restore`](Self::restore). Its length is bounded by the ceilings of what a feed keeps.
    ///
    /// # Errors
    /// [`FeedError::InsideCommand`].
    pub fn snapshot(&self) -> Result<Vec<u8>, FeedError> {
        if self.is_inside_command() {
            return Err(FeedError::InsideCommand);
        }
        let mut words = FRAME_WORDS;
        self.visit_words(&mut |_| words = words.saturating_add(1));
        let length = words.saturating_mul(WORD_BYTES);
        let mut bytes = Vec::with_capacity(length);
        let mut put = |word: u64| bytes.extend_from_slice(&word.to_le_bytes());
        put(MAGIC);
        put(length as u64);
        self.visit_words(&mut put);
        put(self.state_hash());
        Ok(bytes)
    }

    /// The feed that a snapshot was made of. It goes on with the event after [`sequence`](Self::sequence).
    ///
    /// # Errors
    /// The first fault and where it is: first the frame and the hash are checked, then each field.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut reader = Reader::open(bytes)?;
        let mut feed = Self::new();
        feed.sequence = Sequence(reader.word()?);
        feed.command = Sequence(reader.word()?);
        feed.now = TimestampNs(reader.word()?);
        feed.next_second = Self::second_after(feed.now);
        let count = reader.count("the number of instruments", INSTRUMENTS_MAX)?;
        for number in (0_u32..).take(count) {
            let instrument = read_instrument(&mut reader, &feed, InstrumentId(number))?;
            feed.instruments.push(instrument);
        }
        feed.state = read_state(&mut reader)?;
        reader.close()?;
        Ok(feed)
    }

    fn visit_words(&self, put: &mut impl FnMut(u64)) {
        put(self.sequence.0);
        put(self.command.0);
        put(self.now.0);
        put(self.instruments.len() as u64);
        for instrument in &self.instruments {
            put(instrument.depth.last_update().0);
            for side in [Side::Buy, Side::Sell] {
                let levels = instrument.depth.levels();
                put(levels.count(side) as u64);
                for level in levels.best_first(side) {
                    put(pair(level.price.0, level.orders));
                    put(level.quantity);
                }
            }
            put(instrument.trades.len() as u64);
            for print in instrument.trades.iter() {
                put(print.id.0);
                put(print.time.0);
                put(pair(print.price.0, print.quantity.0));
                put(print.taker_side as u64);
            }
            for series in &instrument.series {
                put(series.closed().len() as u64);
                series.closed().iter().for_each(|candle| visit_candle(candle, put));
                put(u64::from(series.open().is_some()));
                series.open().into_iter().for_each(|candle| visit_candle(candle, put));
            }
            put(instrument.state as u64);
        }
        put(self.state as u64);
    }
}

fn visit_candle(candle: &Candle, put: &mut impl FnMut(u64)) {
    put(candle.start.0);
    put(pair(candle.open.0, candle.high.0));
    put(pair(candle.low.0, candle.close.0));
    put(candle.volume);
    let (high, low) = halves(candle.notional);
    put(high);
    put(low);
    put(candle.trades);
}

fn read_instrument(
    reader: &mut Reader<'_>,
    feed: &Feed,
    instrument: InstrumentId,
) -> Result<InstrumentFeed, SnapshotError> {
    let mut read = InstrumentFeed::new();
    let last_update = reader.at_most("the sequence of the last update", feed.sequence.0)?;
    let mut levels = Levels::default();
    for side in [Side::Buy, Side::Sell] {
        read_levels(reader, side, &mut levels)?;
    }
    read.depth = Depth::new(levels, Sequence(last_update));
    read_trades(reader, feed, instrument, &mut read.trades)?;
    for series in &mut read.series {
        read_series(reader, feed.now, series)?;
    }
    read.restore_window(feed.now);
    read.state = read_state(reader)?;
    Ok(read)
}

fn read_state(reader: &mut Reader<'_>) -> Result<TradingState, SnapshotError> {
    Ok(match reader.at_most("a trading state", TradingState::Killed as u64)? {
        0 => TradingState::Open,
        1 => TradingState::Halted,
        _ => TradingState::Killed,
    })
}

fn read_levels(reader: &mut Reader<'_>, side: Side, levels: &mut Levels) -> Result<(), SnapshotError> {
    let count = reader.count("the number of levels", LEVELS_MAX)?;
    let mut before: Option<PriceTicks> = None;
    for _ in 0..count {
        let (price, orders) = reader.pair()?;
        let price = PriceTicks(price);
        let worse = before.is_none_or(|before| match side {
            Side::Buy => price < before,
            Side::Sell => price > before,
        });
        reader.require(worse, "levels")?;
        let quantity = reader.word()?;
        reader.require(orders > 0 && quantity >= u64::from(orders), "quantity and orders")?;
        levels.set(side, price, Total { quantity, orders });
        before = Some(price);
    }
    Ok(())
}

fn read_trades(
    reader: &mut Reader<'_>,
    feed: &Feed,
    instrument: InstrumentId,
    trades: &mut RecentTrades,
) -> Result<(), SnapshotError> {
    let count = reader.count("the number of trades", RECENT_TRADES_MAX)?;
    let mut before = Sequence(0);
    for _ in 0..count {
        let id = Sequence(reader.at_most("the id of a trade", feed.sequence.0)?);
        reader.require(id > before, "trades")?;
        let time = TimestampNs(reader.at_most("the time of a trade", feed.now.0)?);
        let (price, quantity) = reader.pair()?;
        let taker_side = match reader.at_most("the side of a trade", 1)? {
            0 => Side::Buy,
            _ => Side::Sell,
        };
        let (price, quantity) = (PriceTicks(price), QuantityLots(quantity));
        trades.push(TradePrint { id, time, instrument, price, quantity, taker_side });
        before = id;
    }
    Ok(())
}

fn read_series(reader: &mut Reader<'_>, now: TimestampNs, series: &mut Series) -> Result<(), SnapshotError> {
    let interval = series.interval();
    let this_interval = interval.start_of(now);
    let count = reader.count("the number of candles", interval.history_max())?;
    let mut closed = Vec::with_capacity(count);
    for _ in 0..count {
        let candle = read_candle(reader, interval)?;
        let follows = closed.last().is_none_or(|before: &Candle| candle.start > before.start);
        reader.require(follows && candle.start < this_interval, "candles")?;
        closed.push(candle);
    }
    let open = match reader.at_most("the number of open candles", 1)? {
        0 => None,
        _ => {
            let candle = read_candle(reader, interval)?;
            reader.require(candle.start == this_interval, "an open candle and the clock")?;
            Some(candle)
        }
    };
    series.restore(closed.into_iter(), open);
    Ok(())
}

fn read_candle(reader: &mut Reader<'_>, interval: Interval) -> Result<candle::Candle, SnapshotError> {
    let start = TimestampNs(reader.word()?);
    reader.require(interval.start_of(start) == start, "a candle and its interval")?;
    let (open, high) = reader.pair()?;
    let (low, close) = reader.pair()?;
    reader.require((low..=high).contains(&open) && (low..=high).contains(&close), "a candle's prices")?;
    let volume = reader.word()?;
    let notional = (u128::from(reader.word()?) << 64) | u128::from(reader.word()?);
    let trades = reader.word()?;
    reader.require(trades > 0 && volume >= trades, "a candle's volume and trades")?;
    let [open, high, low, close] = [open, high, low, close].map(PriceTicks);
    Ok(Candle { start, open, high, low, close, volume, notional, trades })
}

/// Two numbers of 32 bits in a word, the first in the upper half.
fn pair(upper: u32, lower: u32) -> u64 {
    (u64::from(upper) << 32) | u64::from(lower)
}

#[expect(clippy::cast_possible_truncation, reason = "it takes the number apart")]
fn halves(number: u128) -> (u64, u64) {
    ((number >> 64) as u64, number as u64)
}

/// Reads words of the state, and knows where it is.
struct Reader<'a> {
    words: &'a [[u8; WORD_BYTES]],
    /// The word that is read next, counted from the start of the snapshot.
    next: usize,
}

impl<'a> Reader<'a> {
    /// Checks magic number, length and hash, and stands before the state.
    fn open(bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        let (all, rest) = bytes.as_chunks::<WORD_BYTES>();
        let [magic, length, state @ .., hash] = all else {
            return Err(SnapshotError { offset: 0, fault: SnapshotFault::Foreign });
        };
        if u64::from_le_bytes(*magic) != MAGIC {
            return Err(SnapshotError { offset: 0, fault: SnapshotFault::Foreign });
        }
        let (expected, found) = (u64::from_le_bytes(*length), bytes.len() as u64);
        if expected != found || !rest.is_empty() {
            return Err(SnapshotError {
                offset: WORD_BYTES,
                fault: SnapshotFault::Length { expected, found },
            });
        }
        let mut digest = Digest::new();
        for word in state {
            digest.word(u64::from_le_bytes(*word));
            digest.end_record();
        }
        if digest.value() != u64::from_le_bytes(*hash) {
            return Err(SnapshotError {
                offset: bytes.len().saturating_sub(WORD_BYTES),
                fault: SnapshotFault::Hash,
            });
        }
        Ok(Self { words: state, next: FRAME_WORDS.saturating_sub(1) })
    }

    fn word(&mut self) -> Result<u64, SnapshotError> {
        let Some((word, rest)) = self.words.split_first() else {
            return Err(self.fault_here(SnapshotFault::Contradiction("counts and the length")));
        };
        self.words = rest;
        self.next = self.next.saturating_add(1);
        Ok(u64::from_le_bytes(*word))
    }

    #[expect(clippy::cast_possible_truncation, reason = "it takes the word apart")]
    fn pair(&mut self) -> Result<(u32, u32), SnapshotError> {
        let word = self.word()?;
        Ok(((word >> 32) as u32, word as u32))
    }

    fn at_most(&mut self, field: &'static str, limit: u64) -> Result<u64, SnapshotError> {
        let found = self.word()?;
        if found > limit {
            return Err(self.fault(SnapshotFault::AboveLimit { field, found, limit }));
        }
        Ok(found)
    }

    /// A number of things that follow, each of at least one word: never more than there are words, so that a lie cannot
    /// make anybody reserve memory for it.
    fn count(&mut self, field: &'static str, limit: usize) -> Result<usize, SnapshotError> {
        let found = self.at_most(field, limit as u64)?;
        match usize::try_from(found) {
            Ok(count) if count <= self.words.len() => Ok(count),
            _ => Err(self.fault(SnapshotFault::Contradiction("counts and the length"))),
        }
    }

    /// Asserts something of the word that was read last.
    fn require(&self, holds: bool, what: &'static str) -> Result<(), SnapshotError> {
        if holds { Ok(()) } else { Err(self.fault(SnapshotFault::Contradiction(what))) }
    }

    fn close(self) -> Result<(), SnapshotError> {
        if self.words.is_empty() {
            return Ok(());
        }
        Err(self.fault_here(SnapshotFault::Contradiction("counts and the length")))
    }

    /// A fault of the word that was read last.
    fn fault(&self, fault: SnapshotFault) -> SnapshotError {
        SnapshotError { offset: self.next.saturating_sub(1).saturating_mul(WORD_BYTES), fault }
    }

    /// A fault where the next word would be.
    fn fault_here(&self, fault: SnapshotFault) -> SnapshotError {
        SnapshotError { offset: self.next.saturating_mul(WORD_BYTES), fault }
    }
}
