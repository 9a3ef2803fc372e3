//! `include`: other projects become part of this one (compose-spec, "include"; compose-go `loader/include.go`).
//!
//! An included project is loaded with its own directory and env file, then its resources are copied into the including
//! *file*, before that file is merged with others. A resource that is there already must be the same.

use std::collections::HashMap;
use std::rc::Rc;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;

use crate::environment::Environment;
use crate::file::{Context, load_model};
use crate::io::PathKind;
use crate::keys::{self, Key};
use crate::paths;
use crate::session::Session;
use crate::syntax::path::join_paths;
use crate::tree::{Entry, NodeId, Value};
use crate::{env_file, text};

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
        let message = format!("`include` must be a list, got {}", text::sprint(&session.tree, include));
        let span = session.tree.span(include);
        session.diagnostics.push(
            Diagnostic::error(Code("compose::invalid-include"), message)
                .with_span(span)
                .with_help("write it as a list: `include:` and below it `- path/to/compose.yml`"),
        );
        return;
    };
    for item in items.clone() {
        let Some(request) = request(session, item) else { continue };
        if let Some(imported) = load(session, request, context, included) {
            import(session, imported, document);
        }
    }
    session.tree.remove(document, keys::INCLUDE);
}

fn request(session: &mut Session<'_>, item: NodeId) -> Option<Request> {
    let span = session.tree.span(item);
    let strings = |session: &Session<'_>, node: Option<NodeId>| -> Option<Vec<(String, Span)>> {
        let Some(node) = node else { return Some(Vec::new()) };
        match session.tree.value(node) {
            Value::Str(text) => Some(vec![(text.to_string(), session.tree.span(node))]),
            Value::Seq(items) => items
                .iter()
                .map(|&item| Some((session.tree.str(item)?.to_owned(), session.tree.span(item))))
                .collect(),
            _ => None,
        }
    };
    let request = match session.tree.value(item) {
        Value::Str(path) => Some(Request {
            paths: vec![(path.to_string(), span)],
            project_directory: None,
            env_files: Vec::new(),
            span,
        }),
        Value::Map(_) => {
            let get = |key| session.tree.get(item, key);
            let directory = get(keys::PROJECT_DIRECTORY).and_then(|node| session.tree.str(node));
            match (strings(session, get(keys::PATH)), strings(session, get(keys::ENV_FILE))) {
                (Some(paths), Some(env_files)) => Some(Request {
                    paths,
                    project_directory: directory.filter(|directory| !directory.is_empty()).map(str::to_owned),
                    env_files,
                    span,
                }),
                _ => None,
            }
        }
        _ => None,
    };
    if request.is_none() {
        session.error(
            "compose::invalid-include",
            span,
            "an include must be a path, or a mapping with `path`",
        );
    }
    request
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
    let environment = environment(session, &request.env_files, &project_directory, context)?;
    let inner = Context { working_dir, loader_dir: project_directory, environment: Rc::new(environment) };
    load_model(session, &files, &inner, included)
}

/// How deep includes may nest. Real projects use two or three levels; the reference has no limit, but a chain of
/// generated files must not exhaust the stack.
const DEPTH_MAX: usize = 500;

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
        let path = if path.starts_with('/') { path.clone() } else { join_paths(&context.working_dir, path) };
        match session.loader.kind(&session.absolute(&path)) {
            Some(PathKind::File) => files.push((path, Some(*span))),
            Some(PathKind::Directory) => {
                session.error("file::unreadable", *span, format!("{path} is not a file"));
                return None;
            }
            None => {
                session.diagnostics.push(
                    Diagnostic::error(
                        Code("file::unreadable"),
                        format!("stat {path}: no such file or directory"),
                    )
                    .with_label(*span, "named here")
                    .with_note(if path.starts_with('/') {
                        "the env files of an include are looked up from the including project's directory"
                    } else {
                        "Docker Compose looks up the env file of a nested include from the current directory (docker/compose#12816); hardpan copies that"
                    }),
                );
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
            _ => {
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
