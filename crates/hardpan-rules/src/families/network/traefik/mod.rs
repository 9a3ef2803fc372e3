//! What the project's Traefik is told: its static configuration, its provider files, and the labels of services.

mod dynamic;
mod labels;
mod settings;
mod tree;

use std::collections::HashMap;

use hardpan_source::Span;

use super::gateway::is_traefik;
use crate::finding::Place;
use crate::{Scope, Service, ServiceId};

pub(super) use dynamic::TlsOptions;
pub(super) use settings::{EntryPoint, Statics};

/// A word of a configuration with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
}

/// The protocols that routers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Protocol {
    Http,
    Tcp,
    Udp,
}

impl Protocol {
    fn of(word: &str) -> Option<Self> {
        [("http", Self::Http), ("tcp", Self::Tcp), ("udp", Self::Udp)]
            .into_iter()
            .find_map(|(name, protocol)| word.eq_ignore_ascii_case(name).then_some(protocol))
    }
}

/// Whether a router speaks TLS.
#[derive(Clone, Debug)]
pub(super) enum Tls {
    On,
    Off(Place),
    Unsaid,
}

/// A router, from labels or from a provider file.
#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) name: String,
    pub(super) protocol: Protocol,
    /// The service whose labels it is made of, or the gateway for routers of a provider file.
    pub(super) owner: ServiceId,
    /// What names are looked up in where they name no provider.
    pub(super) provider: &'static str,
    pub(super) place: Place,
    pub(super) entry_points: Vec<Word>,
    pub(super) middlewares: Vec<Word>,
    pub(super) service: Option<String>,
    pub(super) tls: Tls,
    pub(super) tls_passthrough: bool,
}

/// A middleware: what kind it is, and for a chain what it is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Middleware {
    /// Such as `basicauth`, in lower case.
    pub(super) kinds: Vec<String>,
    pub(super) chain: Vec<Word>,
}

/// Everything known of the project's Traefik.
#[derive(Debug)]
pub(super) struct Traefik {
    /// The service that runs it; none where only labels are there for one outside the project.
    pub(super) service: Option<ServiceId>,
    pub(super) statics: Statics,
    pub(super) routers: Vec<Router>,
    /// By protocol, lower-case name and provider.
    pub(super) middlewares: HashMap<(Protocol, String, &'static str), Middleware>,
    pub(super) tls_options: Vec<TlsOptions>,
    /// Where a provider file has its `tls` section.
    pub(super) tls_section: Option<Span>,
    /// False where a provider file could not be read, so that names may exist which are not seen.
    pub(super) files_complete: bool,
}

impl Traefik {
    /// What the project tells its Traefik, or one outside; none where nothing is about Traefik.
    pub(super) fn new(scope: &Scope<'_>) -> Option<Self> {
        let gateways: Vec<&Service<'_>> =
            scope.services().iter().filter(|service| is_traefik(service)).collect();
        // With several, nobody can tell which labels are for which.
        let gateway = gateways.first().copied();
        let statics = match gateways.as_slice() {
            [one] => settings::read(scope, one),
            _ => Statics::unseen(),
        };
        let mut traefik = Self {
            service: gateway.map(|service| service.id),
            statics,
            routers: Vec::new(),
            middlewares: HashMap::new(),
            tls_options: Vec::new(),
            tls_section: None,
            files_complete: true,
        };
        for service in scope.services() {
            if labels::is_exposed(service, &traefik.statics) {
                labels::read(scope, service, &mut traefik);
            }
        }
        match gateways.as_slice() {
            [one] => dynamic::read(scope, one, &mut traefik),
            _ => traefik.files_complete = false,
        }
        (gateway.is_some() || !traefik.routers.is_empty()).then_some(traefik)
    }

    /// A middleware by a name such as `sso-auth@file`; `from` is the provider of whoever names it.
    pub(super) fn find(&self, protocol: Protocol, name: &str, from: &'static str) -> Lookup<'_> {
        let (bare, provider) = match name.split_once('@') {
            Some((bare, provider)) => (bare, provider),
            None => (name, from),
        };
        let provider = match provider.to_ascii_lowercase().as_str() {
            "docker" | "swarm" => "docker",
            "file" => "file",
            _ => return Lookup::Unseen,
        };
        match self.middlewares.get(&(protocol, bare.to_ascii_lowercase(), provider)) {
            Some(middleware) => Lookup::Found(middleware, provider),
            None if provider == "file" && !self.files_complete => Lookup::Unseen,
            // One outside the project sees the labels of other projects too.
            None if provider == "docker" && (self.service.is_none() || !self.statics.is_complete) => {
                Lookup::Unseen
            }
            None => Lookup::Missing,
        }
    }

    /// The entry points that a router listens on; none where the static configuration is not seen.
    pub(super) fn entry_points_of(&self, router: &Router) -> Option<Vec<&EntryPoint>> {
        if !self.statics.is_complete {
            return None;
        }
        let all = &self.statics.entry_points;
        if router.entry_points.is_empty() {
            let defaults: Vec<_> = all.iter().filter(|point| point.as_default).collect();
            let others = || all.iter().filter(|point| !point.is_internal).collect();
            return Some(if defaults.is_empty() { others() } else { defaults });
        }
        let named = |point: &&EntryPoint| {
            router.entry_points.iter().any(|name| name.text.eq_ignore_ascii_case(&point.name))
        };
        Some(all.iter().filter(named).collect())
    }
}

/// What a name leads to.
pub(super) enum Lookup<'t> {
    Found(&'t Middleware, &'static str),
    Missing,
    /// What would define it is not among the files.
    Unseen,
}
