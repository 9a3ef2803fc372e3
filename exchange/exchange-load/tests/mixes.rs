//! Generated streams have the properties that the table of the format prescribes.

use exchange_load::flow::{Description, Flow, Ids, Mix, Operation, generate};

const OPERATIONS: u64 = 200_000;

fn described(mix: Mix) -> (Flow, Description) {
    let flow = generate(mix, Ids::Dense, 4, Some(OPERATIONS));
    let description = Description::of(&flow);
    (flow, description)
}

/// Whether a share of all operations after the prefill is what it should be, within one per cent of all.
#[track_caller]
fn check(what: &str, count: u64, expected_per_cent: f64) {
    let found = 100.0 * count as f64 / OPERATIONS as f64;
    assert!((found - expected_per_cent).abs() < 1.0, "{what}: {found:.2} %, expected {expected_per_cent} %");
}

/// Live orders stay within some per cent of the prefill.
#[track_caller]
fn check_live(flow: &Flow, description: &Description, per_cent: u64) {
    let target = flow.header.prefill;
    let (low, high) = description.live_orders();
    let slack = target * per_cent / 100;
    assert!(low as u64 >= target - slack && high as u64 <= target + slack, "{low} to {high} live orders");
    assert!(high as u64 <= flow.header.peak_live && flow.header.peak_live <= target + slack);
}

#[test]
fn touch_has_ten_thousand_live_orders_and_its_shares() {
    let (flow, description) = described(Mix::Touch);
    assert_eq!(flow.header.prefill, 10_000);
    check("passive", description.passive_limits(), 52.0);
    check("cancels", description.count(Operation::Cancel), 38.0);
    check("aggressive", description.crossing_limits(), 10.0);
    check_live(&flow, &description, 3);
}

#[test]
fn deep_has_a_million_live_orders_and_hundreds_in_a_level() {
    let (flow, description) = described(Mix::Deep);
    assert_eq!(flow.header.prefill, 1_000_000);
    check("passive", description.passive_limits(), 51.0);
    check("cancels", description.count(Operation::Cancel), 39.0);
    check("aggressive", description.crossing_limits(), 10.0);
    check_live(&flow, &description, 2);
    let levels: usize = description.levels().iter().sum();
    assert!((200..=600).contains(&(1_000_000 / levels)), "{levels} levels");
}

#[test]
fn itch_has_three_thousand_live_orders_and_its_shares() {
    let (flow, description) = described(Mix::Itch);
    assert_eq!(flow.header.prefill, 3_000);
    check("passive", description.passive_limits(), 45.8);
    check("cancels", description.count(Operation::Cancel), 36.2);
    check("replacements", description.count(Operation::Replace), 11.0);
    check("IOC", description.count(Operation::ImmediateOrCancel), 4.0);
    check("aggressive", description.crossing_limits(), 3.0);
    check_live(&flow, &description, 5);
}

#[test]
fn all_has_every_operation_self_trade_prevention_and_dead_cancels() {
    let (flow, description) = described(Mix::All);
    assert!(flow.header.self_trade_prevention);
    for operation in Operation::ALL {
        assert!(description.count(operation) > OPERATIONS / 50, "{}", operation.name());
    }
    check("not alive", description.not_alive(), 2.0);
    check_live(&flow, &description, 10);
}

#[test]
fn prices_stay_inside_and_accounts_are_1_to_50() {
    for mix in Mix::ALL {
        let flow = generate(mix, Ids::Dense, 8, Some(50_000));
        for record in &flow.records {
            let priced = record.operation != Operation::Market
                && (record.operation.submits() || record.operation == Operation::Replace);
            let range = if priced { 8_000..=12_000 } else { 0..=0 };
            assert!(range.contains(&record.price.0), "{record:?}");
            assert!((1..=50).contains(&record.account.0), "{record:?}");
        }
    }
}

#[test]
fn nine_of_ten_aggressive_orders_stop_at_the_best_price() {
    let (_, description) = described(Mix::Touch);
    let (at_best, largest) = description.aggressive();
    // Of the others a fifth asks for the first level only.
    assert!((0.90..=0.94).contains(&at_best), "{at_best}");
    assert_eq!(largest, 300);
}
