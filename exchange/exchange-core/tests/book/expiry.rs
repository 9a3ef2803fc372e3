//! The end of GTD orders: at the first time that is not before their expiry, in the order of expiry and then of id.

use crate::scenario::check;

#[test]
fn an_order_ends_at_its_expiry_and_not_before() {
    check(
        "buy ann 1: 5 @ 100 until 30
         time 29
         sell bob 2: 1 @ 100
         time 30",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         bob 2 sells 1 @ 100 to ann 1, left 0 and 4
         ann 1 cancelled: buy 4 @ 100, expired",
    );
}

#[test]
fn orders_end_by_expiry_first_and_by_id_second_whatever_their_price_and_age() {
    check(
        "buy ann 9: 1 @ 100 until 30
         buy bob 3: 1 @ 101 until 30
         sell cid 5: 1 @ 200 until 20
         sell dee 1: 1 @ 201 until 40
         time 35",
        "ask 201 | dee 1: 1 until 40
         ---
         ann 9 rests: buy 1 @ 100
         bob 3 rests: buy 1 @ 101
         cid 5 rests: sell 1 @ 200
         dee 1 rests: sell 1 @ 201
         cid 5 cancelled: sell 1 @ 200, expired
         bob 3 cancelled: buy 1 @ 101, expired
         ann 9 cancelled: buy 1 @ 100, expired",
    );
}

#[test]
fn other_orders_never_expire() {
    check(
        "buy ann 1: 5 @ 100
         time 18446744073709551615",
        "bid 100 | ann 1: 5
         ---
         ann 1 rests: buy 5 @ 100",
    );
}

#[test]
fn an_order_that_is_gone_does_not_expire_again() {
    check(
        "buy ann 1: 5 @ 100 until 30
         buy ann 2: 5 @ 99 until 30
         buy ann 3: 5 @ 98 until 30
         sell bob 4: 5 @ 100
         cancel 2
         reduce 3 by 5
         time 30",
        "empty
         ---
         ann 1 rests: buy 5 @ 100
         ann 2 rests: buy 5 @ 99
         ann 3 rests: buy 5 @ 98
         bob 4 sells 5 @ 100 to ann 1, left 0 and 0
         ann 2 cancelled: buy 5 @ 99, requested
         ann 3 cancelled: buy 5 @ 98, reduced",
    );
}

#[test]
fn an_id_that_is_used_again_does_not_inherit_an_expiry() {
    check(
        "buy ann 1: 5 @ 100 until 30
         cancel 1
         buy ann 1: 5 @ 99
         time 30",
        "bid 99 | ann 1: 5
         ---
         ann 1 rests: buy 5 @ 100
         ann 1 cancelled: buy 5 @ 100, requested
         ann 1 rests: buy 5 @ 99",
    );
}

#[test]
fn a_gtd_order_that_self_trade_prevention_removed_does_not_expire_again() {
    check(
        "sell ann 1: 5 @ 101 until 30
         buy ann 2: 5 @ 101 cancel-maker
         time 30",
        "bid 101 | ann 2: 5 cancel-maker
         ---
         ann 1 rests: sell 5 @ 101
         ann 1 cancelled: sell 5 @ 101, self-trade
         ann 2 rests: buy 5 @ 101",
    );
}
