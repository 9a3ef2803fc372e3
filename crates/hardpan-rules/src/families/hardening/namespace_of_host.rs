//! HP-SEC-006: the container shares a namespace with the host.

use std::collections::HashMap;

use hardpan_compose::{NodeRef, Value};

use super::unset_variable;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/namespace-of-host/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-006",
    name: "namespace-of-host",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 004, NFR-SEC-01",
        "CIS Docker 1.6.0, 5.10",
        "CIS Docker 1.6.0, 5.16",
        "CIS Docker 1.6.0, 5.17",
        "CIS Docker 1.6.0, 5.21",
        "CIS Docker 1.6.0, 5.31",
    ],
    doc: include_str!("../../../rules/namespace-of-host/doc.md"),
    check,
};

/// The attributes that choose a namespace, with what sharing it means.
const NAMESPACES: [(&str, &str); 6] = [
    ("pid", "sees and signals every process of the host"),
    ("network_mode", "has the host's interfaces and reaches what listens on its loopback"),
    ("ipc", "has the host's shared memory"),
    ("uts", "can rename the host"),
    ("userns_mode", "has the host's user ids, also where the engine remaps them"),
    ("cgroup", "sees the control groups of the host"),
];

/// How many containers that join one another are followed. People chain two; the engine starts no circle.
const CHAIN_MAX: usize = 16;

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let named = scope.services().iter().filter_map(|one| Some((one.text("container_name")?, one)));
    let containers: HashMap<&str, &Service<'_>> = named.collect();
    for service in scope.services() {
        let mut found = false;
        for (attribute, what) in NAMESPACES {
            let Some(node) = service.get(attribute) else { continue };
            match leads_to_host(scope, &containers, service, attribute) {
                Some(Way::Direct) => {
                    found = true;
                    verdicts
                        .violation(service, node, format!("`{attribute}` is the host's: container {what}"))
                        .help(format!("remove `{attribute}`, or waive it with the ADR that justifies it"))
                        .fix(Safety::Unsafe, "give it a namespace of its own", Repair::Remove);
                }
                Some(Way::Through(at)) => {
                    found = true;
                    verdicts
                        .violation(
                            service,
                            node,
                            format!("`{attribute}` ends at the host's: container {what}"),
                        )
                        .related(at.origin().span, "this one is the host's")
                        .help(format!("remove `{attribute}`, or that of the service it joins"));
                }
                Some(Way::Outside(name)) => {
                    found = true;
                    verdicts.unknown(
                        service,
                        node,
                        format!("`{attribute}` is that of `{name}`, a container outside of the project"),
                    );
                }
                None if node.as_str().is_some_and(str::is_empty) => {
                    if let Some(variable) = unset_variable(node) {
                        found = true;
                        verdicts.unknown(
                            service,
                            node,
                            format!("`{attribute}` depends on `{variable}`, which is not set"),
                        );
                    }
                }
                None => {}
            }
        }
        if let Some(node) = host_network(scope, service) {
            found = true;
            verdicts
                .violation(service, node, "joins the network `host`: container has the host's interfaces")
                .help("join a network of the project instead");
        }
        if !found {
            verdicts.satisfied(service);
        }
    }
}

/// How a namespace comes to be the host's.
enum Way<'p> {
    /// The service asks for it.
    Direct,
    /// It joins a container that does; the value there.
    Through(NodeRef<'p>),
    /// It joins a container that the files do not have; its name.
    Outside(&'p str),
}

/// Follows `service:x` and `container:x` to the container that decides.
fn leads_to_host<'s, 'p>(
    scope: &'s Scope<'p>,
    containers: &HashMap<&'p str, &'s Service<'p>>,
    service: &Service<'p>,
    attribute: &str,
) -> Option<Way<'p>> {
    let mut node = service.get(attribute)?;
    for step in 0..CHAIN_MAX {
        let mode = node.as_str()?;
        if mode == "host" {
            return Some(if step == 0 { Way::Direct } else { Way::Through(node) });
        }
        let next = match mode.split_once(':')? {
            ("service", name) => scope.service(name)?,
            ("container", name) => match containers.get(name) {
                Some(container) => container,
                None => return Some(Way::Outside(name)),
            },
            _ => return None,
        };
        node = next.get(attribute)?;
    }
    None
}

/// The old way to the host's network: an external network of that name.
fn host_network<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Option<NodeRef<'p>> {
    service.networks().find_map(|(name, _)| {
        let network = scope.resource("networks", name)?;
        let is_external =
            network.get("external").is_some_and(|node| matches!(node.value(), Value::Bool(true)));
        let name = network.get("name").filter(|name| name.as_str() == Some("host"))?;
        is_external.then_some(name)
    })
}
