//! Scenarios: events, then what the feed says. Event 1 lists the instrument, so the first line of each is event 2.

use crate::script::check;

#[test]
fn depth_gives_totals_of_levels_and_links_updates_by_sequence() {
    check(
        "
        2 09:00:00 rests buy 100 x 5
        3 09:00:00 rests buy 100 x 7
        4 09:00:00 rests sell 102 x 3
        5 09:00:00 shrinks buy 100 by 2 to 5
        6 09:00:00 leaves sell 102 x 3
        ? book
        ",
        "
        depth 2 after 0: buy 100 x 5 in 1
        depth 3 after 2: buy 100 x 12 in 2
        depth 4 after 3: sell 102 x 3 in 1
        depth 5 after 4: buy 100 x 10 in 2
        depth 6 after 5: sell 102 x 0 in 0
        bids 100 x 10 in 2
        asks
        ",
    );
}

#[test]
fn a_sweep_is_one_update_with_each_level_once_the_best_first() {
    check(
        "
        2 09:00:00 rests sell 102 x 3
        3 09:00:00 rests sell 101 x 4
        4 09:00:00 rests sell 101 x 1
        5 09:00:01 taker buy 101 x 4 leaves 0
        5 09:00:01 taker buy 101 x 1 leaves 0
        5 09:00:01 taker buy 102 x 1 leaves 2
        5 09:00:01 rests buy 102 x 9
        ",
        "
        depth 2 after 0: sell 102 x 3 in 1
        depth 3 after 2: sell 101 x 4 in 1
        depth 4 after 3: sell 101 x 5 in 2
        trade 5: buy 101 x 4 at 09:00:01
        trade 6: buy 101 x 1 at 09:00:01
        trade 7: buy 102 x 1 at 09:00:01
        depth 8 after 4: buy 102 x 9 in 1 sell 101 x 0 in 0 sell 102 x 2 in 1
        ",
    );
}

#[test]
fn levels_that_end_as_they_began_are_not_announced() {
    check(
        "
        2 09:00:00 rests buy 100 x 5
        3 09:00:00 leaves buy 100 x 5
        3 09:00:00 rests buy 100 x 5
        4 09:00:00 leaves buy 100 x 5
        4 09:00:00 rests buy 99 x 5
        ",
        "
        depth 2 after 0: buy 100 x 5 in 1
        depth 6 after 2: buy 100 x 0 in 0 buy 99 x 5 in 1
        ",
    );
}

#[test]
fn a_rest_that_was_dropped_never_stood_in_the_depth() {
    check(
        "
        2 09:00:00 rests sell 101 x 4
        3 09:00:00 taker buy 101 x 4 leaves 0
        3 09:00:00 drops buy 105 x 6
        ? book
        ",
        "
        depth 2 after 0: sell 101 x 4 in 1
        trade 3: buy 101 x 4 at 09:00:00
        depth 3 after 2: sell 101 x 0 in 0
        bids
        asks
        ",
    );
}

#[test]
fn events_that_contradict_the_depth_are_refused_and_change_nothing() {
    check(
        "
        2 09:00:00 rests buy 100 x 5
        3 09:00:00 leaves buy 100 x 6
        4 09:00:00 leaves buy 100 x 4
        5 09:00:00 leaves sell 100 x 5
        6 09:00:00 shrinks buy 100 by 5 to 0
        7 09:00:00 rests buy 100 x 0
        8 09:00:00 taker sell 100 x 5 leaves 1
        ? book
        ",
        "
        depth 2 after 0: buy 100 x 5 in 1
        refused: event 3 contradicts the depth of instrument 0 at Buy 100
        refused: event 3 contradicts the depth of instrument 0 at Buy 100
        refused: event 3 contradicts the depth of instrument 0 at Sell 100
        refused: event 3 contradicts the depth of instrument 0 at Buy 100
        refused: event 3 contradicts the depth of instrument 0 at Buy 100
        refused: event 3 contradicts the depth of instrument 0 at Buy 100
        bids 100 x 5 in 1
        asks
        ",
    );
}

#[test]
fn candles_close_when_the_time_of_an_event_passes_their_end() {
    check(
        "
        2 00:00:58 rests sell 100 x 90
        3 00:00:59.1 taker buy 100 x 2 leaves 88
        4 00:00:59.9 rests sell 90 x 4
        5 00:00:59.9 taker buy 90 x 3 leaves 1
        6 00:01:00 ticks
        7 00:04:59.9 taker buy 90 x 1 leaves 0
        8 01:00:00 ticks
        9 1d00:00:00 ticks
        ",
        "
        depth 2 after 0: sell 100 x 90 in 1
        trade 3: buy 100 x 2 at 00:00:59.1
        depth 3 after 2: sell 100 x 88 in 1
        depth 4 after 3: sell 90 x 4 in 1
        trade 5: buy 90 x 3 at 00:00:59.9
        depth 5 after 4: sell 90 x 1 in 1
        closed 1s 00:00:59 100 100 90 90 volume 5 notional 470 trades 2
        closed 1m 00:00:00 100 100 90 90 volume 5 notional 470 trades 2
        trade 7: buy 90 x 1 at 00:04:59.9
        depth 7 after 5: sell 90 x 0 in 0
        closed 1s 00:04:59 90 90 90 90 volume 1 notional 90 trades 1
        closed 1m 00:04:00 90 90 90 90 volume 1 notional 90 trades 1
        closed 5m 00:00:00 100 100 90 90 volume 6 notional 560 trades 3
        closed 1h 00:00:00 100 100 90 90 volume 6 notional 560 trades 3
        closed 1d 00:00:00 100 100 90 90 volume 6 notional 560 trades 3
        ",
    );
}

#[test]
fn a_trade_on_the_boundary_belongs_to_the_interval_that_begins() {
    check(
        "
        2 00:00:00 rests sell 100 x 9
        3 00:00:59.9 taker buy 100 x 1 leaves 8
        4 00:01:00 taker buy 100 x 2 leaves 6
        ? 1m
        ? 5m
        ",
        "
        depth 2 after 0: sell 100 x 9 in 1
        trade 3: buy 100 x 1 at 00:00:59.9
        depth 3 after 2: sell 100 x 8 in 1
        closed 1s 00:00:59 100 100 100 100 volume 1 notional 100 trades 1
        closed 1m 00:00:00 100 100 100 100 volume 1 notional 100 trades 1
        trade 4: buy 100 x 2 at 00:01:00
        depth 4 after 3: sell 100 x 6 in 1
        open 1m 00:01:00 100 100 100 100 volume 2 notional 200 trades 1
        closed 1m 00:00:00 100 100 100 100 volume 1 notional 100 trades 1
        open 5m 00:00:00 100 100 100 100 volume 3 notional 300 trades 2
        ",
    );
}

#[test]
fn a_clock_that_goes_back_opens_no_interval_again() {
    check(
        "
        2 00:00:10 rests sell 100 x 9
        3 00:00:10 taker buy 100 x 1 leaves 8
        4 00:00:09 taker buy 100 x 1 leaves 7
        ? 1s
        ",
        "
        depth 2 after 0: sell 100 x 9 in 1
        trade 3: buy 100 x 1 at 00:00:10
        depth 3 after 2: sell 100 x 8 in 1
        trade 4: buy 100 x 1 at 00:00:09
        depth 4 after 3: sell 100 x 7 in 1
        open 1s 00:00:10 100 100 100 100 volume 2 notional 200 trades 2
        ",
    );
}

#[test]
fn the_day_rolls_by_the_minute_and_forgets_what_is_older() {
    check(
        "
        2 00:00:00 rests sell 120 x 9
        2 00:00:00 rests sell 100 x 9
        2 00:00:00 rests sell 110 x 9
        ? day
        3 00:00:30 taker buy 120 x 1 leaves 8
        4 00:01:30 taker buy 100 x 2 leaves 7
        5 12:00:00 taker buy 110 x 4 leaves 5
        ? day
        6 23:59:59.9 ticks
        ? day
        7 1d00:00:00 ticks
        ? day
        8 1d00:01:00 ticks
        ? day
        9 1d12:01:00 ticks
        ? day
        ",
        "
        depth 4 after 0: sell 100 x 9 in 1 sell 110 x 9 in 1 sell 120 x 9 in 1
        last - open - high - low - change 0 volume 0 notional 0 trades 0
        trade 5: buy 120 x 1 at 00:00:30
        depth 5 after 4: sell 120 x 8 in 1
        closed 1s 00:00:30 120 120 120 120 volume 1 notional 120 trades 1
        closed 1m 00:00:00 120 120 120 120 volume 1 notional 120 trades 1
        trade 6: buy 100 x 2 at 00:01:30
        depth 6 after 5: sell 100 x 7 in 1
        closed 1s 00:01:30 100 100 100 100 volume 2 notional 200 trades 1
        closed 1m 00:01:00 100 100 100 100 volume 2 notional 200 trades 1
        closed 5m 00:00:00 120 120 100 100 volume 3 notional 320 trades 2
        closed 1h 00:00:00 120 120 100 100 volume 3 notional 320 trades 2
        trade 7: buy 110 x 4 at 12:00:00
        depth 7 after 6: sell 110 x 5 in 1
        last 110 open 120 high 120 low 100 change -10 volume 7 notional 760 trades 3
        closed 1s 12:00:00 110 110 110 110 volume 4 notional 440 trades 1
        closed 1m 12:00:00 110 110 110 110 volume 4 notional 440 trades 1
        closed 5m 12:00:00 110 110 110 110 volume 4 notional 440 trades 1
        closed 1h 12:00:00 110 110 110 110 volume 4 notional 440 trades 1
        last 110 open 120 high 120 low 100 change -10 volume 7 notional 760 trades 3
        closed 1d 00:00:00 120 120 100 110 volume 7 notional 760 trades 3
        last 110 open 100 high 110 low 100 change 10 volume 6 notional 640 trades 2
        last 110 open 110 high 110 low 110 change 0 volume 4 notional 440 trades 1
        last 110 open - high - low - change 0 volume 0 notional 0 trades 0
        ",
    );
}

#[test]
fn recent_trades_come_newest_first() {
    check(
        "
        2 00:00:00 rests buy 100 x 9
        3 00:00:00 taker sell 100 x 1 leaves 8
        4 00:00:00 taker sell 100 x 2 leaves 6
        ? trades
        ",
        "
        depth 2 after 0: buy 100 x 9 in 1
        trade 3: sell 100 x 1 at 00:00:00
        depth 3 after 2: buy 100 x 8 in 1
        trade 4: sell 100 x 2 at 00:00:00
        depth 4 after 3: buy 100 x 6 in 1
        recent 4: 100 x 2
        recent 3: 100 x 1
        ",
    );
}
