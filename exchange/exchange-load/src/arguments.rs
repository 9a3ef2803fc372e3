//! What `exchange-load` can be asked for, as its help prints it. Nothing is decided here.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use exchange_load::bench;
use exchange_load::flow::{Ids, Mix};
use exchange_load::replay::Book;

use crate::services::{
    BareArguments, DurableArguments, FaultsArguments, LoadArguments, OpenApiArguments, RebuildArguments,
};

/// Order flow for the exchange: generate, describe, replay, compare.
#[derive(Parser)]
#[command(name = "exchange-load", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
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
    /// Put load on a gateway over HTTP and say how long answers took
    Load(LoadArguments),
    /// The bare loop that the exchange is compared with: take an order, commit it, answer
    Bare(BareArguments),
    /// Kill services at random moments under load, and hold everything that was promised against the log
    Faults(FaultsArguments),
    /// Let a Python program rebuild the book from the stream under load and compare it with what a query says
    Rebuild(RebuildArguments),
    /// Let schemathesis exercise every operation of the OpenAPI document
    Openapi(OpenApiArguments),
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
pub(crate) enum BenchCommand {
    /// The fast book beside the plain matcher: w1, w2 and w3 with dense and opaque ids
    Book(Effort),
    /// The engine's thread, a replay and a restart, with 10,000 and with a million live orders
    Engine(Effort),
    /// Group commit: durable acknowledgements per second beside a bare loop that only writes and syncs
    Commit(CommitArguments),
    /// Durable acknowledgements of the five services beside the bare loop; the promises; all services in one process
    Durable(DurableArguments),
}

#[derive(Args)]
pub(crate) struct CommitArguments {
    #[command(flatten)]
    pub(crate) effort: Effort,
    /// Where files are made: on the disk that is to be measured. Without one, beside this program
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// How many waiters, one measurement after the other
    #[arg(long, value_delimiter = ',', default_values = ["8", "32", "128"])]
    pub(crate) waiters: Vec<NonZeroUsize>,
    /// How many threads drive the waiters; 0: each waiter is a thread
    #[arg(long, default_value_t = 1)]
    pub(crate) drivers: usize,
}

#[derive(Args)]
pub(crate) struct Effort {
    /// Rounds; the figures are their medians
    #[arg(long, default_value = "5")]
    pub(crate) rounds: NonZeroUsize,
    /// One short round, in which results are compared and speeds are shown but not judged
    #[arg(long)]
    pub(crate) quick: bool,
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
pub(crate) enum BookName {
    /// The one that runs
    Fast,
    /// The one that specifies matching
    Reference,
    /// The plain matcher, which shares no code with either
    Plain,
}

#[derive(Subcommand)]
pub(crate) enum FlowCommand {
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
pub(crate) struct Generate {
    /// What kind of stream
    #[arg(long, value_enum)]
    pub(crate) mix: MixName,
    /// How orders are named
    #[arg(long, value_enum)]
    pub(crate) ids: IdsName,
    /// What the stream is made from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Records after the prefill; the mix's own number where not given
    #[arg(long)]
    pub(crate) operations: Option<u64>,
    /// The file to write
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum MixName {
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
pub(crate) enum IdsName {
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
