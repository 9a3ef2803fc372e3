//! HP-NET-007: the public comes in past the gateway, or without TLS 1.2.

use hardpan_compose::NodeRef;

use super::gateway::{is_gateway, is_other_proxy, is_traefik};
use super::traefik::{Protocol, Router, Tls, TlsOptions, Traefik};
use super::zone_breach::{port_words, publishes};
use crate::codes::Severity;
use crate::finding::Place;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/public-access-past-gateway/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-007",
    name: "public-access-past-gateway",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 004, section 3", "document 000, section 4", "Traefik 3, routers and TLS"],
    doc: include_str!("../../../rules/public-access-past-gateway/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let has_traefik = scope.services().iter().any(is_traefik);
    for service in scope.services() {
        judge_ports(scope, service, has_traefik, verdicts);
    }
    let Some(traefik) = Traefik::new(scope) else { return };
    for router in &traefik.routers {
        judge_router(scope, &traefik, router, verdicts);
    }
    judge_versions(scope, &traefik, verdicts);
}

fn judge_ports(scope: &Scope<'_>, service: &Service<'_>, has_traefik: bool, verdicts: &mut Verdicts<'_>) {
    if is_gateway(scope, service) || (!has_traefik && is_other_proxy(service)) {
        verdicts.satisfied(service);
        return;
    }
    let mut ports = service.items("ports").filter(|port| publishes(*port)).peekable();
    if ports.peek().is_none() {
        verdicts.satisfied(service);
    }
    for port in ports {
        let is_local = port.get("host_ip").and_then(NodeRef::as_str).is_some_and(is_loopback);
        let how = if is_local { "on the host's loopback, past the gateway" } else { "past the gateway" };
        let draft = verdicts.violation(service, port, format!("publishes {} {how}", port_words(port)));
        draft
            .label("published here")
            .help("remove the published port and let the gateway route to the service");
        if is_local {
            draft.severity(Severity::Low);
        }
    }
}

fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || matches!(address, "::1" | "[::1]" | "localhost")
}

fn judge_router(scope: &Scope<'_>, traefik: &Traefik, router: &Router, verdicts: &mut Verdicts<'_>) {
    let service = scope.service_of(router.owner);
    let name = &router.name;
    if router.protocol == Protocol::Udp || router.tls_passthrough || is_redirect(traefik, router) {
        return;
    }
    let help = || format!("put it on the TLS entry point and set `tls` to true for router `{name}`");
    if let Tls::Off(place) = &router.tls {
        verdicts.violation(service, place.clone(), format!("router `{name}` switches TLS off")).help(help());
        return;
    }
    if matches!(router.tls, Tls::On) {
        verdicts.satisfied(service);
        return;
    }
    let Some(points) = traefik.entry_points_of(router) else {
        verdicts.unknown(
            service,
            router.place.clone(),
            format!("whether router `{name}` speaks TLS is said in Traefik's static configuration, which is not here"),
        );
        return;
    };
    let bare = points.iter().find(|point| !point.has_tls && !point.redirects && !point.is_internal);
    match bare {
        None => verdicts.satisfied(service),
        Some(point) => {
            let word = router.entry_points.iter().find(|word| word.text.eq_ignore_ascii_case(&point.name));
            let place = word.map_or_else(|| router.place.clone(), |word| word.place.clone());
            let message = format!("router `{name}` serves entry point `{}` without TLS", point.name);
            let draft = verdicts.violation(service, place, message);
            draft.label("answers in plain text").help(help());
            if let Place::At { span, .. } = point.place {
                draft.related(span, "the entry point neither redirects nor terminates TLS");
            }
        }
    }
}

/// True for a router that only sends clients to the TLS one.
fn is_redirect(traefik: &Traefik, router: &Router) -> bool {
    router.middlewares.iter().any(|word| match traefik.find(router.protocol, &word.text, router.provider) {
        super::traefik::Lookup::Found(middleware, _) => {
            middleware.kinds.iter().any(|kind| kind.starts_with("redirect"))
        }
        _ => word.text.to_ascii_lowercase().contains("redirect"),
    })
}

/// The TLS options: what is set may not be below 1.2, and what is not set is worth saying.
fn judge_versions(scope: &Scope<'_>, traefik: &Traefik, verdicts: &mut Verdicts<'_>) {
    let Some(gateway) = traefik.service.map(|id| scope.service_of(id)) else { return };
    for TlsOptions { name, key, min_version } in &traefik.tls_options {
        match min_version {
            Some((version, span))
                if matches!(&**version, "VersionTLS10" | "VersionTLS11" | "VersionSSL30") =>
            {
                verdicts
                    .violation(
                        gateway,
                        *span,
                        format!("TLS options `{name}` allow `{version}`, expected 1.2 or newer"),
                    )
                    .label("too old")
                    .help("set `minVersion: VersionTLS12`");
            }
            Some(_) => verdicts.satisfied(gateway),
            None => {
                verdicts
                    .violation(gateway, *key, unsaid(&format!("TLS options `{name}` name")))
                    .severity(Severity::Info)
                    .help("set `minVersion: VersionTLS12`");
            }
        }
    }
    if !traefik.tls_options.is_empty() {
        return;
    }
    if traefik.files_complete {
        let place = traefik.tls_section.map_or_else(|| Place::from(gateway), Place::from);
        verdicts
            .violation(gateway, place, unsaid("the gateway names"))
            .severity(Severity::Info)
            .help("add TLS options `default` with `minVersion: VersionTLS12` to a provider file");
    } else {
        verdicts.unknown(
            gateway,
            gateway,
            "the lowest TLS version is said in provider files that are not here",
        );
    }
}

fn unsaid(who: &str) -> String {
    format!("{who} no lowest TLS version: Traefik's default of 1.2 applies")
}
