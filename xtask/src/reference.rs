//! Provides the reference, `docker-compose` of exactly one version, without touching the system's packages.
//!
//! An installed one of that version is used as it is. Otherwise, on Debian, the package is taken from a newer suite of
//! the mirror that apt already uses, with a separate apt state below the target folder, and only unpacked there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian::Scratch;
use crate::process;
use crate::workspace::Workspace;

/// The version whose decisions hardpan copies (ADR 0002).
pub(crate) const VERSION: &str = "2.40.3";

/// Suites that may carry that version, newest first. `sid` moves on one day; `testing` follows it later.
const SUITES: [&str; 2] = ["sid", "testing"];
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
    let mut tried = Vec::new();
    for suite in SUITES {
        let scratch = Scratch::new(&folder.join("apt"))?;
        match fetch_from(&scratch, suite, own) {
            Ok(()) => return Ok(()),
            Err(error) => tried.push(format!("{suite}: {error:#}")),
        }
    }
    bail!("{}", tried.join("; "));
}

fn fetch_from(scratch: &Scratch, suite: &str, own: &Path) -> Result<()> {
    let unpacked = scratch.folder().join("unpacked");
    scratch.unpack(suite, &["docker-compose"], &unpacked)?;
    let binary = unpacked.join(IN_PACKAGE);
    check_version(&binary)?;
    fs::rename(&binary, own).with_context(|| format!("moving the reference to {}", own.display()))
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
