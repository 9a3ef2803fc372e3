//! Other programs that judge Compose files, installed below the target folder in fixed versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

const COMPOSE_LINT: &str = "compose-lint==0.36.2";
const DCLINT: &str = "dclint@3.1.0";

/// compose-lint, a Python program, in an environment of its own.
///
/// # Errors
/// When Python or the package cannot be had.
pub(super) fn compose_lint(target: &Path) -> Result<PathBuf> {
    let folder = target.join("peers").join("compose-lint");
    let program = folder.join("bin").join("compose-lint");
    if !program.is_file() {
        process::capture(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            .context("making an environment for compose-lint")?;
        process::capture(Command::new(folder.join("bin").join("pip")).args([
            "install",
            "--quiet",
            COMPOSE_LINT,
        ]))
        .context("installing compose-lint")?;
    }
    Ok(program)
}

/// dclint, a Node program: the program to start it with, and the script.
///
/// # Errors
/// When Node or the package cannot be had.
pub(super) fn dclint(target: &Path) -> Result<(PathBuf, PathBuf)> {
    let node = process::find_program("node").into_iter().next().context("node is not installed")?;
    let folder = target.join("peers").join("dclint");
    let script = folder.join("node_modules").join(".bin").join("dclint");
    if !script.exists() {
        process::capture(
            Command::new("npm").args(["install", "--silent", "--prefix"]).arg(&folder).arg(DCLINT),
        )
        .context("installing dclint")?;
    }
    Ok((node, script))
}
