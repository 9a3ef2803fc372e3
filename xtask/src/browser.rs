//! Provides a browser for the tests of the exchange's page: a Chromium.
//!
//! One that is installed is used as it is. Otherwise, where packages may be installed (by root, with apt), it is: a browser cannot
//! be unpacked beside the system as the reference is, because it needs dozens of libraries.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::process;

/// Names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The path of a browser.
///
/// # Errors
/// When none is installed and none can be; the message says what was tried.
pub(crate) fn provide() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("EXCHANGE_BROWSER").map(PathBuf::from) {
        if !named.is_file() {
            bail!("EXCHANGE_BROWSER names {}, which is no file", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    debian::install(&["chromium"]).context("no Chromium is installed, and it could not be")?;
    installed().context("apt installed a package without a Chromium in it")
}

fn installed() -> Option<PathBuf> {
    NAMES.into_iter().find_map(process::find_program)
}
