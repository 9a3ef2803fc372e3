//! The fast book beside the reference book, and both beside the plain matcher.

use std::time::Duration;

use exchange_load::differential::{Tally, soak};
use exchange_load::flow::{Ids, Mix, generate};
use exchange_load::replay::Book;

/// Cases of the short slice that runs with all other tests; `exchange-load differential` runs as many as time allows.
const CASES: u64 = 400;

#[test]
fn both_books_say_and_hold_the_same_after_every_command() {
    let mut tally = Tally::default();
    for seed in 0..CASES {
        match soak(seed, Duration::ZERO, |_| {}) {
            Ok((one, _)) => tally.add(&one),
            Err(failure) => panic!("{failure}"),
        }
    }
    // Streams that never meet a case prove nothing about it.
    for kind in [
        "trade",
        "rested",
        "reduced",
        "resting order cancelled: Requested",
        "resting order cancelled: MassCancel",
        "resting order cancelled: Killed",
        "resting order cancelled: Replaced",
        "resting order cancelled: Reduced",
        "resting order cancelled: Expired",
        "resting order cancelled: SelfTrade",
        "rest of taker dropped: SelfTrade",
        "rest of taker dropped: Immediate",
        "rejected: unknown-order",
        "rejected: duplicate-order-id",
        "rejected: post-only-would-cross",
        "rejected: fill-or-kill-unfillable",
    ] {
        assert!(tally.of(kind) >= 500, "{kind}: {} times in\n{tally}", tally.of(kind));
    }
}

#[test]
fn the_reference_book_yields_the_plain_matchers_key_on_every_mix() {
    for mix in [Mix::Touch, Mix::Itch, Mix::All] {
        for seed in 1..=3 {
            let flow = generate(mix, Ids::Opaque, seed, Some(20_000));
            let (expected, found) = (Book::Plain.replay(&flow).key, Book::Reference.replay(&flow).key);
            assert_eq!(found, expected, "mix {}, seed {seed}", mix.name());
        }
    }
}

#[test]
fn the_fast_book_yields_the_plain_matchers_key_on_every_mix() {
    for (mix, operations) in
        [(Mix::Touch, 100_000), (Mix::Deep, 50_000), (Mix::Itch, 100_000), (Mix::All, 100_000)]
    {
        for ids in [Ids::Dense, Ids::Opaque] {
            let flow = generate(mix, ids, 7, Some(operations));
            let (expected, found) = (Book::Plain.replay(&flow).key, Book::Fast.replay(&flow).key);
            assert_eq!(found, expected, "mix {}, {ids:?} ids", mix.name());
        }
    }
}

/// The index of dense ids gives pages back and moves its directory only after hundreds of thousands of orders.
#[test]
fn the_fast_book_keeps_its_key_while_dense_ids_move_on() {
    let flow = generate(Mix::Itch, Ids::Dense, 11, Some(1_000_000));
    assert_eq!(Book::Fast.replay(&flow).key, Book::Plain.replay(&flow).key);
}
