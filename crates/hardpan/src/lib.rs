//! hardpan as a library: the command line and, behind it, one function per command.
//!
//! This crate wires and prints. It contains no rule, no merge logic and no call to an engine.

mod cli;
mod commands;
mod disk;
mod docs;
mod policy_file;
mod print;

use std::ffi::OsString;

use clap::Parser as _;
use hardpan_diag::Exit;

pub use disk::Disk;

/// The diagnostics of a load as `hardpan config` prints them, without colour.
#[must_use]
pub fn diagnostics_text(loaded: &hardpan_compose::Loaded) -> String {
    print::human::text(loaded, "", &hardpan_report::Renderer::plain())
}

/// Runs the program with these arguments (the first is its own name) and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors; clap prints either to the right stream.
            let exit = if error.use_stderr() { Exit::Input } else { Exit::Clean };
            let _ = error.print();
            return exit;
        }
    };
    let result = hardpan_compose::with_deep_stack(|| commands::run(cli));
    result.unwrap_or_else(|error| {
        print::line_to_stderr(&format!("error: {error:#}"));
        Exit::Environment
    })
}
