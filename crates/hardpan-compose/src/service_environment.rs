//! The environment and labels of services, resolved: variables without a value, env files and label files
//! (compose-spec, "environment", "env_file", "label_file"; compose-go `WithServicesEnvironmentResolved`).

use std::collections::HashMap;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;
use sha2::{Digest, Sha256};

use crate::env_file::{self, ServiceFile};
use crate::environment::Environment;
use crate::keys;
use crate::origin::{Hop, Origin};
use crate::session::Session;
use crate::syntax::interpolate::Lookup;
use crate::tree::{Entry, Map, NodeId, Value};

/// Right after loading, variables listed without a value take the one they have; secrets and configs that come from
/// the environment get their content (which is never printed for secrets).
pub(crate) fn resolve_listed(session: &mut Session<'_>, root: NodeId, environment: &Environment) {
    contents(session, root, environment);
    let Some(services) = session.tree.get(root, keys::SERVICES) else { return };
    for service in session.tree.entries(services).to_vec() {
        let Some(variables) = session.tree.get(service.value, keys::ENVIRONMENT) else { continue };
        for item in session.tree.items(variables).to_vec() {
            let Some(name) = session.tree.str(item) else { continue };
            if let Some(variable) = environment.get(name) {
                let hop = Hop::Variable { name: name.into(), set: variable.set.clone() };
                let value = Value::str(format!("{name}={}", variable.value));
                *session.tree.value_mut(item) = value;
                session.tree.add_hop(item, hop);
            }
        }
    }
}

/// A secret or config that names a variable gets its value. For a secret that is only a digest, which tells equal
/// definitions from different ones; the value itself is taken where the model is printed as it stands, because the
/// reference prints it there.
fn contents(session: &mut Session<'_>, root: NodeId, environment: &Environment) {
    for (section, key) in [(keys::SECRETS, keys::SECRET_VALUE), (keys::CONFIGS, keys::CONTENT)] {
        let Some(resources) = session.tree.get(root, section) else { continue };
        for resource in session.tree.entries(resources).to_vec() {
            let Some(name) = session.tree.get(resource.value, keys::ENVIRONMENT) else { continue };
            let Some(variable) = session.tree.str(name).and_then(|name| environment.get(name)) else {
                continue;
            };
            let shown = section == keys::CONFIGS || !session.stages.interpolate;
            let value = if shown { variable.value.clone() } else { digest(&variable.value) };
            let span = session.tree.span(name);
            if section == keys::SECRETS && shown {
                session.diagnostics.push(
                    Diagnostic::warning(
                        Code("compose::secret-in-output"),
                        format!("secret {:?} is printed with its value", session.tree.key_str(resource.key)),
                    )
                    .with_span(span)
                    .with_help("do not share this output")
                    .with_note("Docker Compose prints it too, with --no-interpolate, when an include sets the variable"),
                );
            }
            session.tree.set_implied(resource.value, key, Value::str(value), FROM_VARIABLE);
        }
    }
}

/// The reason given for the content of a secret or config that comes from a variable.
pub(crate) const FROM_VARIABLE: &str = "value of the variable";

fn digest(value: &str) -> String {
    Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the env files and label files of the services in a typed model and drops the attributes that named them.
pub(crate) fn resolve_files(session: &mut Session<'_>, services: NodeId, environment: &Environment) {
    for service in session.tree.entries(services).to_vec() {
        if session.tree.map(service.value).is_none() {
            continue;
        }
        env_files(session, service.value, environment);
        session.tree.remove(service.value, keys::ENV_FILE);
    }
}

/// Label files are read even where env files are not.
pub(crate) fn resolve_label_files(session: &mut Session<'_>, services: NodeId, environment: &Environment) {
    for service in session.tree.entries(services).to_vec() {
        if session.tree.map(service.value).is_none() {
            continue;
        }
        label_files(session, service.value, environment);
        session.tree.remove(service.value, keys::LABEL_FILE);
    }
}

fn env_files(session: &mut Session<'_>, service: NodeId, environment: &Environment) {
    let own = own_variables(session, service, environment);
    let Some(files) = session.tree.get(service, keys::ENV_FILE) else { return };
    let lookup = Scope { environment, own: &own };
    let mut known: HashMap<String, String> = own.clone();
    let mut found: Vec<(String, String, Span, Span)> = Vec::new();
    for file in session.tree.items(files).to_vec() {
        let Some(path) = session.tree.get(file, keys::PATH) else { continue };
        let asked_at = session.tree.span(path);
        let path = session.tree.str(path).unwrap_or_default().to_owned();
        let required = session
            .tree
            .get(file, keys::REQUIRED)
            .is_none_or(|required| !matches!(session.tree.value(required), Value::Bool(false)));
        // An empty path, most often an unset variable, names nothing rather than the project's folder.
        if path.is_empty() || session.loader.kind(&session.absolute(&path)).is_none() {
            if required {
                missing(session, "env file", &path, asked_at);
            }
            continue;
        }
        if !session.may_grow(asked_at) {
            break;
        }
        let raw = match session.tree.get_str(file, keys::FORMAT) {
            None | Some("") => false,
            Some("raw") => true,
            Some(other) => {
                let message = format!("unsupported env_file format {other:?}");
                session.error("compose::env-file-format", asked_at, message);
                continue;
            }
        };
        let file = ServiceFile { path: &path, asked_at, raw };
        for (entry, span) in
            env_file::entries(session, &file, &lookup, environment, &mut known).into_iter().flatten()
        {
            if raw {
                known.insert(entry.key.clone(), entry.value.clone());
            }
            found.push((entry.key, entry.value, span, asked_at));
        }
    }
    let entries = file_entries(session, found);
    override_by(session, service, keys::ENVIRONMENT, entries);
}

/// The service's own variables that have a value; those without one take it from the project.
fn own_variables(
    session: &mut Session<'_>,
    service: NodeId,
    environment: &Environment,
) -> HashMap<String, String> {
    let Some(variables) = session.tree.get(service, keys::ENVIRONMENT) else { return HashMap::new() };
    let mut own = HashMap::new();
    for entry in session.tree.entries(variables).to_vec() {
        let name = session.tree.key_str(entry.key).to_owned();
        if session.tree.is_null(entry.value)
            && let Some(variable) = environment.get(&name)
        {
            let hop = Hop::Variable { name: name.as_str().into(), set: variable.set.clone() };
            *session.tree.value_mut(entry.value) = Value::str(variable.value.as_str());
            session.tree.add_hop(entry.value, hop);
        }
        if let Some(value) = session.tree.str(entry.value) {
            own.insert(name, value.to_owned());
        }
    }
    own
}

struct Scope<'e> {
    environment: &'e Environment,
    own: &'e HashMap<String, String>,
}

impl Lookup for Scope<'_> {
    fn lookup(&self, name: &str) -> Option<&str> {
        self.environment.value(name).or_else(|| self.own.get(name).map(String::as_str))
    }
}

fn missing(session: &mut Session<'_>, what: &str, path: &str, asked_at: Span) {
    let message = format!("{what} {path} not found: stat {path}: no such file or directory");
    let help = if what == "env file" {
        "create the file, or mark it `required: false` in the long form of env_file"
    } else {
        "create the file, or remove it from the list"
    };
    session.diagnostics.push(
        Diagnostic::error(Code("compose::missing-env-file"), message)
            .with_label(asked_at, "named here")
            .with_help(help),
    );
}

/// The model entries of what files hold: later files win, the first place is kept.
fn file_entries(session: &mut Session<'_>, found: Vec<(String, String, Span, Span)>) -> Map {
    let mut map = Map::default();
    for (name, value, span, asked_at) in found {
        let chain = session.tree.chain(Hop::File { at: asked_at }, crate::origin::Chain::NONE);
        let value = session.tree.add_str(value, Origin { span, chain });
        let key = session.tree.key(&name);
        map.set(Entry { key, key_span: span, value });
    }
    map
}

/// What the service says itself wins over files, even when it says only the name.
fn override_by(session: &mut Session<'_>, service: NodeId, key: crate::keys::Key, mut entries: Map) {
    let own = session.tree.get_entry(service, key);
    if let Some(own) = own {
        for entry in session.tree.entries(own.value) {
            entries.set(*entry);
        }
        *session.tree.value_mut(own.value) = Value::Map(Box::new(entries));
    } else if !entries.is_empty() {
        session.tree.set_implied(service, key, Value::Map(Box::new(entries)), "read from files");
    }
}

fn label_files(session: &mut Session<'_>, service: NodeId, environment: &Environment) {
    let Some(files) = session.tree.get(service, keys::LABEL_FILE) else { return };
    let mut found: Vec<(String, String, Span, Span)> = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for item in session.tree.items(files).to_vec() {
        let asked_at = session.tree.span(item);
        let Some(path) = session.tree.str(item).map(str::to_owned) else { continue };
        if path.is_empty() || session.loader.kind(&session.absolute(&path)).is_none() {
            missing(session, "label file", &path, asked_at);
            continue;
        }
        if !session.may_grow(asked_at) {
            break;
        }
        let file = ServiceFile { path: &path, asked_at, raw: false };
        let entries = env_file::entries(session, &file, &seen, environment, &mut HashMap::new());
        for (entry, span) in entries.into_iter().flatten() {
            seen.insert(entry.key.clone(), entry.value.clone());
            found.push((entry.key, entry.value, span, asked_at));
        }
    }
    let entries = file_entries(session, found);
    override_by(session, service, keys::LABELS, entries);
}
