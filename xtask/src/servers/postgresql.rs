//! PostgreSQL as the system has it, or as apt installs it: it needs too many libraries to be unpacked beside the system.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::place::Place;
use crate::debian;

/// What the tests run: the server, what makes a data folder, and what copies one for a standby.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_basebackup"];

/// The programs of that major version, from where distributions put them.
///
/// # Errors
/// When it is not installed and cannot be.
pub(super) fn provide(place: &Place, version: &'static str) -> Result<()> {
    let folder = match installed(version) {
        Some(folder) => folder,
        None => {
            debian::install(&[&format!("postgresql-{version}")])?;
            place.note_filled();
            installed(version).context("apt installed a PostgreSQL without its programs")?
        }
    };
    for program in PROGRAMS {
        place.link(program, &folder.join(program))?;
    }
    Ok(())
}

fn installed(version: &str) -> Option<PathBuf> {
    [format!("/usr/lib/postgresql/{version}/bin"), format!("/usr/pgsql-{version}/bin")]
        .iter()
        .map(|folder| Path::new(folder).to_owned())
        .find(|folder| PROGRAMS.iter().all(|program| folder.join(program).is_file()))
}
