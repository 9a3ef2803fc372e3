//! Which services are the gateway: the only ones that may face the public.

use crate::{Scope, Service};

/// True for the services that the policy or their image, name or tier makes the gateway.
pub(super) fn is_gateway(scope: &Scope<'_>, service: &Service<'_>) -> bool {
    let parameters = &scope.policy.parameters;
    parameters.gateway_services.iter().any(|name| name == service.name)
        || service.name == "gateway"
        || service.label(&parameters.tier_label) == Some("gateway")
        || is_traefik(service)
}

/// True if the service runs Traefik itself (and not `traefik/whoami` or a helper named after it).
pub(super) fn is_traefik(service: &Service<'_>) -> bool {
    match service.image() {
        Some(image) => repository(image) == "traefik",
        None => service.name == "traefik" && service.get("build").is_some(),
    }
}

/// True for other programs that stand at the edge of a project in place of Traefik, where they publish web ports.
pub(super) fn is_other_proxy(service: &Service<'_>) -> bool {
    const PROXIES: &[&str] = &[
        "apisix",
        "bunkerweb",
        "caddy",
        "caddy-docker-proxy",
        "envoy",
        "haproxy",
        "kong",
        "kong-gateway",
        "nginx",
        "nginx-proxy",
        "nginx-proxy-manager",
        "nginx-unprivileged",
        "openresty",
        "swag",
        "zoraxy",
    ];
    let is_web = |port: &hardpan_compose::NodeRef<'_>| {
        let published = port.get("published").and_then(super::zone_breach::number_or_text);
        published.is_some_and(|published| matches!(&*published, "80" | "443"))
    };
    service.image().is_some_and(|image| PROXIES.contains(&repository(image)))
        && service.items("ports").any(|port| is_web(&port))
}

/// The last part of an image's name, without tag and digest.
pub(super) fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(':').next().unwrap_or(last)
}
