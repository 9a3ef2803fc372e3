//! Limits, halts and the kill switch as a trader sees them. How to read a scenario: `support/scenario.rs`.

mod support;

use support::scenario::check;

#[test]
fn a_position_counts_what_open_buys_would_bring() {
    check(
        "market BTC-USD position 10
         account alice
         account bob
         deposit alice USD 10000
         deposit alice BTC 3
         deposit bob BTC 20
         buy alice 1: 5 @ 100
         buy alice 2: 3 @ 100
           = rejected 2: position-limit
         buy alice 3: 2 @ 100
         cancel alice 1
         buy alice 4: 5 @ 100
         replace alice 4 with 5: 6 @ 100
           = rejected 4: position-limit
         sell bob 6: 7 @ 100
           | alice BTC 10 + 0
         sell alice 7: 10 @ 200
         buy alice 8: 1 @ 100
           = rejected 8: position-limit",
    );
}

#[test]
fn a_position_is_one_over_all_markets_of_its_asset() {
    check(
        "market BTC-USD position 10
         market BTC-EUR position 10
         account alice
         deposit alice USD 10000
         deposit alice EUR 10000
         buy alice 1: 6 @ 100
         buy alice 2: 5 @ 100 in BTC-EUR
           = rejected 2: position-limit
         buy alice 3: 4 @ 100 in BTC-EUR
           | alice EUR 9600 + 400",
    );
}

#[test]
fn a_tier_limits_open_orders_but_not_orders_that_never_rest() {
    check(
        "market BTC-USD
         tier 1 orders 2
         account alice tier 1
         deposit alice USD 10000
         buy alice 1: 1 @ 100
         buy alice 2: 1 @ 100
         buy alice 3: 1 @ 100
           = rejected 3: open-orders-limit
         buy alice 4: 1 @ 100 ioc
           = dropped 4: 1, immediate
         replace alice 1 with 5: 1 @ 101
         cancel alice 2
         buy alice 6: 1 @ 99
           | orders alice: 5 6",
    );
}

#[test]
fn a_tier_limits_the_notional_of_an_order() {
    check(
        "market BTC-USD reference 100
         tier 1 notional 1000
         account alice tier 1
         deposit alice USD 10000
         deposit alice BTC 100
         buy alice 1: 10 @ 100
         buy alice 2: 10 @ 101
           = rejected 2: notional-above-maximum
         sell alice 3: 11 @ 1
           = rejected 3: notional-above-maximum
         sell alice 4: 11 @ market
           = rejected 4: notional-above-maximum",
    );
}

#[test]
fn a_tier_limits_a_balance_after_a_deposit() {
    check(
        "market BTC-USD
         tier 1 balance 1000
         account alice tier 1
         account bob
         deposit alice USD 900
         buy alice 1: 5 @ 100
         deposit alice USD 101
           = rejected 0: balance-limit
         deposit alice USD 100
         deposit bob USD 18446744073709550616
           = rejected 0: balance-overflow
         deposit bob USD 18446744073709550615
           | bob USD 18446744073709550615 + 0",
    );
}

#[test]
fn a_halt_lets_orders_go_but_not_come() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 10000
         buy alice 1: 10 @ 100
         buy alice 2: 10 @ 100
         halt BTC-USD
         buy alice 3: 1 @ 100
           = rejected 3: instrument-halted
         replace alice 1 with 3: 1 @ 100
           = rejected 1: instrument-halted
         reduce alice 1 by 1
         cancel alice 2
         open BTC-USD
         buy alice 3: 1 @ 100
         halt alice
         buy alice 4: 1 @ 100
           = rejected 4: account-halted
         halt venue
         buy alice 4: 1 @ 100
           = rejected 4: venue-halted
         deposit alice USD 1
         withdraw alice USD 1
         cancel-all alice
           = cancelled 1: 9, mass cancel
           = cancelled 3: 1, mass cancel
           | alice USD 10000 + 0",
    );
}

#[test]
fn the_kill_switch_of_an_account_cancels_its_orders_and_no_others() {
    check(
        "market BTC-USD
         market ETH-USD
         account alice
         account bob
         deposit alice USD 10000
         deposit bob USD 10000
         buy alice 1: 1 @ 100
         buy bob 2: 1 @ 100
         buy alice 3: 1 @ 100 in ETH-USD
         kill alice
           = trading state set
           = cancelled 1: 1, killed
           = cancelled 3: 1, killed
           | alice USD 10000 + 0
           | orders bob: 2
         buy alice 4: 1 @ 100
           = rejected 4: account-halted
         open alice
         buy alice 4: 1 @ 100
           | orders alice: 4",
    );
}

#[test]
fn the_kill_switch_cancels_in_the_order_of_arrival() {
    check(
        "market BTC-USD
         market ETH-USD
         account alice
         account bob
         deposit alice USD 10000
         deposit bob USD 10000
         buy alice 9: 1 @ 100
         buy bob 2: 1 @ 101
         buy alice 7: 1 @ 100 in ETH-USD
         buy bob 4: 1 @ 99
         cancel bob 2
         buy alice 1: 1 @ 98
         kill BTC-USD
           = trading state set
           = cancelled 9: 1, killed
           = cancelled 4: 1, killed
           = cancelled 1: 1, killed
           | orders alice: 7
         kill venue
           = trading state set
           = cancelled 7: 1, killed
           | orders alice: none",
    );
}

#[test]
fn a_mass_cancel_can_be_narrowed() {
    check(
        "market BTC-USD
         market ETH-USD
         account alice
         account bob
         deposit alice USD 10000
         deposit alice BTC 10
         deposit bob USD 10000
         buy alice 1: 1 @ 100
         sell alice 2: 1 @ 110
         buy alice 3: 1 @ 100 in ETH-USD
         buy bob 4: 1 @ 100
         cancel-all alice everywhere buys
           = cancelled 1: 1, mass cancel
           = cancelled 3: 1, mass cancel
         buy alice 5: 1 @ 100 in ETH-USD
         cancel-all alice ETH-USD
           = cancelled 5: 1, mass cancel
         cancel-all alice BTC-USD sells
           = cancelled 2: 1, mass cancel
           | alice BTC 10 + 0
           | alice USD 10000 + 0
           | orders bob: 4",
    );
}

#[test]
fn what_may_happen_can_be_asked_of_an_account_a_market_and_the_venue() {
    check(
        "market BTC-USD
           | state venue: open
           | state BTC-USD: open
         tier 1 orders 2
         account alice tier 1
           | state alice: open
           | tier of alice: 1
         halt alice
           = trading state set
           | state alice: halted
           | state BTC-USD: open
         kill BTC-USD
           = trading state set
           | state BTC-USD: killed
           | state venue: open
         halt venue
           = trading state set
           | state venue: halted
         open alice
           = trading state set
           | state alice: open
         move alice to tier 0
           | tier of alice: 0",
    );
}
