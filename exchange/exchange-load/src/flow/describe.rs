//! What a stream consists of, for people: the counts by which a generated file is held against the format's table.

use std::collections::BTreeMap;
use std::fmt;

use exchange_types::Side;

use super::{Flow, Operation, Record};
use crate::naive::NaiveBook;

/// How often the number of live orders is looked at.
const LOOK_EVERY: usize = 1_000;

/// The properties of a stream. Everything but the totals concerns the part after the prefill.
#[derive(Debug, Clone, Default)]
pub struct Description {
    records: usize,
    prefill: usize,
    /// Records by operation; limit orders twice: those that do not cross and those that do.
    passive: u64,
    crossing: u64,
    operations: BTreeMap<Operation, u64>,
    /// Cancels, reductions and replacements of an order that is not alive.
    dead: u64,
    trades: u64,
    /// Orders that could take, and those among them priced at the best opposite price.
    aggressive: u64,
    aggressive_at_best: u64,
    aggressive_lots_max: u32,
    live: (usize, usize),
    prices: (u32, u32),
    levels: [usize; 2],
}

impl Description {
    /// Runs a stream through the plain matcher and counts.
    #[must_use]
    pub fn of(flow: &Flow) -> Self {
        let (prefill, timed) = flow.parts();
        let mut book = NaiveBook::new(flow.header.self_trade_prevention);
        let mut description = Self {
            records: flow.records.len(),
            prefill: prefill.len(),
            live: (usize::MAX, 0),
            prices: (u32::MAX, 0),
            ..Self::default()
        };
        for record in prefill {
            description.price(record);
            book.apply(record, &mut |_| {});
        }
        for (index, record) in timed.iter().enumerate() {
            if index % LOOK_EVERY == 0 {
                let live = book.live_orders();
                description.live = (description.live.0.min(live), description.live.1.max(live));
            }
            description.price(record);
            description.take_in(record, &book);
            book.apply(record, &mut |_| description.trades += 1);
        }
        description.levels = [book.level_count(Side::Buy), book.level_count(Side::Sell)];
        description
    }

    /// Records of this operation.
    #[must_use]
    pub fn count(&self, operation: Operation) -> u64 {
        self.operations.get(&operation).copied().unwrap_or(0)
    }

    /// GTC limit orders that did not cross.
    #[must_use]
    pub const fn passive_limits(&self) -> u64 {
        self.passive
    }

    /// GTC limit orders that crossed.
    #[must_use]
    pub const fn crossing_limits(&self) -> u64 {
        self.crossing
    }

    /// Cancels, reductions and replacements of an order that was not alive.
    #[must_use]
    pub const fn not_alive(&self) -> u64 {
        self.dead
    }

    /// The fewest and the most live orders that were seen.
    #[must_use]
    pub fn live_orders(&self) -> (usize, usize) {
        (self.live.0.min(self.live.1), self.live.1)
    }

    /// Levels at the end, bids and asks.
    #[must_use]
    pub const fn levels(&self) -> [usize; 2] {
        self.levels
    }

    /// Of the orders that could take: the share priced at the best opposite price, and the largest quantity.
    #[must_use]
    pub fn aggressive(&self) -> (f64, u32) {
        (self.aggressive_at_best as f64 / self.aggressive.max(1) as f64, self.aggressive_lots_max)
    }

    fn price(&mut self, record: &Record) {
        let limited = record.operation.submits() && record.operation != Operation::Market
            || record.operation == Operation::Replace;
        if limited {
            self.prices = (self.prices.0.min(record.price.0), self.prices.1.max(record.price.0));
        }
    }

    fn take_in(&mut self, record: &Record, book: &NaiveBook) {
        *self.operations.entry(record.operation).or_default() += 1;
        if !record.operation.submits() {
            self.dead += u64::from(!book.contains(record.order));
            return;
        }
        let best = book.best(record.side.opposite());
        let crosses = record.operation == Operation::Market
            || best.is_some_and(|best| match record.side {
                Side::Buy => best <= record.price,
                Side::Sell => best >= record.price,
            });
        if record.operation == Operation::Limit {
            *if crosses { &mut self.crossing } else { &mut self.passive } += 1;
        }
        if crosses && record.operation != Operation::PostOnly {
            self.aggressive += 1;
            self.aggressive_at_best += u64::from(best == Some(record.price));
            self.aggressive_lots_max = self.aggressive_lots_max.max(record.quantity.0);
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timed = self.records - self.prefill;
        let share = |count: u64| 100.0 * count as f64 / timed.max(1) as f64;
        writeln!(formatter, "records            {:>10}, of them {} prefill", self.records, self.prefill)?;
        for (operation, count) in &self.operations {
            writeln!(formatter, "{:<18} {count:>10}  {:>5.1} %", operation.name(), share(*count))?;
        }
        writeln!(formatter, "  passive limit    {:>10}  {:>5.1} %", self.passive, share(self.passive))?;
        writeln!(formatter, "  crossing limit   {:>10}  {:>5.1} %", self.crossing, share(self.crossing))?;
        writeln!(formatter, "not alive          {:>10}  {:>5.1} %", self.dead, share(self.dead))?;
        writeln!(formatter, "could take         {:>10}  {:>5.1} %", self.aggressive, share(self.aggressive))?;
        let at_best = 100.0 * self.aggressive().0;
        writeln!(
            formatter,
            "  at the best price{:>10}  {at_best:>5.1} % of them; at most {} lots",
            self.aggressive_at_best, self.aggressive_lots_max
        )?;
        let per_taker = self.trades as f64 / self.aggressive.max(1) as f64;
        writeln!(
            formatter,
            "trades             {:>10}  {per_taker:>5.2} per order that could take",
            self.trades
        )?;
        writeln!(formatter, "live orders        {:>10} to {}", self.live_orders().0, self.live_orders().1)?;
        writeln!(
            formatter,
            "prices             {:>10} to {}",
            self.prices.0.min(self.prices.1),
            self.prices.1
        )?;
        write!(formatter, "levels at the end  {:>10} bid, {} ask", self.levels[0], self.levels[1])
    }
}
