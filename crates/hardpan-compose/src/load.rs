//! Loading a project from start to end.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use hardpan_diag::{Code, Diagnostic, Diagnostics};
use hardpan_source::yaml::{Document, Kind, NodeIndex, Resolved, resolve_scalar};
use hardpan_source::{FileId, FileTable, Span};

use crate::discover::{self, ProjectName, Start};
use crate::environment::Environment;
use crate::file::{Context, load_model};
use crate::io::Loader;
use crate::keys;
use crate::origin::VariableSource;
use crate::project::{Parts, Project};
use crate::request::Request;
use crate::selection::{self, Split};
use crate::session::Session;
use crate::syntax::interpolate::substitute;
use crate::syntax::name::normalize_project_name;
use crate::tree::{NodeId, Value};
use crate::{consistency, interpolation, normalize, service_environment, typed};

/// What came of a load: everything that could be understood, and everything there is to say about it.
#[derive(Debug)]
pub struct Loaded {
    /// Every file that was read; spans refer to it.
    pub files: FileTable,
    /// Files whose lines may hold secrets (env and label files): never show more of a line than its key.
    pub masked: HashSet<FileId>,
    /// Where each included or extended file was asked for first.
    pub asked_for: std::collections::HashMap<FileId, Span>,
    /// All problems, in the order they were found.
    pub diagnostics: Diagnostics,
    /// The variables that interpolation saw, sorted by name, with where each was set.
    pub environment: Vec<(String, String, VariableSource)>,
    /// The project, unless not even its files were found. With errors among the diagnostics it is incomplete.
    pub project: Option<Project>,
}

/// How much stack a load gets. The model nests at most [`crate::document::DEPTH_MAX`] levels plus a few, and no stage
/// needs more than 8 KiB a level, also without optimisation; memory is only taken as the stack really grows.
const STACK_BYTES: usize = 256 << 20;

/// Runs work that walks a model on a stack that is deep enough for any model the loader accepts.
///
/// # Panics
/// If the work panics, or if the system has no thread left.
pub fn with_deep_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if HAS_DEEP_STACK.get() {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("hardpan".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || {
                HAS_DEEP_STACK.set(true);
                grow_heap_at_once();
                work()
            })
            .expect("the system starts a thread");
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

thread_local! {
    /// True in a thread that was made by [`with_deep_stack`], which need not make another one.
    static HAS_DEEP_STACK: Cell<bool> = const { Cell::new(false) };
}

/// Makes room on the heap of this thread in one step. The allocator of glibc grows the heap of any thread but the first
/// page by page, with a system call each, which took a tenth of the time of a small project. Giving back a large block
/// tells it not to give back smaller ones at once; the next block then stays as room. No page is touched, so none is used.
fn grow_heap_at_once() {
    for bytes in [2 * HEAP_BYTES, HEAP_BYTES] {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes)));
    }
}

/// What a project of some dozen services needs.
const HEAP_BYTES: usize = 8 << 20;

/// Loads a project as Docker Compose 2.40.3 does. Never fails outright: problems are diagnostics, and a project with
/// errors still holds what could be understood.
#[must_use]
pub fn load(request: &Request, loader: &dyn Loader) -> Loaded {
    with_deep_stack(|| load_here(request, loader))
}

fn load_here(request: &Request, loader: &dyn Loader) -> Loaded {
    let mut session = Session::new(loader, request.stages, request.current_dir.clone(), request.home.clone());
    let mut variables = Vec::new();
    let parts = discover::start(&mut session, request).and_then(|start| {
        let (parts, environment) = load_project(&mut session, request, start)?;
        variables = environment
            .sorted()
            .into_iter()
            .map(|(name, variable)| (name.to_owned(), variable.value.clone(), variable.set.clone()))
            .collect();
        Some(parts)
    });
    Loaded {
        files: session.files,
        masked: session.env_files.values().copied().collect(),
        asked_for: session.asked_for,
        diagnostics: session.diagnostics,
        environment: variables,
        project: parts.map(|parts| Project::new(session.tree, parts, request.stages.normalize)),
    }
}

fn load_project(
    session: &mut Session<'_>,
    request: &Request,
    start: Start,
) -> Option<(Parts, Rc<Environment>)> {
    let Start { mut environment, files, working_dir, profiles, name } = start;
    let name = project_name(session, &files, name, &environment);
    if !session.stages.interpolate {
        // The reference looks nothing up when it leaves variables as they are written.
        environment = Environment::new();
    }
    environment.set("COMPOSE_PROJECT_NAME", name.as_str(), VariableSource::Compose);
    let environment = Rc::new(environment);
    let context = Context {
        working_dir: working_dir.clone(),
        loader_dir: working_dir.clone(),
        environment: Rc::clone(&environment),
    };
    let files: Vec<(String, Option<Span>)> = files.into_iter().map(|file| (file, None)).collect();
    let root = load_model(session, &files, &context, &[]);
    let usable = |root: &NodeId| !session.is_full() && !session.tree.entries(*root).is_empty();
    let Some(root) = root.filter(usable) else {
        if !session.diagnostics.has_errors() {
            session.diagnostics.push(
                Diagnostic::error(Code("compose::empty"), "empty compose file")
                    .with_help("a Compose file has at least a `services:` section"),
            );
        }
        return None;
    };
    if name.is_empty() {
        session.diagnostics.push(
            Diagnostic::error(Code("compose::project-name"), "project name must not be empty")
                .with_help("name the project with `-p`, or with `name:` in the Compose file"),
        );
    }
    if session.stages.normalize {
        normalize::apply(session, root, &name, &environment);
        write_name(session, root, &name);
    }
    let disabled = session
        .stages
        .decode
        .then(|| finish(session, request, root, &name, &profiles, &environment).disabled);
    Some((Parts { root, disabled, name, working_dir }, environment))
}

/// From the merged model to the project: types, profiles, checks, env files, selection.
fn finish(
    session: &mut Session<'_>,
    request: &Request,
    root: NodeId,
    name: &str,
    profiles: &[String],
    environment: &Environment,
) -> Split {
    write_name(session, root, name);
    typed::decode(session, root);

    let services = session.tree.get(root, keys::SERVICES);
    let all = services.map(|services| session.tree.entries(services).to_vec()).unwrap_or_default();
    let mut split = selection::by_profiles(session, &all, services.unwrap_or(root), profiles);
    if let Some(entry) = session.tree.get_entry(root, keys::SERVICES)
        && request.services.is_empty()
    {
        let at = entry.key_span;
        selection::warn_of_nothing(session, split, at);
    }
    if session.stages.check_consistency {
        consistency::check(session, root, split);
    }
    if session.stages.resolve_environment {
        service_environment::resolve_files(session, split.enabled, environment);
    }
    service_environment::resolve_label_files(session, split.enabled, environment);
    if !request.services.is_empty() {
        split = selection::by_names(session, split, &request.services, profiles);
        if session.stages.resolve_named_environment {
            service_environment::resolve_files(session, split.enabled, environment);
        }
    }
    if services.is_some() {
        session.tree.replace(root, keys::SERVICES, split.enabled);
    }
    if session.stages.drop_unused {
        selection::drop_unused(session, root, split.enabled);
    }
    if session.stages.check_container_names {
        consistency::container_names(session, split.enabled);
    }
    split
}

/// Writes the project's name into the model. It stands where a file names the project; otherwise nothing was written.
fn write_name(session: &mut Session<'_>, root: NodeId, name: &str) {
    match session.tree.get(root, keys::NAME) {
        Some(node) => *session.tree.value_mut(node) = Value::str(name),
        None => {
            session.tree.set_implied(root, keys::NAME, Value::str(name), "given, or the directory's name");
        }
    }
}

/// The project's name: given, or the last `name:` of the files, or the directory's.
fn project_name(
    session: &mut Session<'_>,
    files: &[String],
    name: ProjectName,
    environment: &Environment,
) -> String {
    let directory = match name {
        ProjectName::Given(name) => return name,
        ProjectName::FromDirectory(directory) => directory,
    };
    let mut named: Option<(String, Span)> = None;
    // The reference looks twice: whether the first document of some file has a name decides if the directory's may
    // stand in, but the name itself is the last of all documents.
    let mut named_at_once = false;
    for path in files {
        let Some(file) = session.compose_file(path, None) else { continue };
        for (at, document) in file.stream.documents.iter().enumerate() {
            let name = name_of(document);
            named_at_once |= at == 0 && name.is_some();
            named = name.or(named);
        }
    }
    let Some((text, span)) = named else { return directory };
    let text = if session.stages.interpolate && text.contains('$') {
        match substitute(&text, environment) {
            Ok(result) => result.text,
            Err(error) => {
                let diagnostic =
                    interpolation::template_error(&error, "name", span, environment, &session.diagnostics);
                session.diagnostics.push(diagnostic);
                return directory;
            }
        }
    } else {
        text
    };
    let text = if session.stages.normalize { normalize_project_name(&text) } else { text };
    // A name of which nothing is left does not make room for the directory's: it is refused.
    if text.is_empty() && !named_at_once { directory } else { text }
}

/// The `name:` of a document, its own or a merged one, if that is a scalar with text.
fn name_of(document: &Document) -> Option<(String, Span)> {
    let mut sources = vec![document.root()?];
    // Merge keys may lead in circles; no mapping needs to be looked at twice.
    let mut seen = HashSet::new();
    while let Some(index) = sources.pop() {
        let index = target_of(document, index)?;
        if !seen.insert(index) {
            continue;
        }
        let entries = match &document.node(index).kind {
            Kind::Mapping(entries) => entries,
            Kind::Sequence(items) => {
                sources.extend(items.iter().rev());
                continue;
            }
            _ => continue,
        };
        let value_of = |name: &str| {
            let mut values = entries.iter().filter_map(|&(key, value)| match &document.node(key).kind {
                Kind::Scalar(key) if &*key.text == name => Some(value),
                _ => None,
            });
            values.next()
        };
        if let Some(value) = value_of("name") {
            let node = document.node(target_of(document, value)?);
            let Kind::Scalar(value) = &node.kind else { return None };
            let is_null = matches!(resolve_scalar(value, None), Ok(Resolved::Null));
            return (!is_null && !value.text.is_empty()).then(|| (value.text.to_string(), node.span));
        }
        sources.extend(value_of("<<"));
    }
    None
}

/// The node that an alias stands for, or the node itself.
fn target_of(document: &Document, index: NodeIndex) -> Option<NodeIndex> {
    match &document.node(index).kind {
        Kind::Alias { target, .. } => *target,
        _ => Some(index),
    }
}
