//! HP-NET-006: the public and the internal zone are not kept apart.

use hardpan_compose::{NodeRef, Value};
use hardpan_source::Span;

use super::gateway::is_gateway;
use super::reach::{is_external, network_name};
use crate::finding::{Place, Subject};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/zone-breach/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-006",
    name: "zone-breach",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 003, section 1.2", "document 003, section 2"],
    doc: include_str!("../../../rules/zone-breach/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let parameters = &scope.policy.parameters;
    let public = zone(scope, &parameters.public_networks);
    let isolated = zone(scope, &parameters.isolated_networks);
    for &key in &isolated {
        judge_network(scope, key, verdicts);
    }
    for service in scope.services() {
        if public.is_empty() && isolated.is_empty() {
            verdicts.not_applicable(service, "the project has no zones of the policy");
        } else {
            judge_service(scope, service, &public, verdicts);
        }
    }
}

/// The keys of the project's networks that a list of the policy names.
fn zone<'p>(scope: &Scope<'p>, names: &[String]) -> Vec<&'p str> {
    let keys = scope.project.section("networks").map(|(key, _)| key);
    keys.filter(|key| names.iter().any(|name| name == key || name == network_name(scope, key))).collect()
}

fn judge_network(scope: &Scope<'_>, key: &str, verdicts: &mut Verdicts<'_>) {
    let subject = Subject::Resource("network", key.to_owned());
    let Some(network) = scope.resource("networks", key) else { return };
    let message = format!("network `{key}` is not internal, expected `internal: true`");
    let help = "set `internal: true`";
    match network.get("internal") {
        Some(value) if matches!(value.value(), Value::Bool(true)) => verdicts.satisfied(subject),
        _ if is_external(network) => {
            let place = scope.resource_key("networks", key).map_or(Place::Nowhere, Place::from);
            verdicts.unknown(
                subject,
                place,
                format!("network `{key}` is made elsewhere: the files do not tell whether it is internal"),
            );
        }
        Some(value) => {
            verdicts
                .violation(subject, value, message)
                .label("its containers reach the world")
                .help(help)
                .fix(
                    Safety::Unsafe,
                    "make the network internal",
                    Repair::Replace { value: "true".to_owned() },
                );
        }
        None => {
            let place = scope.resource_key("networks", key).map_or(Place::Nowhere, Place::from);
            verdicts.violation(subject, place, message).label("its containers reach the world").help(help);
        }
    }
}

fn judge_service(scope: &Scope<'_>, service: &Service<'_>, public: &[&str], verdicts: &mut Verdicts<'_>) {
    if is_gateway(scope, service) {
        verdicts.satisfied(service);
        return;
    }
    let mut is_clean = true;
    let joined = service.networks().filter(|(key, _)| public.contains(key));
    let joined: Vec<_> = joined.collect();
    for &(key, node) in &joined {
        is_clean = false;
        let span = key_of(service, key).unwrap_or(node.origin().span);
        let place = if node.is_null() { Place::from(span) } else { Place::from(node) };
        verdicts
            .violation(
                service,
                place,
                format!("stands in the public zone `{key}`, expected the gateway only"),
            )
            .label("joined here")
            .help(format!("leave `{key}` and let the gateway route to it over the internal network"));
    }
    if joined.is_empty() {
        for port in service.items("ports").filter(|port| publishes(*port)) {
            is_clean = false;
            verdicts
                .violation(
                    service,
                    port,
                    format!("publishes {} without standing in the public zone", port_words(port)),
                )
                .label("opens a way around the gateway")
                .help("remove the published port; the gateway reaches it over the internal network");
        }
    }
    if is_clean {
        verdicts.satisfied(service);
    }
}

fn key_of(service: &Service<'_>, network: &str) -> Option<Span> {
    service.get("networks")?.key_span(network)
}

/// True if the port is published on the host.
pub(super) fn publishes(port: NodeRef<'_>) -> bool {
    port.get("target").is_some() && port.get("mode").and_then(NodeRef::as_str) != Some("none")
}

/// "port `8080`", by its published number where there is one.
pub(super) fn port_words(port: NodeRef<'_>) -> String {
    let text = |key: &str| port.get(key).and_then(number_or_text).filter(|text| !text.is_empty());
    match (text("published"), text("target")) {
        (Some(published), _) => format!("port `{published}`"),
        (None, Some(target)) => format!("container port `{target}` on a port of Docker's choice"),
        (None, None) => "a port".to_owned(),
    }
}

/// A number or text as text.
pub(super) fn number_or_text(node: NodeRef<'_>) -> Option<String> {
    match node.value() {
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Str(text) => Some(text.to_string()),
        _ => None,
    }
}
