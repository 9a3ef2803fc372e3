//! HP-NET-001: a container has an address of its own choosing.

use std::collections::{HashMap, HashSet};

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::{Edit, Span};

use super::address::{Literal, literals};
use super::reach::{Connection, Reach, is_external};
use super::texts;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/static-address/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-001",
    name: "static-address",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 001, REQ-SPC-OPT-003",
        "document 002, REQ-SPC-AUTO-003",
        "compose-spec, services, networks",
    ],
    doc: include_str!("../../../rules/static-address/doc.md"),
    check,
};

/// An address that a service asks for.
struct Address<'p> {
    node: NodeRef<'p>,
    what: &'static str,
    network: Option<&'p str>,
    /// The key that it is the value of; none for an item of a list.
    key: Option<Span>,
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let reach = Reach::new(scope);
    let has_addresses = scope.services().iter().any(|service| !addresses(service).is_empty());
    let index = if has_addresses { index(scope) } else { Index::new() };
    for service in scope.services() {
        let addresses = addresses(service);
        let is_connected = matches!(reach.connection(service), Connection::Networks(_));
        if addresses.is_empty() {
            let shares = service.text("network_mode").is_some_and(|mode| !mode.is_empty());
            if shares || !is_connected {
                verdicts.not_applicable(service, "it joins no network of its own");
            } else {
                verdicts.satisfied(service);
            }
        }
        for address in addresses {
            judge(scope, service, &address, &index, verdicts);
        }
    }
}

fn judge(
    scope: &Scope<'_>,
    service: &Service<'_>,
    address: &Address<'_>,
    index: &Index,
    verdicts: &mut Verdicts<'_>,
) {
    let Address { node, what, network, key } = *address;
    let value = node.as_str().unwrap_or_default();
    let on = network.map(|name| format!(" on network `{name}`")).unwrap_or_default();
    if value.is_empty() {
        verdicts.unknown(service, node, format!("the {what}{on} comes from a variable without a value"));
        return;
    }
    let is_external = network.and_then(|name| scope.resource("networks", name)).is_some_and(is_external);
    let mut users = index.get(value).into_iter().flatten();
    let user = users.find(|span| **span != node.origin().span).copied();
    let safety =
        if user.is_some() || is_external || what == "MAC address" { Safety::Unsafe } else { Safety::Safe };
    let draft = verdicts
        .violation(service, node, format!("found a fixed {what}{on}, expected one that Docker assigns"))
        .label("fixed here")
        .help("remove it, and let peers use the name of the service");
    let repair = match network {
        None => Some(Repair::Remove),
        Some(_) => key.and_then(|key| removal(scope, key, node)),
    };
    if let Some(repair) = repair {
        draft.fix(safety, format!("remove the fixed {what}"), repair);
    }
    if let Some(user) = user {
        draft.related(user, "a peer refers to it here");
    }
}

/// The addresses that a service asks for. Blank ones count where a variable should have brought them.
fn addresses<'p>(service: &Service<'p>) -> Vec<Address<'p>> {
    let mut found = Vec::new();
    for (name, network) in service.networks() {
        for (key, what) in [
            ("ipv4_address", "IPv4 address"),
            ("ipv6_address", "IPv6 address"),
            ("mac_address", "MAC address"),
        ] {
            if let Some(node) = network.get(key) {
                found.push(Address { node, what, network: Some(name), key: network.key_span(key) });
            }
        }
        let local = network.get("link_local_ips").into_iter().flat_map(NodeRef::items);
        found.extend(local.map(|node| Address {
            node,
            what: "link-local address",
            network: Some(name),
            key: None,
        }));
    }
    let own = service.get("mac_address");
    found.extend(own.map(|node| Address { node, what: "MAC address", network: None, key: None }));
    found.retain(|address| {
        address.node.as_str().is_some_and(|text| !text.is_empty() || is_unset(address.node))
    });
    found
}

/// Removes an entry of a network and leaves the network, even where the entry is all that is said of it. None where
/// the text is one that others may use, or is laid out in an unusual way.
fn removal(scope: &Scope<'_>, key: Span, node: NodeRef<'_>) -> Option<Repair> {
    let value = node.origin().span;
    let is_shared = node.hops().any(|hop| matches!(hop, Hop::Alias { .. } | Hop::Merge { .. }));
    if is_shared || key.file != value.file {
        return None;
    }
    let file = scope.files.file(key.file);
    let text = file.text();
    let (before, after) = (text.get(..key.start as usize)?, text.get(value.end as usize..)?);
    let indentation = before.len() - before.trim_end_matches(' ').len();
    let line_end = after.find('\n').map_or(after.len(), |at| at + 1);
    let rest = after[..line_end].trim();
    let starts_line = before[..before.len() - indentation].ends_with('\n');
    let (start, end) = if starts_line && (rest.is_empty() || rest.starts_with('#')) {
        (key.start as usize - indentation, value.end as usize + line_end)
    } else if before.trim_end().ends_with('{') && rest.starts_with('}') {
        (key.start as usize, value.end as usize)
    } else {
        return Some(Repair::Remove).filter(|_| rest.starts_with(',') || before.trim_end().ends_with(','));
    };
    if text[start..end].contains('&') {
        return None;
    }
    let small = |at: usize| u32::try_from(at).ok();
    let span = Span::new(key.file, small(start)?, small(end)?);
    Some(Repair::Edits(vec![Edit { span, replacement: String::new() }]))
}

/// True if a variable of the value has no value.
fn is_unset(node: NodeRef<'_>) -> bool {
    node.hops().any(|hop| matches!(hop, Hop::Variable { set: VariableSource::Unset, .. }))
}

/// Where literal addresses are named: in the values of the project and in the files that services mount.
type Index = HashMap<String, Vec<Span>>;

fn index(scope: &Scope<'_>) -> Index {
    let mut index = Index::new();
    let mut add = |text: &str, span: &dyn Fn(&Literal) -> Span| {
        if text.bytes().any(|byte| byte.is_ascii_digit()) {
            for literal in literals(text) {
                index.entry(literal.address.to_string()).or_default().push(span(&literal));
            }
        }
    };
    let mut pending = vec![scope.project.root()];
    while let Some(node) = pending.pop() {
        if let Some(text) = node.as_str() {
            add(text, &|_| node.origin().span);
        }
        pending.extend(node.items());
        pending.extend(node.entries().map(|(_, value)| value));
    }
    let mut seen = HashSet::new();
    for file in scope.services().iter().flat_map(|service| texts::mounted_files(scope, service)) {
        if seen.insert(file.id) {
            add(file.text(), &|literal| file.span(literal.range.clone()));
        }
    }
    index
}
