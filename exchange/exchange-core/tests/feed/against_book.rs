//! The feed against the book: depth made of events equals depth made by walking the orders.

use std::collections::BTreeMap;

use exchange_core::book::{OrderBook, ReferenceBook};
use exchange_core::feed::{Interval, Level};
use exchange_types::{PriceTicks, Side};
use proptest::prelude::*;

use crate::stream::{INSTRUMENTS, fixed_numbers, numbers, play};

/// The levels of a book, the best first, by looking at every order.
fn walk(book: &ReferenceBook, side: Side) -> Vec<Level> {
    let mut levels: BTreeMap<PriceTicks, (u64, u32)> = BTreeMap::new();
    book.visit(&mut |order| {
        if order.side == side {
            let level = levels.entry(order.price).or_default();
            level.0 += u64::from(order.remaining.0);
            level.1 += 1;
        }
    });
    let level = |(price, (quantity, orders))| Level { price, quantity, orders };
    let ascending = levels.into_iter().map(level);
    if side == Side::Buy { ascending.rev().collect() } else { ascending.collect() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn depth_from_events_equals_depth_from_walking_the_book_after_every_command(steps in numbers(600)) {
        play(&steps, |venue, feed, _| {
            for (instrument, book) in INSTRUMENTS.into_iter().zip(&venue.books) {
                for side in [Side::Buy, Side::Sell] {
                    let levels: Vec<Level> = feed.levels(instrument, side).collect();
                    assert_eq!(levels, walk(book, side));
                    assert_eq!(feed.best(instrument, side).map(|level| level.price), book.best(side));
                }
            }
        });
    }
}

#[test]
fn the_random_streams_have_everything_in_them() {
    let (mut trades, mut updates, mut wide, mut candles, mut levels) = (0, 0, 0, 0, 0);
    let (_, record) = play(&fixed_numbers(4_000), |_, feed, _| {
        levels += feed.levels(INSTRUMENTS[0], Side::Buy).count();
    });
    for instrument in INSTRUMENTS {
        trades += record.prints(instrument).len();
        updates += record.updates(instrument).len();
        wide += record.updates(instrument).iter().filter(|update| update.changes.len() > 2).count();
        candles += record.closed(instrument, Interval::Day).len();
    }
    assert!(trades > 500 && updates > 2_000 && candles > 200, "{trades} {updates} {candles}");
    assert!(wide > 50 && levels > 2 * 4_000, "{wide} {levels}");
}
