//! Running other programs, with errors that name what was run, and the one form in which tasks say what they skipped.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a program that prints for itself.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a program and returns what it wrote to standard output; standard error is shown only in the error.
///
/// # Errors
/// When it cannot be started, does not succeed, or writes something other than UTF-8.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("starting `{}`", shown(command)))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", shown(command), output.status, complaint.trim());
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something other than text", shown(command)))
}

/// Looks a program up in `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// Says that something was left out and why. A gap in what was checked must be as visible as a failure.
pub(crate) fn skipped(what: &str, why: &str) {
    eprintln!("SKIPPED: {what}\n         {why}");
}

/// True under continuous integration, where a check that cannot run is a failure and not a remark.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args().take(SHOWN_ARGUMENTS_MAX) {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    if command.get_args().len() > SHOWN_ARGUMENTS_MAX {
        text.push_str(" …");
    }
    text
}

/// Enough of a command line to recognise it in an error; the rest would hide the message.
const SHOWN_ARGUMENTS_MAX: usize = 8;
