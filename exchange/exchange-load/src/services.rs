//! The commands that need services: load, the bare loop, and what runs on top of them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Args;
use exchange_load::client::{Target, Trader};
use exchange_load::durable::{self, bare, without_limits};
use exchange_load::faults;
use exchange_load::load::{self, Listeners, Mix, Mode, Plan};
use exchange_load::outsiders::{OpenApi, Rebuild, check_openapi, rebuild};
use exchange_load::venue::{Keys, Programs, Settings, Venue, folder_beside, open_accounts};

use crate::arguments::Effort;

#[derive(Args)]
pub(crate) struct BareArguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where its log goes
    #[arg(long)]
    folder: PathBuf,
}

pub(crate) fn serve_bare(arguments: &BareArguments) -> Result<()> {
    bare::serve(arguments.listen, &arguments.folder, |address| println!("listening on {address}"))
}

#[derive(Args)]
pub(crate) struct LoadArguments {
    /// The gateway
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Target,
    /// Begin this many requests per second, whether or not earlier ones are answered. Without it each connection sends its next
    /// request when it has its answer
    #[arg(long)]
    rate: Option<f64>,
    /// Connections
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// For how long requests count, in seconds
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// For how long they do not count yet, in seconds
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Orders that cross, in a hundred requests
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(..=100))]
    crossing: u64,
    /// Cancels, in a hundred requests; the rest are orders that rest
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(..=100))]
    cancels: u64,
    /// What the schedule and the requests are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The private key that signs tokens the gateway believes: accounts are opened with it. Without it the server is the bare
    /// loop, which has no accounts
    #[arg(long)]
    key: Option<PathBuf>,
    /// How many accounts trade
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    accounts: u32,
    /// Connections to the stream that rebuild the book and end the run when a message is missing
    #[arg(long, default_value_t = 0)]
    books: usize,
    /// Await the updates of every account's orders on the stream, and say how long they took
    #[arg(long)]
    updates: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn put_load(arguments: &LoadArguments) -> Result<()> {
    if arguments.crossing + arguments.cancels > 100 {
        bail!("--crossing and --cancels are shares of a hundred and together more than that");
    }
    if arguments.connections == 0 {
        bail!("--connections is 0: somebody must ask");
    }
    let time = |seconds: f64| {
        Duration::try_from_secs_f64(seconds).with_context(|| format!("found {seconds} seconds"))
    };
    let accounts = arguments.accounts as usize;
    let mut listeners =
        Listeners { tokens: Vec::new(), books: arguments.books, market: "BTC-USD".to_owned() };
    let traders: Vec<Trader> = match &arguments.key {
        Some(key) => {
            let keys = Keys::read(key)?;
            let traders = open_accounts(&arguments.url, &keys, accounts)?;
            if arguments.updates {
                let tokens = traders.iter().map(|trader| keys.token(trader.account));
                listeners.tokens = tokens.collect::<Result<_>>()?;
            }
            traders
        }
        None => (0..accounts as u64).map(|account| Trader::new(&arguments.url, account, None)).collect(),
    };
    let plan = Plan {
        target: arguments.url.clone(),
        traders,
        connections: arguments.connections,
        mode: arguments.rate.map_or(Mode::Closed, |rate| Mode::Open { rate }),
        time: time(arguments.seconds)?,
        warm_up: time(arguments.warm_up)?,
        mix: Mix { crossing: arguments.crossing, cancels: arguments.cancels },
        seed: arguments.seed,
    };
    let findings = load::run_listened(&plan, listeners)?;
    if arguments.json {
        println!("{}", findings.json());
    } else {
        print!("{findings}");
    }
    if findings.successes() == 0 {
        bail!("no request succeeded");
    }
    Ok(())
}

#[derive(Args)]
pub(crate) struct DurableArguments {
    #[command(flatten)]
    effort: Effort,
    /// Where the services are. Without it, beside this program
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Print JSON behind the report
    #[arg(long)]
    json: bool,
}

pub(crate) fn measure_durable(arguments: &DurableArguments) -> Result<()> {
    let rounds = if arguments.effort.quick { 1 } else { arguments.effort.rounds.get() };
    let programs = programs(arguments.programs.as_ref())?;
    let plan = durable::Plan { programs, rounds, quick: arguments.effort.quick };
    let (report, json) = durable::report(&plan)?;
    if arguments.json {
        println!("{json}");
    }
    crate::judge(&report, &arguments.effort)
}

#[derive(Args)]
pub(crate) struct FaultsArguments {
    /// How many kills
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    kills: u32,
    /// What services, moments and orders are drawn from. Without it, one that was not used before
    #[arg(long)]
    seed: Option<u64>,
    /// Where the services are. Without it, beside this program
    #[arg(long)]
    programs: Option<PathBuf>,
}

pub(crate) fn kill_services(arguments: &FaultsArguments) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = arguments.seed.unwrap_or(now.as_secs());
    let programs = programs(arguments.programs.as_ref())?;
    println!("seed={seed}");
    let plan = faults::Plan { programs, kills: arguments.kills, seed };
    let findings = faults::run(&plan, |text| println!("{text}"))?;
    print!("{findings}");
    if !findings.violations.is_empty() {
        bail!("{} violations with seed {seed}; what was written is kept", findings.violations.len());
    }
    Ok(())
}

fn programs(given: Option<&PathBuf>) -> Result<Programs> {
    let beside = || Ok(std::env::current_exe().context("finding this program")?.with_file_name(""));
    given.cloned().map_or_else(beside, Ok).map(Programs::Folder)
}

#[derive(Args)]
pub(crate) struct RebuildArguments {
    /// For how long, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Orders and cancels per second meanwhile
    #[arg(long, default_value_t = 2_000.0)]
    rate: f64,
    /// A Python that has `websockets` and `requests`
    #[arg(long)]
    python: PathBuf,
}

pub(crate) fn rebuild_book(arguments: &RebuildArguments) -> Result<()> {
    with_venue("rebuild", |venue| {
        let plan = Rebuild {
            python: arguments.python.clone(),
            gateway: venue.gateway()?,
            traders: venue.open_accounts(durable::ACCOUNTS)?,
            time: Duration::from_secs(arguments.seconds.into()),
            comparisons: arguments.seconds.clamp(1, 60),
            rate: arguments.rate,
        };
        println!("{}", rebuild(&plan)?);
        Ok(())
    })
}

#[derive(Args)]
pub(crate) struct OpenApiArguments {
    /// How many requests are made of each operation
    #[arg(long, default_value_t = 100)]
    examples: u32,
    /// What they are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A Python that has `schemathesis`
    #[arg(long)]
    python: PathBuf,
}

pub(crate) fn check_document(arguments: &OpenApiArguments) -> Result<()> {
    with_venue("openapi", |venue| {
        let account = venue.open_accounts(1)?[0].account;
        for token in [venue.keys().operator_token()?, venue.keys().token(account)?] {
            let OpenApiArguments { python, examples, seed } = arguments;
            let (gateway, python) = (venue.gateway()?, python.clone());
            println!(
                "{}",
                check_openapi(&OpenApi { python, gateway, token, examples: *examples, seed: *seed })?
            );
        }
        Ok(())
    })
}

/// All services in one process, for as long as something takes.
fn with_venue(purpose: &str, work: impl FnOnce(&Venue) -> Result<()>) -> Result<()> {
    let programs = programs(None)?;
    let folder = folder_beside(&programs.folder(), purpose)?;
    let settings =
        Settings { programs, folder: folder.clone(), together: true, environment: without_limits() };
    let kept = || format!("logs and data are kept in {}", folder.display());
    let venue = Venue::start(settings, START_MAX).with_context(kept)?;
    work(&venue).with_context(kept)?;
    venue.stop().with_context(kept)?;
    std::fs::remove_dir_all(&folder).context("removing what was written")
}

/// How long the services may take to be ready.
const START_MAX: Duration = Duration::from_secs(30);
