//! `cargo xtask bench exchange [PART] [OPTIONS]`: the benchmarks of `exchange-load`, in the profile that production is built with.
//!
//! They live there because they call the exchange's libraries, which this program does not link.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The parts, in the order in which they are measured when none is named.
const PARTS: [&str; 4] = ["book", "engine", "commit", "durable"];

/// Builds the services and `exchange-load`, and passes everything on to its `bench`; without a part, all of them run, and one that misses a target
/// does not keep the others from running.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    // The services take minutes to build and only one part needs them.
    let alone = matches!(arguments.first().map(String::as_str), Some("book" | "engine" | "commit"));
    let program =
        if alone { workspace.build_exchange_load()? } else { workspace.build_venue()?.join("exchange-load") };
    let bench = |arguments: &[String]| process::run(Command::new(&program).arg("bench").args(arguments));
    if arguments.first().is_some_and(|part| !part.starts_with("--")) {
        return bench(arguments);
    }
    let mut missed = Vec::new();
    for part in PARTS {
        println!("\n== {part}");
        if bench(&[&[part.to_owned()], arguments].concat()).is_err() {
            missed.push(part);
        }
    }
    if !missed.is_empty() {
        bail!("targets were missed: {}", missed.join(", "));
    }
    Ok(())
}
