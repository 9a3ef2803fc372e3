//! What may be typed.
//!
//! Not responsible for what it leads to. A newcomer needs to know one thing: the settings of the services are variables of the
//! environment and not options, so that a container, a shell and a laptop say them in the same way.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use exchange_service::config::Parse;

use crate::target::Target;

/// The services of a spot exchange in one program.
#[derive(Debug, Parser)]
#[command(
    name = "exchange",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = AFTER_HELP
)]
pub(crate) struct Arguments {
    /// Which services to run, each on a thread of its own: `all`, or some of them with commas between
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    pub(crate) target: Vec<Target>,

    /// Keep everything below this folder: the log, and keys for tokens, made when they are missing
    ///
    /// For trying the exchange out: `DATA_DIR` and `JWT_PUBLIC_KEY_FILE` point into the folder and the log is written as text,
    /// unless the environment says otherwise.
    #[arg(long, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const AFTER_HELP: &str = "\
Settings are variables of the environment: `exchange variables` lists them.

Try it:
  exchange --target all --home trial
  exchange token --home trial --account 1

SIGTERM and Ctrl-C end it, the gateway first and the log last; a second signal
ends all services at once. Exit codes: 0 asked to end, 1 a service failed, 2 wrong
usage or a wrong variable, 3 the machine is at fault (a port, a disk).";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a signed token that says who asks and what for
    Token(TokenArguments),
    /// Write a new pair of keys: one signs tokens, the gateway gets the other
    Keys(KeysArguments),
    /// Print all variables of the environment as a table
    Variables,
}

/// Who is to be allowed what.
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// The account that the token is for
    #[arg(long, value_name = "NUMBER", required_unless_present = "admin")]
    pub(crate) account: Option<u32>,

    /// A token of the operator instead: deposits, withdrawals, every account
    #[arg(long, conflicts_with = "account")]
    pub(crate) admin: bool,

    /// What it allows [default: trade and read for an account, admin and read for the operator]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SCOPE")]
    pub(crate) scope: Vec<ScopeName>,

    /// How long it holds, for example `30m` or `8h`; the gateway takes none that holds longer than JWT_LIFETIME_MAX
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_time)]
    pub(crate) expires: Duration,

    /// The class of rate limits that it asks for
    #[arg(long, value_name = "NAME")]
    pub(crate) tier: Option<String>,

    /// The private key: PEM, PKCS#8, Ed25519
    #[arg(long, value_name = "FILE", required_unless_present = "home", conflicts_with = "home")]
    pub(crate) key_file: Option<PathBuf>,

    /// The folder that the exchange was started with: its private key is used
    #[arg(long, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,

    /// Who issues it [default: JWT_ISSUER, or what the gateway takes when that is not set]
    #[arg(long)]
    pub(crate) issuer: Option<String>,

    /// Whom it is for [default: JWT_AUDIENCE, or what the gateway takes when that is not set]
    #[arg(long)]
    pub(crate) audience: Option<String>,
}

/// Where the keys go.
#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    /// The folder, made when it is missing; a key that is there already is never overwritten
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Something that a token may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeName {
    /// See the account, its orders and trades
    Read,
    /// Submit, change and cancel orders
    Trade,
    /// What the operator does
    Admin,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    Duration::parse(text).map_err(|expected| format!("expected {expected}"))
}
