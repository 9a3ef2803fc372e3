//! Self-trade prevention: the taker's choice decides what happens when it meets an order of its own account.

use crate::scenario::check;

#[test]
fn by_default_the_rest_of_the_taker_is_cancelled_and_the_maker_stays() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 101
         sell cid 3: 5 @ 101
         buy ann 4: 12 @ 101",
        "ask 101 | ann 2: 5, cid 3: 5
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 101
         cid 3 rests: sell 5 @ 101
         ann 4 buys 5 @ 101 from bob 1, left 7 and 0
         ann 4 dropped: buy 7 @ 101, self-trade",
    );
}

#[test]
fn cancel_maker_takes_the_own_order_off_the_book_and_goes_on() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 101
         sell cid 3: 5 @ 102
         buy ann 4: 12 @ 102 cancel-maker",
        "bid 102 | ann 4: 2 cancel-maker
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 101
         cid 3 rests: sell 5 @ 102
         ann 4 buys 5 @ 101 from bob 1, left 7 and 0
         ann 2 cancelled: sell 5 @ 101, self-trade
         ann 4 buys 5 @ 102 from cid 3, left 2 and 0
         ann 4 rests: buy 2 @ 102",
    );
}

#[test]
fn cancel_both_ends_the_own_order_and_the_taker() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 101
         sell cid 3: 5 @ 101
         buy ann 4: 12 @ 101 cancel-both",
        "ask 101 | cid 3: 5
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 101
         cid 3 rests: sell 5 @ 101
         ann 4 buys 5 @ 101 from bob 1, left 7 and 0
         ann 2 cancelled: sell 5 @ 101, self-trade
         ann 4 dropped: buy 7 @ 101, self-trade",
    );
}

#[test]
fn the_makers_choice_does_not_count() {
    check(
        "sell ann 1: 5 @ 101 cancel-both
         buy ann 2: 3 @ 101",
        "ask 101 | ann 1: 5 cancel-both
         ---
         ann 1 rests: sell 5 @ 101
         ann 2 dropped: buy 3 @ 101, self-trade",
    );
}

#[test]
fn a_taker_that_is_filled_before_its_own_order_never_meets_it() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 101
         buy ann 3: 5 @ 101 cancel-both",
        "ask 101 | ann 2: 5
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 101
         ann 3 buys 5 @ 101 from bob 1, left 0 and 0",
    );
}

#[test]
fn an_own_order_at_a_price_that_is_not_reached_does_not_matter() {
    check(
        "sell bob 1: 5 @ 101
         sell ann 2: 5 @ 102
         buy ann 3: 8 @ 101",
        "ask 102 | ann 2: 5
         bid 101 | ann 3: 3
         ---
         bob 1 rests: sell 5 @ 101
         ann 2 rests: sell 5 @ 102
         ann 3 buys 5 @ 101 from bob 1, left 3 and 0
         ann 3 rests: buy 3 @ 101",
    );
}

#[test]
fn cancel_maker_clears_a_whole_side_of_own_orders() {
    check(
        "buy ann 1: 5 @ 100
         buy ann 2: 5 @ 100
         buy ann 3: 5 @ 99
         sell ann 4: 7 @ 99 cancel-maker",
        "ask 99 | ann 4: 7 cancel-maker
         ---
         ann 1 rests: buy 5 @ 100
         ann 2 rests: buy 5 @ 100
         ann 3 rests: buy 5 @ 99
         ann 1 cancelled: buy 5 @ 100, self-trade
         ann 2 cancelled: buy 5 @ 100, self-trade
         ann 3 cancelled: buy 5 @ 99, self-trade
         ann 4 rests: sell 7 @ 99",
    );
}

#[test]
fn an_ioc_order_that_meets_its_own_account_says_self_trade_not_immediate() {
    check(
        "buy ann 1: 5 @ 100
         sell ann 2: 7 @ 100 ioc
         sell ann 3: 7 @ 100 ioc cancel-maker",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         ann 2 dropped: sell 7 @ 100, self-trade
         ann 1 cancelled: buy 5 @ 100, self-trade
         ann 3 dropped: sell 7 @ 100, immediate",
    );
}
