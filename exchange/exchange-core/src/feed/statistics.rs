//! Last trade, best bid and offer, and the rolling 24 hours.

use std::collections::VecDeque;

use exchange_types::{PriceTicks, QuantityLots, TimestampNs};

use super::candle::{Candle, Interval};
use super::levels::Level;

// Invariant: the history of minutes is as long as the window, so that a candle leaves the window before it leaves the history.
const _: () = assert!(
    Interval::Minute.length_ns().saturating_mul(Interval::Minute.history_max() as u64)
        == Interval::Day.length_ns()
);

/// What an instrument has done lately.
///
/// The 24 hours are counted in whole minutes: the minute of the last event and the 1,439 before it, so the window is between
/// 23 h 59 min and 24 h long. What is left of it when no trade lies in it is `None` or zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The price of the last trade, however long ago.
    pub last_price: Option<PriceTicks>,
    /// Its quantity.
    pub last_quantity: Option<QuantityLots>,
    /// Its time.
    pub last_time: Option<TimestampNs>,
    /// The best level of the bid side.
    pub best_bid: Option<Level>,
    /// The best level of the ask side.
    pub best_ask: Option<Level>,
    /// The price of the first trade in the window.
    pub open: Option<PriceTicks>,
    /// The highest price in the window.
    pub high: Option<PriceTicks>,
    /// The lowest price in the window.
    pub low: Option<PriceTicks>,
    /// The last price less `open`, in ticks.
    pub change_ticks: i64,
    /// Lots traded in the window; stops at 2^64 - 1.
    pub volume: u64,
    /// The sum of price times quantity in the window, in ticks times lots.
    pub notional: u128,
    /// How many trades lie in the window.
    pub trades: u64,
}

/// Sums over the closed minutes of the window: the last `minutes` candles of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DayWindow {
    minutes: usize,
    volume: u128,
    notional: u128,
    trades: u64,
    /// Highest and lowest price; `None` where no closed minute lies in the window.
    range: Option<(PriceTicks, PriceTicks)>,
}

impl DayWindow {
    /// The window at `now` over a history.
    pub(super) fn over(history: &VecDeque<Candle>, now: TimestampNs) -> Self {
        let mut window = Self::default();
        for candle in history {
            window.close_minute(candle);
        }
        window.leave_behind(history, now);
        window
    }

    /// A minute is over: it is the last of the history now.
    pub(super) fn close_minute(&mut self, candle: &Candle) {
        // There are at most 1,440 candles in the history, and none of the sums of their fields can overflow.
        self.minutes = self.minutes.saturating_add(1);
        self.volume = self.volume.saturating_add(u128::from(candle.volume));
        self.notional = self.notional.saturating_add(candle.notional);
        self.trades = self.trades.saturating_add(candle.trades);
        self.range = Some(match self.range {
            Some((high, low)) => (high.max(candle.high), low.min(candle.low)),
            None => (candle.high, candle.low),
        });
    }

    /// Drops the minutes that are too old at `now`.
    pub(super) fn leave_behind(&mut self, history: &VecDeque<Candle>, now: TimestampNs) {
        let this_minute = Interval::Minute.start_of(now).0;
        let mut range_is_stale = false;
        loop {
            let oldest = history.len().checked_sub(self.minutes).and_then(|index| history.get(index));
            let Some(candle) = oldest else { break };
            if candle.start.0.saturating_add(Interval::Day.length_ns()) > this_minute {
                break;
            }
            // What is taken off was put on, so nothing goes below zero.
            self.minutes = self.minutes.saturating_sub(1);
            self.volume = self.volume.saturating_sub(u128::from(candle.volume));
            self.notional = self.notional.saturating_sub(candle.notional);
            self.trades = self.trades.saturating_sub(candle.trades);
            range_is_stale |= self.range.is_some_and(|(high, low)| candle.high >= high || candle.low <= low);
        }
        if range_is_stale {
            // A walk over at most 1,440 candles, in a minute that follows the leaving of an extreme.
            self.range = history
                .iter()
                .rev()
                .take(self.minutes)
                .map(|candle| (candle.high, candle.low))
                .reduce(|(high, low), (higher, lower)| (high.max(higher), low.min(lower)));
        }
    }

    /// Adds the window to `statistics`: the closed minutes and the one that is open.
    pub(super) fn fill(&self, history: &VecDeque<Candle>, open: Option<&Candle>, into: &mut Statistics) {
        let first = history.len().checked_sub(self.minutes).and_then(|index| history.get(index));
        let open_range = open.map(|candle| (candle.high, candle.low));
        let range = match (self.range, open_range) {
            (Some((high, low)), Some((higher, lower))) => Some((high.max(higher), low.min(lower))),
            (range, None) | (None, range) => range,
        };
        let open_sums = open.map_or((0, 0, 0), |candle| (candle.volume, candle.notional, candle.trades));
        into.open = first.or(open).map(|candle| candle.open);
        into.high = range.map(|(high, _)| high);
        into.low = range.map(|(_, low)| low);
        into.volume = u64::try_from(self.volume.saturating_add(u128::from(open_sums.0))).unwrap_or(u64::MAX);
        into.notional = self.notional.saturating_add(open_sums.1);
        into.trades = self.trades.saturating_add(open_sums.2);
        if let (Some(last), Some(open)) = (into.last_price, into.open) {
            // Two prices of 32 bits.
            into.change_ticks = i64::from(last.0).saturating_sub(i64::from(open.0));
        }
    }
}
