//! What every task needs to know of the workspace: where it is, what cargo says of it, which files belong to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;

/// The programs of a venue, and the one that puts load on it.
const VENUE: [&str; 7] =
    ["gateway", "matching-engine", "market-data", "risk-engine", "persistence", "exchange", "exchange-load"];

/// The workspace this program was started in.
pub(crate) struct Workspace {
    /// The repository's root folder.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, where tools and scratch files of the tasks go too.
    pub(crate) target: PathBuf,
    /// `cargo metadata` of the members, without the crates they depend on.
    pub(crate) metadata: Value,
}

impl Workspace {
    /// Finds the workspace through the variables cargo sets for a program that it runs.
    ///
    /// # Errors
    /// When not started by cargo, or when a member's manifest cannot be read.
    pub(crate) fn load() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
        let root =
            Path::new(&manifest).parent().context("xtask lies in the root of a file system")?.to_path_buf();
        let text = process::capture(cargo_in(&root).args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ]))?;
        let metadata: Value =
            serde_json::from_str(&text).context("reading the output of `cargo metadata`")?;
        let target =
            metadata["target_directory"].as_str().context("`cargo metadata` names no target directory")?;
        Ok(Self { root, target: PathBuf::from(target), metadata })
    }

    /// A cargo command that runs in the root folder.
    pub(crate) fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// The members as `cargo metadata` describes them.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &Value> {
        self.metadata["packages"].as_array().into_iter().flatten()
    }

    /// Every file that is in the repository or would be with the next commit, relative to the root, sorted.
    ///
    /// # Errors
    /// When git cannot be run here.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let text = process::capture(Command::new("git").current_dir(&self.root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut files: Vec<PathBuf> =
            text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
        files.sort();
        files.dedup();
        // A file deleted in the work tree stays in the index until the deletion is committed.
        files.retain(|file| self.root.join(file).is_file());
        if files.is_empty() {
            bail!("git lists no file in {}", self.root.display());
        }
        Ok(files)
    }

    /// The shared folder beside the checkout, which holds the corpus of real projects; absent on most machines.
    pub(crate) fn corpus(&self) -> Option<PathBuf> {
        let folder = self.root.parent()?.join("shared").join("corpus").join("compose");
        folder.is_dir().then_some(folder)
    }

    /// Builds hardpan the way the tests build it, so that nothing is compiled twice, and tells where the binary is.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) fn build_hardpan(&self, release: bool) -> Result<PathBuf> {
        let mut command = self.cargo();
        command.args(["build", "--quiet", "--locked", "--workspace", "--bins"]);
        if release {
            command.arg("--release");
        }
        process::run(&mut command)?;
        Ok(self.target.join(if release { "release" } else { "debug" }).join("hardpan"))
    }

    /// Builds `exchange-load` as the exchange itself is built for production, and says where it is.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) fn build_exchange_load(&self) -> Result<PathBuf> {
        self.build_exchange("exchange-load")
    }

    /// Builds the services, `exchange` and `exchange-load` as production is built, and returns the folder they are in.
    ///
    /// # Errors
    /// When one does not compile.
    pub(crate) fn build_venue(&self) -> Result<PathBuf> {
        let mut command = self.cargo();
        command.args(["build", "--quiet", "--locked", "--profile", "exchange", "--bins"]);
        for package in VENUE {
            command.args(["--package", package]);
        }
        process::run(&mut command)?;
        Ok(self.target.join("exchange"))
    }

    /// Builds a program of the exchange as production is built, and returns where it is.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) fn build_exchange(&self, package: &str) -> Result<PathBuf> {
        let arguments = ["build", "--quiet", "--locked", "--profile", "exchange", "--package", package];
        process::run(self.cargo().args(arguments))?;
        Ok(self.target.join("exchange").join(package))
    }
}

fn cargo_in(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}
