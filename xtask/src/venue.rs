//! Load on the services, services that die under load, and clients that share no code with them.
//!
//! Nothing is measured here: `exchange-load` does that. A newcomer needs to know one thing: the programs are built as production is
//! built, because latencies and races of anything else say nothing.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, python};

/// `cargo xtask loadgen [OPTIONS]`: against a gateway that runs.
pub(crate) fn loadgen(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    process::run(Command::new(workspace.build_exchange_load()?).arg("load").args(arguments))
}

/// `cargo xtask faults [--kills N] [--seed S]`: starts the services itself.
pub(crate) fn faults(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let programs = workspace.build_venue()?;
    process::run(Command::new(programs.join("exchange-load")).arg("faults").args(arguments))
}

/// `cargo xtask rebuild [--seconds S] [--rate N]`: an ordinary client of the stream under load.
pub(crate) fn rebuild(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    with_python(workspace, "rebuild", arguments)
}

/// `cargo xtask openapi-check [--examples N]`: every operation of the OpenAPI document.
pub(crate) fn openapi_check(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    with_python(workspace, "openapi", arguments)
}

fn with_python(workspace: &Workspace, command: &str, arguments: &[String]) -> Result<()> {
    let python = python::provide(workspace)?;
    let program = workspace.build_venue()?.join("exchange-load");
    process::run(Command::new(program).arg(command).arg("--python").arg(python).args(arguments))
}
