//! Situations that random commands meet seldom.

use super::*;

/// Something that is done to a book with either index.
fn with_both(script: impl Fn(&mut dyn FnMut(BookCommand) -> Vec<Event>)) {
    let mut opaque = Pair::new(OpaqueIndex::default());
    script(&mut |command| opaque.apply(command).to_vec());
    let mut dense = Pair::new(DenseIndex::default());
    script(&mut |command| dense.apply(command).to_vec());
}

#[test]
fn orders_rest_and_trade_at_both_ends_of_the_price_range() {
    with_both(|apply| {
        apply(submit(1, Side::Buy, 1, 5));
        apply(submit(2, Side::Sell, HIGHEST, 5));
        apply(submit(3, Side::Buy, HIGHEST - 1, 5));
        assert_eq!(apply(submit(4, Side::Sell, 1, 12)).len(), 3);
        assert_eq!(apply(submit(5, Side::Buy, HIGHEST, 9)).len(), 3);
        assert_eq!(apply(cancel(5)).len(), 1);
    });
}

#[test]
fn a_sweep_takes_levels_below_inside_and_above_the_window() {
    with_both(|apply| {
        // The first order lays the window around 100,000.
        for (id, price) in
            (1..).zip([100_000, 5_000_000, 4_000_000_000, 60_000, 102_047, 102_048, 97_952, 97_951, 1])
        {
            apply(submit(id, Side::Sell, price, 1));
        }
        let mut fill_or_kill = order(50, Side::Buy, HIGHEST, 10);
        fill_or_kill.time_in_force = TimeInForce::Fok;
        assert_eq!(apply(BookCommand::Submit(fill_or_kill)).len(), 1, "there are nine lots");
        fill_or_kill.quantity = QuantityLots(9);
        let prices: Vec<u32> = apply(BookCommand::Submit(fill_or_kill))
            .iter()
            .map(|event| match event {
                Event::Trade(trade) => trade.price.0,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(prices, [1, 60_000, 97_951, 97_952, 100_000, 102_047, 102_048, 5_000_000, 4_000_000_000]);
    });
}

#[test]
fn the_last_order_of_a_level_is_replaced_near_and_far() {
    with_both(|apply| {
        apply(submit(1, Side::Buy, 1_000, 5));
        for (id, price) in (1..).zip([1_000, 1_001, 900_000, 900_000, 900_001, 1_000, 1]) {
            assert_eq!(apply(replace(id, id + 1, price, 5)).len(), 2);
        }
    });
}

#[test]
fn a_head_that_was_given_back_serves_as_an_order_and_an_order_as_a_head() {
    with_both(|apply| {
        apply(submit(1, Side::Buy, 1_000, 5));
        for id in (2..200).step_by(2) {
            // A far level comes and goes, and what it leaves becomes an order; then the other way round.
            apply(submit(id, Side::Sell, 1_000_000 + u32::try_from(id).expect("small"), 5));
            apply(cancel(id));
            apply(submit(id, Side::Buy, 999, 5));
            apply(submit(id + 1, Side::Buy, 998, 5));
            apply(cancel(id));
        }
    });
}

#[test]
fn a_book_between_two_far_regions_moves_its_window_and_keeps_its_queues() {
    with_both(|apply| {
        let mut next = 0;
        for round in 0..12_u32 {
            let region = if round % 2 == 0 { 50_000 } else { 3_000_000 };
            for order in 0..150 {
                next += 1;
                apply(submit(next, Side::Buy, region + order * 37 % 50 * 41, 3));
            }
        }
        assert_eq!(apply(submit(next + 1, Side::Sell, 1, u32::MAX)).len(), 12 * 150 + 1);
    });
}

/// Once the directory dropped its closed pages when an id was removed; the rest of such a taker was lost without an event.
#[test]
fn a_taker_whose_fills_close_its_own_page_rests() {
    let mut pair = Pair::new(DenseIndex::default());
    for page in 0..400_u64 {
        pair.apply(submit(page * 4096 + 1, Side::Sell, 10_000, 1));
    }
    // One order stays, so that the directory is not begun anew.
    pair.apply(submit(400 * 4096, Side::Sell, 10_001, 1));
    let events = pair.apply(submit(7, Side::Buy, 10_000, 401));
    assert_eq!(events.len(), 401);
    assert!(matches!(events.last(), Some(Event::Rested { order: OrderId(7), .. })));
}

#[test]
fn a_replacement_that_the_index_refuses_changes_nothing() {
    let mut pair = Pair::new(DenseIndex::default());
    pair.apply(submit(1 << 40, Side::Sell, 10_000, 1));
    for id in [0, 1, u64::MAX, 1 << 41] {
        let events = pair.apply(replace(1 << 40, id, 10_000, 1)).to_vec();
        assert!(refused_by_index(&events), "{events:?}");
        assert_eq!(pair.fast.live_orders(), 1);
    }
}

#[test]
fn an_order_that_cannot_rest_needs_no_place_for_its_id() {
    let mut pair = Pair::new(DenseIndex::default());
    pair.apply(submit(1 << 40, Side::Sell, 10_000, 2));
    let mut immediate = order(1, Side::Buy, 10_000, 1);
    immediate.time_in_force = TimeInForce::Ioc;
    assert!(matches!(pair.apply(BookCommand::Submit(immediate)), [Event::Trade(_)]));
}

#[test]
fn a_date_of_zero_is_no_date() {
    with_both(|apply| {
        let mut dated = order(1, Side::Buy, 10_000, 1);
        dated.time_in_force = TimeInForce::Gtd;
        apply(BookCommand::Submit(dated));
    });
    let mut pair = Pair::new(OpaqueIndex::default());
    let mut dated = order(1, Side::Buy, 10_000, 1);
    dated.time_in_force = TimeInForce::Gtd;
    pair.apply(BookCommand::Submit(dated));
    pair.step(&Step::Expire(TimestampNs(u64::MAX)));
    assert_eq!(pair.fast.live_orders(), 1);
}
