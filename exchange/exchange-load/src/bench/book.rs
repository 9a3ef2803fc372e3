//! The fast book beside the plain matcher, on the three timed mixes with dense and with opaque ids.

use super::{Effort, Report, median};
use crate::flow::{Ids, Mix, generate};
use crate::key::Key;
use crate::replay::{Book, Latency, Replay};

/// What is measured and what it has to reach.
struct Case {
    name: &'static str,
    mix: Mix,
    ids: Ids,
    /// Speed as a multiple of the plain matcher's.
    ratio_min: f64,
    /// Of a single operation, in nanoseconds.
    p99_ns_max: Option<f64>,
    /// Of the book alone, in millions of bytes.
    megabytes_max: Option<f64>,
}

const CASES: [Case; 6] = [
    case("w1 touch, dense", Mix::Touch, Ids::Dense, 4.5),
    case("w2 deep, dense", Mix::Deep, Ids::Dense, 7.5),
    case("w3 itch, dense", Mix::Itch, Ids::Dense, 4.3),
    case("w1 touch, opaque", Mix::Touch, Ids::Opaque, 3.4),
    case("w2 deep, opaque", Mix::Deep, Ids::Opaque, 5.0),
    case("w3 itch, opaque", Mix::Itch, Ids::Opaque, 3.2),
];

const fn case(name: &'static str, mix: Mix, ids: Ids, ratio_min: f64) -> Case {
    let (p99_ns_max, megabytes_max) = match mix {
        Mix::Touch => (Some(150.0), None),
        Mix::Deep => (Some(750.0), Some(60.0)),
        Mix::Itch | Mix::All => (None, None),
    };
    Case { name, mix, ids, ratio_min, p99_ns_max, megabytes_max }
}

/// The seed of the streams. Any will do, and the same makes runs comparable.
const SEED: u64 = 1;

/// Why the benchmark has no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookBenchError {
    /// Speed does not count where the results differ.
    #[error("{name}: the plain matcher says `{plain}`, the fast book `{fast}`")]
    KeysDiffer {
        /// Which stream.
        name: &'static str,
        /// The plain matcher's key.
        plain: Box<Key>,
        /// The fast book's key.
        fast: Box<Key>,
    },
}

/// Measures all cases, one after the other.
///
/// # Errors
/// When the two matchers disagree on a key.
pub fn book(effort: Effort) -> Result<Report, BookBenchError> {
    let mut report = Report::default();
    report.lines.push(format!(
        "{:<18} {:>10} {:>10} {:>7} {:>8} {:>7} {:>7} {:>9}",
        "millions/s of CPU", "plain", "fast", "ratio", "target", "p50 ns", "p99 ns", "book MB"
    ));
    for case in &CASES {
        measure(case, effort, &mut report)?;
    }
    Ok(report)
}

fn measure(case: &Case, effort: Effort, report: &mut Report) -> Result<(), BookBenchError> {
    let flow = generate(case.mix, case.ids, SEED, effort.operations);
    let (mut plain, mut fast, mut latencies) = (Vec::new(), Vec::new(), Vec::new());
    // Alternately, because what slows one round down slows the other down too.
    for _ in 0..effort.rounds.max(1) {
        plain.push(Book::Plain.replay(&flow));
        fast.push(Book::Fast.replay(&flow));
        latencies.push(Book::Fast.latency(&flow));
    }
    for (plain, fast) in plain.iter().zip(&fast) {
        if plain.key != fast.key {
            let (plain, fast) = (Box::new(plain.key), Box::new(fast.key));
            return Err(BookBenchError::KeysDiffer { name: case.name, plain, fast });
        }
    }
    let speed = |replays: &[Replay]| median(replays.iter().map(Replay::mops).collect());
    let quantile = |of: fn(&Latency) -> u64| median(latencies.iter().map(|one| of(one) as f64).collect());
    let (plain_speed, fast_speed) = (speed(&plain), speed(&fast));
    let ratio = fast_speed / plain_speed.max(1e-9);
    let (p50, p99) = (quantile(|one| one.p50_ns), quantile(|one| one.p99_ns));
    let megabytes = fast.iter().filter_map(|one| one.memory_bytes).max().unwrap_or(0) as f64 / 1e6;
    report.lines.push(format!(
        "{:<18} {plain_speed:>10.2} {fast_speed:>10.2} {ratio:>6.2}x {:>7.1}x {p50:>7.0} {p99:>7.0} {megabytes:>9.1}",
        case.name, case.ratio_min
    ));
    report.at_least(&format!("{}, times the plain matcher", case.name), ratio, case.ratio_min);
    if let Some(most) = case.p99_ns_max {
        report.at_most(&format!("{}, p99 in ns", case.name), p99, most);
    }
    if let Some(most) = case.megabytes_max {
        report.at_most(&format!("{}, MB of the book", case.name), megabytes, most);
    }
    Ok(())
}
