//! Routers and middlewares from the labels of a service.

use std::collections::BTreeMap;

use hardpan_compose::NodeRef;

use super::super::texts::place_within;
use super::settings::Statics;
use super::{Middleware, Protocol, Router, Tls, Traefik, Word};
use crate::finding::Place;
use crate::{Scope, Service};

/// True if Traefik looks at the labels of the service.
pub(super) fn is_exposed(service: &Service<'_>, statics: &Statics) -> bool {
    let enable = service.labels().find(|(key, _)| key.eq_ignore_ascii_case("traefik.enable"));
    match enable.and_then(|(_, node)| node.as_str()) {
        Some(value) => !value.trim().eq_ignore_ascii_case("false"),
        None => statics.exposed_by_default,
    }
}

/// What one router or middleware is made of: the rest of the key in lower case, with the value.
type Parts<'p> = Vec<(String, NodeRef<'p>)>;

pub(super) fn read(scope: &Scope<'_>, service: &Service<'_>, traefik: &mut Traefik) {
    let mut routers: BTreeMap<(&str, String), (String, Parts<'_>)> = BTreeMap::new();
    for (key, node) in service.labels() {
        let mut words = key.splitn(5, '.');
        let is_ours = words.next().is_some_and(|word| word.eq_ignore_ascii_case("traefik"));
        let (true, Some(protocol), Some(section), Some(name)) =
            (is_ours, words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Some(kind) = Protocol::of(protocol) else { continue };
        let rest = words.next().unwrap_or_default().to_ascii_lowercase();
        if section.eq_ignore_ascii_case("routers") {
            let entry = routers.entry((protocol, name.to_ascii_lowercase()));
            entry.or_insert_with(|| (name.to_owned(), Parts::new())).1.push((rest, node));
        } else if section.eq_ignore_ascii_case("middlewares") {
            let known = traefik.middlewares.entry((kind, name.to_ascii_lowercase(), "docker")).or_default();
            add_part(scope, known, &rest, node);
        }
    }
    for ((protocol, _), (name, parts)) in routers {
        let Some(protocol) = Protocol::of(protocol) else { continue };
        traefik.routers.push(router(scope, service, protocol, name, &parts));
    }
}

fn add_part(scope: &Scope<'_>, middleware: &mut Middleware, rest: &str, node: NodeRef<'_>) {
    let kind = rest.split('.').next().unwrap_or_default();
    if !middleware.kinds.iter().any(|known| known == kind) {
        middleware.kinds.push(kind.to_owned());
    }
    if rest.starts_with("chain.middlewares") {
        middleware.chain.extend(list(scope, node));
    }
}

fn router(
    scope: &Scope<'_>,
    service: &Service<'_>,
    protocol: Protocol,
    name: String,
    parts: &Parts<'_>,
) -> Router {
    let part = |key: &str| parts.iter().find(|(rest, _)| rest == key).map(|(_, node)| *node);
    let words = |key: &str| part(key).map(|node| list(scope, node)).unwrap_or_default();
    let has_tls_part = parts.iter().any(|(rest, _)| rest.starts_with("tls."));
    let tls = match part("tls") {
        Some(node) if node.as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case("false")) => {
            Tls::Off(node.into())
        }
        Some(_) => Tls::On,
        None if has_tls_part => Tls::On,
        None => Tls::Unsaid,
    };
    let place = part("rule").or_else(|| parts.first().map(|(_, node)| *node));
    Router {
        name,
        protocol,
        owner: service.id,
        provider: "docker",
        place: place.map_or_else(|| Place::from(service), Place::from),
        entry_points: words("entrypoints"),
        middlewares: words("middlewares"),
        service: part("service").and_then(NodeRef::as_str).map(str::to_owned),
        tls_passthrough: part("tls.passthrough").and_then(NodeRef::as_str) == Some("true"),
        tls,
    }
}

/// The words of a list with commas, each with its place.
fn list(scope: &Scope<'_>, node: NodeRef<'_>) -> Vec<Word> {
    let mut words = Vec::new();
    let text = node.as_str().unwrap_or_default();
    let mut start = 0;
    for part in text.split(',') {
        let word = part.trim();
        let at = start + (part.len() - part.trim_start().len());
        start += part.len() + 1;
        if !word.is_empty() {
            words.push(Word { text: word.to_owned(), place: place_within(scope, node, at..at + word.len()) });
        }
    }
    words
}
