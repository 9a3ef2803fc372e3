//! Price-time priority: the best price first, inside a price the oldest order first, always at the maker's price.

use crate::scenario::check;

#[test]
fn orders_that_do_not_cross_rest() {
    check(
        "buy ann 1: 10 @ 99
         sell bob 2: 5 @ 101
         buy cid 3: 4 @ 99
         buy ann 4: 1 @ 98",
        "ask 101 | bob 2: 5
         bid 99 | ann 1: 10, cid 3: 4
         bid 98 | ann 4: 1
         ---
         ann 1 rests: buy 10 @ 99
         bob 2 rests: sell 5 @ 101
         cid 3 rests: buy 4 @ 99
         ann 4 rests: buy 1 @ 98",
    );
}

#[test]
fn the_oldest_order_of_a_price_trades_first() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 101
         sell cid 3: 5 @ 101
         buy dee 4: 7 @ 101",
        "ask 101 | bob 2: 3, cid 3: 5
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 101
         cid 3 rests: sell 5 @ 101
         dee 4 buys 5 @ 101 from ann 1, left 2 and 0
         dee 4 buys 2 @ 101 from bob 2, left 0 and 3",
    );
}

#[test]
fn a_better_price_trades_before_an_older_order() {
    check(
        "sell ann 1: 5 @ 102
         sell bob 2: 5 @ 101
         buy cid 3: 8 @ 102",
        "ask 102 | ann 1: 2
         ---
         ann 1 rests: sell 5 @ 102
         bob 2 rests: sell 5 @ 101
         cid 3 buys 5 @ 101 from bob 2, left 3 and 0
         cid 3 buys 3 @ 102 from ann 1, left 0 and 2",
    );
}

#[test]
fn a_seller_meets_the_highest_bid_first_and_gets_its_price() {
    check(
        "buy ann 1: 5 @ 98
         buy bob 2: 5 @ 100
         buy cid 3: 5 @ 99
         sell dee 4: 12 @ 98",
        "bid 98 | ann 1: 3
         ---
         ann 1 rests: buy 5 @ 98
         bob 2 rests: buy 5 @ 100
         cid 3 rests: buy 5 @ 99
         dee 4 sells 5 @ 100 to bob 2, left 7 and 0
         dee 4 sells 5 @ 99 to cid 3, left 2 and 0
         dee 4 sells 2 @ 98 to ann 1, left 0 and 3",
    );
}

#[test]
fn a_limit_order_stops_at_its_price_and_its_rest_joins_the_book() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 103
         buy cid 3: 9 @ 102",
        "ask 103 | bob 2: 5
         bid 102 | cid 3: 4
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 103
         cid 3 buys 5 @ 101 from ann 1, left 4 and 0
         cid 3 rests: buy 4 @ 102",
    );
}

#[test]
fn a_partly_filled_order_keeps_its_place() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 101
         buy cid 3: 2 @ 101
         buy dee 4: 4 @ 101",
        "ask 101 | bob 2: 4
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 101
         cid 3 buys 2 @ 101 from ann 1, left 0 and 3
         dee 4 buys 3 @ 101 from ann 1, left 1 and 0
         dee 4 buys 1 @ 101 from bob 2, left 0 and 4",
    );
}

#[test]
fn a_cancel_from_the_middle_of_a_queue_leaves_the_others_in_order() {
    check(
        "buy ann 1: 1 @ 100
         buy bob 2: 2 @ 100
         buy cid 3: 3 @ 100
         cancel 2
         buy bob 4: 4 @ 100
         sell dee 5: 5 @ 100",
        "bid 100 | bob 4: 3
         ---
         ann 1 rests: buy 1 @ 100
         bob 2 rests: buy 2 @ 100
         cid 3 rests: buy 3 @ 100
         bob 2 cancelled: buy 2 @ 100, requested
         bob 4 rests: buy 4 @ 100
         dee 5 sells 1 @ 100 to ann 1, left 4 and 0
         dee 5 sells 3 @ 100 to cid 3, left 1 and 0
         dee 5 sells 1 @ 100 to bob 4, left 0 and 3",
    );
}

#[test]
fn an_emptied_price_hands_the_best_place_to_the_next() {
    check(
        "sell ann 1: 5 @ 101
         sell bob 2: 5 @ 4000000000
         cancel 1
         buy cid 3: 1 @ 3999999999
         buy dee 4: 2 @ 4000000000",
        "ask 4000000000 | bob 2: 3
         bid 3999999999 | cid 3: 1
         ---
         ann 1 rests: sell 5 @ 101
         bob 2 rests: sell 5 @ 4000000000
         ann 1 cancelled: sell 5 @ 101, requested
         cid 3 rests: buy 1 @ 3999999999
         dee 4 buys 2 @ 4000000000 from bob 2, left 0 and 3",
    );
}

#[test]
fn the_lowest_and_the_highest_price_are_prices_like_any_other() {
    check(
        "buy ann 1: 5 @ 1
         sell bob 2: 5 @ 4294967294
         buy cid 3: 1 @ 4294967294
         sell dee 4: 1 @ 1",
        "ask 4294967294 | bob 2: 4
         bid 1 | ann 1: 4
         ---
         ann 1 rests: buy 5 @ 1
         bob 2 rests: sell 5 @ 4294967294
         cid 3 buys 1 @ 4294967294 from bob 2, left 0 and 4
         dee 4 sells 1 @ 1 to ann 1, left 0 and 4",
    );
}
