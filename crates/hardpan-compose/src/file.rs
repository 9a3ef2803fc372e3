//! Loading Compose files into one model: the order of the stages, per document and then over all files.
//!
//! Per document: interpolate, `extends`, `!reset`, `include`, merge onto what was loaded before, remove repetitions,
//! check against the schema, long forms, remove repetitions again. Over all files: defaults, checks, paths,
//! environment (compose-go `loader.loadYamlModel`).

use std::rc::Rc;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;

use crate::document::{self, Resets};
use crate::environment::Environment;
use crate::session::Session;
use crate::syntax::path::{clean_path, join_paths};
use crate::tree::{NodeId, Value};
use crate::{
    canonical, defaults, extends, include, interpolation, keys, merge, paths, schema, unicity, validation,
};

/// What relative paths and variables mean in the files being loaded.
pub(crate) struct Context {
    /// The directory that relative paths of the model are joined to. Relative to the including project inside an
    /// `include`, absolute otherwise.
    pub(crate) working_dir: String,
    /// The directory that the names of other Compose files are joined to.
    pub(crate) loader_dir: String,
    /// The variables.
    pub(crate) environment: Rc<Environment>,
}

impl Context {
    /// Where a Compose file named by `include` or `extends` stands.
    pub(crate) fn loader_path(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { join_paths(&self.loader_dir, path) }
    }

    /// The directory of such a file, relative to [`Context::loader_dir`] where possible.
    pub(crate) fn loader_dir(&self, session: &Session<'_>, path: &str) -> String {
        let whole = self.loader_path(path);
        let is_directory =
            session.loader.kind(&session.absolute(&whole)) == Some(crate::io::PathKind::Directory);
        let directory = if is_directory { whole } else { self.loader_path(&paths::parent(path)) };
        paths::relative(&self.loader_dir, &directory).unwrap_or(directory)
    }
}

/// The stages that differ between a project's own files and the template files of `extends`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Model,
    Template,
}

/// Loads files, the later over the earlier, into one model. `included` are the files being included on the way here.
pub(crate) fn load_model(
    session: &mut Session<'_>,
    files: &[(String, Option<Span>)],
    context: &Context,
    included: &[String],
) -> Option<NodeId> {
    let mut root = None;
    for (path, asked_at) in files {
        let _ = load_file(session, path, *asked_at, context, &mut root, included, Role::Model);
    }
    let root = root?;
    defaults::apply(session, root);
    validation::check(session, root);
    if session.stages.resolve_paths || !included.is_empty() {
        paths::resolve(session, root, &context.working_dir);
    }
    crate::service_environment::resolve_listed(session, root, &context.environment);
    Some(root)
}

/// Loads a file whose services are inherited by `extends`. A file without documents has no root.
pub(crate) fn load_template(
    session: &mut Session<'_>,
    path: &str,
    context: &Context,
    at: Span,
) -> Option<(Option<NodeId>, Resets)> {
    let mut root = None;
    let resets = load_file(session, path, Some(at), context, &mut root, &[], Role::Template)?;
    Some((root, resets))
}

fn load_file(
    session: &mut Session<'_>,
    path: &str,
    asked_at: Option<Span>,
    context: &Context,
    root: &mut Option<NodeId>,
    included: &[String],
    role: Role,
) -> Option<Resets> {
    let file = session.compose_file(path, asked_at)?;
    let mut last = Resets::default();
    for (at, yaml) in file.stream.documents.iter().enumerate() {
        if at == DOCUMENTS_MAX {
            let span = yaml.root().map(|root| yaml.node(root).span).or(asked_at);
            let message = format!("more than {DOCUMENTS_MAX} documents in one file");
            let diagnostic = Diagnostic::error(Code("compose::budget"), message);
            session.diagnostics.push(match span {
                Some(span) => diagnostic.with_span(span),
                None => diagnostic,
            });
            break;
        }
        let (document, resets) = document::build(session, yaml);
        let Some(document) = document else { continue };
        if session.tree.map(document).is_none() {
            let span = session.tree.span(document);
            session.diagnostics.push(
                Diagnostic::error(Code("compose::not-a-mapping"), "top-level object must be a mapping")
                    .with_span(span)
                    .with_help(if session.tree.is_null(document) {
                        "remove the empty document: a `---` separates two documents"
                    } else {
                        "a Compose file starts with a key such as `services:`"
                    }),
            );
            continue;
        }
        let resets = Rc::new(resets);
        add_document(session, document, &resets, path, context, root, included, role);
        last = Resets::clone(&resets);
    }
    Some(last)
}

/// How many documents a file may have. Each is merged into all before it and the whole is checked again, here as in the
/// reference, which takes half a minute for this many.
const DOCUMENTS_MAX: usize = 2_000;

#[expect(clippy::too_many_arguments, reason = "the stages of one document, in order, share all of it")]
fn add_document(
    session: &mut Session<'_>,
    document: NodeId,
    resets: &Rc<Resets>,
    path: &str,
    context: &Context,
    root: &mut Option<NodeId>,
    included: &[String],
    role: Role,
) {
    if session.stages.interpolate {
        interpolation::interpolate(session, document, &context.environment);
    }
    if role == Role::Model {
        extends::apply(session, document, context, path, resets);
    }
    if let Some(root) = *root {
        resets.apply(session, root);
    }
    if role == Role::Model {
        let mut included = included.to_vec();
        included.push(path.to_owned());
        include::apply(session, document, context, &included);
    }
    if session.is_full() {
        return;
    }
    let merged = match *root {
        Some(base) => merge::merge(session, base, document),
        None => document,
    };
    *root = Some(merged);
    unicity::enforce(session, merged);
    if role == Role::Model {
        schema::validate(session, merged);
        drop_version(session, merged, path);
    }
    canonical::canonical(session, merged);
    omit_empty(session, merged);
    unicity::enforce(session, merged);
}

fn drop_version(session: &mut Session<'_>, root: NodeId, path: &str) {
    let Some(version) = session.tree.remove(root, keys::VERSION) else { return };
    session.diagnostics.push(
        Diagnostic::warning(
            Code("compose::obsolete-version"),
            format!(
                "{path}: the attribute `version` is obsolete, it will be ignored, please remove it to avoid potential confusion"
            ),
        )
        .with_span(version.key_span),
    );
}

/// Blank entries of `dns` are dropped, most often the remains of an unset variable.
fn omit_empty(session: &mut Session<'_>, root: NodeId) {
    let Some(services) = session.tree.get(root, keys::SERVICES) else { return };
    for at in 0..session.tree.entries(services).len() {
        let Some(service) = session.tree.entry(services, at) else { break };
        let Some(dns) = session.tree.get(service.value, keys::DNS) else { continue };
        let Value::Seq(items) = session.tree.value(dns) else { continue };
        let kept: Vec<NodeId> = items
            .iter()
            .copied()
            .filter(|&item| {
                !matches!(session.tree.value(item), Value::Null) && session.tree.str(item) != Some("")
            })
            .collect();
        *session.tree.value_mut(dns) = Value::Seq(kept);
    }
}

impl Session<'_> {
    /// A path as the system sees it: relative ones start at the caller's directory.
    pub(crate) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') { clean_path(path) } else { join_paths(&self.current_dir, path) }
    }
}
