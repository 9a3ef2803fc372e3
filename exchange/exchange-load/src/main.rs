//! The `exchange-load` program: parses arguments, calls the library, prints, chooses the exit code.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program does")]

mod arguments;
mod services;

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Parser;
use exchange_load::bench::{self, Report};
use exchange_load::commit::{self, Killed, Plan, Soak, Waiting, soak, write_until_killed};
use exchange_load::differential;
use exchange_load::feed;
use exchange_load::flow::{Description, Flow, generate};
use exchange_load::replay::Book;

use crate::arguments::{Arguments, BenchCommand, Command, CommitArguments, Effort, FlowCommand, Generate};

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Differential { seconds, seed } => compare_books(Duration::from_secs(seconds), seed),
        Command::Bench(BenchCommand::Engine(effort)) => judge(&bench::engine((&effort).into())?, &effort),
        Command::Bench(BenchCommand::Commit(arguments)) => measure_commit(&arguments),
        Command::Bench(BenchCommand::Book(effort)) => judge(&bench::book((&effort).into())?, &effort),
        Command::Flow(FlowCommand::Generate(generate)) => write_flow(&generate),
        Command::Flow(FlowCommand::Describe { file }) => {
            println!("{}", Description::of(&read_flow(&file)?));
            Ok(())
        }
        Command::Book { file, book } => replay_book(&file, book.into()),
        Command::Feed { file } => measure_feed(&file),
        Command::SoakKill { rounds, seed, folder } => soak_kill(&Soak { rounds, seed, folder }),
        Command::WriteUntilKilled { folder } => write_until_killed(&folder),
        Command::Bench(BenchCommand::Durable(arguments)) => services::measure_durable(&arguments),
        Command::Rebuild(arguments) => services::rebuild_book(&arguments),
        Command::Openapi(arguments) => services::check_document(&arguments),
        Command::Faults(arguments) => services::kill_services(&arguments),
        Command::Load(arguments) => services::put_load(&arguments),
        Command::Bare(arguments) => services::serve_bare(&arguments),
        Command::Flow(FlowCommand::Key { file }) => {
            println!("{} {}", file.display(), Book::Plain.replay(&read_flow(&file)?).key);
            Ok(())
        }
    }
}

/// How often a file is replayed for its speed, and again for latencies. The fastest pass counts: what disturbs a pass only
/// slows it down.
const SPEED_PASSES: usize = 3;

/// Prints the two lines that the format document prescribes.
fn replay_book(file: &Path, book: Book) -> Result<()> {
    let flow = read_flow(file)?;
    let mut replay = book.replay(&flow);
    for _ in 1..SPEED_PASSES {
        let again = book.replay(&flow);
        if again.key != replay.key {
            bail!("two replays of one file differ: `{}` and `{}`", replay.key, again.key);
        }
        if again.processor < replay.processor {
            replay = again;
        }
    }
    let latencies = std::iter::repeat_with(|| book.latency(&flow)).take(SPEED_PASSES);
    let latency = latencies.min_by_key(|latency| latency.p99_ns).context("no pass for latencies")?;
    print(&format!(
        "{} {}\nops={} cpu_s={:.3} mops={:.2} p50_ns={} p99_ns={} book_mb={:.1}\n",
        file.display(),
        replay.key,
        replay.operations,
        replay.processor.as_secs_f64(),
        replay.mops(),
        latency.p50_ns,
        latency.p99_ns,
        replay.memory_bytes.unwrap_or(0) as f64 / 1e6,
    ))
}

/// Prints in one piece. Whoever closes the pipe has read what he wanted.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("printing the result"),
        _ => Ok(()),
    }
}

fn compare_books(time: Duration, seed: Option<u64>) -> Result<()> {
    // Seconds in the upper half: no machine gets through four billion cases in one second.
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() << 32;
    let first = seed.unwrap_or_else(now);
    let current = Arc::new(AtomicU64::new(first));
    let at_panic = Arc::clone(&current);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let seed = at_panic.load(Ordering::Relaxed);
        eprintln!("a book panicked; to see it again: exchange-load differential --seconds 0 --seed {seed}");
        usual(panic);
    }));
    match differential::soak(first, time, |seed| current.store(seed, Ordering::Relaxed)) {
        Ok((tally, cases)) => {
            println!("{cases} cases from seed {first}: equal after every step\n{tally}");
            Ok(())
        }
        Err(failure) => bail!("{failure}"),
    }
}

fn measure_feed(file: &Path) -> Result<()> {
    let cost = feed::measure(&read_flow(file)?)?;
    let per_second = |count: u64, time: Duration| count as f64 / time.as_secs_f64().max(1e-9) / 1e6;
    println!(
        "events={} feed_mevents={:.2} updates={} consumer_mupdates={:.2} levels={} snapshot_kb={:.0} snapshot_ms={:.2}",
        cost.events,
        per_second(cost.events, cost.feed),
        cost.updates,
        per_second(cost.updates, cost.consumer),
        cost.levels,
        cost.snapshot_bytes as f64 / 1e3,
        cost.snapshot.as_secs_f64() * 1e3,
    );
    Ok(())
}

/// Prints a report; targets that were missed are an error unless the run was too short to judge.
fn judge(report: &Report, effort: &Effort) -> Result<()> {
    print!("{report}");
    if effort.quick {
        println!("a quick run: speeds are not judged");
    } else if !report.reached() {
        bail!("a target was missed");
    }
    Ok(())
}

fn measure_commit(arguments: &CommitArguments) -> Result<()> {
    let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name(""));
    let folder = arguments.folder.clone().map_or_else(beside, Ok).context("finding this program")?;
    let waiting = match arguments.drivers {
        0 => Waiting::Threads,
        threads => Waiting::Tasks(threads),
    };
    let waiters = arguments.waiters.iter().map(|waiters| waiters.get()).collect();
    let plan = Plan::new(folder, waiters, waiting, (&arguments.effort).into());
    judge(&commit::report(&plan)?, &arguments.effort)
}

fn soak_kill(plan: &Soak) -> Result<()> {
    let program = std::env::current_exe().context("finding this program")?;
    let mut acknowledged = 0;
    let mut torn = 0;
    soak(plan, &program, |round, killed: &Killed| {
        acknowledged += killed.acknowledged;
        torn += u32::from(killed.torn_bytes > 0);
        println!(
            "round {round}: killed after {} ms, {} acknowledged, log ends with {}, {} bytes torn, snapshot at {}",
            killed.milliseconds, killed.acknowledged, killed.last, killed.torn_bytes, killed.snapshot,
        );
    })?;
    println!(
        "rounds={} acknowledged={acknowledged} torn_tails={torn} lost=0 gaps=0 seed={}",
        plan.rounds, plan.seed
    );
    Ok(())
}

fn write_flow(arguments: &Generate) -> Result<()> {
    let flow = generate(arguments.mix.into(), arguments.ids.into(), arguments.seed, arguments.operations);
    let out =
        File::create(&arguments.out).with_context(|| format!("creating {}", arguments.out.display()))?;
    flow.write(&mut BufWriter::new(out)).with_context(|| format!("writing {}", arguments.out.display()))
}

fn read_flow(file: &Path) -> Result<Flow> {
    let mut reader = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    Flow::read(&mut reader).with_context(|| format!("reading {}", file.display()))
}
