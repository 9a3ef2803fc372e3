//! Debian's packages: installed by apt, or only unpacked below the target folder so that the system stays as it is.
//!
//! Which packages, and from which suite, is the caller's business. What a newcomer must know: unpacking needs no root and takes
//! nothing but the packages named, without those that they depend on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Installs packages into the system.
///
/// # Errors
/// When this is not root, or when apt cannot; the message says what to call by hand.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("`apt-get install {}`", packages.join(" "));
    if !is_root()? {
        bail!("only root may install packages: {by_hand}");
    }
    let install = || {
        let mut command = Command::new("apt-get");
        command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        process::capture(&mut command)
    };
    if install().is_ok() {
        return Ok(());
    }
    // A machine that was never told what there is, or long ago, knows no package or asks for files that are gone.
    process::capture(Command::new("apt-get").args(["--quiet=2", "update"]))
        .context("asking what packages there are")?;
    install().map(drop).context(by_hand)
}

/// True for the user who may install packages, and whom some servers refuse to run for.
///
/// # Errors
/// When `id` cannot be run.
pub(crate) fn is_root() -> Result<bool> {
    Ok(process::capture(Command::new("id").arg("--user"))?.trim() == "0")
}

/// The suite this system is installed from, such as `bookworm`.
///
/// # Errors
/// When this is not Debian.
pub(crate) fn codename() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release").context("reading the name of this system")?;
    let field = |name: &str| {
        release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim_matches('"').to_owned())
    };
    if field("ID").as_deref() != Some("debian") {
        bail!("this system is not Debian");
    }
    field("VERSION_CODENAME").context("this Debian has no codename")
}

/// Lists and caches of apt in a folder of their own; the system's are neither read nor written. It is removed on drop.
pub(crate) struct Scratch {
    folder: PathBuf,
    mirror: String,
}

impl Scratch {
    /// An empty one.
    ///
    /// # Errors
    /// When this is not Debian, its apt names no mirror, or the folder cannot be made.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let mirror = mirror(&codename()?)?;
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        for name in ["state/lists/partial", "cache/archives/partial", "download"] {
            let path = folder.join(name);
            fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        }
        Ok(Self { folder: folder.to_owned(), mirror })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Unpacks packages of a suite into a folder, which is made.
    ///
    /// # Errors
    /// When the suite lacks one of them, or apt or dpkg fail.
    pub(crate) fn unpack(&self, suite: &str, packages: &[&str], into: &Path) -> Result<()> {
        let sources = format!("deb [target=Packages signed-by={KEYRING}] {} {suite} main\n", self.mirror);
        fs::write(self.folder.join("sources.list"), sources)
            .context("writing the private list of sources")?;
        process::capture(self.apt().arg("update"))?;
        let download = self.folder.join("download");
        process::capture(self.apt().arg("download").args(packages).current_dir(&download))?;
        fs::create_dir_all(into).with_context(|| format!("creating {}", into.display()))?;
        let entries = fs::read_dir(&download).context("listing the download")?;
        let found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .collect();
        if found.len() != packages.len() {
            bail!("apt downloaded {} of {} packages", found.len(), packages.len());
        }
        for package in found {
            process::capture(Command::new("dpkg").arg("-x").arg(&package).arg(into))?;
            fs::remove_file(&package).with_context(|| format!("removing {}", package.display()))?;
        }
        Ok(())
    }

    fn apt(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("--quiet=2");
        for (option, place) in [
            ("Dir::State", "state"),
            ("Dir::State::lists", "state/lists"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::Etc::sourceparts", "no-parts"),
            ("Dir::Etc::preferencesparts", "no-parts"),
        ] {
            command.arg("-o").arg(format!("{option}={}", self.folder.join(place).display()));
        }
        // The download user of apt may not enter the target folder of whoever runs this.
        command.args(["-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none"]);
        command
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is emptied by the next one.
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// The address of the archive this system is installed from, as apt itself reports it.
fn mirror(codename: &str) -> Result<String> {
    let text = process::capture(Command::new("apt-get").args([
        "indextargets",
        "--no-release-info",
        "--format",
        "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)",
    ]))?;
    text.lines()
        .find_map(|line| line.strip_prefix(&format!("Packages {codename} main ")))
        .map(str::to_owned)
        .with_context(|| format!("apt has no mirror for {codename} main"))
}
