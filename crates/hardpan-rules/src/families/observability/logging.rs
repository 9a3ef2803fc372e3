//! Who logs to Loki by the log driver, and what Loki itself cannot do without.

use std::collections::HashMap;

use hardpan_compose::{NodeRef, Value};

use super::cursor::Cursor;
use super::mounts::{Program, Setup};
use super::names::{host_and_port, mentions};
use super::programs;
use crate::{Place, Scope, Service, ServiceId, ServiceKind};

/// The plugin, where nobody has given it the name `loki`.
const PLUGIN: &str = "grafana/loki-docker-driver";

/// True if the log driver of a service is the one that pushes to Loki, whatever the plugin is called on the host.
pub(super) fn logs_to_loki(service: &Service<'_>) -> bool {
    let driver = service.text("logging.driver").unwrap_or_default();
    driver == "loki" || driver.starts_with(PLUGIN) || option(service, "loki-url").is_some()
}

/// An option of the log driver.
pub(super) fn option<'p>(service: &Service<'p>, name: &str) -> Option<NodeRef<'p>> {
    service.get("logging.options")?.get(name).filter(|value| !value.is_null())
}

/// Where a missing option is reported: the options, else the driver.
pub(super) fn options_place(service: &Service<'_>) -> Place {
    let Some(logging) = service.get("logging") else { return service.into() };
    match (logging.key_span("options"), logging.get("driver")) {
        (Some(span), _) if service.get("logging.options").is_some() => Place::from(span),
        (_, Some(driver)) => driver.into(),
        _ => logging.into(),
    }
}

/// The text of a scalar of any kind.
pub(super) fn scalar(node: NodeRef<'_>) -> String {
    match node.value() {
        Value::Str(text) | Value::Time(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Seq(_) | Value::Map(_) => String::new(),
    }
}

/// True if a service offers a port of its own at this port of the host.
pub(super) fn publishes(service: &Service<'_>, port: &str) -> bool {
    super::names::is_on_host(service)
        || service.items("ports").any(|entry| {
            let published = entry.get("published").map(scalar).unwrap_or_default();
            match (published.split_once('-'), port.parse::<u16>()) {
                (None, _) => published == port,
                (Some((first, last)), Ok(port)) => {
                    let holds = |bound: &str| bound.parse::<u16>().ok();
                    holds(first).is_some_and(|first| first <= port)
                        && holds(last).is_some_and(|last| port <= last)
                }
                _ => false,
            }
        })
}

/// Why Loki cannot do without a service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It is Loki.
    IsLoki,
    /// Loki keeps its data there, or finds its other parts by it.
    Backend,
    /// What is pushed to Loki passes through it.
    Way,
}

const CONFIGURATION: Program<'_> = Program {
    options: &["-config.file", "--config.file"],
    defaults: &["/etc/loki/local-config.yaml", "/etc/loki/loki.yaml", "/etc/loki/config.yaml"],
    is_it: |text| text.roots().iter().any(|root| root.get("schema_config").is_some()),
};

/// The services that must not log to Loki, because Loki would wait for itself.
pub(super) fn needs(scope: &Scope<'_>) -> HashMap<ServiceId, Need> {
    let lokis: Vec<&Service<'_>> = scope
        .services()
        .iter()
        .filter(|service| {
            programs::runs(scope, service, programs::LOKI)
                || programs::runs(scope, service, programs::ALL_IN_ONE)
        })
        .collect();
    let mut needs: HashMap<ServiceId, Need> = lokis.iter().map(|loki| (loki.id, Need::IsLoki)).collect();
    if lokis.is_empty() {
        return needs;
    }
    for loki in &lokis {
        add_backends(scope, loki, &mut needs);
    }
    add_way(scope, &mut needs);
    needs
}

/// What Loki waits for, and whom its configuration and environment name as hosts.
fn add_backends<'p>(scope: &Scope<'p>, loki: &Service<'p>, needs: &mut HashMap<ServiceId, Need>) {
    let mut pending: Vec<&str> = loki.depends_on().map(|dependency| dependency.service).collect();
    let mut seen: Vec<&str> = Vec::new();
    while let Some(name) = pending.pop() {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        if let Some(service) = scope.service(name).filter(|service| can_be_backend(scope, service)) {
            needs.entry(service.id).or_insert(Need::Backend);
            pending.extend(service.depends_on().map(|dependency| dependency.service));
        }
    }
    let hosts = hosts_of(scope, loki);
    for service in scope.services() {
        let is_named = hosts.iter().any(|host| {
            host == service.name || service.text("container_name").is_some_and(|name| name == host)
        });
        if is_named && can_be_backend(scope, service) {
            needs.entry(service.id).or_insert(Need::Backend);
        }
    }
}

/// Dashboards, agents and other readers and writers of logs are no part of Loki, whatever it waits for.
fn can_be_backend(scope: &Scope<'_>, service: &Service<'_>) -> bool {
    let others = [
        programs::GRAFANA,
        programs::PROMETHEUS,
        programs::ALERTMANAGER,
        programs::PROMTAIL,
        programs::ALLOY,
        programs::OTEL_COLLECTOR,
        programs::TEMPO,
        programs::PYROSCOPE,
        programs::TRACERS,
    ];
    service.kind == ServiceKind::LongRunning
        && !others.iter().any(|names| programs::runs(scope, service, names))
}

/// The hosts that Loki's configuration and environment name.
fn hosts_of<'p>(scope: &Scope<'p>, loki: &Service<'p>) -> Vec<String> {
    let mut hosts: Vec<String> =
        loki.environment().map(|(_, value)| host_and_port(&scalar(value)).0.to_owned()).collect();
    if let Setup::Read(text) = CONFIGURATION.setup(scope, loki) {
        for root in text.roots() {
            add_hosts(root, 0, &mut hosts);
        }
    }
    hosts
}

/// Configurations do not nest deeper; a circle of aliases does.
const DEPTH_MAX: usize = 24;

fn add_hosts(value: Cursor<'_>, depth: usize, hosts: &mut Vec<String>) {
    if depth == DEPTH_MAX {
        return;
    }
    if let Some(text) = value.text() {
        hosts.push(host_and_port(text).0.to_owned());
    }
    for item in value.items() {
        add_hosts(item, depth + 1, hosts);
    }
    for (_, _, value) in value.entries() {
        add_hosts(value, depth + 1, hosts);
    }
}

/// A proxy that offers, at the host's port of a `loki-url`, what its own text forwards to Loki.
fn add_way(scope: &Scope<'_>, needs: &mut HashMap<ServiceId, Need>) {
    let mut ports: Vec<String> = Vec::new();
    for service in scope.services().iter().filter(|service| logs_to_loki(service)) {
        let url = option(service, "loki-url").map(scalar).unwrap_or_default();
        let port = host_and_port(&url).1.map(str::to_owned);
        ports.extend(port.filter(|port| !ports.contains(port)));
    }
    for service in scope.services() {
        let offers = |port: &String| !super::names::is_on_host(service) && publishes(service, port);
        if ports.iter().any(offers) && service.kind == ServiceKind::LongRunning {
            needs.entry(service.id).or_insert(Need::Way);
        }
    }
}

/// True if a text of the service's configuration speaks of a name.
pub(super) fn speaks_of(service: &Service<'_>, name: &str) -> bool {
    let environment = service.environment().map(|(_, value)| value);
    let words = ["entrypoint", "command"].into_iter().flat_map(|attribute| service.words(attribute));
    environment.chain(words).filter_map(NodeRef::as_str).any(|text| mentions(text, name))
}
