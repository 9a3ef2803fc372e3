//! Limits that a merge key (`<<`) would have brought, had the service no `deploy` of its own.

use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, NodeIndex};

use crate::{Scope, Service};

/// How many merge keys and aliases are followed. Two are usual; the ceiling keeps a hostile text linear.
const STEPS_MAX: usize = 32;

/// Where a limit stands that a merge key of the service does not bring, by its name below `deploy.resources.limits`.
pub(super) fn limit(scope: &Scope<'_>, service: &Service<'_>, name: &str) -> Option<Span> {
    // Without a `deploy` of its own the service loses nothing.
    service.get("deploy")?;
    let path = scope.files.file(service.key.file).path().to_owned();
    let file = scope.files.read(&path)?;
    file.yaml().documents.iter().find_map(|document| {
        let own = value_of_key_at(document, service.key)?;
        let mut merged: Vec<NodeIndex> = values(document, own, "<<");
        for step in 0..STEPS_MAX {
            let at = resolve(document, *merged.get(step)?);
            if let Kind::Sequence(items) = &document.node(at).kind {
                merged.extend(items.iter());
            }
            let found = ["deploy", "resources", "limits", name].iter().try_fold(at, |at, key| {
                values(document, at, key).first().map(|value| resolve(document, *value))
            });
            if let Some(found) = found {
                return Some(document.node(found).span);
            }
            merged.extend(values(document, at, "<<"));
        }
        None
    })
}

/// The value of the entry whose key stands here.
fn value_of_key_at(document: &Document, key: Span) -> Option<NodeIndex> {
    let mut at = document.root()?;
    // Spans nest, so each step goes down to the value around the key; the depth of a text is bounded by its parser.
    loop {
        let Kind::Mapping(entries) = &document.node(at).kind else { return None };
        if let Some((_, value)) = entries.iter().find(|(name, _)| document.node(*name).span == key) {
            return Some(*value);
        }
        let (_, value) = entries.iter().find(|(_, value)| {
            let span = document.node(*value).span;
            span.start <= key.start && key.end <= span.end
        })?;
        at = *value;
    }
}

/// The values of a key of a mapping.
fn values(document: &Document, at: NodeIndex, key: &str) -> Vec<NodeIndex> {
    let Kind::Mapping(entries) = &document.node(at).kind else { return Vec::new() };
    entries
        .iter()
        .filter(
            |(name, _)| matches!(&document.node(*name).kind, Kind::Scalar(scalar) if &*scalar.text == key),
        )
        .map(|(_, value)| *value)
        .collect()
}

/// What an alias stands for.
fn resolve(document: &Document, at: NodeIndex) -> NodeIndex {
    match &document.node(at).kind {
        Kind::Alias { target: Some(target), .. } => *target,
        _ => at,
    }
}
