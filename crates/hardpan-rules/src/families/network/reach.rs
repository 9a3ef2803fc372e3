//! Which names a service answers to, and to whom.

use std::collections::HashMap;

use hardpan_compose::{NodeRef, Value};

use crate::{Scope, Service, ServiceId};

/// How a service is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Connection<'p> {
    /// To networks, by their names outside the project.
    Networks(Vec<&'p str>),
    /// To the host's own network.
    Host,
    /// To the engine's default bridge, which resolves no names.
    Bridge,
    /// To nothing.
    None,
    /// To whatever another container is connected to.
    Elsewhere,
}

/// What a host name means to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A service it can reach, or itself, or an entry of its own hosts file.
    Reachable,
    /// Only services that it shares no network with.
    OutOfReach(ServiceId),
    /// A service whose `hostname` it is, which only that container itself can resolve.
    OnlyHostname(ServiceId),
    /// A service that uses the network of another one, by whose name it is reached.
    Nameless(ServiceId),
    /// Nothing in the project.
    Unknown,
}

/// The names of all services.
#[derive(Debug)]
pub(super) struct Reach<'p> {
    connections: Vec<Connection<'p>>,
    /// The service, and the network where the name is an alias of that network only; names in lower case.
    names: HashMap<String, Vec<(ServiceId, Option<&'p str>)>>,
    hostnames: HashMap<String, ServiceId>,
    /// The names of all networks, by which a name may be qualified (`db.backend`).
    networks: Vec<&'p str>,
    external: Vec<&'p str>,
    project: &'p str,
}

impl<'p> Reach<'p> {
    pub(super) fn new(scope: &Scope<'p>) -> Self {
        let mut reach = Self {
            connections: scope.services().iter().map(|service| connection(scope, service)).collect(),
            names: HashMap::new(),
            hostnames: HashMap::new(),
            networks: Vec::new(),
            external: Vec::new(),
            project: scope.project.name(),
        };
        for (key, network) in scope.project.section("networks") {
            let name = network_name(scope, key);
            reach.networks.push(name);
            if is_external(network) {
                reach.external.push(name);
            }
        }
        for service in scope.services() {
            let mut add = |name: &str, network| {
                let known = reach.names.entry(name.to_ascii_lowercase()).or_default();
                known.push((service.id, network));
            };
            add(service.name, None);
            if let Some(name) = service.text("container_name") {
                add(name, None);
            }
            for (key, network) in service.networks() {
                let network_name = network_name(scope, key);
                for alias in network.get("aliases").into_iter().flat_map(NodeRef::items) {
                    if let Some(alias) = alias.as_str() {
                        add(alias, Some(network_name));
                    }
                }
            }
            if let Some(hostname) = service.text("hostname") {
                reach.hostnames.entry(hostname.to_ascii_lowercase()).or_insert(service.id);
            }
        }
        reach
    }

    pub(super) fn connection(&self, service: &Service<'_>) -> &Connection<'p> {
        &self.connections[service.id.index()]
    }

    /// True if the service joins a network on which containers outside the project may be.
    pub(super) fn joins_external(&self, service: &Service<'_>) -> bool {
        match self.connection(service) {
            Connection::Networks(networks) => networks.iter().any(|name| self.external.contains(name)),
            Connection::Host | Connection::Elsewhere => true,
            Connection::Bridge | Connection::None => false,
        }
    }

    /// True if two services are on a common network.
    pub(super) fn is_shared(&self, one: &Service<'_>, other: &Service<'_>) -> bool {
        match (self.connection(one), self.connection(other)) {
            (Connection::Networks(one), Connection::Networks(other)) => {
                one.iter().any(|name| other.contains(name))
            }
            // Nothing is known of another container's networks; on the host everything published can be reached.
            (Connection::Elsewhere, _) | (_, Connection::Elsewhere) => true,
            (Connection::Host, Connection::Host) | (Connection::Bridge, Connection::Bridge) => true,
            _ => false,
        }
    }

    /// What a host name means to a service.
    pub(super) fn meaning(&self, scope: &Scope<'p>, service: &Service<'p>, host: &str) -> Meaning {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if answers_itself(scope, service, &host) {
            return Meaning::Reachable;
        }
        let bare = host.strip_prefix("tasks.").unwrap_or(&host);
        let qualified = bare
            .split_once('.')
            .filter(|(_, network)| self.networks.iter().any(|name| name.eq_ignore_ascii_case(network)));
        let bare = match qualified {
            Some((name, _)) if !self.names.contains_key(bare) => name,
            _ => bare,
        };
        let instance = || self.without_instance(bare).and_then(|name| self.names.get(name));
        let holders = self.names.get(bare).or_else(instance);
        let Some(holders) = holders else {
            return match self.hostnames.get(bare) {
                Some(&id) if id == service.id => Meaning::Reachable,
                // Nobody knows how another container's network resolves names.
                Some(_) if *self.connection(service) == Connection::Elsewhere => Meaning::Reachable,
                Some(&id) => Meaning::OnlyHostname(id),
                None => Meaning::Unknown,
            };
        };
        let is_reachable = holders.iter().any(|&(id, network)| {
            let holder = scope.service_of(id);
            id == service.id
                || lends_network(holder).is_none()
                    && match (self.connection(service), network) {
                        // Names are the embedded resolver's, which serves user-defined networks only.
                        (Connection::Host | Connection::Bridge, _) => false,
                        (Connection::Elsewhere, _) | (_, None) => self.is_shared(service, holder),
                        (Connection::Networks(joined), Some(network)) => joined.contains(&network),
                        (Connection::None, _) => false,
                    }
        });
        let first = holders[0].0;
        match lends_network(scope.service_of(first)) {
            _ if is_reachable => Meaning::Reachable,
            Some(_) => Meaning::Nameless(first),
            None => Meaning::OutOfReach(first),
        }
    }

    /// `db` for `project-db-1`, the name that Compose gives the container.
    fn without_instance<'t>(&self, name: &'t str) -> Option<&'t str> {
        let rest = name.strip_prefix(self.project)?.strip_prefix(['-', '_'])?;
        let (service, number) = rest.rsplit_once(['-', '_'])?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some(service)
    }
}

/// True for names in the container's own hosts file, or made by the engine's links.
fn answers_itself(scope: &Scope<'_>, service: &Service<'_>, host: &str) -> bool {
    let is_own = |name: &str| name.eq_ignore_ascii_case(host);
    let extra = service.items("extra_hosts").filter_map(NodeRef::as_str);
    let mut extra = extra.filter_map(|entry| entry.split(['=', ':']).next());
    let mut extra_map = service.entries("extra_hosts").map(|(name, _)| name);
    let links = service.items("links").chain(service.items("external_links"));
    let mut links = links.filter_map(NodeRef::as_str).filter_map(|link| link.rsplit(':').next());
    let shared = lends_network(service);
    service.text("hostname").is_some_and(is_own)
        || extra.any(is_own)
        || extra_map.any(is_own)
        || links.any(is_own)
        || shared
            .and_then(|name| scope.service(name))
            .is_some_and(|other| is_own(other.name) || other.text("hostname").is_some_and(is_own))
}

/// The service whose network a service uses.
pub(super) fn lends_network<'p>(service: &Service<'p>) -> Option<&'p str> {
    service.text("network_mode")?.strip_prefix("service:")
}

/// The networks of a service, of the service whose network it uses, or what it has instead.
fn connection<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Connection<'p> {
    // A chain of `service:` is as long as there are services at most; a longer one is a circle.
    let mut service = service;
    for _ in 0..=scope.services().len() {
        match service.text("network_mode") {
            None | Some("") => {
                return Connection::Networks(
                    service.networks().map(|(key, _)| network_name(scope, key)).collect(),
                );
            }
            Some("host") => return Connection::Host,
            Some("none") => return Connection::None,
            Some("bridge" | "default") => return Connection::Bridge,
            Some(mode) => match mode.strip_prefix("service:").and_then(|name| scope.service(name)) {
                Some(other) => service = other,
                None => return Connection::Elsewhere,
            },
        }
    }
    Connection::Elsewhere
}

/// The name of a network outside the project, by which two keys may mean the same one.
pub(super) fn network_name<'p>(scope: &Scope<'p>, key: &'p str) -> &'p str {
    scope
        .resource("networks", key)
        .and_then(|network| network.get("name")?.as_str())
        .filter(|name| !name.is_empty())
        .unwrap_or(key)
}

pub(super) fn is_external(network: NodeRef<'_>) -> bool {
    network.get("external").is_some_and(|value| matches!(value.value(), Value::Bool(true)))
}
