//! The `exchange-load` program: parses arguments, calls the library, prints, chooses the exit code.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program does")]

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use exchange_load::bench::{self, Report};
use exchange_load::commit::{self, Killed, Plan, Soak, Waiting, soak, write_until_killed};
use exchange_load::differential;
use exchange_load::feed;
use exchange_load::flow::{Description, Flow, Ids, Mix, generate};
use exchange_load::replay::Book;

/// Order flow for the exchange: generate, describe, replay, compare.
#[derive(Parser)]
#[command(name = "exchange-load", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make and inspect order-flow files (format LOBWL001)
    #[command(subcommand)]
    Flow(FlowCommand),
    /// Replay an order-flow file through a book; print its key, then speed, latency and memory
    Book {
        /// The order-flow file
        file: PathBuf,
        /// Which book
        #[arg(long, value_enum, default_value_t = BookName::Fast)]
        book: BookName,
    },
    /// Run hostile command streams through the fast and the reference book and compare them after every command
    Differential {
        /// For how long
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// The first seed; the others follow it. Without one, a first seed that was not used before
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Send the events of an order-flow file through the feed and a consumer of its depth; print what that costs
    Feed {
        /// The order-flow file
        file: PathBuf,
    },
    /// Measure parts of the exchange beside plain counterparts in the same run
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Kill a process that writes the log, at random moments, and look whether anything acknowledged is lost
    SoakKill {
        /// How often
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// What the moments are drawn from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where the log is made; it must not exist
        #[arg(long)]
        folder: PathBuf,
    },
    /// The process that is killed: writes a log and prints what it acknowledges
    #[command(hide = true)]
    WriteUntilKilled {
        /// Where the log is
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
enum BenchCommand {
    /// The fast book beside the plain matcher: w1, w2 and w3 with dense and opaque ids
    Book(Effort),
    /// The engine's thread, a replay and a restart, with 10,000 and with a million live orders
    Engine(Effort),
    /// Group commit: durable acknowledgements per second beside a bare loop that only writes and syncs
    Commit(CommitArguments),
}

#[derive(Args)]
struct CommitArguments {
    #[command(flatten)]
    effort: Effort,
    /// Where files are made: on the disk that is to be measured. Without one, beside this program
    #[arg(long)]
    folder: Option<PathBuf>,
    /// How many waiters, one measurement after the other
    #[arg(long, value_delimiter = ',', default_values = ["8", "32", "128"])]
    waiters: Vec<NonZeroUsize>,
    /// How many threads drive the waiters; 0: each waiter is a thread
    #[arg(long, default_value_t = 1)]
    drivers: usize,
}

#[derive(Args)]
struct Effort {
    /// Rounds; the figures are their medians
    #[arg(long, default_value = "5")]
    rounds: NonZeroUsize,
    /// One short round, in which results are compared and speeds are shown but not judged
    #[arg(long)]
    quick: bool,
}

impl From<&Effort> for bench::Effort {
    fn from(effort: &Effort) -> Self {
        if effort.quick {
            Self { rounds: 1, operations: Some(QUICK_OPERATIONS) }
        } else {
            Self { rounds: effort.rounds.get(), operations: None }
        }
    }
}

/// Enough to meet every operation thousands of times, in a second or two.
const QUICK_OPERATIONS: u64 = 200_000;

#[derive(Clone, Copy, ValueEnum)]
enum BookName {
    /// The one that runs
    Fast,
    /// The one that specifies matching
    Reference,
    /// The plain matcher, which shares no code with either
    Plain,
}

#[derive(Subcommand)]
enum FlowCommand {
    /// Write a stream; the same arguments give the same file on every machine
    Generate(Generate),
    /// Say what a file consists of: shares of the operations, live orders, prices, how orders take
    Describe {
        /// The order-flow file
        file: PathBuf,
    },
    /// Print the key of a file by the plain matcher
    Key {
        /// The order-flow file
        file: PathBuf,
    },
}

#[derive(Args)]
struct Generate {
    /// What kind of stream
    #[arg(long, value_enum)]
    mix: MixName,
    /// How orders are named
    #[arg(long, value_enum)]
    ids: IdsName,
    /// What the stream is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Records after the prefill; the mix's own number where not given
    #[arg(long)]
    operations: Option<u64>,
    /// The file to write
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum MixName {
    /// 10,000 live orders close to the best price
    Touch,
    /// A million live orders, hundreds in each level
    Deep,
    /// 3,000 live orders, mostly recent ones cancelled, orders replaced, rare jumps of the price
    Itch,
    /// Every operation, self-trade prevention, cancels of dead and unknown orders
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum IdsName {
    /// 1, 2, 3 ... in the order of arrival
    Dense,
    /// 64-bit numbers without visible order
    Opaque,
}

impl From<MixName> for Mix {
    fn from(name: MixName) -> Self {
        match name {
            MixName::Touch => Self::Touch,
            MixName::Deep => Self::Deep,
            MixName::Itch => Self::Itch,
            MixName::All => Self::All,
        }
    }
}

impl From<BookName> for Book {
    fn from(name: BookName) -> Self {
        match name {
            BookName::Fast => Self::Fast,
            BookName::Reference => Self::Reference,
            BookName::Plain => Self::Plain,
        }
    }
}

impl From<IdsName> for Ids {
    fn from(name: IdsName) -> Self {
        match name {
            IdsName::Dense => Self::Dense,
            IdsName::Opaque => Self::Opaque,
        }
    }
}

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
        Command::Flow(FlowCommand::Key { file }) => {
            println!("{} {}", file.display(), Book::Plain.replay(&read_flow(&file)?).key);
            Ok(())
        }
    }
}

/// Prints the two lines that the format document prescribes.
fn replay_book(file: &Path, book: Book) -> Result<()> {
    let flow = read_flow(file)?;
    let (replay, latency) = (book.replay(&flow), book.latency(&flow));
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
        eprintln!("seed {} panicked: run it again with --seconds 0 --seed", at_panic.load(Ordering::Relaxed));
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
