//! Limits under a flood: what passes is what is allowed, to within 5 %.

mod support;

use std::time::Duration;

use exchange_load::load::{self, Mix, Mode, Plan};

/// Orders per second that an account may send, and at once after a pause.
const RATE: f64 = 100.0;

#[test]
fn a_flood_is_held_to_the_configured_rate() {
    let folder = tempfile::tempdir().unwrap();
    let limits = [("RATE_ORDERS", "100/s"), ("RATE_ORDERS_BURST", "20")];
    let venue = support::together(folder.path(), &limits);
    let plan = Plan {
        target: venue.gateway().unwrap(),
        traders: venue.open_accounts(1).unwrap(),
        connections: 4,
        mode: Mode::Closed,
        time: Duration::from_secs(5),
        // Long enough that the burst is used up before anything counts.
        warm_up: Duration::from_secs(1),
        mix: Mix::ORDERS,
        seed: 3,
    };
    let findings = load::run(&plan).unwrap();
    let passed = findings.per_second();
    assert!((RATE * 0.95..=RATE * 1.05).contains(&passed), "{passed:.1} per second passed: {findings}");
    let held = findings.errors.get("429 rate-limited").copied().unwrap_or(0);
    assert!(held > findings.successes(), "that was no flood: {findings}");
    assert_eq!(findings.failures(), held, "{findings}");
    venue.stop().unwrap();
}
