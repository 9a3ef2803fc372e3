//! Properties over random streams, each against a count made in the plainest way.

use std::collections::BTreeMap;

use exchange_core::feed::{Candle, DepthBook, DepthBookError, Feed, Interval, Statistics, Taken, TradePrint};
use exchange_types::{Event, InstrumentId, OrderId, PriceTicks, Sequence, Side, TimestampNs};
use proptest::prelude::*;

use crate::stream::{INSTRUMENTS, Record, Venue, numbers, play, take};

fn config() -> ProptestConfig {
    ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() }
}

/// Resting orders, remembered from events alone.
#[derive(Default)]
struct Orders(BTreeMap<OrderId, (InstrumentId, Side, PriceTicks, u64)>);

impl Orders {
    fn take(&mut self, event: &Event) {
        match *event {
            Event::Rested { order, instrument, side, price, quantity, .. } => {
                self.0.insert(order, (instrument, side, price, u64::from(quantity.0)));
            }
            Event::Cancelled { order, rested: true, .. } => {
                self.0.remove(&order);
            }
            Event::Reduced { order, remaining, .. } => {
                self.0.get_mut(&order).unwrap().3 = u64::from(remaining.0);
            }
            Event::Trade(trade) if trade.maker_remaining.0 == 0 => {
                self.0.remove(&trade.maker);
            }
            Event::Trade(trade) => {
                self.0.get_mut(&trade.maker).unwrap().3 = u64::from(trade.maker_remaining.0)
            }
            _ => {}
        }
    }

    /// Quantity and number of orders of a side.
    fn sum(&self, of: InstrumentId, side: Side) -> (u64, u64) {
        let orders = self.0.values().filter(|order| order.0 == of && order.1 == side);
        orders.fold((0, 0), |(quantity, count), order| (quantity + order.3, count + 1))
    }
}

/// The candle of some trades, made by looking at all of them.
fn candle_of(start: TimestampNs, prints: &[TradePrint]) -> Candle {
    let prices = || prints.iter().map(|print| print.price);
    Candle {
        start,
        open: prices().next().unwrap(),
        high: prices().max().unwrap(),
        low: prices().min().unwrap(),
        close: prices().next_back().unwrap(),
        volume: prints.iter().map(|print| u64::from(print.quantity.0)).sum(),
        notional: prints.iter().map(|print| u128::from(print.price.0) * u128::from(print.quantity.0)).sum(),
        trades: prints.len() as u64,
    }
}

/// The 24 hours before the end of the present minute, made by looking at all trades.
fn day_of(feed: &Feed, instrument: InstrumentId, prints: &[TradePrint]) -> Statistics {
    let minute = |time: TimestampNs| time.0 / Interval::Minute.length_ns();
    let inside: Vec<TradePrint> =
        prints.iter().filter(|print| minute(print.time) + 1_440 > minute(feed.now())).copied().collect();
    let mut day = Statistics {
        last_price: prints.last().map(|print| print.price),
        last_quantity: prints.last().map(|print| print.quantity),
        last_time: prints.last().map(|print| print.time),
        best_bid: feed.best(instrument, Side::Buy),
        best_ask: feed.best(instrument, Side::Sell),
        ..Statistics::default()
    };
    if let Some(last) = prints.last().filter(|_| !inside.is_empty()) {
        let sum = candle_of(TimestampNs(0), &inside);
        day.open = Some(sum.open);
        day.high = Some(sum.high);
        day.low = Some(sum.low);
        day.change_ticks = i64::from(last.price.0) - i64::from(sum.open.0);
        day.volume = sum.volume;
        day.notional = sum.notional;
        day.trades = sum.trades;
    }
    day
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_sum_of_the_levels_is_the_sum_of_the_resting_orders(steps in numbers(300)) {
        let (mut venue, listing) = Venue::new();
        let (mut feed, mut record, mut orders) = (Feed::new(), Record::default(), Orders::default());
        take(&mut feed, &listing, &mut record);
        for step in steps {
            for (header, event) in venue.step(step) {
                feed.apply(&header, &event, &mut record).unwrap();
                orders.take(&event);
                for (instrument, side) in INSTRUMENTS.into_iter().flat_map(|one| [(one, Side::Buy), (one, Side::Sell)]) {
                    let levels = feed.levels(instrument, side);
                    let sum = levels.fold((0, 0), |sum, level| (sum.0 + level.quantity, sum.1 + u64::from(level.orders)));
                    prop_assert_eq!(sum, orders.sum(instrument, side));
                }
            }
        }
    }

    #[test]
    fn any_depth_is_rebuilt_from_any_earlier_snapshot_and_the_updates_since(
        steps in numbers(200), from in any::<prop::sample::Index>()
    ) {
        let start = from.index(steps.len());
        for instrument in INSTRUMENTS {
            let mut books = Vec::new();
            let mut number = 0;
            let (feed, record) = play(&steps, |_, feed, _| {
                if number == start {
                    books.push(DepthBook::from_snapshot(&feed.depth(instrument).unwrap().unwrap()).unwrap());
                }
                number += 1;
            });
            // Updates that the snapshot contains are skipped, the others are taken, and none is missing.
            let book = &mut books[0];
            for update in record.updates(instrument) {
                let known = update.seq <= book.seq();
                let taken = book.apply(&update).unwrap();
                prop_assert_eq!(taken, if known { Taken::AlreadyContained } else { Taken::Applied });
            }
            let end = feed.depth(instrument).unwrap().unwrap();
            prop_assert_eq!(book.snapshot(), end.clone());
            prop_assert_eq!(&*book, &DepthBook::from_snapshot(&end).unwrap());
            prop_assert_eq!(book.best(Side::Buy), feed.best(instrument, Side::Buy));
        }
    }

    #[test]
    fn updates_are_a_chain_and_a_consumer_refuses_the_one_after_a_gap(steps in numbers(200), lost in any::<prop::sample::Index>()) {
        let (_, record) = play(&steps, |_, _, _| {});
        for instrument in INSTRUMENTS {
            let updates = record.updates(instrument);
            let mut before = Sequence(0);
            for update in &updates {
                prop_assert_eq!(update.prev_seq, before);
                prop_assert!(update.seq > before);
                before = update.seq;
            }
            if updates.len() < 2 {
                continue;
            }
            let lost = lost.index(updates.len() - 1);
            let empty = play(&[], |_, _, _| {}).0.depth(instrument).unwrap().unwrap();
            let mut book = DepthBook::from_snapshot(&empty).unwrap();
            for update in &updates[..lost] {
                book.apply(update).unwrap();
            }
            let unharmed = book.clone();
            let gap = DepthBookError::Gap { expected: updates[lost].prev_seq, found: updates[lost].seq };
            prop_assert_eq!(book.apply(&updates[lost + 1]), Err(gap));
            prop_assert_eq!(book, unharmed);
        }
    }

    #[test]
    fn depth_comes_out_the_same_whether_or_not_commands_are_ended_by_hand(steps in numbers(200)) {
        let (ended, by_hand) = play(&steps, |_, _, _| {});
        let (mut venue, mut events) = Venue::new();
        steps.iter().for_each(|&step| events.extend(venue.step(step)));
        let (mut feed, mut record) = (Feed::new(), Record::default());
        take(&mut feed, &events, &mut record);
        prop_assert_eq!(feed.state_hash(), ended.state_hash());
        for instrument in INSTRUMENTS {
            prop_assert_eq!(record.updates(instrument), by_hand.updates(instrument));
            prop_assert_eq!(record.prints(instrument), by_hand.prints(instrument));
        }
    }

    #[test]
    fn candles_hold_exactly_the_trades_of_their_interval(steps in numbers(400)) {
        let (feed, record) = play(&steps, |_, _, _| {});
        for (instrument, interval) in INSTRUMENTS.into_iter().flat_map(|one| Interval::ALL.map(|all| (one, all))) {
            let mut by_start: BTreeMap<TimestampNs, Vec<TradePrint>> = BTreeMap::new();
            for print in record.prints(instrument) {
                by_start.entry(interval.start_of(print.time)).or_default().push(print);
            }
            let expected: Vec<Candle> = by_start.iter().map(|(start, prints)| candle_of(*start, prints)).collect();
            let mut candles = record.closed(instrument, interval);
            candles.extend(feed.open_candle(instrument, interval));
            prop_assert_eq!(&candles, &expected);
            let mut kept: Vec<Candle> = feed.candles(instrument, interval).copied().collect();
            kept.reverse();
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn the_rolling_day_equals_a_count_of_all_trades_in_it_after_every_command(steps in numbers(300)) {
        play(&steps, |_, feed, record| {
            for instrument in INSTRUMENTS {
                let day = feed.statistics(instrument).unwrap();
                assert_eq!(day, day_of(feed, instrument, &record.prints(instrument)));
            }
        });
    }
}
