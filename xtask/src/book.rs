//! `cargo xtask book FILE`: an order-flow file replayed through the fast book.
//!
//! Nothing is measured here: `exchange-load book` does that and prints the two lines that the format prescribes.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Builds `exchange-load` as production is built and passes the arguments on.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    if arguments.is_empty() {
        bail!("usage: cargo xtask book FILE [--book fast|reference|plain]");
    }
    process::run(Command::new(workspace.build_exchange_load()?).arg("book").args(arguments))
}
