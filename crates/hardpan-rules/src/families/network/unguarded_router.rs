//! HP-NET-008: a router lets everybody through, or names a middleware that does not exist.

use std::collections::HashSet;

use super::gateway::repository;
use super::traefik::{Lookup, Protocol, Router, Traefik, Word};
use super::zone_breach::number_or_text;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/unguarded-router/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-008",
    name: "unguarded-router",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 001, section 4.2", "Traefik 3, middlewares"],
    doc: include_str!("../../../rules/unguarded-router/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let traefik = Traefik::new(scope);
    for service in scope.services() {
        let mut routers = traefik.iter().flat_map(|traefik| &traefik.routers);
        if !routers.any(|router| router.owner == service.id) {
            verdicts.not_applicable(service, "no router of Traefik leads to it");
        }
    }
    let Some(traefik) = &traefik else { return };
    judge_insecure_api(scope, traefik, verdicts);
    for router in &traefik.routers {
        judge(scope, traefik, router, verdicts);
    }
}

/// The dashboard without a router: whoever reaches its entry point sees it.
fn judge_insecure_api(scope: &Scope<'_>, traefik: &Traefik, verdicts: &mut Verdicts<'_>) {
    let (Some(id), Some(place)) = (traefik.service, &traefik.statics.insecure_api) else { return };
    let service = scope.service_of(id);
    let points = &traefik.statics.entry_points;
    let port =
        points.iter().find(|point| point.name.eq_ignore_ascii_case("traefik")).and_then(|point| point.port);
    let published = service.items("ports").find(|node| {
        let target = node.get("target").and_then(number_or_text);
        target.and_then(|target| target.parse().ok()) == port
    });
    let Some(published) = published.filter(|_| port.is_some()) else { return };
    verdicts
        .violation(
            service,
            place.clone(),
            "Traefik's dashboard is open to everybody: it needs no router and asks nobody",
        )
        .severity(severity(scope))
        .label("opened here")
        .related(published.origin().span, "published here")
        .help("drop the setting, and show the dashboard by a router to `api@internal` with a middleware");
}

fn severity(scope: &Scope<'_>) -> Severity {
    if scope.policy.house_rules { Severity::High } else { Severity::Medium }
}

fn judge(scope: &Scope<'_>, traefik: &Traefik, router: &Router, verdicts: &mut Verdicts<'_>) {
    let service = scope.service_of(router.owner);
    let mut state = State::default();
    for word in &router.middlewares {
        follow(traefik, router, word, router.provider, service, &mut state, verdicts);
    }
    if let Some(first) = state.unseen.first() {
        let list: Vec<String> = state.unseen.iter().map(|word| format!("`{}`", word.text)).collect();
        verdicts.unknown(
            service,
            first.place.clone(),
            format!("whether middleware {} exists is said in files that are not here", list.join(", ")),
        );
    }
    if state.is_broken || !state.unseen.is_empty() {
        return;
    }
    if !router.middlewares.is_empty() {
        verdicts.satisfied(service);
        return;
    }
    let name = &router.name;
    if router.protocol != Protocol::Http {
        verdicts.not_applicable(service, "guards are for HTTP");
        return;
    }
    if let Some(reason) = needs_no_guard(service) {
        verdicts.not_applicable(service, reason);
        return;
    }
    let points = traefik.entry_points_of(router).unwrap_or_default();
    let is_guarded = !points.is_empty()
        && points.iter().all(|point| point.redirects || point.is_internal || !point.middlewares.is_empty());
    if is_guarded {
        verdicts.satisfied(service);
        return;
    }
    let is_dashboard = router.service.as_deref().is_some_and(|to| to.eq_ignore_ascii_case("api@internal"));
    let is_open = is_dashboard || (router.provider == "docker" && has_no_login(service));
    if !scope.policy.house_rules && !is_open {
        // Most programs have a login of their own, and without a policy nobody said otherwise.
        verdicts.not_applicable(service, "the program may have a login of its own");
        return;
    }
    let message = if is_dashboard {
        format!("router `{name}` shows Traefik's dashboard to everybody: it has no middleware")
    } else {
        format!("router `{name}` has no middleware")
    };
    verdicts
        .violation(service, router.place.clone(), message)
        .severity(severity(scope))
        .label("lets everybody through")
        .help(format!(
            "list a middleware for router `{name}` that asks who comes, such as `forwardAuth` or `basicAuth`"
        ));
}

/// What following the names of a router has found out.
#[derive(Default)]
struct State {
    is_broken: bool,
    unseen: Vec<Word>,
    /// The names followed already, with the provider of whoever names them.
    followed: HashSet<(String, &'static str)>,
}

/// Follows one name, through chains, and says where it leads to nothing.
fn follow(
    traefik: &Traefik,
    router: &Router,
    word: &Word,
    from: &'static str,
    service: &Service<'_>,
    state: &mut State,
    verdicts: &mut Verdicts<'_>,
) {
    let name = &word.text;
    // A chain may name itself.
    if !state.followed.insert((name.to_ascii_lowercase(), from)) {
        return;
    }
    match traefik.find(router.protocol, name, from) {
        Lookup::Found(middleware, provider) => {
            for part in &middleware.chain {
                follow(traefik, router, part, provider, service, state, verdicts);
            }
        }
        Lookup::Missing => {
            state.is_broken = true;
            let other = match router.protocol {
                Protocol::Tcp => traefik.find(Protocol::Http, name, from),
                _ => traefik.find(Protocol::Tcp, name, from),
            };
            let message = match (other, router.protocol) {
                (Lookup::Found(..), Protocol::Tcp) => {
                    format!("middleware `{name}` is one for HTTP, the router is for TCP")
                }
                (Lookup::Found(..), _) => {
                    format!("middleware `{name}` is one for TCP, the router is for HTTP")
                }
                _ => format!("middleware `{name}` does not exist"),
            };
            verdicts
                .violation(service, word.place.clone(), message)
                .severity(Severity::High)
                .label("Traefik refuses routers that name it")
                .help("define it where the part after `@` says, or correct the name");
        }
        Lookup::Unseen => state.unseen.push(word.clone()),
    }
}

/// Why a router of the service may do without a middleware.
fn needs_no_guard(service: &Service<'_>) -> Option<&'static str> {
    match service.label("hy-home.auth")? {
        "native" => Some("it has a login of its own"),
        "public" | "none" => Some("it is public"),
        _ => None,
    }
}

/// True for programs that are known to ask nobody for a password.
fn has_no_login(service: &Service<'_>) -> bool {
    const PROGRAMS: &[&str] = &[
        "alertmanager",
        "alloy",
        "blackbox-exporter",
        "cadvisor",
        "dozzle",
        "elasticvue",
        "flower",
        "jaeger",
        "all-in-one",
        "kafka-ui",
        "kafdrop",
        "karma",
        "locust",
        "loki",
        "mailcatcher",
        "maildev",
        "mailhog",
        "mailpit",
        "mongo-express",
        "netdata",
        "node-exporter",
        "prometheus",
        "pushgateway",
        "pyroscope",
        "redis-commander",
        "redisinsight",
        "schema-registry",
        "tempo",
        "thanos",
        "vmalert",
        "zipkin",
    ];
    service.image().is_some_and(|image| PROGRAMS.contains(&repository(image).trim_start_matches("cp-")))
}
