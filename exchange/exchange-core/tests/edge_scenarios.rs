//! Where rules meet: replacements at limits, time and commands at the same instant, a kill over several instruments, a sweep
//! that moves the band. How to read a scenario: `support/scenario.rs`.

mod support;

use exchange_core::FastEngine;
use exchange_core::matching::BookMaker;
use exchange_types::{AccountTier, Amount, Command, Event, EventBuffer, InstrumentId, RejectReason};
use support::scenario::check;
use support::{BTC, GENEROUS, USD, Venue, account, plain_spec};

#[test]
fn a_replacement_that_is_filled_whole_leaves_nothing() {
    check(
        "market BTC-USD maker 1000 taker 2500
         account alice
         account bob
         deposit alice USD 10000
         deposit bob BTC 10
         sell bob 1: 10 @ 110
         buy alice 2: 10 @ 100
         replace alice 2 with 3: 10 @ 120
           = cancelled 2: 10, replaced
           = trade 3 with 1: 10 @ 110
           | order 2: gone
           | order 3: gone
           | orders alice: none
           | alice USD 8897 + 0
           | alice BTC 10 + 0
           | bob USD 1098 + 0
           | fees USD 5",
    );
}

#[test]
fn a_replacement_of_what_is_left_of_an_order_starts_a_new_fee() {
    check(
        "market BTC-USD maker 250000 taker 250000
         account alice
         account bob
         deposit alice USD 100
         deposit bob BTC 10
         buy alice 1: 4 @ 1
         sell bob 2: 1 @ 1
           = trade 2 with 1: 1 @ 1
           | order 1: buy 3 @ 1, reserved 3
         replace alice 1 with 3: 9 @ 1
           = cancelled 1: 3, replaced
           = rested 3: 9 @ 1
           | order 3: buy 9 @ 1, reserved 12
           | alice USD 86 + 12
         cancel alice 3
           | alice USD 98 + 0",
    );
}

#[test]
fn a_replacement_is_possible_with_as_many_open_orders_as_the_tier_allows() {
    check(
        "market BTC-USD
         tier 1 orders 1
         account alice tier 1
         deposit alice USD 10000
         buy alice 1: 1 @ 100
         replace alice 1 with 2: 2 @ 101
           = cancelled 1: 1, replaced
           = rested 2: 2 @ 101
         buy alice 3: 1 @ 100
           = rejected 3: open-orders-limit
           | orders alice: 2",
    );
}

#[test]
fn what_replaces_an_order_with_an_end_ends_with_it() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 1000
         at 2000
         buy alice 1: 1 @ 100 until 3000
         replace alice 1 with 2: 2 @ 101
         replace alice 2 with 3: 3 @ 102
           | alice USD 694 + 306
         at 3000
           = cancelled 3: 3, expired
           = time passed
           | alice USD 1000 + 0",
    );
}

#[test]
fn a_replacement_that_meets_its_own_account_releases_both() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 1000
         deposit alice BTC 5
         sell alice 1: 5 @ 110
         buy alice 2: 5 @ 100
         replace alice 2 with 3: 5 @ 110
           = cancelled 2: 5, replaced
           = dropped 3: 5, self-trade
           | alice USD 1000 + 0
           | alice BTC 0 + 5",
    );
}

#[test]
fn a_sell_is_replaced_with_what_it_had_reserved() {
    check(
        "market BTC-USD
         account alice
         deposit alice BTC 5
         sell alice 1: 5 @ 100
         replace alice 1 with 2: 6 @ 100
           = rejected 1: insufficient-funds
         replace alice 1 with 2: 5 @ 90
           = cancelled 1: 5, replaced
           = rested 2: 5 @ 90
           | alice BTC 0 + 5",
    );
}

/// The command names an order that time has ended, so its own outcome is that there is no such order.
#[test]
fn time_comes_before_a_command_about_an_order_that_ends_then() {
    for command in ["cancel alice 1", "reduce alice 1 by 1", "replace alice 1 with 9: 1 @ 100"] {
        let mut venue = Venue::new();
        let lines = [
            Command::DefineTier { tier: 0, limits: GENEROUS },
            Command::ListInstrument(Box::new(plain_spec(0, "BTC-USD", 0, 1))),
            Command::OpenAccount { account: account(0), tier: 0 },
            Command::Deposit { account: account(0), asset: USD, amount: Amount(1_000) },
        ];
        lines.iter().for_each(|line| drop(venue.apply(line)));
        let (instrument, order) = (InstrumentId(0), exchange_types::OrderId(1));
        let owner = account(0);
        let new = exchange_types::NewOrder {
            instrument,
            account: owner,
            order,
            side: exchange_types::Side::Buy,
            order_type: exchange_types::OrderType::Limit,
            time_in_force: exchange_types::TimeInForce::Gtd,
            self_trade: exchange_types::SelfTradePrevention::CancelTaker,
            price: exchange_types::Price(100),
            quantity: exchange_types::Quantity(2),
            expires_at: exchange_types::TimestampNs(5_000),
        };
        venue.apply(&Command::NewOrder(new));
        venue.now = exchange_types::TimestampNs(5_000);
        let quantity = exchange_types::Quantity(1);
        let asked = match command.split(' ').next() {
            Some("cancel") => Command::CancelOrder { instrument, account: owner, order },
            Some("reduce") => Command::ReduceOrder { instrument, account: owner, order, by: quantity },
            _ => Command::ReplaceOrder {
                instrument,
                account: owner,
                order,
                new_order: exchange_types::OrderId(9),
                price: exchange_types::Price(100),
                quantity,
            },
        };
        let events = venue.apply(&asked);
        assert!(
            matches!(
                events[..],
                [
                    Event::Cancelled { cause: exchange_types::CancelCause::Expired, .. },
                    Event::Rejected { reason: RejectReason::UnknownOrder, .. }
                ]
            ),
            "{command}: {events:?}"
        );
        assert_eq!(venue.fast.risk().balance(owner, USD).map(|balance| balance.free), Some(1_000));
        venue.audit();
    }
}

#[test]
fn a_kill_reaches_all_instruments_of_an_account_and_nobody_else() {
    check(
        "market BTC-USD
         market ETH-USD
         market ETH-BTC
         account alice
         account bob
         deposit alice USD 1000
         deposit alice ETH 10
         deposit bob USD 1000
         buy alice 1: 1 @ 100
         sell alice 2: 3 @ 100 in ETH-USD
         buy bob 3: 1 @ 90 in ETH-USD
         sell alice 4: 4 @ 2 in ETH-BTC
         kill alice
           = trading state set
           = cancelled 1: 1, killed
           = cancelled 2: 3, killed
           = cancelled 4: 4, killed
           | alice USD 1000 + 0
           | alice ETH 10 + 0
           | orders alice: none
           | orders bob: 3
         buy alice 5: 1 @ 100
           = rejected 5: account-halted
         withdraw alice USD 1000
         kill ETH-USD
           = trading state set
           = cancelled 3: 1, killed
           | bob USD 1000 + 0
         buy bob 6: 1 @ 100
         kill venue
           = trading state set
           = cancelled 6: 1, killed
         open venue
         buy bob 7: 1 @ 90 in ETH-USD
           = rejected 7: instrument-halted
         open ETH-USD
         buy bob 8: 1 @ 90 in ETH-USD
           = rested 8: 1 @ 90",
    );
}

/// The bound of an order is that of its admission: its own trades move the band for the next one only.
#[test]
fn a_sweep_is_bound_by_the_band_as_it_was_before() {
    check(
        "market BTC-USD band 100000 reference 100
         account alice
         account bob
         deposit alice USD 100000
         deposit bob BTC 100
         sell bob 1: 1 @ 105
         sell bob 2: 1 @ 110
         buy alice 3: 1 @ 105
           = trade 3 with 1: 1 @ 105
         sell bob 4: 1 @ 115
         buy alice 5: 3 @ market
           = trade 5 with 2: 1 @ 110
           = trade 5 with 4: 1 @ 115
           = dropped 5: 1, immediate
         sell bob 6: 1 @ 126
         sell bob 7: 1 @ 127
           = rejected 7: price-outside-band",
    );
}

/// A resting order stays when the band has moved away from it, and may be reduced, but not replaced at its old price.
#[test]
fn an_order_that_the_band_has_left_stays_until_it_is_replaced() {
    check(
        "market BTC-USD band 100000 reference 100
         account alice
         account bob
         deposit alice USD 100000
         deposit bob BTC 100
         buy alice 1: 5 @ 90
         sell bob 2: 1 @ 110
         buy alice 3: 1 @ 110
           = trade 3 with 2: 1 @ 110
         reduce alice 1 by 1
         replace alice 1 with 4: 4 @ 90
           = rejected 1: price-outside-band
           | order 1: buy 4 @ 90, reserved 360
         replace alice 1 with 4: 4 @ 99
           = cancelled 1: 4, replaced
           = rested 4: 4 @ 99",
    );
}

#[test]
fn an_account_at_a_limit_that_was_lowered_keeps_its_orders() {
    check(
        "market BTC-USD
         tier 1 orders 1 notional 100 balance 5
         account alice
         deposit alice USD 10000
         buy alice 1: 5 @ 100
         buy alice 2: 5 @ 100
         move alice to tier 1
         deposit alice USD 1
           = rejected 0: balance-limit
         replace alice 1 with 3: 2 @ 100
           = rejected 1: notional-above-maximum
         replace alice 1 with 3: 1 @ 100
           = cancelled 1: 5, replaced
           = rested 3: 1 @ 100
         buy alice 4: 1 @ 100
           = rejected 4: open-orders-limit
           | orders alice: 2 3",
    );
}

#[test]
fn a_discount_above_the_whole_fee_is_refused_and_changes_nothing() {
    let mut venue = Venue::new();
    venue.apply(&Command::DefineTier { tier: 0, limits: GENEROUS });
    let before = venue.holdings_hash();
    for tier in [0, 1] {
        let limits = AccountTier { fee_discount: 1_000_001, ..GENEROUS };
        assert_eq!(
            venue.reason(&Command::DefineTier { tier, limits }),
            Some(RejectReason::InvalidDefinition)
        );
    }
    assert_eq!(venue.holdings_hash(), before);
    assert_eq!(venue.fast.risk().tier(1), None);
}

#[test]
fn a_venue_has_1024_instruments_and_refuses_one_more() {
    let mut venue = FastEngine::new(BookMaker::fast());
    let mut events = EventBuffer::new();
    for number in 0..=1_024_u32 {
        events.clear();
        let header = exchange_types::CommandHeader {
            sequence: venue.sequence().next(),
            time: exchange_types::TimestampNs(1),
        };
        let spec = plain_spec(number, "BTC-USD", BTC.0, USD.0);
        venue.apply(&header, &Command::ListInstrument(Box::new(spec)), &mut events);
        let refused = matches!(events[0], Event::Rejected { reason: RejectReason::OutOfOrder, .. });
        assert_eq!(refused, number == 1_024, "instrument {number}: {:?}", events[0]);
    }
    assert_eq!(venue.risk().instruments().len(), 1_024);
    venue.audit().unwrap();
}

#[test]
fn a_trader_who_does_not_know_whether_it_was_heard_asks_again_under_the_same_key() {
    check(
        "market BTC-USD
         account alice
         account bob
         deposit alice USD 1000
         deposit bob BTC 10
         under 1 buy alice 0: 4 @ 100
           = rested 7: 4 @ 100
         under 1 buy alice 0: 4 @ 100
           = repeated 7
           | alice USD 600 + 400
         under 1 buy alice 0: 5 @ 100
           = rejected 9: request-conflict
         under 1 sell bob 0: 4 @ 100
           = trade 10 with 7: 4 @ 100
         under 1 buy alice 0: 4 @ 100
           = repeated 7
           | alice USD 600 + 0
           | alice BTC 4 + 0
         under 2 withdraw alice USD 601
           = rejected 0: insufficient-funds
         deposit alice USD 1
         under 2 withdraw alice USD 601
           = repeated 12
           | alice USD 601 + 0
         under 3 withdraw alice USD 601
           | alice USD 0 + 0",
    );
}

#[test]
fn an_order_and_its_replacement_can_leave_their_ids_to_the_venue() {
    check(
        "market BTC-USD
         account alice
         deposit alice USD 1000
         buy alice 0: 1 @ 100
           = rested 5: 1 @ 100
         replace alice 5 with 0: 2 @ 90
           = cancelled 5: 1, replaced
           = rested 6: 2 @ 90
         replace alice 0 with 0: 2 @ 90
           = rejected 0: zero-order-id
         buy alice 0: 100 @ 100
           = rejected 8: insufficient-funds
           | orders alice: 6",
    );
}
