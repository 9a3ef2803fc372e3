//! `cargo xtask bench exchange WHAT [OPTIONS]`: the benchmarks of `exchange-load`, in the profile that production is built with.
//!
//! They live there because they call the exchange's libraries, which this program does not link.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Builds `exchange-load` and passes everything on to its `bench`.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    if arguments.is_empty() {
        bail!(
            "usage: cargo xtask bench exchange WHAT [--rounds N] [--quick]; `help` in place of WHAT lists them"
        );
    }
    process::run(Command::new(workspace.build_exchange_load()?).arg("bench").args(arguments))
}
