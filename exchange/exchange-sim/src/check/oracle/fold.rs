//! How the oracle folds a durable record, and what it counts after that.

use std::collections::BTreeMap;

use exchange_core::Digest;
use exchange_core::book::OrderBook;
use exchange_core::feed::{Candle, DepthUpdate, EventHeader, FeedSink, Interval, Level, TradePrint};
use exchange_types::{AccountId, AssetId, Event, InstrumentId, PriceTicks, Sequence, Side};

use super::super::{Violation, ensure};
use super::{Appended, Oracle};
use crate::message::Entry;

/// Depth is compared after every so many commands; comparing after each takes most of the time of a run.
const DEPTH_EVERY: u64 = 8;
/// All balances are counted after every so many commands.
const BALANCES_EVERY: u64 = 32;

struct Nowhere;

impl FeedSink for Nowhere {
    fn trade(&mut self, _print: &TradePrint) {}
    fn depth(&mut self, _update: &DepthUpdate<'_>) {}
    fn candle(&mut self, _instrument: InstrumentId, _interval: Interval, _candle: &Candle) {}
}

impl Oracle {
    pub(super) fn fold(&mut self, appended: &Appended) -> Result<(), Violation> {
        let entry = &appended.entry;
        let start = self.events.len();
        if let Some(before) = self.log.last() {
            ensure(entry.time >= before.entry.time, "time in the log does not go back", || {
                format!("{entry:?} after {:?}", before.entry.time)
            })?;
        }
        self.fast.apply(entry, &mut self.events);
        let end = self.events.len();
        self.reference.apply(entry, &mut self.events);
        let (fast, reference) = (&self.events[start..end], &self.events[end..]);
        ensure(fast == reference, "the fast book and the reference book say the same", || {
            format!("{entry:?}: {fast:?} and {reference:?}")
        })?;
        self.events.truncate(end);
        let accounts = self.fast.engine.risk().accounts();
        self.requests.fold(entry, &self.events[start..end], accounts)?;
        let hash = self.fast.engine.state_hash();
        ensure(hash == self.reference.engine.state_hash(), "equal venues have equal hashes", || {
            format!("after {}", entry.sequence)
        })?;
        self.ends.push((end, hash));
        self.count(start);
        self.feed_events(entry, start)?;
        if entry.sequence.0.is_multiple_of(DEPTH_EVERY) {
            self.keep_depth(start);
        }
        if entry.sequence.0.is_multiple_of(BALANCES_EVERY) {
            self.check_balances()?;
        }
        Ok(())
    }

    fn count(&mut self, start: usize) {
        for event in &self.events[start..] {
            self.coverage.event(event);
            match *event {
                Event::Deposited { asset, amount, .. } => {
                    *self.deposited.entry(asset).or_default() += u128::from(amount.0);
                }
                Event::Withdrawn { asset, amount, .. } => {
                    *self.withdrawn.entry(asset).or_default() += u128::from(amount.0);
                }
                _ => {}
            }
        }
    }

    fn feed_events(&mut self, entry: &Entry, start: usize) -> Result<(), Violation> {
        for (offset, event) in self.events[start..].iter().enumerate() {
            let sequence = Sequence((start + offset) as u64 + 1);
            let header = EventHeader { sequence, command: entry.sequence, time: entry.time };
            self.feed.apply(&header, event, &mut Nowhere).map_err(|error| Violation {
                rule: "a feed can follow every event",
                found: error.to_string(),
            })?;
        }
        self.feed.end_command(&mut Nowhere);
        Ok(())
    }

    /// Remembers the depth of the instruments that the last command has touched.
    fn keep_depth(&mut self, start: usize) {
        let mut touched: BTreeMap<InstrumentId, Sequence> = BTreeMap::new();
        for (offset, event) in self.events[start..].iter().enumerate() {
            let instrument = match *event {
                Event::Trade(trade) => trade.instrument,
                Event::Rested { instrument, .. }
                | Event::Reduced { instrument, .. }
                | Event::Cancelled { instrument, rested: true, .. } => instrument,
                _ => continue,
            };
            touched.insert(instrument, Sequence((start + offset) as u64 + 1));
        }
        for (instrument, sequence) in touched {
            if let Some(digest) = self.book_depth(instrument) {
                self.depths.insert((instrument, sequence), digest);
            }
        }
    }

    fn book_depth(&self, instrument: InstrumentId) -> Option<u64> {
        let book = self.reference.engine.matching().book(instrument)?;
        let mut sides: [BTreeMap<u32, (u64, u32)>; 2] = Default::default();
        book.visit(&mut |order| {
            let level = sides[order.side as usize].entry(order.price.0).or_default();
            level.0 += u64::from(order.remaining.0);
            level.1 += 1;
        });
        let level = |(price, (quantity, orders)): (&u32, &(u64, u32))| Level {
            price: PriceTicks(*price),
            quantity: *quantity,
            orders: *orders,
        };
        Some(digest_levels(sides[0].iter().rev().map(level), sides[1].iter().map(level)))
    }

    /// Counts all money: what accounts have and what the venue has earned is what came in and did not go out.
    fn check_balances(&mut self) -> Result<(), Violation> {
        let risk = self.fast.engine.risk();
        for asset in 0..risk.assets() as u32 {
            let asset = AssetId(asset);
            let mut held = u128::from(risk.fees(asset).unwrap_or_default());
            for account in 0..risk.accounts() as u32 {
                let balance = risk.balance(AccountId(account), asset).unwrap_or_default();
                held += u128::from(balance.free) + u128::from(balance.reserved);
            }
            let came_in = self.deposited.get(&asset).copied().unwrap_or_default();
            let went_out = self.withdrawn.get(&asset).copied().unwrap_or_default();
            ensure(
                held + went_out == came_in,
                "balances and fees together are deposits less withdrawals",
                || format!("asset {asset}: {held} held, {came_in} came in, {went_out} went out"),
            )?;
        }
        self.fast
            .engine
            .audit()
            .map_err(|violation| Violation { rule: "a full recount agrees", found: violation.to_string() })
    }
}

pub(super) fn digest_levels(bids: impl Iterator<Item = Level>, asks: impl Iterator<Item = Level>) -> u64 {
    let mut digest = Digest::new();
    for (side, level) in bids.map(|level| (Side::Buy, level)).chain(asks.map(|level| (Side::Sell, level))) {
        for word in [side as u64, u64::from(level.price.0), level.quantity, u64::from(level.orders)] {
            digest.word(word);
        }
        digest.end_record();
    }
    digest.value()
}
