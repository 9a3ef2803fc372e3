//! `extends`: a service inherits another one, of the same file or of another (compose-spec, "extends"; compose-go
//! `loader/extends.go`, with its order of things and its errors).

use std::collections::HashSet;
use std::rc::Rc;

use hardpan_diag::{Code, Diagnostic, did_you_mean};
use hardpan_source::Span;

use crate::document::Resets;
use crate::file::{self, Context};
use crate::keys::{self, Key};
use crate::merge::merge_service;
use crate::origin::{Chain, Hop};
use crate::paths;
use crate::session::Session;
use crate::tree::{NodeId, Value};

/// The services inherited so far on the way to the current one: file, service and where it was asked for.
type Visited = Vec<(String, String, Span)>;

/// Applies `extends` to all services of a document. `resets` are the document's own.
pub(crate) fn apply(
    session: &mut Session<'_>,
    root: NodeId,
    context: &Context,
    file: &str,
    resets: &Rc<Resets>,
) {
    let Some(services) = session.tree.get(root, keys::SERVICES) else { return };
    if session.tree.map(services).is_none() {
        let span = session.tree.span(services);
        session.error("compose::invalid-value", span, "services must be a mapping");
        return;
    }
    let mut extender = Extender { session, context, file, visited: Vec::new(), seen: HashSet::new() };
    for at in 0..extender.session.tree.entries(services).len() {
        let Some(entry) = extender.session.tree.entry(services, at) else { break };
        let service = extender.service(services, entry.key, resets, Home::Project);
        if service.is_none() && extender.session.tree.get(entry.value, keys::EXTENDS).is_some() {
            extender.session.incomplete.insert(entry.key);
        }
        extender.visited.clear();
        extender.seen.clear();
    }
}

/// What a resolved service of a template inherited directly.
#[derive(Clone)]
pub(crate) struct Step {
    /// The file that `extends` names, if it does.
    file: Option<String>,
    name: Key,
    at: Span,
    base_services: NodeId,
    base: Key,
}

/// Which file a service stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// The file that is being loaded.
    Project,
    /// A file that only `extends` looks into.
    Template,
}

struct Extender<'s, 'a, 'c> {
    session: &'s mut Session<'a>,
    context: &'c Context,
    /// The file whose document is being loaded.
    file: &'c str,
    visited: Visited,
    /// The same without order, to find a service again.
    seen: HashSet<(String, Key)>,
}

impl Extender<'_, '_, '_> {
    /// The service with everything it inherits; `None` where it is empty or cannot be resolved.
    /// `resets` are deleted from what it inherits.
    fn service(&mut self, services: NodeId, name: Key, resets: &Rc<Resets>, home: Home) -> Option<NodeId> {
        if self.session.is_full() {
            return None;
        }
        let service = self.session.tree.get(services, name)?;
        match self.session.tree.value(service) {
            Value::Map(_) => {}
            Value::Null => return None,
            _ => {
                let message = format!("services.{} must be a mapping", self.session.tree.key_str(name));
                let span = self.session.tree.span(service);
                self.session.error("compose::invalid-value", span, message);
                return None;
            }
        }
        let Some(extends) = self.session.tree.get_entry(service, keys::EXTENDS) else {
            return self.retrace(service).then_some(service);
        };
        let span = extends.key_span;
        let (reference, file) = self.reference(name, extends.value)?;

        let (base_services, base_resets, base_home, file_name) = match &file {
            Some((path, at)) => {
                let (services, resets) = self.base_file(name, &reference, path, *at)?;
                (services, resets, Home::Template, path.clone())
            }
            // Inside a template the reference forgets the resets after the first step. In the project's own file it does
            // so as well when it comes to the inheriting service first, and its order is random; a service's own resets
            // count here in every order.
            None if home == Home::Template => (services, Rc::default(), home, self.file.to_owned()),
            None => (services, Rc::clone(resets), home, self.file.to_owned()),
        };
        let base_key = self.session.tree.find_key(&reference);
        let base_key = base_key.and_then(|key| {
            let entry = self.session.tree.get_entry(base_services, key)?;
            Some((key, entry.key_span))
        });
        let Some((base_key, base_span)) = base_key else {
            let at = self.session.tree.get(extends.value, keys::SERVICE).unwrap_or(extends.value);
            let at = self.session.tree.span(at);
            let path = file.as_ref().map(|(path, _)| path.as_str());
            self.not_found(name, &reference, base_services, path, at);
            return None;
        };
        if !self.visit(&file_name, name, span) {
            return None;
        }
        let Some(base) = self.service(base_services, base_key, &base_resets, base_home) else {
            let is_empty = self
                .session
                .tree
                .get(base_services, base_key)
                .is_some_and(|id| self.session.tree.is_null(id));
            if !is_empty {
                self.session.incomplete.insert(name);
            }
            return Some(service);
        };
        if !self.session.may_grow(span) {
            return None;
        }
        let hop = Hop::Extends { service: reference.into(), at: span, key: base_span };
        let source = self.session.tree.copy_with_hop(base, &hop);
        // A `!reset` in the inheriting service applies to its copy of the inherited one.
        resets.apply_to_service(self.session, name, source);
        let merged = merge_service(self.session, source, service);
        self.session.tree.remove(merged, keys::EXTENDS);
        // The service stands where it is written; the chain says where to look for what it does not say itself.
        let mut origin = self.session.tree.origin(service);
        if origin.chain == Chain::NONE {
            origin.chain = self.session.tree.origin(merged).chain;
        }
        self.session.tree.set_origin(merged, origin);
        self.session.tree.replace(services, name, merged);
        if home == Home::Template {
            let file = file.map(|(path, _)| path);
            let step = Step { file, name, at: span, base_services, base: base_key };
            self.session.steps.insert(merged, step);
        }
        Some(merged)
    }

    /// Notes the steps of a template's service that was resolved before, for another heir: the reference goes all the way
    /// for each heir, and finds a circle by the names on it. False where there is one.
    fn retrace(&mut self, mut service: NodeId) -> bool {
        while let Some(step) = self.session.steps.get(&service).cloned() {
            let file = step.file.as_deref().unwrap_or(self.file);
            if self.session.retraced == RETRACED_MAX {
                let message = "services extend templates that extend each other too often";
                self.session.error("compose::budget", step.at, message);
                return false;
            }
            self.session.retraced += 1;
            if !self.visit(file, step.name, step.at) {
                return false;
            }
            let Some(next) = self.session.tree.get(step.base_services, step.base) else { break };
            service = next;
        }
        true
    }

    /// What `extends` names: the service, and the file with the place that names it.
    fn reference(&mut self, name: Key, extends: NodeId) -> Option<(String, Option<(String, Span)>)> {
        match self.session.tree.value(extends) {
            Value::Str(service) => Some((service.to_string(), None)),
            Value::Map(_) => {
                let Some(service) = self.session.tree.get_str(extends, keys::SERVICE).map(str::to_owned)
                else {
                    let message = format!("extends.{}.service is required", self.session.tree.key_str(name));
                    let span = self.session.tree.span(extends);
                    self.session.error("compose::invalid-extends", span, message);
                    return None;
                };
                let Some(file) = self.session.tree.get(extends, keys::FILE) else {
                    return Some((service, None));
                };
                let span = self.session.tree.span(file);
                if self.session.tree.is_null(file) {
                    return Some((service, None));
                }
                let Some(path) = self.session.tree.str(file).map(str::to_owned) else {
                    // The reference panics.
                    let message =
                        format!("extends.{}.file must be a string", self.session.tree.key_str(name));
                    self.session.error("compose::invalid-extends", span, message);
                    return None;
                };
                Some((service, Some((path, span))))
            }
            _ => {
                let span = self.session.tree.span(extends);
                self.session.error("compose::invalid-extends", span, "extends must be a string or a mapping");
                None
            }
        }
    }

    /// The services of another file, loaded as far as `extends` wants them.
    fn base_file(
        &mut self,
        name: Key,
        reference: &str,
        path: &str,
        at: Span,
    ) -> Option<(NodeId, Rc<Resets>)> {
        // The services of a template file are resolved once for all that extend them. With resets the outcome depends on
        // which service the reference comes in by, so then each comes to a fresh copy.
        let local = self.context.loader_path(path);
        let directory = self.context.loader_dir(self.session, path);
        let key = (local.clone(), directory.clone(), Rc::as_ptr(&self.context.environment).addr());
        if let Some(known) = self.session.templates.get(&key) {
            return known.clone();
        }
        if paths::refuse_remote(self.session, path, at) {
            return None;
        }
        let loaded = self.load_base_file(name, reference, &local, &directory, at);
        if loaded.as_ref().is_none_or(|(_, resets)| resets.is_empty()) {
            self.session.templates.insert(key, loaded.clone());
        }
        loaded
    }

    fn load_base_file(
        &mut self,
        name: Key,
        reference: &str,
        local: &str,
        directory: &str,
        at: Span,
    ) -> Option<(NodeId, Rc<Resets>)> {
        let (root, resets) = file::load_template(self.session, local, self.context, at)?;
        let services = root.and_then(|root| self.session.tree.get(root, keys::SERVICES));
        let Some(services) = services.filter(|&services| self.session.tree.map(services).is_some()) else {
            let service = self.session.tree.key_str(name);
            let problem =
                if services.is_some() { "services must be a mapping" } else { "no services section" };
            let message = format!("cannot extend service {service:?} in {local}: {problem}");
            self.session.diagnostics.push(
                Diagnostic::error(Code("compose::invalid-extends"), message)
                    .with_span(at)
                    .with_help(format!("define `{reference}` under `services:` in that file")),
            );
            return None;
        };
        if let Some(root) = root {
            paths::resolve(self.session, root, directory);
        }
        Some((services, Rc::new(resets)))
    }

    fn not_found(&mut self, name: Key, reference: &str, services: NodeId, file: Option<&str>, span: Span) {
        let service = self.session.tree.key_str(name);
        let found_in = file.map(|path| format!(" in {path}")).unwrap_or_default();
        let message = format!(
            "cannot extend service {service:?} in {}: service {reference:?} not found{found_in}",
            self.file
        );
        let crowded = self.session.diagnostics.is_crowded();
        let known: Vec<&str> = self
            .session
            .tree
            .entries(services)
            .iter()
            .map(|entry| self.session.tree.key_str(entry.key))
            .take(if crowded { 0 } else { usize::MAX })
            .collect();
        let mut diagnostic = Diagnostic::error(Code("compose::extends-not-found"), message).with_span(span);
        diagnostic.help = match did_you_mean(reference, known.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if known.len() <= KNOWN_LISTED_MAX && !known.is_empty() => {
                Some(format!("it has: {}", known.join(", ")))
            }
            None => None,
        };
        self.session.diagnostics.push(diagnostic);
    }

    /// Notes a step of the chain; false where the chain bites its tail.
    fn visit(&mut self, file: &str, name: Key, at: Span) -> bool {
        let service = self.session.tree.key_str(name).to_owned();
        let again = !self.seen.insert((file.to_owned(), name));
        self.visited.push((file.to_owned(), service, at));
        if !again && self.visited.len() > CHAIN_MAX {
            let message = format!("more than {CHAIN_MAX} services extend each other in a row");
            self.session.error("compose::budget", at, message);
            return false;
        }
        if !again {
            return true;
        }
        let mut message = String::from("Circular reference:");
        for (position, (file, service, _)) in self.visited.iter().enumerate() {
            let verb = if position == 0 { "" } else { "extends " };
            message.push_str(&format!("\n  {verb}{service} in {file}"));
        }
        let mut diagnostic = Diagnostic::error(Code("compose::extends-cycle"), message)
            .with_label(at, "comes back to a service on the way here")
            .with_help("break the chain: move what the services share into one that extends nothing");
        for (_, service, hop) in &self.visited[..self.visited.len() - 1] {
            diagnostic = diagnostic.with_related(*hop, format!("`{service}` extends this"));
        }
        self.session.diagnostics.push(diagnostic);
        false
    }
}

/// How many names a help line lists: more would hide the message.
const KNOWN_LISTED_MAX: usize = 12;

/// How many steps are retraced in one load, which takes some seconds. Real projects have a few hundred.
const RETRACED_MAX: usize = 10_000_000;

/// How many services may extend each other in a row. Each takes some stack; real projects have three or four.
const CHAIN_MAX: usize = 20_000;
