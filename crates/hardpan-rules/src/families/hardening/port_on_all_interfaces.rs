//! HP-SEC-013: a published port listens on every interface of the host.

use hardpan_compose::{NodeRef, Value};
use hardpan_source::Span;

use super::host_mount::add_attribute;
use super::image::Image;
use super::paths::split_outside_variables;
use super::unset_variable;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/port-on-all-interfaces/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-013",
    name: "port-on-all-interfaces",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["CIS Docker 1.6.0, 5.14", "compose-spec, services, ports"],
    doc: include_str!("../../../rules/port-on-all-interfaces/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        if service.text("network_mode") == Some("host") {
            verdicts.not_applicable(service, "has the host's interfaces, which HP-SEC-006 reports");
            continue;
        }
        let entries = entries(service);
        if entries.is_empty() {
            verdicts.not_applicable(service, "publishes no port");
            continue;
        }
        let is_gateway = is_gateway(scope, service);
        let mut found = false;
        for entry in entries {
            let address = entry.address.and_then(NodeRef::as_str).unwrap_or_default();
            let address = address.trim_matches(['[', ']']);
            let open = matches!(address, "" | "0.0.0.0" | "::" | "*" | "0:0:0:0:0:0:0:0");
            if !open || (is_gateway && entry.is_web) {
                continue;
            }
            found = true;
            report(scope, service, &entry, address, verdicts);
        }
        if !found {
            verdicts.satisfied(service);
        }
    }
}

/// One entry of `ports` as it is written; a range of ports is several ports of the model.
struct Entry<'p> {
    /// Where it is written.
    node: NodeRef<'p>,
    /// `host_ip`.
    address: Option<NodeRef<'p>>,
    /// The first and the last port of the host; empty where the engine picks one.
    published: (&'p str, &'p str),
    /// The last port of the container.
    target: i64,
    /// Whether all of it is HTTP or HTTPS on the ports that a gateway is there for.
    is_web: bool,
}

fn entries<'p>(service: &Service<'p>) -> Vec<Entry<'p>> {
    let mut entries: Vec<Entry<'p>> = Vec::new();
    for node in service.items("ports") {
        let published = node.get("published").and_then(NodeRef::as_str).unwrap_or_default();
        let target = match node.get("target").map(NodeRef::value) {
            Some(Value::Int(port)) => *port,
            _ => 0,
        };
        // Without its variable the port of the host is not known; that of the container tells as much.
        let is_web = match published {
            "" if unset_variable(node).is_some() => matches!(target, 80 | 443),
            published => matches!(published, "80" | "443"),
        };
        let same = entries.last_mut().filter(|last| last.node.origin().span == node.origin().span);
        match same {
            Some(last) => {
                last.published.1 = published;
                last.is_web &= is_web;
                last.target = target;
            }
            None => {
                let address = node.get("host_ip");
                let published = (published, published);
                entries.push(Entry { node, address, published, target, is_web });
            }
        }
    }
    entries
}

fn report<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    entry: &Entry<'p>,
    address: &str,
    verdicts: &mut Verdicts<'_>,
) {
    let port = match entry.published {
        ("", _) if unset_variable(entry.node).is_some() => format!("port {} of the container", entry.target),
        ("", _) => format!("port {} of the container at a port of the engine's choice", entry.target),
        (first, last) if first == last => format!("port {first}"),
        (first, last) => format!("ports {first} to {last}"),
    };
    let is_short = entry.node.get("target").is_some_and(|node| span(node) == span(entry.node));
    if address.is_empty()
        && let Some(variable) = hidden_address(scope, entry, is_short)
    {
        verdicts.unknown(
            service,
            entry.node,
            format!("the interface of {port} depends on `{variable}`, which is not set"),
        );
        return;
    }
    let place = entry.address.filter(|node| !is_short && node.as_str().is_some()).unwrap_or(entry.node);
    let draft = verdicts
        .violation(service, place, format!("publishes {port} on every interface"))
        .label("expected an address");
    if is_short {
        draft.help("put the address in front: `127.0.0.1:…`, or publish through the gateway");
        let text = scope.files.text(span(entry.node));
        if let Some(value) = with_loopback(&text) {
            draft.fix(Safety::Unsafe, "bind it to the loopback interface", Repair::Replace { value });
        }
    } else {
        draft.help("set `host_ip: 127.0.0.1`, or publish through the gateway");
        if place.as_str().is_some() {
            let value = "127.0.0.1".to_owned();
            draft.fix(Safety::Unsafe, "bind it to the loopback interface", Repair::Replace { value });
        } else if let Some(repair) = add_attribute(scope, entry.node, "target", "host_ip: 127.0.0.1") {
            draft.fix(Safety::Unsafe, "bind it to the loopback interface", repair);
        }
    }
}

fn span(node: NodeRef<'_>) -> Span {
    node.origin().span
}

/// The variable without a value that stands where the address would be.
fn hidden_address<'p>(scope: &Scope<'p>, entry: &Entry<'p>, is_short: bool) -> Option<&'p str> {
    if !is_short {
        return entry.address.and_then(unset_variable);
    }
    let variable = unset_variable(entry.node)?;
    let text = scope.files.text(span(entry.node));
    let text = text.trim_matches(['"', '\'']);
    let parts = split_outside_variables(text);
    // `${X}:80` leaves out an address, unless it stands for both, as in `${LISTEN}:80`.
    let can_be_address = parts.len() > 2 || !variable.to_ascii_uppercase().contains("PORT");
    (can_be_address && parts.first()?.contains(variable)).then_some(variable)
}

/// The short form with the loopback address, its quotes kept.
fn with_loopback(text: &str) -> Option<String> {
    let (quote, inner) = match text.chars().next()? {
        quote @ ('"' | '\'') => (quote.to_string(), text.strip_prefix(quote)?.strip_suffix(quote)?),
        _ => ("\"".to_owned(), text),
    };
    if inner.contains(['\n', '*', '&', '!', '"', '\'']) {
        return None;
    }
    let parts = split_outside_variables(inner);
    let rest = match parts.as_slice() {
        // A container port alone: the engine still picks the port of the host.
        [target] if !target.contains('$') => format!(":{target}"),
        [published, target] => format!("{published}:{target}"),
        [address, published, target] if !address.contains('$') => format!("{published}:{target}"),
        _ => return None,
    };
    Some(format!("{quote}127.0.0.1:{rest}{quote}"))
}

/// Whether the service is there to be reached from everywhere.
fn is_gateway(scope: &Scope<'_>, service: &Service<'_>) -> bool {
    const FAMILIES: [&str; 16] = [
        "traefik",
        "nginx-proxy",
        "caddy",
        "haproxy",
        "nginx-proxy-manager",
        "envoy",
        "swag",
        "kong",
        "apisix",
        "pomerium",
        "cloudflared",
        "https-portal",
        "docker-gen",
        "zoraxy",
        "pangolin",
        "openresty",
    ];
    const NAMES: [&str; 9] =
        ["gateway", "proxy", "ingress", "router", "edge", "nginx", "loadbalancer", "lb", "balancer"];
    if scope.policy.parameters.gateway_services.iter().any(|name| name == service.name) {
        return true;
    }
    let image = service.image().map(str::to_ascii_lowercase);
    let image = image.as_deref().map(Image::parse);
    if image.is_some_and(|image| FAMILIES.iter().any(|family| image.is_of(family))) {
        return true;
    }
    // Others are gateways where they are called one.
    let name = service.name.to_ascii_lowercase();
    let mut words = name.split(['-', '_', '.']);
    words.any(|word| NAMES.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::with_loopback;

    #[test]
    fn short_ports_get_the_loopback_address() {
        for (text, expected) in [
            ("\"8080:80\"", Some("\"127.0.0.1:8080:80\"")),
            ("${PORT:-80}:80/udp", Some("\"127.0.0.1:${PORT:-80}:80/udp\"")),
            ("'0.0.0.0:1:2'", Some("'127.0.0.1:1:2'")),
            ("80", Some("\"127.0.0.1::80\"")),
            ("${A}", None),
            ("${IP}:1:2", None),
        ] {
            assert_eq!(with_loopback(text).as_deref(), expected, "{text}");
        }
    }
}
