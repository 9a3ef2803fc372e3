//! Ids that are not alive, and ids that are: what cannot be carried out changes nothing.

use crate::scenario::check;

#[test]
fn an_order_that_does_not_rest_cannot_be_cancelled_reduced_or_replaced() {
    check(
        "buy ann 1: 5 @ 99
         cancel 8
         reduce 8 by 1
         replace 8 with 9: 1 @ 100
         cancel 9",
        "bid 99 | ann 1: 5
         ---
         ann 1 rests: buy 5 @ 99
         nobody 8 rejected: unknown-order
         nobody 8 rejected: unknown-order
         nobody 8 rejected: unknown-order
         nobody 9 rejected: unknown-order",
    );
}

#[test]
fn an_order_cannot_be_cancelled_twice() {
    check(
        "buy ann 1: 5 @ 99
         cancel 1 in a mass cancel
         cancel 1",
        "empty
         ---
         ann 1 rests: buy 5 @ 99
         ann 1 cancelled: buy 5 @ 99, mass cancel
         nobody 1 rejected: unknown-order",
    );
}

#[test]
fn the_id_of_a_resting_order_is_taken_even_for_an_order_that_would_trade() {
    check(
        "buy ann 1: 5 @ 99
         sell bob 1: 5 @ 99
         sell bob 1: 5 @ 99 ioc
         buy cid 1: 5 @ 98",
        "bid 99 | ann 1: 5
         ---
         ann 1 rests: buy 5 @ 99
         bob 1 rejected: duplicate-order-id
         bob 1 rejected: duplicate-order-id
         cid 1 rejected: duplicate-order-id",
    );
}

#[test]
fn the_id_of_an_order_that_is_gone_can_be_used_again() {
    check(
        "buy ann 1: 5 @ 99
         sell bob 2: 5 @ 99
         buy cid 1: 4 @ 98",
        "bid 98 | cid 1: 4
         ---
         ann 1 rests: buy 5 @ 99
         bob 2 sells 5 @ 99 to ann 1, left 0 and 0
         cid 1 rests: buy 4 @ 98",
    );
}

#[test]
fn an_order_cannot_be_replaced_onto_the_id_of_a_resting_one() {
    check(
        "buy ann 1: 5 @ 99
         buy bob 2: 5 @ 98
         replace 1 with 2: 3 @ 97
         replace 1 with 1: 3 @ 97",
        "bid 99 | ann 1: 5
         bid 98 | bob 2: 5
         ---
         ann 1 rests: buy 5 @ 99
         bob 2 rests: buy 5 @ 98
         ann 2 rejected: duplicate-order-id
         ann 1 rejected: duplicate-order-id",
    );
}

#[test]
fn a_taken_id_is_found_out_before_anything_else() {
    check(
        "sell ann 1: 5 @ 101
         buy bob 1: 9 @ 101 fok
         buy bob 1: 9 @ 101 post-only",
        "ask 101 | ann 1: 5
         ---
         ann 1 rests: sell 5 @ 101
         bob 1 rejected: duplicate-order-id
         bob 1 rejected: duplicate-order-id",
    );
}
