//! HP-SEC-014: a port is published and nobody can reach it.

use hardpan_compose::{NodeRef, Value};

use super::entry_points;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/unreachable-published-port/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-014",
    name: "unreachable-published-port",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["compose-spec, networks, internal", "compose-spec, services, ports"],
    doc: include_str!("../../../rules/unreachable-published-port/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let Some(ports) = service.get("ports").filter(|ports| ports.items().next().is_some()) else {
            verdicts.not_applicable(service, "publishes no port");
            continue;
        };
        match service.text("network_mode") {
            Some("host") => {
                verdicts.not_applicable(service, "has the host's interfaces, where nothing is published");
                continue;
            }
            Some("none") => {
                verdicts
                    .violation(service, ports, "ports are published, but the container has no network")
                    .help("remove `ports`, or join a network");
                continue;
            }
            _ => {}
        }
        match reach(scope, service) {
            Reach::Open => {}
            Reach::External(name) => {
                verdicts.unknown(
                    service,
                    ports,
                    format!("whether the ports can be reached depends on the external network `{name}`"),
                );
                continue;
            }
            Reach::Internal(places) => {
                let draft = verdicts
                    .violation(
                        service,
                        ports,
                        "ports are published, but every network of the service is internal: nobody outside can reach them",
                    )
                    .help("remove `ports`, or join a network that is not internal");
                for node in places {
                    draft.related(node.origin().span, "internal");
                }
                continue;
            }
        }
        if !report_silent_ports(scope, service, verdicts) {
            verdicts.satisfied(service);
        }
    }
}

enum Reach<'p> {
    Open,
    /// Only external networks could be open.
    External(&'p str),
    /// The `internal` attributes that close them.
    Internal(Vec<NodeRef<'p>>),
}

fn reach<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Reach<'p> {
    let (mut internal, mut external) = (Vec::new(), None);
    for (name, _) in service.networks() {
        let network = scope.resource("networks", name);
        let flag = |attribute: &str| {
            network
                .and_then(|network| network.get(attribute))
                .filter(|node| matches!(node.value(), Value::Bool(true)))
        };
        if let Some(node) = flag("internal") {
            internal.push(node);
        } else if flag("external").is_some() {
            external = external.or(Some(name));
        } else {
            return Reach::Open;
        }
    }
    match (external, internal.is_empty()) {
        // Networks that others declare are open more often than not; only beside internal ones it is worth a word.
        (Some(name), false) => Reach::External(name),
        (None, false) => Reach::Internal(internal),
        (_, true) => Reach::Open,
    }
}

/// Reports ports that the image built here does not expose and that nothing of the service mentions. True if any.
fn report_silent_ports<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) -> bool {
    if let Some(ports) = entry_points::of(scope, service) {
        return report_without_entry_point(service, &ports, verdicts);
    }
    let Some(build) = scope.image_source(service).build() else { return false };
    let image = &build.image;
    let exposed: Vec<(u16, u16)> =
        image.ports.iter().filter_map(|port| Some((port.first?, port.last?))).collect();
    // A port of `EXPOSE` that is not known may be any.
    if exposed.is_empty() || exposed.len() < image.ports.len() {
        return false;
    }
    let mut found = false;
    for port in service.items("ports") {
        let Some(Value::Int(target)) = port.get("target").map(NodeRef::value) else { continue };
        let is_exposed =
            exposed.iter().any(|(first, last)| (i64::from(*first)..=i64::from(*last)).contains(target));
        let digits = target.to_string();
        if is_exposed || mentions(build.text(), &digits) || service_mentions(service, &digits) {
            continue;
        }
        found = true;
        let listed: Vec<String> = exposed.iter().map(|(first, last)| range(*first, *last)).collect();
        verdicts
            .violation(
                service,
                port,
                format!(
                    "port {digits} of the container is published, but its image exposes {}",
                    listed.join(", ")
                ),
            )
            .help("publish the port that the program listens on");
    }
    found
}

/// Reports ports of a Traefik that none of its entry points listens on. True if any.
fn report_without_entry_point(service: &Service<'_>, ports: &[u16], verdicts: &mut Verdicts<'_>) -> bool {
    let mut found = false;
    for port in service.items("ports") {
        let Some(Value::Int(target)) = port.get("target").map(NodeRef::value) else { continue };
        if ports.iter().any(|port| i64::from(*port) == *target) {
            continue;
        }
        found = true;
        verdicts
            .violation(
                service,
                port,
                format!("port {target} of the container is published, but no entry point listens on it"),
            )
            .help("remove the port, or define an entry point with its address");
    }
    found
}

fn range(first: u16, last: u16) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Whether the service's own text names the port: then it may be told to listen there.
fn service_mentions(service: &Service<'_>, digits: &str) -> bool {
    let mut pending: Vec<NodeRef<'_>> =
        ["environment", "command", "entrypoint", "healthcheck", "expose", "labels", "build", "configs"]
            .iter()
            .filter_map(|attribute| service.get(attribute))
            .collect();
    while let Some(node) = pending.pop() {
        match node.value() {
            Value::Str(text) if mentions(text, digits) => return true,
            Value::Int(number) if number.to_string() == digits => return true,
            _ => {}
        }
        pending.extend(node.items());
        pending.extend(node.entries().map(|(_, value)| value));
    }
    false
}

/// Whether the number stands in the text by itself.
fn mentions(text: &str, digits: &str) -> bool {
    text.match_indices(digits).any(|(at, _)| {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let bytes = text.as_bytes();
        !is_digit(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !is_digit(bytes.get(at + digits.len()))
    })
}
