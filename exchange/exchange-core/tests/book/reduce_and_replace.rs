//! Reductions keep an order's place, replacements lose it.

use crate::scenario::check;

#[test]
fn a_reduced_order_keeps_its_place() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 101
         reduce 1 by 3
         buy cid 3: 4 @ 101",
        "ask 101 | bob 2: 3
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 101
         ann 1 reduced by 3: sell 2 @ 101
         cid 3 buys 2 @ 101 from ann 1, left 2 and 0
         cid 3 buys 2 @ 101 from bob 2, left 0 and 3",
    );
}

#[test]
fn a_reduction_by_all_that_is_left_cancels() {
    check(
        "buy ann 1: 5 @ 100
         buy bob 2: 5 @ 100
         reduce 1 by 5
         reduce 2 by 6",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 rests: buy 5 @ 100
         ann 1 cancelled: buy 5 @ 100, reduced
         bob 2 cancelled: buy 5 @ 100, reduced",
    );
}

#[test]
fn a_reduction_counts_from_what_is_left_not_from_what_was_asked() {
    check(
        "buy ann 1: 5 @ 100
         sell bob 2: 3 @ 100
         reduce 1 by 1
         reduce 1 by 1",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 sells 3 @ 100 to ann 1, left 0 and 2
         ann 1 reduced by 1: buy 1 @ 100
         ann 1 cancelled: buy 1 @ 100, reduced",
    );
}

#[test]
fn a_replaced_order_goes_to_the_back_even_at_its_old_price() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 101
         replace 1 with 3: 5 @ 101
         buy cid 4: 6 @ 101",
        "ask 101 | ann 3: 4
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 101
         ann 1 cancelled: sell 5 @ 101, replaced
         ann 3 rests: sell 5 @ 101
         cid 4 buys 5 @ 101 from bob 2, left 1 and 0
         cid 4 buys 1 @ 101 from ann 3, left 0 and 4",
    );
}

#[test]
fn a_replacement_may_cross_and_takes_as_a_plain_limit_order() {
    check(
        "buy ann 1: 5 @ 99
         sell bob 2: 5 @ 101
         replace 1 with 3: 8 @ 102",
        "bid 102 | ann 3: 3
         ---
         ann 1 rests: buy 5 @ 99
         bob 2 rests: sell 5 @ 101
         ann 1 cancelled: buy 5 @ 99, replaced
         ann 3 buys 5 @ 101 from bob 2, left 3 and 0
         ann 3 rests: buy 3 @ 102",
    );
}

#[test]
fn what_replaces_a_post_only_order_may_take() {
    check(
        "buy ann 1: 5 @ 99 post-only
         sell bob 2: 5 @ 101
         replace 1 with 3: 2 @ 101",
        "ask 101 | bob 2: 3
         ---
         ann 1 rests: buy 5 @ 99
         bob 2 rests: sell 5 @ 101
         ann 1 cancelled: buy 5 @ 99, replaced
         ann 3 buys 2 @ 101 from bob 2, left 0 and 3",
    );
}

#[test]
fn a_replacement_inherits_expiry_and_self_trade_choice() {
    check(
        "buy ann 1: 5 @ 99 until 50 cancel-both
         replace 1 with 3: 2 @ 98
         sell ann 4: 1 @ 200
         replace 3 with 5: 2 @ 200",
        "empty
         ---
         ann 1 rests: buy 5 @ 99
         ann 1 cancelled: buy 5 @ 99, replaced
         ann 3 rests: buy 2 @ 98
         ann 4 rests: sell 1 @ 200
         ann 3 cancelled: buy 2 @ 98, replaced
         ann 4 cancelled: sell 1 @ 200, self-trade
         ann 5 dropped: buy 2 @ 200, self-trade",
    );
}

#[test]
fn a_replacement_ends_when_the_order_it_replaced_would_have() {
    check(
        "buy ann 1: 5 @ 99 until 50
         replace 1 with 3: 2 @ 98
         time 49
         time 50",
        "empty
         ---
         ann 1 rests: buy 5 @ 99
         ann 1 cancelled: buy 5 @ 99, replaced
         ann 3 rests: buy 2 @ 98
         ann 3 cancelled: buy 2 @ 98, expired",
    );
}

#[test]
fn the_old_id_is_free_after_a_replacement() {
    check(
        "buy ann 1: 5 @ 99
         replace 1 with 2: 5 @ 98
         cancel 1
         buy bob 1: 3 @ 97
         replace 2 with 3: 4 @ 97",
        "bid 97 | bob 1: 3, ann 3: 4
         ---
         ann 1 rests: buy 5 @ 99
         ann 1 cancelled: buy 5 @ 99, replaced
         ann 2 rests: buy 5 @ 98
         nobody 1 rejected: unknown-order
         bob 1 rests: buy 3 @ 97
         ann 2 cancelled: buy 5 @ 98, replaced
         ann 3 rests: buy 4 @ 97",
    );
}
