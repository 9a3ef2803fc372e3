//! Candles: open, high, low, close and volume of an interval, aligned to the Unix epoch in UTC.

use std::collections::VecDeque;

use exchange_types::{PriceTicks, QuantityLots, TimestampNs};

const SECOND_NS: u64 = 1_000_000_000;

/// The length of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Interval {
    /// One second.
    Second = 0,
    /// One minute.
    Minute = 1,
    /// Five minutes.
    FiveMinutes = 2,
    /// One hour.
    Hour = 3,
    /// One day, from midnight UTC.
    Day = 4,
}

impl Interval {
    /// All of them, the shortest first. Each is a multiple of every shorter one.
    pub const ALL: [Self; 5] = [Self::Second, Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    /// Its length.
    #[inline]
    #[must_use]
    pub const fn length_ns(self) -> u64 {
        let seconds = match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        };
        // 86,400 * 10^9 is far below 2^64.
        SECOND_NS.saturating_mul(seconds)
    }

    /// Closed candles that are kept of one instrument. Candles without trades are not stored, so a quiet instrument's history
    /// reaches further back.
    #[must_use]
    pub const fn history_max(self) -> usize {
        match self {
            // The hour that a live chart shows.
            Self::Second => 3_600,
            // A day: the 24-hour statistics are sums over these.
            Self::Minute => 1_440,
            // A week.
            Self::FiveMinutes => 2_016,
            // Sixty days.
            Self::Hour => 1_440,
            // Five years.
            Self::Day => 1_826,
        }
    }

    /// The start of the interval that a time lies in.
    #[inline]
    #[must_use]
    pub const fn start_of(self, time: TimestampNs) -> TimestampNs {
        match time.0.checked_rem(self.length_ns()) {
            Some(into) => TimestampNs(time.0.saturating_sub(into)),
            // No interval has the length zero.
            None => time,
        }
    }

    /// The name clients see.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "1s",
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }
}

/// What was traded in an interval with at least one trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// The start of the interval, a multiple of its length.
    pub start: TimestampNs,
    /// The price of the first trade.
    pub open: PriceTicks,
    /// The highest price.
    pub high: PriceTicks,
    /// The lowest price.
    pub low: PriceTicks,
    /// The price of the last trade.
    pub close: PriceTicks,
    /// Lots traded. It stops at 2^64 - 1, which takes 2^32 trades of the largest quantity in one interval.
    pub volume: u64,
    /// The sum of price times quantity in ticks times lots. A trade is below 2^64 and trades are counted by 64 bits, so the
    /// sum is below 2^128.
    pub notional: u128,
    /// How many trades.
    pub trades: u64,
}

impl Candle {
    /// An interval's first trade.
    fn first(start: TimestampNs, price: PriceTicks, quantity: QuantityLots) -> Self {
        let none = Self {
            start,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            notional: 0,
            trades: 0,
        };
        none.with(price, quantity)
    }

    /// The candle with one more trade.
    #[inline]
    fn with(self, price: PriceTicks, quantity: QuantityLots) -> Self {
        // Below 2^64: both factors are below 2^32.
        let notional = u64::from(price.0).saturating_mul(u64::from(quantity.0));
        Self {
            high: self.high.max(price),
            low: self.low.min(price),
            close: price,
            volume: self.volume.saturating_add(u64::from(quantity.0)),
            notional: self.notional.saturating_add(u128::from(notional)),
            trades: self.trades.saturating_add(1),
            ..self
        }
    }
}

/// The candles of one interval of one instrument: the closed ones, and the one that trades still go into.
#[derive(Debug, Clone)]
pub(super) struct Series {
    interval: Interval,
    closed: VecDeque<Candle>,
    open: Option<Candle>,
}

impl Series {
    pub(super) fn new(interval: Interval) -> Self {
        Self { interval, closed: VecDeque::with_capacity(interval.history_max()), open: None }
    }

    pub(super) fn interval(&self) -> Interval {
        self.interval
    }

    /// Oldest first.
    pub(super) fn closed(&self) -> &VecDeque<Candle> {
        &self.closed
    }

    pub(super) fn open(&self) -> Option<&Candle> {
        self.open.as_ref()
    }

    /// Puts the candles of a snapshot, of which there are not more than the history holds.
    pub(super) fn restore(&mut self, closed: impl Iterator<Item = Candle>, open: Option<Candle>) {
        self.closed.extend(closed.take(self.interval.history_max()));
        self.open = open;
    }

    /// Takes a trade in. `now` must not be before that of the last [`close_before`](Self::close_before).
    #[inline]
    pub(super) fn record(&mut self, now: TimestampNs, price: PriceTicks, quantity: QuantityLots) {
        self.open = Some(match self.open {
            Some(candle) => candle.with(price, quantity),
            None => Candle::first(self.interval.start_of(now), price, quantity),
        });
    }

    /// Closes the candle whose interval ends at `now` or before, and returns it.
    pub(super) fn close_before(&mut self, now: TimestampNs) -> Option<Candle> {
        // The last interval that 64 bits can begin has no end.
        let end = |candle: &Candle| candle.start.0.checked_add(self.interval.length_ns());
        let candle = self.open.take_if(|candle| end(candle).is_some_and(|end| end <= now.0))?;
        if self.closed.len() >= self.interval.history_max() {
            self.closed.pop_front();
        }
        self.closed.push_back(candle);
        Some(candle)
    }
}
