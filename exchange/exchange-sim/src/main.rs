//! The simulator as a command: one seed, step by step if wanted, or many.
//!
//! All of it is in the library. A newcomer needs to know one thing: a failing seed is printed with its commit and with the
//! command that runs it again, and the exit code is 1.

#![expect(clippy::print_stderr, reason = "printing is what this program does")]

use std::io::Write;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use exchange_sim::kernel::TraceText;
use exchange_sim::simulation::current_seed;
use exchange_sim::soak::{Totals, soak};
use exchange_sim::{Failure, Options, run};

/// Runs all state machines of the exchange in one thread from a seed.
#[derive(Parser)]
#[command(name = "exchange-sim", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one seed.
    Run {
        /// Which.
        #[arg(long)]
        seed: u64,
        /// Print everything that happens.
        #[arg(long)]
        verbose: bool,
    },
    /// Run many seeds.
    Soak {
        /// How many; 1,000 if neither this nor a time is given.
        #[arg(long, conflicts_with = "minutes", value_parser = clap::value_parser!(u64).range(1..))]
        seeds: Option<u64>,
        /// Or for how long.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MINUTES_MAX))]
        minutes: Option<u64>,
        /// The first seed.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Print how often everything was reached.
        #[arg(long)]
        coverage: bool,
        /// In how many threads.
        #[arg(long, default_value = "2")]
        jobs: NonZeroUsize,
    },
}

/// Seeds of a soak of which nothing else is said.
const SEEDS_DEFAULT: u64 = 1_000;
/// Two years: no clock overflows on the way.
const MINUTES_MAX: u64 = 1_000_000;
/// A line of progress comes after so many seeds.
const PROGRESS_EVERY: u64 = 500;

fn main() -> ExitCode {
    // An assert of the code under test is a finding, too, and must name its seed before the process goes.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        if let Some(seed) = current_seed() {
            report(&format!("seed {seed}: the code under test panicked"), seed);
        }
        finish();
    }));
    match Arguments::parse().command {
        Command::Run { seed, verbose } => run_one(seed, verbose),
        Command::Soak { seeds, minutes, from, coverage, jobs } => {
            run_many(seeds, minutes, from, jobs.get(), coverage)
        }
    }
}

fn run_one(seed: u64, verbose: bool) -> ExitCode {
    let trace = if verbose { TraceText::Shown } else { TraceText::Off };
    match run(seed, Options { mutation: None, trace }) {
        Ok(report) => {
            say(&format!(
                "seed {seed}: clean; {} commands, {} in the log, {} events, {} faults, {} ms of virtual time, \
                 state {:016x}, trace {:016x}",
                report.commands,
                report.durable,
                report.events,
                report.faults,
                report.virtual_ns / 1_000_000,
                report.state_hash,
                report.trace_digest,
            ));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            report_failure(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run_many(seeds: Option<u64>, minutes: Option<u64>, from: u64, jobs: usize, coverage: bool) -> ExitCode {
    let start = Instant::now();
    let end = minutes.map(|minutes| start + Duration::from_secs(minutes * 60));
    let seeds = seeds.or(if end.is_none() { Some(SEEDS_DEFAULT) } else { None });
    let goes_on =
        |number: u64| seeds.is_none_or(|seeds| number < seeds) && end.is_none_or(|end| Instant::now() < end);
    let progress = |totals: &Totals| {
        if totals.seeds.is_multiple_of(PROGRESS_EVERY) {
            eprintln!("{} seeds clean after {} s", totals.seeds, start.elapsed().as_secs());
        }
    };
    match soak(from, jobs, goes_on, progress) {
        Ok(totals) => {
            for (name, count) in totals.coverage.iter().filter(|_| coverage) {
                say(&format!("{count:>10}  {name}"));
            }
            say(&format!(
                "{} seeds clean from {from} in {:.1} s: {} commands (at least {} a seed), {} faults (at least {}), \
                 {} events, {} s of virtual time",
                totals.seeds,
                start.elapsed().as_secs_f64(),
                totals.commands,
                totals.commands_min,
                totals.faults,
                totals.faults_min,
                totals.events,
                totals.virtual_ns / 1_000_000_000,
            ));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            report_failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// Prints a line. Whoever closes the pipe has read enough, and that is no finding: the verdict is the exit code.
fn say(line: &str) {
    let _ = std::io::stdout().write_all(format!("{line}\n").as_bytes());
}

fn report_failure(failure: &Failure) {
    report(&failure.to_string(), failure.seed);
}

fn report(what: &str, seed: u64) {
    eprintln!("FAILED {what}");
    eprintln!("commit: {}", commit());
    eprintln!("again:  cargo xtask sim --seed {seed} --verbose");
}

/// Ends with the exit code of a failure, from wherever.
#[expect(clippy::exit, reason = "a panic in one thread of a soak ends all of it, with the code of a failure")]
fn finish() -> ! {
    std::process::exit(1)
}

/// The commit that the sources are at, as far as git knows.
fn commit() -> String {
    let output =
        std::process::Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=40"]).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
