//! The fold: events in, prints, depth and candles out.

use exchange_types::{Event, InstrumentId, PriceTicks, Scope, Sequence, Side, TimestampNs, TradingState};

use super::candle::{Candle, Interval};
use super::depth::{Depth, DepthSnapshot, LevelChange};
use super::error::FeedError;
use super::instrument::InstrumentFeed;
use super::levels::{Level, LevelError, OrderIs};
use super::statistics::Statistics;
use super::trades::TradePrint;
use super::{EventHeader, FeedSink, INSTRUMENTS_MAX};

/// Market data of a venue: a fold of its events.
#[derive(Debug, Clone, Default)]
pub struct Feed {
    pub(super) sequence: Sequence,
    pub(super) command: Sequence,
    pub(super) now: TimestampNs,
    pub(super) instruments: Vec<InstrumentFeed>,
    /// What may happen in the whole venue.
    pub(super) state: TradingState,
    /// The first nanosecond of the next second: nothing closes before it.
    pub(super) next_second: u64,
    /// Instruments whose depth the present command has touched, in that order.
    touched: Vec<InstrumentId>,
    /// Emptied and filled again for every update.
    changes: Vec<LevelChange>,
}

impl Feed {
    /// A feed that has seen no event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event. Prints and closed candles come out at once, depth when the command has ended: with
    /// [`end_command`](Self::end_command), or with the first event of another command.
    ///
    /// Its time moves the clock of the candles; one that is before that of an earlier event leaves the clock where it is.
    ///
    /// # Errors
    /// Each variant of [`FeedError`] except the last. The event was not applied and moved no clock; where it was the first of
    /// its command, the command before has ended.
    pub fn apply<S: FeedSink + ?Sized>(
        &mut self,
        header: &EventHeader,
        event: &Event,
        sink: &mut S,
    ) -> Result<(), FeedError> {
        let expected = self.sequence.next();
        if header.sequence != expected {
            return Err(FeedError::Gap { expected, found: header.sequence });
        }
        if header.command != self.command {
            self.end_command(sink);
        }
        let sequence = header.sequence;
        match *event {
            Event::Trade(trade) => {
                let order = if trade.maker_remaining.0 == 0 { OrderIs::Gone } else { OrderIs::Smaller };
                let side = trade.taker_side.opposite();
                self.change(sequence, trade.instrument, side, trade.price, |depth| {
                    depth.take(sequence, side, trade.price, trade.quantity, order)
                })?;
            }
            Event::Rested { instrument, side, price, quantity, .. } => {
                self.change(sequence, instrument, side, price, |depth| {
                    depth.add(sequence, side, price, quantity)
                })?;
            }
            Event::Cancelled { instrument, side, price, quantity, rested: true, .. } => {
                self.change(sequence, instrument, side, price, |depth| {
                    depth.take(sequence, side, price, quantity, OrderIs::Gone)
                })?;
            }
            Event::Reduced { instrument, side, price, by, .. } => {
                self.change(sequence, instrument, side, price, |depth| {
                    depth.take(sequence, side, price, by, OrderIs::Smaller)
                })?;
            }
            Event::InstrumentListed { instrument } => self.list(sequence, instrument)?,
            Event::TradingStateSet { scope, state } => self.set_state(sequence, scope, state)?,
            // These move the clock and nothing else.
            Event::Cancelled { rested: false, .. }
            | Event::Rejected { .. }
            | Event::Deposited { .. }
            | Event::Withdrawn { .. }
            | Event::AccountTierSet { .. }
            | Event::TierDefined { .. }
            | Event::Ticked
            | Event::Repeated { .. }
            | Event::Checkpoint { .. } => {}
        }
        self.sequence = sequence;
        self.command = header.command;
        if header.time > self.now {
            self.now = header.time;
            if self.now.0 >= self.next_second {
                self.close_intervals(sink);
            }
        }
        if let Event::Trade(trade) = *event {
            let print = TradePrint {
                id: sequence,
                time: header.time,
                instrument: trade.instrument,
                price: trade.price,
                quantity: trade.quantity,
                taker_side: trade.taker_side,
            };
            if let Some(instrument) = self.instruments.get_mut(index(trade.instrument)) {
                instrument.record(self.now, &print);
            }
            sink.trade(&print);
        }
        Ok(())
    }

    /// Announces what the command has changed. Whoever knows that a command has no more events says so at once, and its depth
    /// does not wait for the next one.
    pub fn end_command<S: FeedSink + ?Sized>(&mut self, sink: &mut S) {
        for &instrument in &self.touched {
            if let Some(feed) = self.instruments.get_mut(index(instrument)) {
                feed.depth.end_command(instrument, &mut self.changes, |update| sink.depth(update));
            }
        }
        self.touched.clear();
    }

    /// The last event that was applied; zero: none was.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The command of the last event that was applied; zero: none was. Commands after it may have had no events.
    #[must_use]
    pub fn command(&self) -> Sequence {
        self.command
    }

    /// The latest time of an event.
    #[must_use]
    pub fn now(&self) -> TimestampNs {
        self.now
    }

    /// How many instruments are listed; they are numbered from zero.
    #[must_use]
    pub fn instruments(&self) -> usize {
        self.instruments.len()
    }

    /// What may happen in an instrument: the strictest of what is set for it and for the venue. `None`: it is not listed.
    #[must_use]
    pub fn state(&self, instrument: InstrumentId) -> Option<TradingState> {
        let own = self.instruments.get(index(instrument))?.state;
        Some(if own as u8 > self.state as u8 { own } else { self.state })
    }

    /// All levels of an instrument, between two commands. `None`: it is not listed.
    ///
    /// # Errors
    /// [`FeedError::InsideCommand`].
    pub fn depth(&self, instrument: InstrumentId) -> Result<Option<DepthSnapshot>, FeedError> {
        if self.is_inside_command() {
            return Err(FeedError::InsideCommand);
        }
        Ok(self.instruments.get(index(instrument)).map(|feed| DepthSnapshot {
            instrument,
            seq: feed.depth.last_update(),
            bids: feed.depth.levels().best_first(Side::Buy).collect(),
            asks: feed.depth.levels().best_first(Side::Sell).collect(),
        }))
    }

    /// The levels of one side, best first, as of the last event. Nothing where the instrument is not listed.
    pub fn levels(&self, instrument: InstrumentId, side: Side) -> impl Iterator<Item = Level> + '_ {
        let feed = self.instruments.get(index(instrument));
        feed.into_iter().flat_map(move |feed| feed.depth.levels().best_first(side))
    }

    /// The best level of a side, as of the last event.
    #[must_use]
    pub fn best(&self, instrument: InstrumentId, side: Side) -> Option<Level> {
        self.levels(instrument, side).next()
    }

    /// The last trades, newest first.
    pub fn trades(&self, instrument: InstrumentId) -> impl Iterator<Item = &TradePrint> {
        self.instruments.get(index(instrument)).into_iter().flat_map(|feed| feed.trades.iter().rev())
    }

    /// The candles of an interval, newest first; the first one may still be open ([`open_candle`](Self::open_candle)).
    pub fn candles(&self, instrument: InstrumentId, interval: Interval) -> impl Iterator<Item = &Candle> {
        let series = self.instruments.get(index(instrument)).map(|feed| feed.series(interval));
        series.into_iter().flat_map(|series| series.open().into_iter().chain(series.closed().iter().rev()))
    }

    /// The candle that the next trade goes into, if the interval has had one and is not over.
    #[must_use]
    pub fn open_candle(&self, instrument: InstrumentId, interval: Interval) -> Option<&Candle> {
        self.instruments.get(index(instrument))?.series(interval).open()
    }

    /// Last price, best bid and offer, and the rolling 24 hours, as of the last event.
    #[must_use]
    pub fn statistics(&self, instrument: InstrumentId) -> Option<Statistics> {
        self.instruments.get(index(instrument)).map(InstrumentFeed::statistics)
    }

    /// Whether depth has changed that was not announced.
    pub(super) fn is_inside_command(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The end of the second that a time lies in.
    pub(super) fn second_after(now: TimestampNs) -> u64 {
        Interval::Second.start_of(now).0.saturating_add(Interval::Second.length_ns())
    }

    #[inline]
    fn change(
        &mut self,
        sequence: Sequence,
        instrument: InstrumentId,
        side: Side,
        price: PriceTicks,
        change: impl FnOnce(&mut Depth) -> Result<(), LevelError>,
    ) -> Result<(), FeedError> {
        let feed = self
            .instruments
            .get_mut(index(instrument))
            .ok_or(FeedError::UnknownInstrument { sequence, instrument })?;
        let first = !feed.depth.is_touched();
        change(&mut feed.depth).map_err(|source| FeedError::Level {
            sequence,
            instrument,
            side,
            price,
            source,
        })?;
        if first {
            self.touched.push(instrument);
        }
        Ok(())
    }

    fn list(&mut self, sequence: Sequence, instrument: InstrumentId) -> Result<(), FeedError> {
        let count = self.instruments.len();
        if count >= INSTRUMENTS_MAX {
            return Err(FeedError::TooManyInstruments { sequence });
        }
        if index(instrument) != count {
            let expected = InstrumentId(u32::try_from(count).unwrap_or(u32::MAX));
            return Err(FeedError::ListedOutOfOrder { sequence, instrument, expected });
        }
        self.instruments.push(InstrumentFeed::new());
        Ok(())
    }

    #[cold]
    fn set_state(&mut self, sequence: Sequence, scope: Scope, state: TradingState) -> Result<(), FeedError> {
        match scope {
            Scope::Venue => self.state = state,
            Scope::Instrument(instrument) => {
                let feed = self.instruments.get_mut(index(instrument));
                feed.ok_or(FeedError::UnknownInstrument { sequence, instrument })?.state = state;
            }
            // Whose account may do what is nobody else's business.
            Scope::Account(_) => {}
        }
        Ok(())
    }

    #[cold]
    fn close_intervals<S: FeedSink + ?Sized>(&mut self, sink: &mut S) {
        self.next_second = Self::second_after(self.now);
        for (number, feed) in (0_u32..).zip(&mut self.instruments) {
            feed.close_before(InstrumentId(number), self.now, sink);
        }
    }
}

/// An instrument's place. On a machine that cannot address 2^32 things the number is past any vector's end.
#[inline]
fn index(instrument: InstrumentId) -> usize {
    usize::try_from(instrument.0).unwrap_or(usize::MAX)
}
