//! `include`: other projects become part of this one (compose-spec, "include"; compose-go `loader/include.go`).
//!
//! An included project is loaded with its own directory and env file, then its resources are copied into the including
//! *file*, before that file is merged with others. A resource that is there already must be the same.

use std::collections::HashMap;
use std::rc::Rc;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;

use crate::env_file;
use crate::environment::Environment;
use crate::file::{Context, load_model};
use crate::io::PathKind;
use crate::keys::{self, Key};
use crate::paths;
use crate::session::Session;
use crate::syntax::path::join_paths;
use crate::text::{go_type, sprint};
use crate::tree::{Entry, NodeId, Value};

/// One entry of `include`.
struct Request {
    /// The main file and its overrides, and where each is named.
    paths: Vec<(String, Span)>,
    project_directory: Option<String>,
    env_files: Vec<(String, Span)>,
    span: Span,
}

/// Loads what a document includes into the document. `included` are the files on the way here, this one last.
pub(crate) fn apply(session: &mut Session<'_>, document: NodeId, context: &Context, included: &[String]) {
    let Some(include) = session.tree.get(document, keys::INCLUDE) else { return };
    if session.tree.is_null(include) {
        session.tree.remove(document, keys::INCLUDE);
        return;
    }
    let Value::Seq(items) = session.tree.value(include) else {
        let message = format!("`include` must be a list, got {}", sprint(&session.tree, include));
        let span = session.tree.span(include);
        session.diagnostics.push(
            Diagnostic::error(Code("compose::invalid-include"), message)
                .with_span(span)
                .with_help("write it as a list: `include:` and below it `- path/to/compose.yml`"),
        );
        return;
    };
    for (at, item) in items.clone().into_iter().enumerate() {
        let Some(request) = request(session, item, at) else { continue };
        if let Some(imported) = load(session, request, context, included) {
            import(session, imported, document);
        }
    }
    session.tree.remove(document, keys::INCLUDE);
}

/// What one entry asks for; `None` (with a diagnostic) where it is malformed. The reference checks no include against the
/// schema: it reads the keys it knows, in any case of letters, and takes a null for nothing said.
fn request(session: &mut Session<'_>, item: NodeId, at: usize) -> Option<Request> {
    let span = session.tree.span(item);
    let mut request = Request { paths: Vec::new(), project_directory: None, env_files: Vec::new(), span };
    let malformed = match session.tree.value(item) {
        Value::Str(path) => {
            request.paths.push((path.to_string(), span));
            None
        }
        Value::Null => None,
        Value::Map(_) => fill(session, &mut request, item, at).err(),
        _ => Some((span, "an include must be a path, or a mapping with `path`".to_owned())),
    };
    warn_of_unknown_keys(session, item);
    match malformed {
        None => Some(request),
        Some((span, message)) => {
            session.error("compose::invalid-include", span, message);
            None
        }
    }
}

fn warn_of_unknown_keys(session: &mut Session<'_>, item: NodeId) {
    for entry in session.tree.entries(item).to_vec() {
        let name = session.tree.key_str(entry.key);
        let is_known =
            ["path", "project_directory", "env_file"].iter().any(|known| name.eq_ignore_ascii_case(known));
        if !is_known && !name.starts_with("x-") {
            let message = format!("include has no key `{name}`, it is ignored");
            session.diagnostics.push(
                Diagnostic::warning(Code("compose::unknown-include-key"), message)
                    .with_span(entry.key_span)
                    .with_help("the keys are `path`, `project_directory` and `env_file`")
                    .with_note("Docker Compose ignores it without a word"),
            );
        }
    }
}

fn fill(session: &Session<'_>, request: &mut Request, item: NodeId, at: usize) -> Result<(), (Span, String)> {
    let tree = &session.tree;
    for entry in tree.entries(item) {
        let name = tree.key_str(entry.key).to_ascii_lowercase();
        if tree.is_null(entry.value) {
            continue;
        }
        let list = match tree.value(entry.value) {
            Value::Str(text) => Some(vec![(text.to_string(), tree.span(entry.value))]),
            Value::Seq(items) => {
                items.iter().map(|&item| Some((tree.str(item)?.to_owned(), tree.span(item)))).collect()
            }
            _ => None,
        };
        let kind = go_type(tree.value(entry.value));
        let misfit = |what: &str| (tree.span(entry.value), format!("'[{at}].{name}' {what}"));
        match (name.as_str(), list) {
            ("path", Some(list)) => request.paths = list,
            ("env_file", Some(list)) => request.env_files = list,
            ("path" | "env_file", None) => {
                return Err(misfit(&format!("invalid type {kind} for string list")));
            }
            ("project_directory", _) => match tree.value(entry.value) {
                Value::Str(text) => request.project_directory = Some(text.to_string()),
                Value::Int(number) => request.project_directory = Some(number.to_string()),
                _ => {
                    return Err(misfit(&format!("expected type 'string', got unconvertible type '{kind}'")));
                }
            },
            _ => {}
        }
    }
    request.project_directory = request.project_directory.take().filter(|directory| !directory.is_empty());
    Ok(())
}

fn load(
    session: &mut Session<'_>,
    request: Request,
    context: &Context,
    included: &[String],
) -> Option<NodeId> {
    let mut files = Vec::with_capacity(request.paths.len());
    let mut working_dir = String::new();
    let mut project_directory = request.project_directory.unwrap_or_default();
    for (at, (path, span)) in request.paths.iter().enumerate() {
        if paths::refuse_remote(session, path, *span) {
            return None;
        }
        let local = context.loader_path(path);
        if at == 0 {
            if project_directory.is_empty() {
                working_dir = context.loader_dir(session, &local);
                project_directory = paths::parent(&local);
            } else if project_directory.starts_with('/') {
                working_dir.clone_from(&project_directory);
            } else {
                working_dir = context.loader_dir(session, &project_directory);
                project_directory = join_paths(&context.working_dir, &project_directory);
            }
            if included.contains(&local) {
                cycle(session, included, &local, *span);
                return None;
            }
        }
        files.push((session.absolute(&local), Some(*span)));
    }
    if included.len() > DEPTH_MAX {
        session.error(
            "compose::include-depth",
            request.span,
            format!("includes nest deeper than {DEPTH_MAX} files"),
        );
        return None;
    }
    session.includes += 1;
    if session.includes > INCLUDES_MAX {
        session.error(
            "compose::budget",
            request.span,
            format!("more than {INCLUDES_MAX} projects are included"),
        );
        return None;
    }
    if !session.may_grow(request.span) {
        return None;
    }
    let environment = environment(session, &request.env_files, &project_directory, context)?;
    let inner = Context { working_dir, loader_dir: project_directory, environment: Rc::new(environment) };
    load_model(session, &files, &inner, included)
}

/// How deep includes may nest. Real projects use two or three levels; the reference has no limit, but a chain of
/// generated files must not exhaust the stack.
const DEPTH_MAX: usize = 500;

/// How many projects may be included in all. Files that each include two others which do the same double their number
/// at each step; the largest real projects have dozens.
const INCLUDES_MAX: usize = 100_000;

fn cycle(session: &mut Session<'_>, included: &[String], local: &str, span: Span) {
    let mut chain: Vec<&str> = included.iter().map(String::as_str).collect();
    chain.push(local);
    let message =
        format!("include cycle detected:\n{}\n include {}", chain[0], chain[1..].join("\n include "));
    let mut diagnostic = Diagnostic::error(Code("compose::include-cycle"), message)
        .with_label(span, "comes back to a file on the way here")
        .with_help("remove one of the includes");
    let hops: Vec<Span> = session
        .asked_for
        .iter()
        .filter(|(file, _)| included.iter().any(|path| path == session.files.get(**file).path()))
        .map(|(_, &span)| span)
        .collect();
    for hop in hops {
        diagnostic = diagnostic.with_related(hop, "included here");
    }
    session.diagnostics.push(diagnostic);
}

/// The variables of an included project: those of the including one, then its own env files or its `.env`.
fn environment(
    session: &mut Session<'_>,
    env_files: &[(String, Span)],
    project_directory: &str,
    context: &Context,
) -> Option<Environment> {
    let mut environment = Environment::below(&context.environment);
    let mut files = Vec::new();
    if env_files.is_empty() {
        let default = join_paths(project_directory, ".env");
        if session.loader.kind(&session.absolute(&default)) == Some(PathKind::File) {
            files.push((default, None));
        }
    }
    for (path, span) in env_files {
        let is_absolute = path.starts_with('/');
        let path = if is_absolute { path.clone() } else { join_paths(&context.working_dir, path) };
        match session.loader.kind(&session.absolute(&path)) {
            Some(PathKind::File) => files.push((path, Some(*span))),
            Some(PathKind::Directory) => {
                session.error("file::unreadable", *span, format!("{path} is not a file"));
                return None;
            }
            None => {
                let problem = if is_absolute {
                    format!("couldn't find env file: {path}")
                } else {
                    format!("stat {path}: no such file or directory")
                };
                let mut diagnostic =
                    Diagnostic::error(Code("file::unreadable"), problem).with_label(*span, "named here");
                if !path.starts_with('/') {
                    diagnostic = diagnostic.with_note(
                        "Docker Compose looks up the env file of a nested include from the current directory (docker/compose#12816); hardpan copies that",
                    );
                } else if !is_absolute {
                    diagnostic = diagnostic.with_note(
                        "the env files of an include are looked up from the including project's directory",
                    );
                }
                session.diagnostics.push(diagnostic);
                return None;
            }
        }
    }
    env_file::load_into(session, &mut environment, &files).then_some(environment)
}

/// The sections that an include brings along.
const SECTIONS: [Key; 6] =
    [keys::SERVICES, keys::VOLUMES, keys::NETWORKS, keys::SECRETS, keys::CONFIGS, keys::MODELS];

fn import(session: &mut Session<'_>, imported: NodeId, document: NodeId) {
    for section in SECTIONS {
        let Some(source) = session.tree.get_entry(imported, section) else { continue };
        if session.tree.map(source.value).is_none() {
            continue;
        }
        let target = match session.tree.get(document, section) {
            Some(target) if session.tree.map(target).is_some() => target,
            Some(other) => {
                let name = session.tree.key_str(section);
                let diagnostic = Diagnostic::error(
                    Code("compose::invalid-value"),
                    format!("{name} must be a mapping, because an include adds to it"),
                )
                .with_label(
                    session.tree.span(other),
                    format!("this is a {}", session.tree.value(other).kind()),
                )
                .with_related(source.key_span, "added by the include")
                .with_help(format!("remove the empty `{name}:`"))
                .with_note("Docker Compose 2.40.3 crashes here");
                session.diagnostics.push(diagnostic);
                continue;
            }
            None => {
                let origin = session.tree.origin(source.value);
                let target = session.tree.add_map(origin);
                session.tree.set(document, section, source.key_span, target);
                target
            }
        };
        let mut conflicts = HashMap::new();
        for at in 0..session.tree.entries(source.value).len() {
            let Some(entry) = session.tree.entry(source.value, at) else { break };
            match session.tree.get_entry(target, entry.key) {
                None => session.tree.set(target, entry.key, entry.key_span, entry.value),
                Some(known) if session.tree.equal(known.value, entry.value) => {}
                Some(known) => drop(conflicts.insert(entry.key, (known, entry))),
            }
        }
        let mut conflicts: Vec<_> = conflicts.into_iter().collect();
        conflicts.sort_unstable_by_key(|(key, _)| *key);
        for (key, (known, entry)) in conflicts {
            conflict(session, section, key, known, entry);
        }
    }
}

fn conflict(session: &mut Session<'_>, section: Key, key: Key, known: Entry, imported: Entry) {
    let (section_text, name) = (session.tree.key_str(section), session.tree.key_str(key));
    let external = |entry: Entry| session.tree.get(entry.value, keys::EXTERNAL).is_some();
    let help = if section == keys::SERVICES {
        "rename one of the services, or move the changes to an override file given by a later `-f`".to_owned()
    } else if external(imported) != external(known) {
        format!(
            "define `{name}` once: remove it from the included file, or make both definitions the same; \
             `external: true` is a different definition"
        )
    } else {
        format!("define `{name}` in one of the files only, or make both definitions equal to the letter")
    };
    let diagnostic = Diagnostic::error(
        Code("compose::include-conflict"),
        format!("{section_text}.{name} conflicts with imported resource"),
    )
    .with_label(imported.key_span, "the imported definition")
    .with_related(known.key_span, "differs from the definition that is there already")
    .with_help(help)
    .with_note(
        "an import may repeat a resource only if the definition is the same; paths are compared as written here \
         and as joined to the included file's directory there",
    );
    session.diagnostics.push(diagnostic);
}
