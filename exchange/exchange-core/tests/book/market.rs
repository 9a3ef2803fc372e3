//! Market orders: any price, and what finds none is dropped.

use crate::scenario::check;

#[test]
fn a_market_order_takes_price_after_price() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 4000000000
         buy cid 3: 7 at market",
        "ask 4000000000 | bob 2: 3
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 4000000000
         cid 3 buys 5 @ 101 from ann 1, left 2 and 0
         cid 3 buys 2 @ 4000000000 from bob 2, left 0 and 3",
    );
}

#[test]
fn the_rest_of_a_market_order_is_dropped() {
    check(
        "buy ann 1: 5 @ 100
         sell bob 2: 8 at market
         sell bob 3: 1 at market",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 sells 5 @ 100 to ann 1, left 3 and 0
         bob 2 dropped: sell 3 @ any price, immediate
         bob 3 dropped: sell 1 @ any price, immediate",
    );
}

#[test]
fn a_market_order_can_be_fill_or_kill() {
    check(
        "buy ann 1: 5 @ 100
         sell bob 2: 6 at market fok
         sell bob 3: 4 at market fok",
        "bid 100 | ann 1: 1
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 rejected: fill-or-kill-unfillable
         bob 3 sells 4 @ 100 to ann 1, left 0 and 1",
    );
}

#[test]
fn a_market_order_stops_at_an_order_of_its_own_account() {
    check(
        "sell bob 1: 2 @ 101
         sell ann 2: 5 @ 101
         buy ann 3: 4 at market",
        "ask 101 | ann 2: 5
         ---
         bob 1 rests: sell 2 @ 101
         ann 2 rests: sell 5 @ 101
         ann 3 buys 2 @ 101 from bob 1, left 2 and 0
         ann 3 dropped: buy 2 @ any price, self-trade",
    );
}
