//! What a model implies is written down: the default network, names of resources, dependencies from links and shared
//! namespaces (compose-go `loader.Normalize`).

use foldhash::{HashSet, HashSetExt as _};

use std::rc::Rc;

use crate::environment::Environment;
use crate::keys::{self, Key};
use crate::origin::{Hop, Origin};
use crate::session::Session;
use crate::syntax::path::clean_path;
use crate::tree::{Entry, NodeId, Value};

/// Normalises the model in place.
pub(crate) fn apply(
    session: &mut Session<'_>,
    root: NodeId,
    project_name: &str,
    environment: &Rc<Environment>,
) {
    networks(session, root);
    for service in services(session, root) {
        if session.tree.map(service.value).is_some() {
            normalize_service(session, service, environment);
        }
    }
    names(session, root, project_name);
}

fn services(session: &Session<'_>, root: NodeId) -> Vec<Entry> {
    session.tree.get(root, keys::SERVICES).map(|node| session.tree.entries(node).to_vec()).unwrap_or_default()
}

/// A service without networks joins `default`, which exists only if somebody uses it.
fn networks(session: &mut Session<'_>, root: NodeId) {
    let default = keys::DEFAULT;
    let mut used_by = None;
    for service in services(session, root) {
        let tree = &session.tree;
        if tree.map(service.value).is_none()
            || tree.get(service.value, keys::PROVIDER).is_some()
            || tree.get(service.value, keys::NETWORK_MODE).is_some()
        {
            continue;
        }
        match tree.get(service.value, keys::NETWORKS) {
            Some(networks) if tree.get(networks, default).is_some() => used_by = Some(service),
            Some(networks) if !tree.entries(networks).is_empty() => {}
            _ => {
                let reason = "no networks given";
                let networks = session.tree.set_implied(
                    service.value,
                    keys::NETWORKS,
                    Value::Map(Box::default()),
                    reason,
                );
                session.tree.set_implied(networks, default, Value::Null, reason);
                used_by = Some(service);
            }
        }
    }
    let Some(service) = used_by else { return };
    let networks = match session.tree.get(root, keys::NETWORKS) {
        Some(networks) if session.tree.map(networks).is_some() => networks,
        _ => session.tree.set_implied(root, keys::NETWORKS, Value::Map(Box::default()), "default network"),
    };
    if session.tree.get(networks, default).is_none() {
        let added = session.tree.set_implied(networks, default, Value::Null, "default network");
        let origin = Origin { span: service.key_span, ..session.tree.origin(added) };
        session.tree.set_origin(added, origin);
    }
}

fn normalize_service(session: &mut Session<'_>, entry: Entry, environment: &Environment) {
    let service = entry.value;
    if let Some(policy) = session.tree.get(service, keys::PULL_POLICY)
        && session.tree.str(policy) == Some("if_not_present")
    {
        *session.tree.value_mut(policy) = Value::str("missing");
    }
    if let Some(build) =
        session.tree.get(service, keys::BUILD).filter(|&build| session.tree.map(build).is_some())
    {
        if is_unset(session, build, keys::CONTEXT) {
            session.tree.set_implied(build, keys::CONTEXT, Value::str("."), "default of build");
        }
        if is_unset(session, build, keys::DOCKERFILE) && is_unset(session, build, keys::DOCKERFILE_INLINE) {
            session.tree.set_implied(build, keys::DOCKERFILE, Value::str("Dockerfile"), "default of build");
        }
        if let Some(args) = session.tree.get(build, keys::ARGS) {
            resolve(session, args, environment, Unresolved::Drop);
        }
    }
    if let Some(variables) = session.tree.get(service, keys::ENVIRONMENT) {
        resolve(session, variables, environment, Unresolved::Keep);
    }
    dependencies(session, entry);
    if let Some(volumes) = session.tree.get(service, keys::VOLUMES) {
        for volume in session.tree.items(volumes).to_vec() {
            if let Some(target) = session.tree.get(volume, keys::TARGET)
                && let Some(text) = session.tree.str(target)
            {
                let clean = clean_path(text);
                *session.tree.value_mut(target) = Value::str(clean);
            }
        }
    }
}

fn is_unset(session: &Session<'_>, node: NodeId, key: Key) -> bool {
    session.tree.get(node, key).is_none_or(|value| session.tree.is_null(value))
}

/// What becomes of a variable without value that the environment does not know either.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unresolved {
    Drop,
    Keep,
}

/// Gives variables without a value the one they have in the environment.
fn resolve(session: &mut Session<'_>, node: NodeId, environment: &Environment, unresolved: Unresolved) {
    match session.tree.value(node) {
        Value::Map(map) => {
            let mut gone = HashSet::new();
            for entry in map.entries().to_vec() {
                if !session.tree.is_null(entry.value) {
                    continue;
                }
                let name = session.tree.key_str(entry.key);
                match environment.get(name) {
                    Some(variable) => {
                        let hop = Hop::Variable { name: name.into(), set: variable.set.clone() };
                        *session.tree.value_mut(entry.value) = Value::str(variable.value.as_str());
                        session.tree.add_hop(entry.value, hop);
                    }
                    None if unresolved == Unresolved::Drop => drop(gone.insert(entry.key)),
                    None => {}
                }
            }
            session.tree.remove_all(node, &gone);
        }
        Value::Seq(items) => {
            let mut kept = Vec::with_capacity(items.len());
            for item in items.clone() {
                let Some(text) = session.tree.str(item) else { continue };
                if text.contains('=') {
                    kept.push(item);
                    continue;
                }
                match environment.get(text) {
                    Some(variable) => {
                        let hop = Hop::Variable { name: text.into(), set: variable.set.clone() };
                        let value = Value::str(format!("{text}={}", variable.value));
                        *session.tree.value_mut(item) = value;
                        session.tree.add_hop(item, hop);
                        kept.push(item);
                    }
                    None if unresolved == Unresolved::Keep => kept.push(item),
                    None => {}
                }
            }
            *session.tree.value_mut(node) = Value::Seq(kept);
        }
        _ => {}
    }
}

/// Links, shared namespaces and `volumes_from` are dependencies too.
fn dependencies(session: &mut Session<'_>, service: Entry) {
    let Entry { key: name, value: service, .. } = service;
    let mut implied: Vec<(String, bool, NodeId)> = Vec::new();
    let strings = |session: &Session<'_>, key: Key| -> Vec<(String, NodeId)> {
        let items =
            session.tree.get(service, key).map(|list| session.tree.items(list).to_vec()).unwrap_or_default();
        items.into_iter().filter_map(|item| Some((session.tree.str(item)?.to_owned(), item))).collect()
    };
    for (link, at) in strings(session, keys::LINKS) {
        let parts: Vec<&str> = link.split(':').collect();
        let name = if parts.len() == 2 { parts[0] } else { &link };
        implied.push((name.to_owned(), true, at));
    }
    for key in [keys::NETWORK_MODE, keys::IPC, keys::PID, keys::UTS, keys::CGROUP] {
        if let Some(mode) = session.tree.get(service, key)
            && session.tree.is_null(mode)
        {
            // The schema lets only `pid` be null, and the reference panics on it.
            let span = session.tree.span(mode);
            let message = format!(
                "services.{}.{} must be a string",
                session.tree.key_str(name),
                session.tree.key_str(key)
            );
            session.error("compose::null-value", span, message);
        }
        if let Some(mode) = session.tree.get(service, key)
            && let Some(name) = session.tree.str(mode).and_then(|text| text.strip_prefix("service:"))
        {
            implied.push((name.to_owned(), true, mode));
        }
    }
    for (source, at) in strings(session, keys::VOLUMES_FROM) {
        if !source.starts_with("container:") {
            let name = source.split(':').next().unwrap_or_default();
            implied.push((name.to_owned(), false, at));
        }
    }
    if implied.is_empty() {
        return;
    }
    let depends_on = match session.tree.get(service, keys::DEPENDS_ON) {
        Some(depends_on) if session.tree.map(depends_on).is_some() => depends_on,
        _ => session.tree.set_implied(
            service,
            keys::DEPENDS_ON,
            Value::Map(Box::default()),
            "links, shared namespaces and volumes_from",
        ),
    };
    for (name, restart, at) in implied {
        let key = session.tree.key(&name);
        if session.tree.get(depends_on, key).is_some() {
            continue;
        }
        let origin = session.tree.origin(at);
        let dependency = crate::merge::dependency(session, origin, true);
        session.tree.set_implied(dependency, keys::RESTART, Value::Bool(restart), "implied dependency");
        session.tree.set(depends_on, key, origin.span, dependency);
    }
}

/// Resources without a name are named after the project and their key.
fn names(session: &mut Session<'_>, root: NodeId, project_name: &str) {
    for section in [keys::NETWORKS, keys::VOLUMES, keys::CONFIGS, keys::SECRETS] {
        let Some(resources) = session.tree.get(root, section) else { continue };
        for entry in session.tree.entries(resources).to_vec() {
            let resource = match session.tree.value(entry.value) {
                Value::Map(_) => entry.value,
                Value::Null => {
                    let origin = session.tree.origin(entry.value);
                    let map = session.tree.add_map(Origin { span: entry.key_span, ..origin });
                    session.tree.replace(resources, entry.key, map);
                    map
                }
                _ => continue,
            };
            if !is_unset(session, resource, keys::NAME) {
                continue;
            }
            let key = session.tree.key_str(entry.key);
            let external = session
                .tree
                .get(resource, keys::EXTERNAL)
                .is_some_and(|external| matches!(session.tree.value(external), Value::Bool(true)));
            let name = if external { key.to_owned() } else { format!("{project_name}_{key}") };
            session.tree.set_implied(resource, keys::NAME, Value::str(name), "named after project and key");
        }
    }
}
