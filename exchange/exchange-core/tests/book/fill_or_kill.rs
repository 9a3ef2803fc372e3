//! Fill-or-kill orders: the whole quantity at once or nothing, with and without orders of the same account in the way.

use crate::scenario::check;

#[test]
fn a_fok_order_that_can_be_filled_trades_over_several_prices() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 102
         buy cid 3: 8 @ 102 fok",
        "ask 102 | bob 2: 2
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 102
         cid 3 buys 5 @ 101 from ann 1, left 3 and 0
         cid 3 buys 3 @ 102 from bob 2, left 0 and 2",
    );
}

#[test]
fn a_fok_order_of_exactly_what_there_is_is_filled() {
    check(
        "buy ann 1: 5 @ 100
         buy bob 2: 5 @ 99
         sell cid 3: 10 @ 99 fok",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 rests: buy 5 @ 99
         cid 3 sells 5 @ 100 to ann 1, left 5 and 0
         cid 3 sells 5 @ 99 to bob 2, left 0 and 0",
    );
}

#[test]
fn a_fok_order_of_one_lot_too_many_changes_nothing() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 102
         buy cid 3: 11 @ 102 fok
         buy cid 4: 6 @ 101 fok",
        "ask 102 | bob 2: 5
         ask 101 | ann 1: 5
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 102
         cid 3 rejected: fill-or-kill-unfillable
         cid 4 rejected: fill-or-kill-unfillable",
    );
}

#[test]
fn a_fok_order_on_an_empty_side_is_rejected() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 1 @ 1 fok",
        "ask 101 | ann 1: 5
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rejected: fill-or-kill-unfillable",
    );
}

#[test]
fn with_cancel_taker_only_what_is_ahead_of_the_first_own_order_counts() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 101
         sell cid 3: 5 @ 101
         buy ann 4: 6 @ 101 fok
         buy ann 5: 5 @ 101 fok",
        "ask 101 | ann 2: 5, cid 3: 5
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 101
         cid 3 rests: sell 5 @ 101
         ann 4 rejected: fill-or-kill-unfillable
         ann 5 buys 5 @ 101 from bob 1, left 0 and 0",
    );
}

#[test]
fn with_cancel_both_only_what_is_ahead_of_the_first_own_order_counts() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 102
         sell cid 3: 5 @ 102
         buy ann 4: 6 @ 102 fok cancel-both
         buy ann 5: 4 @ 102 fok cancel-both",
        "ask 102 | ann 2: 5, cid 3: 5
         ask 101 | bob 1: 1
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 102
         cid 3 rests: sell 5 @ 102
         ann 4 rejected: fill-or-kill-unfillable
         ann 5 buys 4 @ 101 from bob 1, left 0 and 1",
    );
}

#[test]
fn with_cancel_maker_own_orders_are_passed_over_in_the_count() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 101
         sell cid 3: 5 @ 102
         buy ann 4: 11 @ 102 fok cancel-maker
         buy ann 5: 10 @ 102 fok cancel-maker",
        "empty
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 101
         cid 3 rests: sell 5 @ 102
         ann 4 rejected: fill-or-kill-unfillable
         ann 5 buys 5 @ 101 from bob 1, left 5 and 0
         ann 2 cancelled: sell 5 @ 101, self-trade
         ann 5 buys 5 @ 102 from cid 3, left 0 and 0",
    );
}

#[test]
fn a_fok_order_of_the_largest_quantity_is_counted_without_overflow() {
    check(
        "sell ann 1: 4294967295 @ 101
         sell bob 2: 4294967295 @ 102
         buy cid 3: 1 @ 101
         buy dee 4: 4294967295 @ 101 fok
         buy dee 5: 4294967295 @ 102 fok",
        "ask 102 | bob 2: 4294967294
         ---
         ann 1 rests: sell 4294967295 @ 101
         bob 2 rests: sell 4294967295 @ 102
         cid 3 buys 1 @ 101 from ann 1, left 0 and 4294967294
         dee 4 rejected: fill-or-kill-unfillable
         dee 5 buys 4294967294 @ 101 from ann 1, left 1 and 0
         dee 5 buys 1 @ 102 from bob 2, left 0 and 4294967294",
    );
}
