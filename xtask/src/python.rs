//! A Python with the packages that tests of the exchange use: an ordinary WebSocket client, an ordinary HTTP client, schemathesis.
//!
//! They lie in an environment below the target folder, in fixed versions; the system's Python stays as it is.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

const PACKAGES: [&str; 3] = ["requests==2.34.2", "schemathesis==4.32.5", "websockets==17.4"];

/// The path of its interpreter.
///
/// # Errors
/// When there is no Python, or the packages cannot be had.
pub(crate) fn provide(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("python");
    let python = folder.join("bin").join("python");
    // Written last, so that an environment that was made half is made again.
    let made = folder.join("made");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&made).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    process::capture(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .context("making a Python environment")?;
    process::capture(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))
        .context("installing Python packages")?;
    std::fs::write(&made, wanted).context("remembering what was installed")?;
    Ok(python)
}
