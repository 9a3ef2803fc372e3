//! Fuzzing in the folder `fuzz/`, a workspace of its own because it needs a nightly toolchain.
//!
//! What a run finds interesting is kept in `fuzz/corpus` and replayed by the ordinary tests, so a bug found once stays
//! found on a stable toolchain.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// How long each target runs unless told otherwise.
const MINUTES_DEFAULT: u64 = 15;
/// One input that takes longer than this is a hang; the largest corpus file needs a few milliseconds.
const TIMEOUT_SECONDS: u64 = 10;
/// One input that needs more than this is a bug: budgets in the loader are far below.
const MEMORY_MB: u64 = 2048;

/// `cargo xtask fuzz [--minutes M] [TARGET]`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut minutes = MINUTES_DEFAULT;
    let mut wanted: Option<&str> = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--minutes" {
            let value = rest.next().context("--minutes needs a number")?;
            minutes = value.parse().with_context(|| format!("--minutes needs a number, found `{value}`"))?;
        } else {
            wanted = Some(argument);
        }
    }
    if minutes == 0 {
        // The fuzzer reads no limit as no end.
        bail!("--minutes needs a number from 1");
    }
    let mut targets = targets(workspace)?;
    if let Some(name) = wanted {
        if !targets.iter().any(|target| target == name) {
            bail!("no fuzz target is named `{name}`; there are: {}", targets.join(", "));
        }
        targets.retain(|target| target == name);
    }
    let path = path_with_tool(workspace)?;
    for target in &targets {
        println!("== fuzz {target}, {minutes} min");
        let mut command = Command::new("rustup");
        command
            .current_dir(&workspace.root)
            .env("PATH", &path)
            .env_remove("CARGO_TARGET_DIR")
            // No `unsafe` code, so nothing for a sanitizer to find; without one the target is twice as fast.
            .args(["run", "nightly", "cargo", "fuzz", "run", "--sanitizer", "none", target, "--"])
            .arg(format!("-max_total_time={}", minutes * 60))
            .arg(format!("-timeout={TIMEOUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MEMORY_MB}"))
            .arg("-print_final_stats=1");
        process::run(&mut command)?;
    }
    Ok(())
}

fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("fuzz").join("fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            (path.extension()? == "rs").then(|| Some(path.file_stem()?.to_str()?.to_owned()))?
        })
        .collect();
    names.sort();
    if names.is_empty() {
        bail!("no fuzz target in {}", folder.display());
    }
    Ok(names)
}

/// `PATH` with a folder that holds `cargo-fuzz`; installs it first where it is missing (about a minute, once).
fn path_with_tool(workspace: &Workspace) -> Result<OsString> {
    let tools = workspace.target.join("tools");
    let bin = tools.join("bin");
    if process::find_program("cargo-fuzz").is_none() && !bin.join("cargo-fuzz").is_file() {
        println!("installing cargo-fuzz into {}", tools.display());
        let mut install = workspace.cargo();
        install.args(["install", "--quiet", "--locked", "cargo-fuzz", "--root"]).arg(&tools);
        process::run(&mut install)?;
    }
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(bin).chain(std::env::split_paths(&old)).collect::<Vec<PathBuf>>();
    std::env::join_paths(folders).context("a folder in PATH contains a separator")
}
