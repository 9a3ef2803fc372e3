//! Where a server goes: its own folder, and `bin` beside it with its programs.
//!
//! Nothing here knows a server. What a newcomer must know: a folder counts only once its note says what is in it, so one that
//! was filled half is filled again.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The note's name: a file that says what the folder was filled with.
const NOTE: &str = "made";

/// The place of one server.
pub(crate) struct Place {
    folder: PathBuf,
    bin: PathBuf,
    filled: Cell<bool>,
}

impl Place {
    pub(crate) fn new(servers: &Path, name: &str) -> Self {
        Self { folder: servers.join(name), bin: servers.join("bin"), filled: Cell::new(false) }
    }

    /// The folder of all programs.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// True when something had to be installed.
    pub(crate) fn was_filled(&self) -> bool {
        self.filled.get()
    }

    /// Says that something was installed into the system, where no note is left.
    pub(crate) fn note_filled(&self) {
        self.filled.set(true);
    }

    /// Fills the folder unless it already holds exactly `content`, and leaves a note of it.
    ///
    /// # Errors
    /// When `fill` fails or the folder cannot be written.
    pub(crate) fn fill(&self, content: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let note = self.folder.join(NOTE);
        if fs::read_to_string(&note).is_ok_and(|found| found == content) {
            return Ok(());
        }
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)
                .with_context(|| format!("emptying {}", self.folder.display()))?;
        }
        for folder in [&self.folder, &self.bin] {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        fill(&self.folder)?;
        fs::write(&note, content).context("noting what was installed")?;
        self.filled.set(true);
        Ok(())
    }

    /// Makes a program that lies elsewhere stand in `bin`.
    ///
    /// # Errors
    /// When the link cannot be made.
    pub(crate) fn link(&self, name: &str, program: &Path) -> Result<()> {
        let link = self.bin.join(name);
        if fs::read_link(&link).is_ok_and(|found| found == program) {
            return Ok(());
        }
        fs::create_dir_all(&self.bin).with_context(|| format!("creating {}", self.bin.display()))?;
        if link.symlink_metadata().is_ok() {
            fs::remove_file(&link).with_context(|| format!("removing {}", link.display()))?;
        }
        std::os::unix::fs::symlink(program, &link).with_context(|| format!("linking {}", link.display()))
    }

    /// Writes a shell script into `bin` that replaces itself with what `line` says. There, `$servers` is the folder of all
    /// servers, so that the script goes on working in a copy of the target folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn script(&self, name: &str, line: &str) -> Result<()> {
        let script = self.bin.join(name);
        let text = format!("#!/bin/sh\nservers=\"${{0%/*}}/..\"\n{line} \"$@\"\n");
        fs::write(&script, text).with_context(|| format!("writing {}", script.display()))?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("making {} executable", script.display()))
    }
}
