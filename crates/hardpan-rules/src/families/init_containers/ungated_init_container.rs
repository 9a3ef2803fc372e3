//! HP-INI-002: an init container starts before what it talks to is healthy.

use std::collections::BTreeSet;

use hardpan_compose::{Hop, NodeRef};

use super::endpoints::{endpoints, names};
use super::init_containers;
use super::scripts;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Dependency, Repair, Safety, Scope, Service, ServiceId, ServiceKind, Verdicts};

/// See `rules/ungated-init-container/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-002",
    name: "ungated-init-container",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 002, section 1",
        "document 002, NFR Determinism",
        "compose-spec, services, depends_on",
    ],
    doc: include_str!("../../../rules/ungated-init-container/doc.md"),
    check,
};

const HEALTHY: &str = "service_healthy";
const COMPLETED: &str = "service_completed_successfully";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let names = names(scope);
    for service in init_containers(scope, verdicts) {
        let dependencies: Vec<Dependency<'_>> =
            service.depends_on().filter(|dependency| !is_implied(dependency.node)).collect();
        let mut found = false;
        for dependency in dependencies.iter().filter(|dependency| !waits(dependency)) {
            found = true;
            report_started(scope, service, dependency, verdicts);
        }
        let scripts = scripts::of(scope, service);
        let endpoints = endpoints(service, scripts, &names);
        let awaited = awaited(scope, service);
        let is_named = |id: &ServiceId| {
            dependencies.iter().any(|dependency| scope.service_of(*id).name == dependency.service)
        };
        let is_open = |id: &ServiceId| {
            !awaited.contains(id) && !is_named(id) && !depends_on(scope, scope.service_of(*id), service.id)
        };
        for (id, at) in endpoints.in_scripts.iter().filter(|(id, _)| is_open(id)) {
            found = true;
            let peer = scope.service_of(*id);
            report_missing(service, peer, *at, verdicts);
        }
        // A shared block of variables names more hosts than a single program needs, so nothing is said of a service that waits
        // for some of them.
        let has_gate = !awaited.is_empty() || found || !endpoints.in_scripts.is_empty();
        if !has_gate && let Some((id, at)) = endpoints.in_variables.iter().find(|(id, _)| is_open(id)) {
            found = true;
            report_missing(service, scope.service_of(*id), *at, verdicts);
        }
        if found {
            continue;
        }
        let is_shown = !scripts.is_opaque && !scripts.is_direct;
        if !awaited.is_empty() {
            verdicts.satisfied(service);
        } else if is_shown {
            verdicts.not_applicable(service, "talks to no other service");
        } else {
            verdicts.unknown(service, service, "what it talks to is known only to its program");
        }
    }
}

fn is_implied(node: NodeRef<'_>) -> bool {
    node.hops().any(|hop| matches!(hop, Hop::Implied { .. }))
}

fn waits(dependency: &Dependency<'_>) -> bool {
    matches!(dependency.condition, HEALTHY | COMPLETED)
}

fn report_started(
    scope: &Scope<'_>,
    service: &Service<'_>,
    dependency: &Dependency<'_>,
    verdicts: &mut Verdicts<'_>,
) {
    let target = scope.service(dependency.service);
    let expected = match target {
        Some(target) if target.kind == ServiceKind::Init => COMPLETED,
        _ => HEALTHY,
    };
    let written = dependency
        .node
        .get("condition")
        .filter(|node| !is_implied(*node) && node.origin().span != dependency.node.origin().span);
    let name = dependency.service;
    let draft = verdicts.violation(
        service,
        written.unwrap_or(dependency.node),
        format!("does not wait until `{name}` is ready: found `service_started`, expected `{expected}`"),
    );
    draft.help(format!("set `depends_on.{name}.condition: {expected}`"));
    if written.is_some() {
        let has_check = expected == COMPLETED || target.is_some_and(has_healthcheck);
        let safety = if has_check { Safety::Safe } else { Safety::Unsafe };
        let repair = Repair::Replace { value: expected.to_owned() };
        draft.fix(safety, format!("wait until `{name}` is ready"), repair);
    }
}

fn has_healthcheck(service: &Service<'_>) -> bool {
    service.get("healthcheck.test").is_some() && !service.is_true("healthcheck.disable")
}

fn report_missing(
    service: &Service<'_>,
    peer: &Service<'_>,
    at: Option<hardpan_source::Span>,
    verdicts: &mut Verdicts<'_>,
) {
    let name = peer.name;
    let expected = if peer.kind == ServiceKind::Init { COMPLETED } else { HEALTHY };
    let draft =
        verdicts.violation(service, service, format!("talks to `{name}` without waiting until it is ready"));
    draft.help(format!("add `depends_on: {{{name}: {{condition: {expected}}}}}`"));
    if let Some(at) = at {
        draft.related(at, format!("talks to `{name}` here"));
    }
    let is_mapping = service.get("depends_on").is_none_or(|dependencies| {
        dependencies.entries().all(|(_, node)| node.get("condition").is_some_and(|node| !is_implied(node)))
    });
    if is_mapping && !name.contains('.') {
        let safety = if has_healthcheck(peer) { Safety::Safe } else { Safety::Unsafe };
        let repair = Repair::Set { path: format!("depends_on.{name}.condition"), value: expected.to_owned() };
        draft.fix(safety, format!("wait until `{name}` is ready"), repair);
    }
}

/// What a service waits for until it is ready, directly or because what it waits for does.
fn awaited(scope: &Scope<'_>, service: &Service<'_>) -> BTreeSet<ServiceId> {
    reach(scope, service, &waits)
}

/// Whether a service depends on another in any way: then it can only be mentioned, not talked to.
fn depends_on(scope: &Scope<'_>, service: &Service<'_>, on: ServiceId) -> bool {
    reach(scope, service, &|_| true).contains(&on)
}

fn reach(
    scope: &Scope<'_>,
    service: &Service<'_>,
    counts: &dyn Fn(&Dependency<'_>) -> bool,
) -> BTreeSet<ServiceId> {
    let mut found = BTreeSet::new();
    let mut pending = vec![service.id];
    while let Some(id) = pending.pop() {
        for dependency in scope.service_of(id).depends_on().filter(|dependency| counts(dependency)) {
            if let Some(next) = scope.service(dependency.service)
                && found.insert(next.id)
            {
                pending.push(next.id);
            }
        }
    }
    found
}
