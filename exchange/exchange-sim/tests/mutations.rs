//! Proof that the simulator can fail: every mistake that its adapters can make on purpose is found within some seeds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use exchange_sim::{Mutation, Options, run};

/// Seeds within which each mistake must be found.
const SEEDS: u64 = 40;

/// How a mistake shows itself: a rule that was broken, or an assert of the code under test.
fn found(mutation: Mutation) -> Option<(u64, String)> {
    let options = Options { mutation: Some(mutation), ..Options::default() };
    (0..SEEDS).find_map(|seed| match catch_unwind(AssertUnwindSafe(|| run(seed, options))) {
        Ok(Ok(_)) => None,
        Ok(Err(failure)) => Some((seed, failure.violation.rule.to_owned())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            Some((seed, format!("assert: {}", text.unwrap_or("?"))))
        }
    })
}

#[test]
fn every_deliberate_mistake_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for mutation in Mutation::ALL {
        let start = std::time::Instant::now();
        match found(mutation) {
            Some((seed, how)) => println!("{mutation:?}: seed {seed}, {how} {:?}", start.elapsed()),
            None => missed.push(mutation),
        }
    }
    let _ = std::panic::take_hook();
    assert!(missed.is_empty(), "not found within {SEEDS} seeds: {missed:?}");
}
