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

use super::{bare, executor};

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

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where files are made.
    pub folder: PathBuf,
    /// How many waiters, one measurement after the other.
    pub waiters: Vec<usize>,
    /// How they wait.
    pub waiting: Waiting,
    /// How long one measurement runs.
    pub time: Duration,
    /// How often each is taken; the bare loop and the log alternate.
    pub rounds: usize,
}

/// The medians of one number of waiters.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// How many waiters, and records in a batch of the bare loop.
    pub waiters: usize,
    /// Records per second of the bare loop.
    pub bare: f64,
    /// Durable acknowledgements per second.
    pub log: f64,
    /// Records in a batch of the log, on average.
    pub batch: f64,
    /// Processor time per acknowledgement, in microseconds, of waiters and writer together.
    pub processor_us: f64,
}

impl Measured {
    /// The log's share of what the bare loop does.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.log / self.bare
    }
}

/// Takes all measurements of a plan.
///
/// # Errors
/// When the disk fails.
pub fn measure(plan: &Plan) -> Result<Vec<Measured>> {
    plan.waiters.iter().map(|waiters| measure_one(plan, *waiters)).collect()
}

fn measure_one(plan: &Plan, waiters: usize) -> Result<Measured> {
    let mut bare = Vec::new();
    let mut log = Vec::new();
    let mut batch = Vec::new();
    let mut processor = Vec::new();
    for _ in 0..plan.rounds {
        let folder = plan.folder.join("log");
        let run = Run::new(&folder, waiters, plan.waiting, plan.time)?;
        bare.push(bare::run(&plan.folder, waiters, run.record_bytes, plan.time)?);
        log.push(run.acknowledged as f64 / run.seconds);
        batch.push(run.acknowledged as f64 / run.batches as f64);
        processor.push(run.processor.as_secs_f64() * 1e6 / run.acknowledged as f64);
    }
    Ok(Measured {
        waiters,
        bare: median(bare),
        log: median(log),
        batch: median(batch),
        processor_us: median(processor),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
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
        let (log, _) = SegmentedLog::open(storage, LogOptions::default(), Epoch(1))?;
        let record_bytes = COMMAND.len() + log.limits().record_overhead;
        let batches = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let clock = move || TimestampNs(began.elapsed().as_nanos() as u64);
        let committer = Committer::start(log, clock, Batches(Arc::clone(&batches)))?;
        let crowd = Crowd::default();
        let processor = processor_time();
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
        let processor = processor_time().saturating_sub(processor);
        let log = committer.close()?;
        let acknowledged = crowd.acknowledged.into_inner();
        if crowd.failed.into_inner() || log.durable().0 != acknowledged {
            bail!("{acknowledged} acknowledgements, and the log is durable to {}", log.durable());
        }
        Ok(Self { acknowledged, batches: batches.load(Ordering::Relaxed), record_bytes, seconds, processor })
    }
}

fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}
