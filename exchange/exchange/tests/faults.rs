//! A few rounds of `cargo xtask faults`; a hundred and more are a command of their own.

mod support;

use exchange_load::faults::{Plan, run};

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_when_services_are_killed() {
    let plan = Plan { programs: support::programs(), kills: 5, seed: 5 };
    let findings = run(&plan, |text| println!("{text}")).unwrap();
    println!("{findings}");
    assert!(findings.violations.is_empty(), "{findings}");
    assert_eq!(findings.kills.values().copied().collect::<Vec<_>>(), [1; 5], "each service once");
    assert!(findings.requests.get("done").is_some_and(|done| *done > 100), "{findings}");
    assert!(findings.found_again > 100, "{findings}");
    assert!(findings.outcomes > 100 && findings.depth.0 > 0 && findings.feed.0 > 0, "{findings}");
}
