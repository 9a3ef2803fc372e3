//! Provides the reference, `docker-compose` of exactly one version, without touching the system's packages.
//!
//! An installed one of that version is used as it is. Otherwise, on Debian, the package is taken from a newer suite of
//! the mirror that apt already uses, with a separate apt state below the target folder, and only unpacked there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The version whose decisions hardpan copies (ADR 0002).
pub(crate) const VERSION: &str = "2.40.3";

/// Suites that may carry that version, newest first. `sid` moves on one day; `testing` follows it later.
const SUITES: [&str; 2] = ["sid", "testing"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const IN_PACKAGE: &str = "usr/libexec/docker/cli-plugins/docker-compose";

/// `cargo xtask reference`
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    println!("{}", provide(workspace)?.display());
    Ok(())
}

/// The path of a reference that answers with the right version.
///
/// # Errors
/// When none is installed and none can be fetched; the message says what was tried.
pub(crate) fn provide(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HARDPAN_DOCKER_COMPOSE").map(PathBuf::from) {
        check_version(&named).context("HARDPAN_DOCKER_COMPOSE")?;
        return Ok(named);
    }
    let folder = workspace.target.join("reference");
    let own = folder.join("docker-compose");
    if let Some(found) = installed(&own).into_iter().find(|path| check_version(path).is_ok()) {
        return Ok(found);
    }
    fetch(&folder, &own)
        .with_context(|| format!("docker-compose {VERSION} is neither installed nor could it be fetched"))?;
    Ok(own)
}

fn installed(own: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(config) = std::env::var_os("DOCKER_CONFIG") {
        folders.push(PathBuf::from(config).join("cli-plugins"));
    }
    if let Some(home) = std::env::home_dir() {
        folders.push(home.join(".docker").join("cli-plugins"));
    }
    for prefix in ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"] {
        folders.push(Path::new(prefix).join("docker").join("cli-plugins"));
    }
    let mut paths = vec![own.to_path_buf()];
    paths.extend(folders.into_iter().map(|folder| folder.join("docker-compose")));
    paths.extend(process::find_program("docker-compose"));
    paths.retain(|path| path.is_file());
    paths
}

fn check_version(path: &Path) -> Result<()> {
    let text = process::capture(Command::new(path).args(["version", "--short"]))?;
    if !is_version(text.trim()) {
        bail!("{} is version {}, expected {VERSION}", path.display(), text.trim());
    }
    Ok(())
}

/// Accepts the packager's suffix (`2.40.3-3`), which does not change the program's behaviour.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    text.strip_prefix(VERSION).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+', '~']))
}

fn fetch(folder: &Path, own: &Path) -> Result<()> {
    let release = fs::read_to_string("/etc/os-release").context("reading the name of this system")?;
    let field = |name: &str| {
        release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim_matches('"'))
    };
    if field("ID") != Some("debian") {
        bail!("this system is not Debian");
    }
    let codename = field("VERSION_CODENAME").context("this Debian has no codename")?;
    let mirror = mirror(codename)?;
    let mut tried = Vec::new();
    for suite in SUITES {
        let scratch = folder.join("apt");
        if scratch.exists() {
            fs::remove_dir_all(&scratch).with_context(|| format!("emptying {}", scratch.display()))?;
        }
        let outcome = fetch_from(&scratch, &mirror, suite, own);
        fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
        match outcome {
            Ok(()) => return Ok(()),
            Err(error) => tried.push(format!("{suite}: {error:#}")),
        }
    }
    bail!("{}", tried.join("; "));
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

fn fetch_from(scratch: &Path, mirror: &str, suite: &str, own: &Path) -> Result<()> {
    for name in ["state/lists/partial", "cache/archives/partial", "download", "unpacked"] {
        let path = scratch.join(name);
        fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
    }
    let sources = scratch.join("sources.list");
    fs::write(&sources, format!("deb [target=Packages signed-by={KEYRING}] {mirror} {suite} main\n"))
        .context("writing the private list of sources")?;

    process::capture(apt(scratch).arg("update"))?;
    process::capture(
        apt(scratch).args(["download", "docker-compose"]).current_dir(scratch.join("download")),
    )?;
    let package = fs::read_dir(scratch.join("download"))
        .context("listing the download")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt downloaded no package")?;
    let unpacked = scratch.join("unpacked");
    process::capture(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
    let binary = unpacked.join(IN_PACKAGE);
    check_version(&binary)?;
    fs::rename(&binary, own).with_context(|| format!("moving the reference to {}", own.display()))
}

/// An `apt-get` whose lists, caches and sources lie in `scratch`; the system's own are neither read nor written.
fn apt(scratch: &Path) -> Command {
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
        command.arg("-o").arg(format!("{option}={}", scratch.join(place).display()));
    }
    // The download user of apt may not enter the target folder of whoever runs this.
    command.args(["-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none"]);
    command
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn only_the_reference_version_is_accepted() {
        assert!(is_version("2.40.3"));
        assert!(is_version("v2.40.3"));
        assert!(is_version("2.40.3-3"));
        assert!(!is_version("2.40.30"));
        assert!(!is_version("2.40.2"));
        assert!(!is_version(""));
    }
}
