//! HP-NET-004: a service is not on the internal network that all services share.

use super::reach::{Connection, Reach, lends_network, network_name};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Dependency, Repair, Safety, Scope, Service, Verdicts};

/// See `rules/off-internal-network/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-004",
    name: "off-internal-network",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 000, section 4", "document 002, section 4.1", "document 004, Strategy-ST-02"],
    doc: include_str!("../../../rules/off-internal-network/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let reach = Reach::new(scope);
    let internal = internal_networks(scope);
    for service in scope.services() {
        let is_apart = judge_dependencies(scope, &reach, service, verdicts);
        match reach.connection(service) {
            Connection::Host | Connection::None => {
                verdicts.not_applicable(service, "its network mode joins no network");
            }
            Connection::Bridge | Connection::Elsewhere => {
                verdicts.not_applicable(service, "it uses a network that Compose does not manage");
            }
            _ if lends_network(service).is_some() => {
                verdicts.not_applicable(service, "it uses the network of another service");
            }
            _ if internal.is_empty() => {
                verdicts.not_applicable(service, "the project has no internal network of the policy");
            }
            Connection::Networks(joined) => {
                if joined.iter().any(|name| internal.contains(name)) {
                    if !is_apart {
                        verdicts.satisfied(service);
                    }
                } else {
                    report(scope, service, internal[0], verdicts);
                }
            }
        }
    }
}

/// The networks of the project that the policy calls internal, by their names outside the project.
fn internal_networks<'p>(scope: &Scope<'p>) -> Vec<&'p str> {
    let parameters = &scope.policy.parameters;
    let is_internal = |name: &str| {
        parameters.internal_network == name || parameters.isolated_networks.iter().any(|known| known == name)
    };
    let networks = scope.project.section("networks").map(|(key, _)| (key, network_name(scope, key)));
    networks.filter(|(key, name)| is_internal(key) || is_internal(name)).map(|(_, name)| name).collect()
}

fn report(scope: &Scope<'_>, service: &Service<'_>, internal: &str, verdicts: &mut Verdicts<'_>) {
    let mut keys = scope.project.section("networks").map(|(key, _)| key);
    let key = keys.find(|key| network_name(scope, key) == internal).unwrap_or(internal);
    let help = format!("add `{key}` to its `networks`");
    let written = service.get("networks").filter(|node| node.hops().next().is_none());
    let names: Vec<&str> = service.networks().map(|(name, _)| name).collect();
    match written.filter(|_| names != ["default"] || is_written(scope, service)) {
        Some(networks) => {
            let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let draft = verdicts.violation(
                service,
                networks,
                format!("is on {list} only, expected the internal network `{key}` too"),
            );
            draft.label(format!("`{key}` is missing")).help(help);
            if scope.files.text(networks.origin().span).starts_with(['-', '[']) {
                let repair = Repair::Append { item: key.to_owned() };
                draft.fix(Safety::Safe, format!("join `{key}`"), repair);
            }
        }
        None => {
            let draft = verdicts.violation(
                service,
                service,
                format!("joins no network of its own choice, expected the internal network `{key}`"),
            );
            draft.help(help);
            // The implied `default` network goes away with the first one named.
            let repair = Repair::Set { path: "networks".to_owned(), value: format!("[{key}]") };
            draft.fix(Safety::Unsafe, format!("join `{key}`"), repair);
        }
    }
}

/// True if the service's text says which networks it joins.
fn is_written(scope: &Scope<'_>, service: &Service<'_>) -> bool {
    service.node.key_span("networks").is_some_and(|span| scope.files.text(span).contains("networks"))
}

/// Reports what the service waits for and cannot talk to; true if there is such a thing.
fn judge_dependencies(
    scope: &Scope<'_>,
    reach: &Reach<'_>,
    service: &Service<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    if !matches!(reach.connection(service), Connection::Networks(_)) {
        return false;
    }
    let mut found = false;
    for Dependency { service: name, node, condition, .. } in service.depends_on() {
        let Some(target) = scope.service(name) else { continue };
        // Something that has ended is waited for because of what it left behind, not to talk to it.
        let is_peer = condition != "service_completed_successfully"
            && matches!(reach.connection(target), Connection::Networks(_))
            && !node.hops().any(|hop| matches!(hop, hardpan_compose::Hop::Implied { .. }));
        if is_peer && !reach.is_shared(service, target) {
            found = true;
            verdicts
                .violation(service, node, format!("depends on `{name}` and shares no network with it"))
                .severity(Severity::Medium)
                .label("cannot be reached from here")
                .related(target.key, "the service depended on")
                .help("let both join one network, or drop the dependency");
        }
    }
    found
}
