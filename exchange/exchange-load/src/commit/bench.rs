//! Durable acknowledgements per second, beside the bare loop on the same disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use exchange_service::commit::{Committer, Follower, Streamed, Submitter};
use exchange_service::log::{Log, LogOptions, SegmentedLog};
use exchange_service::storage::FileStorage;
use exchange_types::{Epoch, Sequence, TimestampNs};
use rustix::time::ClockId;

use super::{bare, executor};
use crate::bench::{Effort, Report, median};
use crate::replay::processor_time;

/// What every waiter submits: as long as a new order.
const COMMAND: [u8; 64] = [0x5a; 64];

/// How waiters wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// As tasks, on this many threads.
    Tasks(usize),
    /// Each on a thread of its own.
    Threads,
}

/// The share of the bare loop's rate that group commit must reach.
const SHARE_MIN: f64 = 0.7;

/// How long one measurement runs.
const TIME: Duration = Duration::from_secs(1);

/// How long it runs where speeds are not judged.
const TIME_QUICK: Duration = Duration::from_millis(50);

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    folder: PathBuf,
    waiters: Vec<usize>,
    waiting: Waiting,
    time: Duration,
    rounds: usize,
}

impl Plan {
    /// Files are made below `folder`, in a new folder that is removed afterwards.
    #[must_use]
    pub fn new(folder: PathBuf, waiters: Vec<usize>, waiting: Waiting, effort: Effort) -> Self {
        let time = if effort.operations.is_some() { TIME_QUICK } else { TIME };
        let folder = folder.join(format!("commit-bench-{}", std::process::id()));
        Self { folder, waiters, waiting, time, rounds: effort.rounds }
    }
}

/// The log beside the bare loop, for each number of waiters.
///
/// # Errors
/// When the disk fails, or an acknowledgement is not in the log.
pub fn report(plan: &Plan) -> Result<Report> {
    let mut report = Report::default();
    for waiters in &plan.waiters {
        measure(plan, *waiters, &mut report)?;
    }
    std::fs::remove_dir_all(&plan.folder).context("removing what was written")?;
    Ok(report)
}

/// The bare loop and the log alternate; figures are medians.
fn measure(plan: &Plan, waiters: usize, report: &mut Report) -> Result<()> {
    let (mut bare, mut log, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    let (mut batch, mut processor) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let run = Run::new(&plan.folder.join("log"), waiters, plan.waiting, plan.time)?;
        let acknowledged = run.acknowledged as f64;
        let rate = acknowledged / run.seconds;
        let bare_rate = bare::run(&plan.folder, waiters, run.record_bytes, plan.time)?;
        log.push(rate);
        bare.push(bare_rate);
        ratio.push(rate / bare_rate);
        batch.push(acknowledged / run.batches as f64);
        processor.push(run.processor.as_secs_f64() * 1e6 / acknowledged);
    }
    let ratio = median(ratio);
    report.lines.push(format!(
        "waiters={waiters} bare_per_s={:.0} log_per_s={:.0} ratio={ratio:.2} batch={:.1} cpu_us={:.2}",
        median(bare),
        median(log),
        median(batch),
        median(processor),
    ));
    report.at_least(&format!("share of the bare loop at {waiters} waiters"), ratio, SHARE_MIN);
    Ok(())
}

/// Counts batches.
struct Batches(Arc<AtomicU64>);

impl Follower for Batches {
    fn appended(&mut self, _: &Streamed<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn durable(&mut self, _: Sequence) {}
}

/// All waiters of a run.
#[derive(Default)]
struct Crowd {
    stop: AtomicBool,
    failed: AtomicBool,
    acknowledged: AtomicU64,
}

impl Crowd {
    async fn waiter(&self, submitter: Submitter) {
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            match submitter.commit(&COMMAND).await {
                Ok(_) => count += 1,
                Err(_) => self.failed.store(true, Ordering::Relaxed),
            }
        }
        self.acknowledged.fetch_add(count, Ordering::Relaxed);
    }

    fn waiter_on_thread(&self, submitter: &Submitter) {
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            match submitter.commit(&COMMAND).wait() {
                Ok(_) => count += 1,
                Err(_) => self.failed.store(true, Ordering::Relaxed),
            }
        }
        self.acknowledged.fetch_add(count, Ordering::Relaxed);
    }
}

struct Run {
    acknowledged: u64,
    batches: u64,
    record_bytes: usize,
    seconds: f64,
    processor: Duration,
}

impl Run {
    fn new(folder: &Path, waiters: usize, waiting: Waiting, time: Duration) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).context("removing an earlier log")?;
        }
        let storage = FileStorage::open(folder)?;
        let (mut log, _) = SegmentedLog::open(storage, LogOptions::default(), Epoch(1))?;
        log.prepare_ahead()?;
        let record_bytes = COMMAND.len() + log.limits().record_overhead;
        let batches = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let clock = move || TimestampNs(began.elapsed().as_nanos() as u64);
        let committer = Committer::start(log, clock, Batches(Arc::clone(&batches)))?;
        let crowd = Crowd::default();
        let processor = processor_time(ClockId::ProcessCPUTime);
        let began = Instant::now();
        thread::scope(|scope| {
            let (committer, crowd) = (&committer, &crowd);
            match waiting {
                Waiting::Tasks(threads) => {
                    for index in 0..threads {
                        let share = waiters / threads + usize::from(index < waiters % threads);
                        scope.spawn(move || {
                            let task =
                                |_| Box::pin(crowd.waiter(committer.submitter())) as executor::Task<'_>;
                            executor::drive((0..share).map(task).collect());
                        });
                    }
                }
                Waiting::Threads => {
                    for _ in 0..waiters {
                        scope.spawn(|| crowd.waiter_on_thread(&committer.submitter()));
                    }
                }
            }
            thread::sleep(time);
            crowd.stop.store(true, Ordering::Relaxed);
        });
        let seconds = began.elapsed().as_secs_f64();
        let processor = processor_time(ClockId::ProcessCPUTime).saturating_sub(processor);
        let log = committer.close()?;
        let acknowledged = crowd.acknowledged.into_inner();
        if crowd.failed.into_inner() || log.durable().0 != acknowledged {
            bail!("{acknowledged} acknowledgements, and the log is durable to {}", log.durable());
        }
        Ok(Self { acknowledged, batches: batches.load(Ordering::Relaxed), record_bytes, seconds, processor })
    }
}
