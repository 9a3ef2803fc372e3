//! A slice of the soak, the seeds that failed once, and the promise that a seed names a run down to the last byte.

use exchange_sim::kernel::TraceText;
use exchange_sim::plan::{COMMANDS_MIN, FAULTS_MIN};
use exchange_sim::soak::soak;
use exchange_sim::{Options, run};

/// Seeds of the slice: some seconds.
const SLICE: u64 = 48;

#[test]
fn a_slice_of_seeds_is_clean_and_reaches_what_the_venue_can_do() {
    let totals = soak(0, 2, |number| number < SLICE, |_| {}).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(totals.seeds, SLICE);
    assert!(totals.commands_min >= COMMANDS_MIN);
    assert!(totals.faults_min >= FAULTS_MIN as u64);
    // A simulator that gets nowhere finds nothing: each of these must have come, and more than once or twice.
    for name in [
        "trade",
        "rested",
        "reduced",
        "replaced",
        "cancelled on request",
        "cancelled with all",
        "cancelled before a self-trade",
        "expired",
        "killed",
        "rest dropped",
        "deposited",
        "withdrawn",
        "checkpoint",
        "insufficient-funds",
        "fill-or-kill-unfillable",
        "post-only-would-cross",
        "duplicate-order-id",
        "zero-order-id",
        "repeated",
        "request-conflict",
        "wrong-length",
        "records lost in a crash",
        "crash of the sequencer",
        "crash of risk",
        "crash of matching",
        "crash of the follower",
        "crash of a consumer",
        "power loss, reordered",
        "armed: failed sync",
        "armed: torn write",
        "full disk",
        "damage to a record",
        "damage to a snapshot",
    ] {
        assert!(totals.coverage.count(name) >= 5, "{name}: {}", totals.coverage.count(name));
    }
}

#[test]
fn seeds_that_failed_once_are_clean() {
    let corpus = include_str!("corpus.txt");
    let seeds: Vec<u64> = corpus
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split_whitespace().next().and_then(|seed| seed.parse().ok()).expect("a seed"))
        .collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        run(seed, Options::default()).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte() {
    let options = Options { mutation: None, trace: TraceText::Kept };
    for seed in [7, 4_711] {
        let first = run(seed, options).unwrap_or_else(|failure| panic!("{failure}"));
        let second = run(seed, options).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(first.trace.lines().count() > 10_000);
        assert!(first == second, "seed {seed}: two runs differ");
    }
}

#[test]
fn two_seeds_give_two_runs() {
    let digest = |seed| run(seed, Options::default()).map(|report| report.trace_digest);
    assert_ne!(digest(1), digest(2));
}
