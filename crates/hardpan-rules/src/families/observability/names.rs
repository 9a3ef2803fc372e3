//! Whom a host name reaches from inside a container.

use std::collections::HashMap;

use hardpan_compose::NodeRef;

use crate::{Scope, Service, ServiceId};

/// The names by which containers find each other.
pub(super) struct Names<'s, 'p> {
    scope: &'s Scope<'p>,
    /// Who has a name, and in which network; none for all networks of the service.
    owners: HashMap<String, Vec<(ServiceId, Option<&'p str>)>>,
}

/// Whom a name reaches.
#[derive(Clone, Copy)]
pub(super) enum Reach<'s, 'p> {
    /// That service.
    Service(&'s Service<'p>),
    /// The container itself, or one that shares its network.
    Itself,
    /// Something outside the project.
    Outside,
    /// Only a variable or a template knows.
    Variable,
    /// That service has the name, but shares no network with the one that asks.
    Apart(&'s Service<'p>),
    /// That service has the name, but none in any network, because it uses the network of the host or of another one.
    Nameless(&'s Service<'p>),
    /// The one that asks runs in the host's network, where names of services mean nothing.
    FromHost,
    /// Nobody in the project has the name.
    Nobody,
}

impl<'s, 'p> Names<'s, 'p> {
    pub(super) fn new(scope: &'s Scope<'p>) -> Self {
        let mut owners: HashMap<String, Vec<(ServiceId, Option<&'p str>)>> = HashMap::new();
        let mut add = |name: &str, owner: ServiceId, network: Option<&'p str>| {
            owners.entry(name.to_ascii_lowercase()).or_default().push((owner, network));
        };
        let project = scope.project.name();
        for service in scope.services() {
            add(service.name, service.id, None);
            for own in ["container_name", "hostname"].iter().filter_map(|key| service.text(key)) {
                add(own, service.id, None);
            }
            for separator in ['-', '_'] {
                add(&format!("{project}{separator}{}{separator}1", service.name), service.id, None);
            }
            for (network, node) in service.networks() {
                let aliases = node.get("aliases").into_iter().flat_map(NodeRef::items);
                for alias in aliases.filter_map(NodeRef::as_str) {
                    add(alias, service.id, Some(network));
                }
            }
        }
        Self { scope, owners }
    }

    /// The service whose network a service uses: its own, or the one that `network_mode` names.
    fn network_owner(&self, service: &'s Service<'p>) -> &'s Service<'p> {
        let mut owner = service;
        for _ in 0..self.scope.services().len() {
            let mode = owner.text("network_mode").unwrap_or_default();
            let by_service = mode.strip_prefix("service:").and_then(|name| self.scope.service(name));
            let by_container = || {
                let name = mode.strip_prefix("container:")?;
                self.scope.services().iter().find(|other| other.text("container_name") == Some(name))
            };
            match by_service.or_else(by_container) {
                Some(next) => owner = next,
                None => break,
            }
        }
        owner
    }

    /// True if both services use one network stack.
    pub(super) fn share_stack(&self, one: &'s Service<'p>, other: &'s Service<'p>) -> bool {
        self.network_owner(one).id == self.network_owner(other).id || (is_on_host(one) && is_on_host(other))
    }

    /// True if another service uses this one's network stack, or this one another's.
    pub(super) fn has_company(&self, service: &'s Service<'p>) -> bool {
        self.scope.services().iter().any(|other| other.id != service.id && self.share_stack(service, other))
    }

    /// Whom a host name reaches from a service.
    pub(super) fn reach(&self, from: &'s Service<'p>, host: &str) -> Reach<'s, 'p> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() || host.contains(['$', '{', '}', '%', '<', '>']) || is_placeholder(&host) {
            return Reach::Variable;
        }
        let from = self.network_owner(from);
        if matches!(host.as_str(), "localhost" | "0.0.0.0" | "::1") || host.starts_with("127.") {
            return if is_on_host(from) { Reach::Outside } else { Reach::Itself };
        }
        if is_given_by_hand(from, &host) || self.is_external(&host) {
            return Reach::Outside;
        }
        if let Some(target) = linked(from, &host).and_then(|name| self.scope.service(name)) {
            return Reach::Service(target);
        }
        let Some(owners) = self.owners.get(&host) else {
            return if host.contains(['.', ':']) { Reach::Outside } else { Reach::Nobody };
        };
        if is_on_host(from) {
            return Reach::FromHost;
        }
        let mut apart = None;
        for (owner, network) in owners {
            let owner = self.scope.service_of(*owner);
            if owner.text("network_mode").is_some_and(|mode| mode != "bridge") {
                apart = apart.or(Some(Reach::Nameless(owner)));
                continue;
            }
            if owner.id == from.id {
                return Reach::Service(owner);
            }
            let is_shared = |name: &str| {
                network.is_none_or(|network| network == name)
                    && owner.networks().any(|(other, _)| other == name)
            };
            if from.networks().any(|(name, _)| is_shared(name)) {
                return Reach::Service(owner);
            }
            apart = apart.or(Some(Reach::Apart(owner)));
        }
        apart.unwrap_or(Reach::Nobody)
    }

    fn is_external(&self, host: &str) -> bool {
        matches!(
            host,
            "host.docker.internal" | "gateway.docker.internal" | "host-gateway" | "docker.for.mac.localhost"
        ) || self.scope.policy.parameters.external_hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// True if a service runs in the host's network.
pub(super) fn is_on_host(service: &Service<'_>) -> bool {
    service.text("network_mode") == Some("host") || service.networks().any(|(name, _)| name == "host")
}

/// True if a service joins a network that services of other projects join as well.
pub(super) fn joins_foreign(scope: &Scope<'_>, service: &Service<'_>) -> bool {
    service.networks().any(|(name, _)| {
        let external = scope.resource("networks", name).and_then(|network| network.get("external"));
        external.is_some_and(|value| matches!(value.value(), hardpan_compose::Value::Bool(true)))
    })
}

/// A word such as `__TARGET__` that a script replaces.
fn is_placeholder(host: &str) -> bool {
    host.len() > 4 && host.starts_with("__") && host.ends_with("__")
}

/// True if `extra_hosts` or `external_links` say what the name means.
fn is_given_by_hand(service: &Service<'_>, host: &str) -> bool {
    let extra = service.entries("extra_hosts").any(|(name, _)| name.eq_ignore_ascii_case(host))
        || service
            .items("extra_hosts")
            .filter_map(NodeRef::as_str)
            .any(|entry| entry.split([':', '=']).next().is_some_and(|name| name.eq_ignore_ascii_case(host)));
    let linked = service
        .items("external_links")
        .filter_map(NodeRef::as_str)
        .any(|link| link.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case(host)));
    extra || linked
}

/// The service that a link gives this name.
fn linked<'p>(service: &Service<'p>, host: &str) -> Option<&'p str> {
    service.items("links").filter_map(NodeRef::as_str).find_map(|link| {
        let (name, alias) = link.split_once(':')?;
        alias.eq_ignore_ascii_case(host).then_some(name)
    })
}

/// Host and port of `host:port`, `scheme://user@host:port/path` or `[::1]:port`.
pub(super) fn host_and_port(text: &str) -> (&str, Option<&str>) {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(address) = authority.strip_prefix('[') {
        let (host, rest) = address.split_once(']').unwrap_or((address, ""));
        return (host, rest.strip_prefix(':'));
    }
    match authority.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// True if a text speaks of a host name: the name with nothing beside it that could belong to a longer one.
pub(super) fn mentions(text: &str, host: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    !host.is_empty()
        && text.match_indices(host).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + host.len()..].chars().next();
            !before.is_some_and(|character| is_part(character) || character == '.')
                && !after.is_some_and(is_part)
        })
}

#[cfg(test)]
mod tests {
    use super::{host_and_port, mentions};

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(host_and_port("redis:6379"), ("redis", Some("6379")));
        assert_eq!(host_and_port("http://u:p@db:1/x:y"), ("db", Some("1")));
        assert_eq!(host_and_port("loki"), ("loki", None));
        assert_eq!(host_and_port("[::1]:9090"), ("::1", Some("9090")));
        assert_eq!(host_and_port("https://a.example?x=1"), ("a.example", None));
    }

    #[test]
    fn names_are_not_found_inside_longer_ones() {
        assert!(mentions("redis://redis:6379", "redis"));
        assert!(mentions("--uri=tcp(db:3306)/", "db"));
        assert!(!mentions("http://my-db:1", "db"));
        assert!(!mentions("dbs", "db"));
        assert!(!mentions("anything", ""));
    }
}
