//! HP-NET-009: the gateway's entry points and the ports around them do not agree.

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::Span;

use super::gateway::is_traefik;
use super::texts::{self, Kind};
use super::traefik::Traefik;
use super::zone_breach::number_or_text;
use crate::finding::Place;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/mismatched-port/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-009",
    name: "mismatched-port",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["Traefik 3, entry points", "compose-spec, services, expose"],
    doc: include_str!("../../../rules/mismatched-port/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let traefik = Traefik::new(scope);
    if let Some(traefik) = &traefik {
        judge_gateway(scope, traefik, verdicts);
        judge_names(scope, traefik, verdicts);
    }
    for service in scope.services() {
        let mut ports = service.labels().filter(|(key, _)| is_server_port(key)).peekable();
        if ports.peek().is_none() && traefik.as_ref().is_none_or(|one| one.service != Some(service.id)) {
            verdicts.not_applicable(service, "the gateway routes to no port of it");
        }
        // Traefik wants a port for its own dashboard too and does not use it.
        for (_, node) in ports.filter(|_| !is_traefik(service)) {
            judge_target(scope, service, node, verdicts);
        }
    }
}

/// Every port that the gateway publishes has an entry point.
fn judge_gateway(scope: &Scope<'_>, traefik: &Traefik, verdicts: &mut Verdicts<'_>) {
    let Some(service) = traefik.service.map(|id| scope.service_of(id)) else { return };
    let points = &traefik.statics.entry_points;
    let is_open = points.iter().any(|point| point.port.is_none());
    let mut is_clean = true;
    for port in service.items("ports") {
        let target = port.get("target").and_then(number_or_text).and_then(|text| text.parse::<u16>().ok());
        let Some(target) = target else { continue };
        if !traefik.statics.is_complete {
            is_clean = false;
            let message = "its entry points are said in a static configuration that is not here";
            verdicts.unknown(service, port, message);
            continue;
        }
        let is_udp = port.get("protocol").and_then(NodeRef::as_str) == Some("udp");
        let listens = points.iter().any(|point| {
            point.port == Some(target) && if is_udp { point.is_udp || point.has_http3 } else { !point.is_udp }
        });
        if listens {
            continue;
        }
        is_clean = false;
        let kind = if is_udp { "UDP port" } else { "port" };
        if is_open {
            let message =
                format!("whether an entry point listens on {kind} `{target}` depends on a variable");
            verdicts.unknown(service, port, message);
            continue;
        }
        let draft = verdicts.violation(
            service,
            port,
            format!("publishes {kind} `{target}` of the container, on which no entry point listens"),
        );
        let known: Vec<String> =
            points.iter().filter_map(|point| Some(format!("`{}` on {}", point.name, point.port?))).collect();
        draft.label("nothing answers here").help(format!("the entry points are {}", known.join(", ")));
        for point in points {
            if let Place::At { span, .. } = point.place {
                draft.related(span, format!("entry point `{}`", point.name));
            }
        }
    }
    if is_clean {
        verdicts.satisfied(service);
    }
}

/// Every entry point that a router names is there.
fn judge_names(scope: &Scope<'_>, traefik: &Traefik, verdicts: &mut Verdicts<'_>) {
    if !traefik.statics.is_complete || traefik.service.is_none() {
        return;
    }
    let points = &traefik.statics.entry_points;
    let known: Vec<String> = points.iter().map(|point| format!("`{}`", point.name)).collect();
    for router in &traefik.routers {
        for word in &router.entry_points {
            if !points.iter().any(|point| point.name.eq_ignore_ascii_case(&word.text)) {
                verdicts
                    .violation(
                        scope.service_of(router.owner),
                        word.place.clone(),
                        format!(
                            "router `{}` waits at entry point `{}`, which does not exist",
                            router.name, word.text
                        ),
                    )
                    .label("no such entry point")
                    .help(format!("the entry points are {}", known.join(", ")));
            }
        }
    }
}

fn is_server_port(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("traefik.") && key.contains(".services.") && key.ends_with(".loadbalancer.server.port")
}

/// The port that the gateway sends requests to is one that the service listens on, as far as its text tells.
fn judge_target(scope: &Scope<'_>, service: &Service<'_>, node: NodeRef<'_>, verdicts: &mut Verdicts<'_>) {
    let Some(text) = number_or_text(node) else { return };
    let Ok(port) = text.trim().parse::<u16>() else {
        if node.hops().any(|hop| matches!(hop, Hop::Variable { set: VariableSource::Unset, .. })) {
            verdicts.unknown(service, node, "the port comes from a variable without a value");
        } else {
            verdicts
                .violation(service, node, format!("sends requests to port `{text}`, expected a number"))
                .help("write the port that the program in the container listens on");
        }
        return;
    };
    let exposed = exposed(scope, service);
    let mut published = service.items("ports").filter_map(|port| port.get("target").and_then(number_or_text));
    let is_published = published.any(|target| target == text.trim());
    if exposed.iter().any(|(low, high, _)| (*low..=*high).contains(&port))
        || is_published
        || is_named(service, port)
    {
        verdicts.satisfied(service);
    } else if let Some((low, _, span)) = exposed.first() {
        let list: Vec<String> = exposed.iter().map(|(low, ..)| format!("`{low}`")).collect();
        let draft = verdicts.violation(
            service,
            node,
            format!("sends requests to port `{port}`, found only {} exposed", list.join(", ")),
        );
        draft.label("nothing is said to listen there").help(format!("write `{low}`, or expose `{port}` too"));
        if let Some(span) = span {
            draft.related(*span, "exposed here");
        }
    } else {
        verdicts.unknown(
            service,
            node,
            "the image knows which ports the program listens on, the files do not",
        );
    }
}

/// Ranges of ports that the service or its Dockerfile exposes, with where the service says so.
fn exposed(scope: &Scope<'_>, service: &Service<'_>) -> Vec<(u16, u16, Option<Span>)> {
    let mut ports = Vec::new();
    for node in service.items("expose") {
        ports.extend(
            number_or_text(node)
                .and_then(|text| range(&text))
                .map(|(low, high)| (low, high, Some(node.origin().span))),
        );
    }
    let context = service.text("build.context").filter(|context| context.starts_with('/'));
    if let Some(context) = context {
        let name = service.text("build.dockerfile").unwrap_or("Dockerfile");
        let path = if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{}/{name}", context.trim_end_matches('/'))
        };
        let file = scope.files.read(&path);
        let lines = file.iter().flat_map(|file| file.text().lines());
        for line in lines {
            let mut words = line.split_whitespace();
            if words.next().is_some_and(|first| first.eq_ignore_ascii_case("expose")) {
                ports.extend(words.filter_map(range).map(|(low, high)| (low, high, None)));
            }
        }
    }
    ports
}

/// `80`, `80/tcp` or `8000-8010`.
fn range(text: &str) -> Option<(u16, u16)> {
    let ports = text.split('/').next()?;
    let (low, high) = ports.split_once('-').unwrap_or((ports, ports));
    Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
}

/// True if a variable, the command or the health check of the service has the number.
fn is_named(service: &Service<'_>, port: u16) -> bool {
    let digits = port.to_string();
    let texts = texts::own(service);
    let mut relevant = texts.iter().filter(|text| text.kind != Kind::Label);
    relevant.any(|text| {
        let mut words = text.value.split(|character: char| !character.is_ascii_digit());
        words.any(|word| word == digits)
    })
}
