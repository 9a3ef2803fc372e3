//! HP-HLT-002: a service waits for another one to become healthy, which that one never can.

use hardpan_compose::NodeRef;

use super::state::{Health, health};
use crate::finding::Place;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Dependency, Scope, Service, Verdicts};

/// See `rules/unhealthy-dependency/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-HLT-002",
    name: "unhealthy-dependency",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 7", "compose-spec, services, depends_on"],
    doc: include_str!("../../../rules/unhealthy-dependency/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut waits = false;
        let mut is_certain = true;
        for dependency in service.depends_on().filter(|one| one.condition == "service_healthy") {
            // A service that does not exist is for HP-ORC-003 to say.
            let Some(target) = scope.service(dependency.service) else { continue };
            waits = true;
            is_certain &= judge(scope, service, &dependency, target, verdicts);
        }
        match (waits, is_certain) {
            (false, _) => verdicts.not_applicable(service, "waits for no service to be healthy"),
            (true, true) => verdicts.satisfied(service),
            (true, false) => {}
        }
    }
}

/// True if the target can become healthy.
fn judge(
    scope: &Scope<'_>,
    service: &Service<'_>,
    dependency: &Dependency<'_>,
    target: &Service<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let name = target.name;
    let (why, at) = match health(scope, target) {
        Health::Tested(_) | Health::Built(_) => return true,
        Health::Disabled(node) => ("whose healthcheck is switched off", node.origin().span),
        Health::BuiltDisabled(span) => ("whose Dockerfile switches the healthcheck off", span),
        Health::Absent(_) => ("which has no healthcheck", target.key),
        Health::Unknown(reason) => {
            verdicts
                .unknown(
                    service,
                    place(dependency),
                    format!(
                        "waits for `{name}` to be healthy, which has no healthcheck of its own, and {reason}"
                    ),
                )
                .related(target.key, "no healthcheck here")
                .help(format!("add a `healthcheck` to `{name}`"));
            return false;
        }
    };
    verdicts
        .violation(service, place(dependency), format!("waits for `{name}` to be healthy, {why}"))
        .label("`up` fails here")
        .related(at, "it cannot become healthy")
        .help(format!("add a `healthcheck` to `{name}`, or wait for `service_started`"));
    false
}

fn place(dependency: &Dependency<'_>) -> Place {
    dependency
        .node
        .get("condition")
        .map_or_else(|| Place::from(dependency.node), |node: NodeRef<'_>| node.into())
}
