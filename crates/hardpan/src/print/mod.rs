//! The printer: the only place that writes to the standard streams. Data goes to standard output, everything else to
//! standard error.

pub(crate) mod human;
pub(crate) mod machine;
pub(crate) mod origins;
pub(crate) mod variables;

use std::io::Write as _;

use anyhow::Context as _;

/// Writes data. A reader that went away (`| head`) is no error.
pub(crate) fn to_stdout(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Writes text for people as data, with colour where the terminal wants it (`NO_COLOR` is honoured).
pub(crate) fn styled_to_stdout(text: &str) -> anyhow::Result<()> {
    // Taking colour out while writing would write piece by piece, a thousand times for a long report.
    match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => to_stdout(&anstream::adapter::strip_str(text).to_string()),
        _ => to_stdout(text),
    }
}

/// Writes a message, with colour where the terminal wants it (`NO_COLOR` is honoured).
pub(crate) fn line_to_stderr(text: &str) {
    // Nothing can be done where even the message about a failure cannot be written.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
