//! All that the feed keeps of one instrument.

use exchange_types::{InstrumentId, TimestampNs, TradingState};

use super::FeedSink;
use super::candle::{Interval, Series};
use super::depth::Depth;
use super::statistics::{DayWindow, Statistics};
use super::trades::{RecentTrades, TradePrint};

/// Depth, trades, candles and the 24-hour window of one instrument.
#[derive(Debug, Clone)]
pub(super) struct InstrumentFeed {
    pub(super) depth: Depth,
    pub(super) trades: RecentTrades,
    /// In the order of [`Interval::ALL`].
    pub(super) series: [Series; Interval::ALL.len()],
    window: DayWindow,
    /// What may happen in this instrument alone.
    pub(super) state: TradingState,
}

impl InstrumentFeed {
    pub(super) fn new() -> Self {
        Self {
            depth: Depth::default(),
            trades: RecentTrades::new(),
            series: Interval::ALL.map(Series::new),
            window: DayWindow::default(),
            state: TradingState::default(),
        }
    }

    pub(super) fn series(&self, interval: Interval) -> &Series {
        let [second, minute, five_minutes, hour, day] = &self.series;
        match interval {
            Interval::Second => second,
            Interval::Minute => minute,
            Interval::FiveMinutes => five_minutes,
            Interval::Hour => hour,
            Interval::Day => day,
        }
    }

    /// Takes a trade into the ring and the candles.
    #[inline]
    pub(super) fn record(&mut self, now: TimestampNs, print: &TradePrint) {
        self.trades.push(*print);
        for series in &mut self.series {
            series.record(now, print.price, print.quantity);
        }
    }

    /// A second is over: closes what ends with it, and moves the window on.
    pub(super) fn close_before<S: FeedSink + ?Sized>(
        &mut self,
        instrument: InstrumentId,
        now: TimestampNs,
        sink: &mut S,
    ) {
        for series in &mut self.series {
            let Some(candle) = series.close_before(now) else { continue };
            if series.interval() == Interval::Minute {
                self.window.close_minute(&candle);
            }
            sink.candle(instrument, series.interval(), &candle);
        }
        let [_, minutes, ..] = &self.series;
        self.window.leave_behind(minutes.closed(), now);
    }

    /// Makes the window anew from the candles of a snapshot.
    pub(super) fn restore_window(&mut self, now: TimestampNs) {
        self.window = DayWindow::over(self.series(Interval::Minute).closed(), now);
    }

    pub(super) fn statistics(&self) -> Statistics {
        let last = self.trades.last();
        let mut statistics = Statistics {
            last_price: last.map(|print| print.price),
            last_quantity: last.map(|print| print.quantity),
            last_time: last.map(|print| print.time),
            best_bid: self.depth.levels().best(exchange_types::Side::Buy),
            best_ask: self.depth.levels().best(exchange_types::Side::Sell),
            ..Statistics::default()
        };
        let minutes = self.series(Interval::Minute);
        self.window.fill(minutes.closed(), minutes.open(), &mut statistics);
        statistics
    }
}
