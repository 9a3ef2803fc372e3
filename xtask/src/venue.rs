//! `cargo xtask loadgen` and `cargo xtask faults`: load on the services, and services that die under load.
//!
//! Nothing is measured here: `exchange-load` does that. A newcomer needs to know one thing: the programs are built as production is
//! built, because latencies and races of anything else say nothing.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// `cargo xtask loadgen [OPTIONS]`: against a gateway that runs.
pub(crate) fn loadgen(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    process::run(Command::new(workspace.build_exchange_load()?).arg("load").args(arguments))
}

/// `cargo xtask faults [--kills N] [--seed S]`: starts the services itself.
pub(crate) fn faults(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let programs = workspace.build_venue()?;
    process::run(Command::new(programs.join("exchange-load")).arg("faults").args(arguments))
}
