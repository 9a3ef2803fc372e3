//! `kill -9` of a process that writes the log: nothing that it acknowledged may be lost.
//!
//! The child appends from several threads, makes snapshots, and prints each acknowledgement. The parent kills it at a random
//! moment, opens what is left, and holds it against everything that was ever printed. A newcomer needs to know one thing: a
//! killed process loses no page that it wrote, so this test is about the protocol and the order of things; what a machine that
//! loses power does is the simulator's part.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use exchange_service::commit::Committer;
use exchange_service::log::{Log, LogOptions, LogReader, LogSource, Record, SegmentedLog};
use exchange_service::snapshot::{
    Fold, FollowerThread, Recovered, RestoreError, SnapshotFollower, SnapshotOptions, recover,
};
use exchange_service::storage::FileStorage;
use exchange_types::{Epoch, Sequence, TimestampNs};

/// Small segments, so that kills meet the change from one to the next.
const OPTIONS: LogOptions = LogOptions { partition: 0, segment_bytes: 256 * 1024, check_from: Sequence(0) };

/// Frequent snapshots, for the same reason.
const SNAPSHOTS: SnapshotOptions = SnapshotOptions { events: 2_000, interval_ns: u64::MAX, keep: 3 };

/// How many threads of the child submit.
const WAITERS: u64 = 8;

/// A child that prints nothing for so long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// What is done.
#[derive(Debug, Clone)]
pub struct Soak {
    /// How many kills.
    pub rounds: u32,
    /// What the moments are drawn from.
    pub seed: u64,
    /// Where the log is made.
    pub folder: PathBuf,
}

/// One kill.
#[derive(Debug, Clone, Copy)]
pub struct Killed {
    /// How long the child lived.
    pub milliseconds: u64,
    /// How many acknowledgements it printed.
    pub acknowledged: u64,
    /// Where the log ends.
    pub last: u64,
    /// How much of its end was cut.
    pub torn_bytes: u64,
    /// The snapshot from which the state was restored; zero: none.
    pub snapshot: u64,
}

/// A state that depends on every record.
#[derive(Debug, Default, PartialEq, Eq)]
struct Digest {
    hash: u64,
    records: u64,
}

impl Fold for Digest {
    fn apply(&mut self, record: &Record<'_>) -> u64 {
        assert!(record.sequence.0 == self.records + 1, "records are folded in order and without a gap");
        self.hash = digest(self.hash ^ record.sequence.0, record.payload);
        self.records += 1;
        1
    }

    fn snapshot(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hash.to_le_bytes());
        out.extend_from_slice(&self.records.to_le_bytes());
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), RestoreError> {
        let wrong = || RestoreError { offset: 0, reason: "found another length than 16 bytes".into() };
        let (hash, records) = snapshot.split_first_chunk().ok_or_else(wrong)?;
        self.hash = u64::from_le_bytes(*hash);
        self.records = u64::from_le_bytes(records.try_into().map_err(|_| wrong())?);
        Ok(())
    }

    fn state_hash(&self) -> u64 {
        self.hash
    }
}

fn digest(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn open(folder: &Path) -> Result<Recovered<FileStorage, Digest>> {
    let storage = FileStorage::open(folder)?;
    let epoch = Epoch(SegmentedLog::held_epoch(&storage)?.0 + 1);
    Ok(recover(storage, OPTIONS, epoch, Digest::default)?)
}

/// The child: writes the log in `folder` and prints `SEQUENCE DIGEST` for each acknowledgement, until it is killed or nobody
/// reads any more.
///
/// # Errors
/// When the log fails.
pub fn write_until_killed(folder: &Path) -> Result<()> {
    let Recovered { mut log, fold, restored, snapshots, .. } = open(folder)?;
    log.prepare_ahead()?;
    let now = TimestampNs(0);
    let follower = SnapshotFollower::new(snapshots, &log.source(), (fold, &restored), SNAPSHOTS, now)?;
    let follower = FollowerThread::start(follower, || TimestampNs(0), |_| {})?;
    let epoch = log.epoch();
    let committer = Committer::start(log, || TimestampNs(1), ())?;
    thread::scope(|scope| {
        for waiter in 0..WAITERS {
            let submitter = committer.submitter();
            scope.spawn(move || {
                for count in 0_u64.. {
                    let mut payload =
                        format!("epoch {epoch}, waiter {waiter}, command {count} ").into_bytes();
                    payload.resize(payload.len() + (count * 7 % 200) as usize, b'.');
                    let Ok(sequence) = submitter.commit(&payload).wait() else { break };
                    let line = format!("{sequence} {:016x}\n", digest(0, &payload));
                    if std::io::stdout().write_all(line.as_bytes()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    committer.close()?;
    follower.stop()?;
    Ok(())
}

/// The parent: kills children one after the other and checks what each leaves behind.
///
/// # Errors
/// When anything acknowledged is lost, changed or out of place, or the state from a snapshot is not that of the whole log.
pub fn soak(plan: &Soak, program: &Path, mut report: impl FnMut(u32, &Killed)) -> Result<()> {
    ensure!(!plan.folder.exists(), "{} exists", plan.folder.display());
    let mut random = plan.seed;
    let mut promised = BTreeMap::new();
    for round in 1..=plan.rounds {
        let before = promised.len();
        // Every fourth child is killed while it opens the log, the others at work.
        let delay = next(&mut random) % if round % 4 == 0 { 20 } else { 300 };
        let lived = run_child(program, &plan.folder, Duration::from_millis(delay), &mut promised)?;
        let mut killed = check(&plan.folder, &promised).with_context(|| {
            format!("round {round} of seed {}, log kept in {}", plan.seed, plan.folder.display())
        })?;
        killed.milliseconds = lived.as_millis().try_into().unwrap_or(u64::MAX);
        killed.acknowledged = (promised.len() - before) as u64;
        report(round, &killed);
    }
    std::fs::remove_dir_all(&plan.folder).context("removing the log")
}

/// Kills its process when it goes, so that none is left behind.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run_child(
    program: &Path,
    folder: &Path,
    delay: Duration,
    promised: &mut BTreeMap<u64, u64>,
) -> Result<Duration> {
    let began = Instant::now();
    let child = Command::new(program)
        .arg("write-until-killed")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let mut child = KillOnDrop(child);
    let output = child.0.stdout.take().context("the child has no output")?;
    let reader = thread::spawn(move || {
        let mut lines = Vec::new();
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line)? > 0 {
            // The kill may have cut the last line; then nobody was told.
            if line.ends_with('\n') {
                lines.push(std::mem::take(&mut line));
            }
        }
        Ok::<_, std::io::Error>(lines)
    });
    thread::sleep(delay);
    if let Some(status) = child.0.try_wait()? {
        bail!("the child ended by itself: {status}");
    }
    child.0.kill().context("killing the child")?;
    child.0.wait()?;
    let lived = began.elapsed();
    ensure!(lived < SILENCE_MAX, "the child could not be killed");
    let lines = reader.join().map_err(|_| anyhow::anyhow!("the reader panicked"))??;
    for line in lines {
        let (sequence, hash) = line.trim_end().split_once(' ').context("a line without a space")?;
        let sequence: u64 = sequence.parse().with_context(|| format!("line `{line}`"))?;
        let hash = u64::from_str_radix(hash, 16).with_context(|| format!("line `{line}`"))?;
        ensure!(promised.insert(sequence, hash).is_none(), "sequence {sequence} was acknowledged twice");
    }
    Ok(lived)
}

/// Opens what the child left and holds it against everything that was promised.
fn check(folder: &Path, promised: &BTreeMap<u64, u64>) -> Result<Killed> {
    let Recovered { log, recovery, fold, restored, .. } = open(folder)?;
    let mut whole = Digest::default();
    let mut reader = log.source().reader(Sequence(1))?;
    let mut found = 0;
    while let Some(record) = reader.next()? {
        whole.apply(&record);
        if let Some(hash) = promised.get(&record.sequence.0) {
            ensure!(
                digest(0, record.payload) == *hash,
                "record {} is not the one acknowledged",
                record.sequence
            );
            found += 1;
        }
    }
    ensure!(found == promised.len(), "{} acknowledged records are lost", promised.len() - found);
    ensure!(fold == whole, "the state from a snapshot is not that of the whole log");
    Ok(Killed {
        milliseconds: 0,
        acknowledged: 0,
        last: log.durable().0,
        torn_bytes: recovery.torn.map_or(0, |torn| torn.bytes),
        snapshot: restored.snapshot.map_or(0, |id| id.sequence.0),
    })
}

/// SplitMix64: the next number of a seed.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut number = *seed;
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
