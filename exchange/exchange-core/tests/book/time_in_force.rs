//! GTC, IOC and GTD orders; FOK has a page of its own, and so has the end of GTD orders.

use crate::scenario::check;

#[test]
fn the_rest_of_an_ioc_order_is_dropped() {
    check(
        "sell ann 1: 5 @ 101
         buy bob 2: 8 @ 101 ioc",
        "empty
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 buys 5 @ 101 from ann 1, left 3 and 0
         bob 2 dropped: buy 3 @ 101, immediate",
    );
}

#[test]
fn an_ioc_order_that_meets_nothing_is_dropped_whole() {
    check(
        "sell ann 1: 5 @ 102
         buy bob 2: 8 @ 101 ioc",
        "ask 102 | ann 1: 5
         ---
         ann 1 rests: sell 5 @ 102
         bob 2 dropped: buy 8 @ 101, immediate",
    );
}

#[test]
fn an_ioc_order_that_is_filled_says_nothing_more() {
    check(
        "buy ann 1: 5 @ 100
         sell bob 2: 5 @ 99 ioc",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 sells 5 @ 100 to ann 1, left 0 and 0",
    );
}

#[test]
fn a_gtc_order_that_is_filled_at_once_never_rests() {
    check(
        "buy ann 1: 5 @ 100
         sell bob 2: 5 @ 100
         cancel 2",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 sells 5 @ 100 to ann 1, left 0 and 0
         nobody 2 rejected: unknown-order",
    );
}

#[test]
fn a_gtd_order_trades_and_rests_like_a_gtc_order() {
    check(
        "sell ann 1: 5 @ 101
         buy bob 2: 8 @ 101 until 50
         sell cid 3: 1 @ 101",
        "bid 101 | bob 2: 2 until 50
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 buys 5 @ 101 from ann 1, left 3 and 0
         bob 2 rests: buy 3 @ 101
         cid 3 sells 1 @ 101 to bob 2, left 0 and 2",
    );
}
