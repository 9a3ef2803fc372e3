//! One file per command.

mod config;

use hardpan_diag::Exit;

use crate::cli::{Cli, Command};

/// Runs the command that was typed.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Config(args) => config::run(&cli.project, &args),
        Command::Completions { shell } => {
            crate::print::to_stdout(&crate::docs::completions(shell))?;
            Ok(Exit::Clean)
        }
        Command::InternalDocs { directory } => {
            crate::docs::write(&directory)?;
            Ok(Exit::Clean)
        }
    }
}
