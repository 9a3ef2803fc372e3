//! Post-only orders: they rest or are rejected, whole.

use crate::scenario::check;

#[test]
fn a_post_only_order_that_does_not_cross_rests() {
    check(
        "sell ann 1: 5 @ 101
         buy bob 2: 8 @ 100 post-only
         sell cid 3: 2 @ 101 post-only",
        "ask 101 | ann 1: 5, cid 3: 2
         bid 100 | bob 2: 8
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: buy 8 @ 100
         cid 3 rests: sell 2 @ 101",
    );
}

#[test]
fn a_post_only_order_that_would_cross_is_rejected_whole() {
    check(
        "sell ann 1: 5 @ 101
         buy bob 2: 8 @ 101 post-only
         buy bob 3: 1 @ 102 post-only",
        "ask 101 | ann 1: 5
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rejected: post-only-would-cross
         bob 3 rejected: post-only-would-cross",
    );
}

#[test]
fn a_post_only_sell_is_held_against_the_best_bid() {
    check(
        "buy ann 1: 5 @ 100
         sell bob 2: 1 @ 100 post-only
         sell bob 3: 1 @ 101 post-only",
        "ask 101 | bob 3: 1
         bid 100 | ann 1: 5
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 rejected: post-only-would-cross
         bob 3 rests: sell 1 @ 101",
    );
}

#[test]
fn a_post_only_order_is_rejected_in_front_of_an_order_of_its_own_account_too() {
    check(
        "sell ann 1: 5 @ 101
         buy ann 2: 8 @ 101 post-only cancel-maker",
        "ask 101 | ann 1: 5
         ---
         ann 1 rests: sell 5 @ 101
         ann 2 rejected: post-only-would-cross",
    );
}

#[test]
fn a_post_only_order_trades_as_a_maker_and_can_end_at_a_date() {
    check(
        "buy ann 1: 5 @ 100 post-only until 20
         sell bob 2: 2 @ 100
         time 20",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 sells 2 @ 100 to ann 1, left 0 and 3
         ann 1 cancelled: buy 3 @ 100, expired",
    );
}
