//! Diagnostics for programs: one JSON document on standard error.

use hardpan_diag::{Diagnostic, Label};
use hardpan_source::FileTable;
use serde::Serialize;

/// The version of the shape below; it changes when a field changes its meaning or goes away.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'l> {
    version: u32,
    diagnostics: Vec<Entry<'l>>,
}

#[derive(Serialize)]
struct Entry<'l> {
    severity: &'static str,
    code: &'static str,
    message: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location<'l>>,
    related: Vec<Location<'l>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'l str>,
}

/// Lines and columns count from 1, columns in characters; `end` is one past the last character.
#[derive(Serialize)]
struct Location<'l> {
    file: &'l str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'l str,
}

/// Prints all diagnostics; nothing where there are none.
pub(crate) fn diagnostics(files: &FileTable, all: &[Diagnostic]) -> anyhow::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let entries = all.iter().map(|diagnostic| entry(files, diagnostic));
    let report = Report { version: VERSION, diagnostics: entries.collect() };
    super::line_to_stderr(&serde_json::to_string_pretty(&report)?);
    Ok(())
}

fn entry<'l>(files: &'l FileTable, diagnostic: &'l Diagnostic) -> Entry<'l> {
    Entry {
        severity: diagnostic.severity.as_str(),
        code: diagnostic.code.0,
        message: &diagnostic.message,
        location: diagnostic.primary.as_ref().map(|label| location(files, label)),
        related: diagnostic.related.iter().map(|label| location(files, label)).collect(),
        help: diagnostic.help.as_deref(),
        note: diagnostic.note.as_deref(),
    }
}

fn location<'l>(files: &'l FileTable, label: &'l Label) -> Location<'l> {
    let file = files.get(label.span.file);
    let (start, end) = (file.line_column(label.span.start), file.line_column(label.span.end));
    Location {
        file: file.path(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        label: &label.text,
    }
}
