//! The feed and what it says, as frames of the stream.
//!
//! Not responsible for connections and clocks. A newcomer needs to know one thing: outcomes come in batches. Trades and closed
//! candles become messages at once, depth when the batch has ended ([`ToldDepth`]), open candles and statistics when
//! [`tell_slow`](Venue::tell_slow) is called, which is seldom.

use bytes::Bytes;
use exchange_core::feed::{
    Candle, DepthUpdate, EventHeader, Feed, FeedError, FeedSink, Interval, Statistics, TradePrint,
};
use exchange_service::net::{Chunk, frame};
use exchange_types::{EventBuffer, InstrumentId, Malformed, Sequence, Side, TradingState, decode_outcome};

use crate::json::{self, CandleState, Wording};
use crate::told::ToldDepth;

/// What a message is about: the fifth byte of an item's body, behind the instrument's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Channel {
    /// Changes of depth.
    Depth = 0,
    /// Trades.
    Trades = 1,
    /// Candles of all intervals.
    Candles = 2,
    /// Statistics of 24 hours.
    Statistics = 3,
}

/// Why outcomes cannot be folded in. What the feed holds is good up to the outcome before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VenueError {
    /// The bytes are no outcome.
    #[error("an outcome behind {after} cannot be read: {malformed}")]
    Malformed {
        /// The last outcome that was folded in.
        after: u64,
        /// What is wrong.
        malformed: Malformed,
    },
    /// Outcomes are missing, or came twice.
    #[error("found outcome {found}, expected {expected}")]
    Gap {
        /// The next one.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The events of an outcome are not the next ones.
    #[error("outcome {outcome} begins with event {found}, expected {expected}")]
    Events {
        /// Which outcome.
        outcome: u64,
        /// The next event.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// An event cannot follow those before it.
    #[error("outcome {outcome}: {error}")]
    Feed {
        /// Which outcome.
        outcome: u64,
        /// What is wrong.
        error: FeedError,
    },
}

/// How much a batch held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) outcomes: u64,
    pub(crate) events: u64,
}

/// Market data of the venue.
#[derive(Debug)]
pub(crate) struct Venue {
    feed: Feed,
    said: Said,
    /// The last outcome that was folded in.
    position: u64,
    events: EventBuffer,
    /// The minute of the log's clock in which statistics were looked at last.
    minute: u64,
}

impl Venue {
    /// A venue that goes on from a feed; its first message has the number behind `last_item`.
    pub(crate) fn new(feed: Feed, markets: Vec<Wording>, last_item: u64) -> Self {
        let depth = |number| feed.depth(InstrumentId(number)).ok().flatten();
        let told = (0_u32..).map_while(|number| Some(ToldDepth::new(&depth(number)?))).collect();
        let position = feed.command().0;
        let said = Said {
            markets,
            told,
            touched: Vec::new(),
            marks: Vec::new(),
            frames: Vec::new(),
            first: last_item + 1,
            next: last_item + 1,
        };
        Self { feed, said, position, events: EventBuffer::new(), minute: 0 }
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    pub(crate) fn markets(&self) -> &[Wording] {
        &self.said.markets
    }

    /// The last outcome that was folded in.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The number of the last message.
    pub(crate) fn last_item(&self) -> u64 {
        self.said.next - 1
    }

    /// The depth as it was told. `None`: nothing was told of the instrument yet.
    pub(crate) fn told(&self, instrument: InstrumentId) -> Option<&ToldDepth> {
        self.said.told.get(instrument.0 as usize)
    }

    /// How many instruments are listed that the markets file does not name: nothing is said of them.
    pub(crate) fn unnamed(&self) -> usize {
        self.feed.instruments().saturating_sub(self.said.markets.len())
    }

    /// Folds a batch in: outcomes, one after the other.
    ///
    /// # Errors
    /// As [`VenueError`] says. Messages of what came before the fault are told, and are right.
    pub(crate) fn take(&mut self, batch: &[u8]) -> Result<Taken, VenueError> {
        let mut taken = Taken::default();
        let mut rest = batch;
        let ended = loop {
            if rest.is_empty() {
                break Ok(());
            }
            match self.take_one(rest) {
                Ok((bytes, events)) => {
                    rest = rest.get(bytes..).unwrap_or_default();
                    taken.outcomes += 1;
                    taken.events += events;
                }
                Err(error) => break Err(error),
            }
        };
        self.feed.end_command(&mut self.said);
        self.said.end_batch();
        ended.map(|()| taken)
    }

    fn take_one(&mut self, bytes: &[u8]) -> Result<(usize, u64), VenueError> {
        self.events.clear();
        let (header, length) = decode_outcome(bytes, &mut self.events)
            .map_err(|malformed| VenueError::Malformed { after: self.position, malformed })?;
        let outcome = header.sequence.0;
        let expected = self.position + 1;
        if outcome != expected {
            return Err(VenueError::Gap { expected, found: outcome });
        }
        let (expected, found) = (self.feed.sequence().next().0, header.first_event);
        if found != expected {
            return Err(VenueError::Events { outcome, expected, found });
        }
        for (sequence, event) in (header.first_event..).zip(&self.events) {
            let header =
                EventHeader { sequence: Sequence(sequence), command: header.sequence, time: header.time };
            self.feed
                .apply(&header, event, &mut self.said)
                .map_err(|error| VenueError::Feed { outcome, error })?;
        }
        self.feed.end_command(&mut self.said);
        self.position = outcome;
        Ok((length, header.events.into()))
    }

    /// Whether [`tell_slow`](Self::tell_slow) has something to say.
    pub(crate) fn has_slow(&self) -> bool {
        self.said.marks.iter().any(|marks| marks.changed)
            || self.minute != self.minute_now()
            || self.instruments().any(|instrument| self.is_state_news(instrument))
    }

    /// Tells the open candles, the statistics and the states that have changed since the last call.
    pub(crate) fn tell_slow(&mut self) {
        // The window of 24 hours moves with the minutes, so that statistics change without any trade.
        let minute = self.minute_now();
        let moved = std::mem::replace(&mut self.minute, minute) != minute;
        for instrument in self.instruments() {
            let marks = *self.said.marks(instrument);
            if !(marks.changed || moved || self.is_state_news(instrument)) {
                continue;
            }
            for interval in Interval::ALL.into_iter().filter(|_| marks.traded) {
                if let Some(candle) = self.feed.open_candle(instrument, interval) {
                    self.said.tell_candle(instrument, interval, candle, CandleState::Open);
                }
            }
            let now = self.feed.state(instrument).zip(self.feed.statistics(instrument));
            if now != marks.told
                && let Some((state, statistics)) = &now
            {
                self.said.tell(instrument, Channel::Statistics, |out, market| {
                    json::put_statistics(out, market, *state, statistics);
                });
            }
            *self.said.marks(instrument) = Marks { told: now, ..Marks::default() };
        }
    }

    fn is_state_news(&self, instrument: InstrumentId) -> bool {
        let told = self.said.marks.get(instrument.0 as usize).and_then(|marks| marks.told);
        self.feed.state(instrument) != told.map(|(state, _)| state)
    }

    fn instruments(&self) -> impl Iterator<Item = InstrumentId> + use<> {
        // A feed keeps far fewer.
        (0..u32::try_from(self.feed.instruments()).unwrap_or(u32::MAX)).map(InstrumentId)
    }

    /// Takes the messages out that have been made.
    pub(crate) fn chunk(&mut self) -> Option<Chunk> {
        let said = &mut self.said;
        if said.frames.is_empty() {
            return None;
        }
        let capacity = said.frames.len();
        let frames = Bytes::from(std::mem::replace(&mut said.frames, Vec::with_capacity(capacity)));
        let chunk = Chunk { first: said.first, last: said.next - 1, frames };
        said.first = said.next;
        Some(chunk)
    }

    fn minute_now(&self) -> u64 {
        Interval::Minute.start_of(self.feed.now()).0
    }
}

/// What has changed in an instrument since it was told, of what is told seldom.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    /// Depth or trades.
    changed: bool,
    /// Trades, and so the candles.
    traded: bool,
    /// State and statistics as they were told.
    told: Option<(TradingState, Statistics)>,
}

/// Makes messages of what the feed says.
#[derive(Debug)]
struct Said {
    markets: Vec<Wording>,
    /// By instrument, and so are the marks.
    told: Vec<ToldDepth>,
    marks: Vec<Marks>,
    /// Instruments whose depth has changed in this batch.
    touched: Vec<InstrumentId>,
    /// Messages that are not in the ring yet, and the numbers of the first of them and of the one to come.
    frames: Vec<u8>,
    first: u64,
    next: u64,
}

impl Said {
    fn end_batch(&mut self) {
        for instrument in std::mem::take(&mut self.touched) {
            let Some(depth) = self.told.get_mut(instrument.0 as usize) else { continue };
            let mut depth = std::mem::take(depth);
            if let Some(sequences) = depth.tell() {
                self.tell(instrument, Channel::Depth, |out, market| {
                    let (bids, asks) = (depth.changes(Side::Buy), depth.changes(Side::Sell));
                    json::put_depth(out, market, sequences, bids, asks);
                });
            }
            depth.told();
            self.told[instrument.0 as usize] = depth;
        }
    }

    fn tell_candle(
        &mut self,
        instrument: InstrumentId,
        interval: Interval,
        candle: &Candle,
        state: CandleState,
    ) {
        self.tell(instrument, Channel::Candles, |out, market| {
            json::put_candle(out, market, interval, candle, state);
        });
    }

    /// Makes a message. Nothing is told of an instrument that has no name.
    fn tell(
        &mut self,
        instrument: InstrumentId,
        channel: Channel,
        write: impl FnOnce(&mut Vec<u8>, &Wording),
    ) {
        let Some(market) = self.markets.get(instrument.0 as usize) else { return };
        frame::put_item(&mut self.frames, self.next, |out| {
            out.extend_from_slice(&instrument.0.to_le_bytes());
            out.push(channel as u8);
            write(out, market);
        });
        self.next += 1;
    }

    fn marks(&mut self, instrument: InstrumentId) -> &mut Marks {
        // The feed lists instruments one after the other and no more than it has room for.
        let at = instrument.0 as usize;
        if at >= self.marks.len() {
            self.marks.resize_with(at + 1, Marks::default);
        }
        &mut self.marks[at]
    }
}

impl FeedSink for Said {
    fn trade(&mut self, print: &TradePrint) {
        let marks = self.marks(print.instrument);
        marks.changed = true;
        marks.traded = true;
        self.tell(print.instrument, Channel::Trades, |out, market| json::put_trade(out, market, print));
    }

    fn depth(&mut self, update: &DepthUpdate<'_>) {
        let instrument = update.instrument;
        self.marks(instrument).changed = true;
        let at = instrument.0 as usize;
        if at >= self.told.len() {
            self.told.resize_with(at + 1, ToldDepth::default);
        }
        if self.told[at].take(update) {
            self.touched.push(instrument);
        }
    }

    fn candle(&mut self, instrument: InstrumentId, interval: Interval, candle: &Candle) {
        self.tell_candle(instrument, interval, candle, CandleState::Closed);
    }
}
