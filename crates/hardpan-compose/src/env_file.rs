//! Reading dotenv files: the project's `.env`, those of includes and those of services.

use std::collections::HashMap;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::{FileId, Span};

use crate::environment::Environment;
use crate::interpolation::warn_unset;
use crate::io::{ENV_FILE_BYTES_MAX, NotText, ReadError, decode_utf8};
use crate::origin::VariableSource;
use crate::session::Session;
use crate::syntax::dotenv::{self, DotenvError, DotenvErrorKind, Entry};
use crate::syntax::interpolate::{Lookup, Outcome};
use crate::tree::small;

/// Adds the variables of env files to an environment: what is set already wins, a later file wins over an earlier one.
/// False (with diagnostics) where a file cannot be read.
pub(crate) fn load_into(
    session: &mut Session<'_>,
    environment: &mut Environment,
    files: &[(String, Option<Span>)],
) -> bool {
    let mut known = HashMap::new();
    let mut sources: Vec<(String, String, VariableSource)> = Vec::new();
    for (path, asked_at) in files {
        let Some((file, text)) = read(session, path, *asked_at) else { return false };
        match dotenv::parse(&text, environment, &mut known) {
            Ok(entries) => {
                for entry in entries {
                    warn(session, environment, file, &entry);
                    let set = VariableSource::File(entry_span(file, &entry));
                    sources.push((entry.key, entry.value, set));
                }
            }
            Err(error) => {
                session.diagnostics.push(syntax_error(path, file, &error));
                return false;
            }
        }
    }
    let mut last: HashMap<String, (String, VariableSource)> = HashMap::new();
    for (name, value, set) in sources {
        last.insert(name, (value, set));
    }
    for (name, (value, set)) in last {
        environment.set_if_missing(&name, value, set);
    }
    true
}

/// One env or label file of a service.
pub(crate) struct ServiceFile<'p> {
    pub(crate) path: &'p str,
    pub(crate) asked_at: Span,
    /// Values are taken as they stand (`format: raw`).
    pub(crate) raw: bool,
}

/// The entries of an env file of a service; `known` holds those of earlier files and gets the new ones.
pub(crate) fn entries(
    session: &mut Session<'_>,
    file: &ServiceFile<'_>,
    lookup: &dyn Lookup,
    environment: &Environment,
    known: &mut HashMap<String, String>,
) -> Option<Vec<(Entry, Span)>> {
    let (id, text) = read(session, file.path, Some(file.asked_at))?;
    let parsed =
        if file.raw { dotenv::parse_raw(&text, lookup) } else { dotenv::parse(&text, lookup, known) };
    match parsed {
        Ok(entries) => {
            for entry in &entries {
                warn(session, environment, id, entry);
            }
            Some(
                entries
                    .into_iter()
                    .map(|entry| (entry_span(id, &entry), entry))
                    .map(|(s, e)| (e, s))
                    .collect(),
            )
        }
        Err(error) => {
            session.diagnostics.push(syntax_error(file.path, id, &error));
            None
        }
    }
}

fn entry_span(file: FileId, entry: &Entry) -> Span {
    Span::new(file, small(entry.key_range.start), small(entry.key_range.end))
}

fn warn(session: &mut Session<'_>, environment: &Environment, file: FileId, entry: &Entry) {
    for used in &entry.uses {
        if used.outcome == Outcome::Blank {
            warn_unset(session, environment, &used.name, Some(entry_span(file, entry)));
        }
    }
}

/// How much more memory the entries of a file take than its text.
const ENTRY_WEIGHT: usize = 8;

fn read(session: &mut Session<'_>, path: &str, asked_at: Option<Span>) -> Option<(FileId, String)> {
    let absolute = session.absolute(path);
    if let Some(&id) = session.env_files.get(&absolute) {
        let text = session.files.get(id).text().to_owned();
        // A file is read again by each service and include that names it.
        session.tree.count_text(text.len() * ENTRY_WEIGHT);
        return Some((id, text));
    }
    let problem = match session.loader.read(&absolute, ENV_FILE_BYTES_MAX) {
        Ok(bytes) => {
            let (text, broken_at) = match decode_utf8(bytes) {
                Ok(text) => (text, None),
                Err(NotText { text, at }) => (text, Some(at)),
            };
            let id = session.files.add(absolute.clone(), text);
            session.env_files.insert(absolute, id);
            if let Some(at) = broken_at {
                let span = Span::new(id, small(at), small(at + char::REPLACEMENT_CHARACTER.len_utf8()));
                session.diagnostics.push(
                    Diagnostic::warning(Code("env-file::encoding"), "the file is not all UTF-8")
                        .with_label(span, "this byte is not text")
                        .with_help("save the file as UTF-8")
                        .with_note("Docker Compose passes such bytes on and prints a replacement character"),
                );
            }
            return Some((id, session.files.get(id).text().to_owned()));
        }
        Err(ReadError::NotFound) => format!("couldn't find env file: {absolute}"),
        Err(ReadError::IsDirectory) => format!("{absolute} is a directory"),
        Err(error) => format!("open {absolute}: {error}"),
    };
    let diagnostic = Diagnostic::error(Code("file::unreadable"), problem);
    session.diagnostics.push(match asked_at {
        Some(span) => diagnostic.with_label(span, "named here"),
        None => diagnostic,
    });
    None
}

/// The message names the line and what is wrong; it never repeats a value, which may be a secret.
fn syntax_error(path: &str, file: FileId, error: &DotenvError) -> Diagnostic {
    let span = Span::new(file, small(error.range.start), small(error.range.end));
    let problem = match &error.kind {
        DotenvErrorKind::Unterminated { .. } => format!("line {}: unterminated quoted value", error.line),
        _ => error.to_string(),
    };
    Diagnostic::error(Code("env-file::syntax"), format!("failed to read {path}: {problem}")).with_span(span)
}
