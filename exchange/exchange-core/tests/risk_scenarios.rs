//! Risk as a trader sees it: what is reserved, what is paid, what comes back. How to read a scenario: `support/scenario.rs`.

mod support;

use support::scenario::check;

#[test]
fn a_buy_reserves_its_notional_and_the_higher_fee() {
    check(
        "market BTC-USD maker 1000 taker 2500
         account alice
         deposit alice USD 10000
         buy alice 1: 10 @ 100
           = rested 1: 10 @ 100
           | order 1: buy 10 @ 100, reserved 1003
           | alice USD 8997 + 1003
         cancel alice 1
           = cancelled 1: 10, requested
           | alice USD 10000 + 0",
    );
}

#[test]
fn a_sell_reserves_what_it_sells_and_pays_its_fee_from_the_proceeds() {
    check(
        "market BTC-USD maker 1000 taker 2500
         account alice
         account bob
         deposit alice BTC 10
         deposit bob USD 5000
         sell alice 1: 10 @ 400
           | alice BTC 0 + 10
           | order 1: sell 10 @ 400, reserved 10
         buy bob 2: 10 @ 400
           = trade 2 with 1: 10 @ 400
           | alice BTC 0 + 0
           | alice USD 3996 + 0
           | bob BTC 10 + 0
           | bob USD 990 + 0
           | fees USD 14",
    );
}

#[test]
fn a_better_price_comes_back_at_the_fill() {
    check(
        "market BTC-USD
         account alice
         account bob
         deposit alice BTC 4
         deposit bob USD 1000
         sell alice 1: 4 @ 90
         buy bob 2: 10 @ 100
           = trade 2 with 1: 4 @ 90
           = rested 2: 6 @ 100
           | bob USD 40 + 600
           | bob BTC 4 + 0
           | alice USD 360 + 0",
    );
}

/// Four fills of 1 at 25 % cost a fee of 1 and not of 4.
#[test]
fn a_fee_is_rounded_once_for_an_order() {
    check(
        "market BTC-USD taker 250000
         account alice
         account bob
         deposit alice BTC 4
         deposit bob USD 5
         sell alice 1: 1 @ 1
         sell alice 2: 1 @ 1
         sell alice 3: 1 @ 1
         sell alice 4: 1 @ 1
         buy bob 5: 4 @ 1
           = trade 5 with 1: 1 @ 1
           = trade 5 with 2: 1 @ 1
           = trade 5 with 3: 1 @ 1
           = trade 5 with 4: 1 @ 1
           | fees USD 1
           | bob USD 0 + 0",
    );
}

#[test]
fn a_maker_pays_the_maker_rate_over_many_fills() {
    check(
        "market BTC-USD maker 100000 taker 500000
         account alice
         account bob
         deposit alice USD 1000
         deposit bob BTC 10
         buy alice 1: 10 @ 10
           | order 1: buy 10 @ 10, reserved 150
         sell bob 2: 3 @ 10
           = trade 2 with 1: 3 @ 10
           | order 1: buy 7 @ 10, reserved 105
           | alice USD 862 + 105
           | alice BTC 3 + 0
           | fees USD 18
         sell bob 3: 7 @ 10
           = trade 3 with 1: 7 @ 10
           | alice USD 890 + 0
           | alice BTC 10 + 0
           | bob USD 50 + 0
           | fees USD 60",
    );
}

#[test]
fn a_discount_holds_for_orders_admitted_with_it() {
    check(
        "market BTC-USD maker 100000 taker 100000
         tier 1 discount 500000
         account alice tier 1
         account bob
         deposit alice USD 1000
         deposit bob BTC 10
         buy alice 1: 10 @ 10
           | order 1: buy 10 @ 10, reserved 105
         move alice to tier 0
         sell bob 2: 10 @ 10
           | alice USD 895 + 0
           | fees USD 15
         buy alice 3: 1 @ 10
           | order 3: buy 1 @ 10, reserved 11",
    );
}

#[test]
fn a_reduction_releases_its_part_and_keeps_the_place() {
    check(
        "market BTC-USD maker 2500 taker 2500
         account alice
         account bob
         deposit alice USD 10000
         deposit bob BTC 10
         buy alice 1: 10 @ 100
         buy alice 2: 10 @ 100
         reduce alice 1 by 6
           = reduced 1: by 6 to 4
           | order 1: buy 4 @ 100, reserved 401
           | alice USD 8596 + 1404
         sell bob 3: 5 @ 100
           = trade 3 with 1: 4 @ 100
           = trade 3 with 2: 1 @ 100
         reduce alice 2 by 100
           = cancelled 2: 9, reduced
           | orders alice: none
           | alice USD 9498 + 0",
    );
}

#[test]
fn reducing_by_more_lots_than_can_be_counted_cancels() {
    check(
        "market BTC-USD
         account alice
         deposit alice BTC 5
         sell alice 1: 5 @ 100
         reduce alice 1 by 18446744073709551615
           = cancelled 1: 5, reduced
           | alice BTC 5 + 0",
    );
}

#[test]
fn a_replacement_moves_the_reservation_in_one_step() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 1000
         buy alice 1: 10 @ 100
           | alice USD 0 + 1000
         replace alice 1 with 2: 9 @ 110
           = cancelled 1: 10, replaced
           = rested 2: 9 @ 110
           | alice USD 10 + 990
         replace alice 2 with 3: 11 @ 100
           = rejected 2: insufficient-funds
           | alice USD 10 + 990
           | order 2: buy 9 @ 110, reserved 990
         replace alice 2 with 2: 1 @ 100
           = rejected 2: duplicate-order-id
         replace alice 2 with 3: 0 @ 100
           = rejected 2: quantity-zero
           | orders alice: 2",
    );
}

/// Its fee is 6.6 for what it takes and at most 4.4 for what rests: 7 paid, and only 4 more to reserve.
#[test]
fn a_replacement_may_cross() {
    check(
        "market BTC-USD taker 10000
         account alice
         account bob
         deposit alice USD 2000
         deposit bob BTC 10
         sell bob 1: 6 @ 110
         buy alice 2: 10 @ 100
         replace alice 2 with 3: 10 @ 110
           = cancelled 2: 10, replaced
           = trade 3 with 1: 6 @ 110
           = rested 3: 4 @ 110
           | order 3: buy 4 @ 110, reserved 444
           | alice BTC 6 + 0
           | alice USD 889 + 444",
    );
}

#[test]
fn a_market_order_is_funded_at_the_band() {
    check(
        "market BTC-USD band 100000
         account alice
         account bob
         deposit alice USD 1099
         deposit bob BTC 10
         sell bob 1: 5 @ 105
         sell bob 2: 5 @ 110
         buy alice 3: 10 @ market
           = rejected 3: insufficient-funds
         deposit alice USD 1
         buy alice 4: 10 @ market
           = trade 4 with 1: 5 @ 105
           = trade 4 with 2: 5 @ 110
           | alice USD 25 + 0",
    );
}

#[test]
fn a_market_order_does_not_leave_the_band() {
    check(
        "market BTC-USD band 50000
         account alice
         account bob
         deposit alice USD 10000
         deposit bob BTC 10
         sell bob 1: 5 @ 105
         sell bob 2: 5 @ 106
           = rejected 2: price-outside-band
         sell bob 3: 1 @ 95
         buy alice 4: 1 @ 95
         buy alice 5: 4 @ market
           = dropped 5: 4, immediate
           | alice USD 9905 + 0",
    );
}

/// Twice the last trade is as far as a market buy goes where there is no band; a sell goes all the way down.
#[test]
fn a_market_order_without_a_band_has_a_bound_that_can_be_funded() {
    check(
        "market BTC-USD reference 100
         account alice
         account bob
         deposit alice USD 1000
         deposit bob BTC 10
         sell bob 1: 1 @ 200
         sell bob 2: 1 @ 201
         buy alice 3: 2 @ market
           = trade 3 with 1: 1 @ 200
           = dropped 3: 1, immediate
           | alice USD 800 + 0
         buy alice 4: 1 @ 1
         sell bob 5: 1 @ market
           = trade 5 with 4: 1 @ 1",
    );
}

#[test]
fn the_band_follows_the_last_trade() {
    check(
        "market BTC-USD band 100000 reference 100
         account alice
         account bob
         deposit alice USD 100000
         deposit bob BTC 100
         sell bob 1: 1 @ 111
           = rejected 1: price-outside-band
         sell bob 2: 1 @ 110
         buy alice 3: 1 @ 110
           = trade 3 with 2: 1 @ 110
         sell bob 4: 1 @ 121
         sell bob 5: 1 @ 122
           = rejected 5: price-outside-band
         buy alice 6: 1 @ 98
           = rejected 6: price-outside-band",
    );
}

#[test]
fn reserved_money_cannot_be_withdrawn() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 1000
         buy alice 1: 6 @ 100
         withdraw alice USD 401
           = rejected 0: insufficient-funds
         withdraw alice USD 400
           | alice USD 0 + 600
         cancel alice 1
         withdraw alice USD 600
           | alice USD 0 + 0",
    );
}

#[test]
fn time_releases_what_an_order_had_reserved() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 1000
         at 2000
         buy alice 1: 5 @ 100 until 3000
         buy alice 2: 5 @ 100 until 2500
           | alice USD 0 + 1000
         at 2499
         at 2500
           = cancelled 2: 5, expired
           = time passed
           | alice USD 500 + 500
         at 9000
           = cancelled 1: 5, expired
           = time passed
           | alice USD 1000 + 0",
    );
}

#[test]
fn orders_that_end_at_the_time_of_a_command_end_before_it() {
    check(
        "market BTC-USD
         account alice
         account bob
         deposit alice USD 100
         deposit bob BTC 1
         at 2000
         buy alice 1: 1 @ 100 until 2001
         at 2001
           = cancelled 1: 1, expired
           = time passed
         sell bob 2: 1 @ 100
           = rested 2: 1 @ 100
         buy alice 3: 1 @ 100 until 2001
           = rejected 3: expiry-in-past",
    );
}

#[test]
fn what_an_order_drops_comes_back() {
    check(
        "market BTC-USD
         account alice
         account bob
         deposit alice USD 1000
         deposit bob BTC 3
         sell bob 1: 3 @ 100
         buy alice 2: 5 @ 100 fok
           = rejected 2: fill-or-kill-unfillable
           | alice USD 1000 + 0
         buy alice 3: 5 @ 100 post-only
           = rejected 3: post-only-would-cross
           | alice USD 1000 + 0
         buy alice 4: 5 @ 100 ioc
           = trade 4 with 1: 3 @ 100
           = dropped 4: 2, immediate
           | alice USD 700 + 0",
    );
}

#[test]
fn an_order_that_meets_its_own_account_releases_what_ends() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 1000
         deposit alice BTC 10
         sell alice 1: 4 @ 100
         buy alice 2: 5 @ 100
           = dropped 2: 5, self-trade
           | alice USD 1000 + 0
         buy alice 3: 5 @ 100 cancel-maker
           = cancelled 1: 4, self-trade
           = rested 3: 5 @ 100
           | alice USD 500 + 500
           | alice BTC 10 + 0
         sell alice 4: 2 @ 100 cancel-both
           = cancelled 3: 5, self-trade
           = dropped 4: 2, self-trade
           | alice USD 1000 + 0
           | alice BTC 10 + 0",
    );
}

#[test]
fn the_sale_of_everything_there_is_conserves_it() {
    check(
        "market BTC-USD maker 1000000 taker 1000000
         account alice
         account bob
         deposit alice BTC 18446744073709551615
         deposit bob USD 18446744073709551615
         sell alice 1: 1000000 @ 4294967294
         buy bob 2: 1000000 @ 4294967294
           = trade 2 with 1: 1000000 @ 4294967294
           | alice USD 0 + 0
           | bob USD 18438154139121551615 + 0
           | bob BTC 1000000 + 0
           | fees USD 8589934588000000",
    );
}

#[test]
fn ticks_and_lots_are_what_the_instrument_says() {
    check(
        "market BTC-USD tick 5 lot 10 reference 100
         account alice
         deposit alice USD 100000
         buy alice 1: 20 @ 50
           = rested 1: 2 @ 10
           | order 1: buy 2 @ 10, reserved 1000
         buy alice 2: 25 @ 50
           = rejected 2: quantity-off-lot
         buy alice 3: 20 @ 51
           = rejected 3: price-off-tick
         reduce alice 1 by 10
           = reduced 1: by 1 to 1
           | order 1: buy 1 @ 10, reserved 500",
    );
}
