//! `cargo xtask sim`: the exchange in one thread from a seed, with faults.
//!
//! Nothing is simulated here: `exchange-sim` does that. A newcomer needs to know one thing: it is built as production is built,
//! because a soak of ten thousand seeds is a matter of minutes only then.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Builds `exchange-sim` and runs one seed (`--seed N`) or many (`--seeds N`, `--minutes M`).
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let one = arguments.iter().any(|argument| argument == "--seed" || argument.starts_with("--seed="));
    let program = workspace.build_exchange("exchange-sim")?;
    // A failing seed is reported with its commit, which the program asks git for.
    let mut command = Command::new(program);
    process::run(command.current_dir(&workspace.root).arg(if one { "run" } else { "soak" }).args(arguments))
}
