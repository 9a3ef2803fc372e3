//! Many runs: seeds are handed out to threads, and each run stays in one of them.
//!
//! This is the only place with threads. A newcomer needs to know one thing: the lowest seed that failed is the one reported, so
//! the answer does not depend on which thread was faster.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::check::Coverage;
use crate::simulation::{Failure, Options, Report, run};

/// What many runs were like together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Runs that were clean.
    pub seeds: u64,
    /// Commands that clients have submitted.
    pub commands: u64,
    /// Events.
    pub events: u64,
    /// What went wrong on purpose.
    pub faults: u64,
    /// The fewest commands of a run.
    pub commands_min: u64,
    /// The fewest faults of a run.
    pub faults_min: u64,
    /// Virtual time, in ns.
    pub virtual_ns: u64,
    /// What they have reached together.
    pub coverage: Coverage,
}

impl Totals {
    fn add(&mut self, report: &Report) {
        let first = self.seeds == 0;
        self.seeds += 1;
        self.commands += report.commands;
        self.events += report.events;
        self.faults += report.faults;
        self.virtual_ns += report.virtual_ns;
        self.coverage.add(&report.coverage);
        self.commands_min = if first { report.commands } else { self.commands_min.min(report.commands) };
        self.faults_min = if first { report.faults } else { self.faults_min.min(report.faults) };
    }
}

/// Runs seeds from `from` on in this many threads, for as long as `goes_on` says so with the number of seeds handed out.
///
/// # Errors
/// The failure with the lowest seed.
pub fn soak(
    from: u64,
    jobs: usize,
    goes_on: impl Fn(u64) -> bool + Sync,
    progress: impl Fn(&Totals) + Sync,
) -> Result<Totals, Box<Failure>> {
    let handed_out = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let failures: Mutex<Vec<Box<Failure>>> = Mutex::new(Vec::new());
    let totals = Mutex::new(Totals::default());
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let number = handed_out.fetch_add(1, Ordering::Relaxed);
            if !goes_on(number) {
                return;
            }
            // After the highest seed comes 0.
            match run(from.wrapping_add(number), Options::default()) {
                Ok(report) => {
                    if let Ok(mut totals) = totals.lock() {
                        totals.add(&report);
                        progress(&totals);
                    }
                }
                Err(failure) => {
                    failed.store(true, Ordering::Relaxed);
                    if let Ok(mut failures) = failures.lock() {
                        failures.push(failure);
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    let mut failures = failures.into_inner().unwrap_or_default();
    failures.sort_by_key(|failure| failure.seed);
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(totals.into_inner().unwrap_or_default()),
    }
}
