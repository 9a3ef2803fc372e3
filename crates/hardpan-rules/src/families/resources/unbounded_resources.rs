//! HP-RES-001: a long-running service may use all memory or all processors of its host.

use hardpan_compose::NodeRef;

use super::bound::{self, Bound};
use super::lost_in_merge;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, ServiceKind, Verdicts};

/// See `rules/unbounded-resources/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-RES-001",
    name: "unbounded-resources",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 001, REQ-SPC-OPT-002",
        "CIS Docker 1.6.0, 5.11",
        "CIS Docker 1.6.0, 5.12",
        "compose-spec, deploy, resources",
    ],
    doc: include_str!("../../../rules/unbounded-resources/doc.md"),
    check,
};

/// What is bounded, with the words and the attributes of it.
struct Resource {
    name: &'static str,
    old: &'static str,
    deploy: &'static str,
    example: &'static str,
}

const MEMORY: Resource = Resource { name: "memory", old: "mem_limit", deploy: "memory", example: "512M" };
const CPU: Resource = Resource { name: "CPU", old: "cpus", deploy: "cpus", example: "1.0" };

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        match service.kind {
            _ if service.get("provider").is_some() => {
                verdicts.not_applicable(service, "a provider runs it, not a container");
            }
            ServiceKind::LongRunning => judge(scope, service, verdicts),
            ServiceKind::Init => verdicts.not_applicable(service, "an init container ends by itself"),
            ServiceKind::OnDemand => verdicts.not_applicable(service, "runs only when somebody asks for it"),
        }
    }
}

fn judge(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    let bounds = [(MEMORY, bound::memory(service)), (CPU, bound::cpus(service))];
    if bounds.iter().all(|(_, bound)| matches!(bound, Bound::Stated(..))) {
        return verdicts.satisfied(service);
    }
    let missing: Vec<&Resource> = bounds
        .iter()
        .filter(|(_, bound)| matches!(bound, Bound::Absent))
        .map(|(resource, _)| resource)
        .collect();
    if !missing.is_empty() {
        report_missing(scope, service, &missing, verdicts);
    }
    for (resource, bound) in &bounds {
        match *bound {
            Bound::Unlimited(node) => {
                verdicts
                    .violation(
                        service,
                        node,
                        format!("{} limit is {}, which means none", resource.name, written(node)),
                    )
                    .label("no limit")
                    .help(format!(
                        "set a limit that the service needs at its busiest, such as `{}`",
                        resource.example
                    ));
            }
            Bound::Conflict(old, deploy) => {
                verdicts
                    .violation(
                        service,
                        old,
                        format!(
                            "{} limits disagree: `{}` and `deploy.resources.limits.{}` differ",
                            resource.name, resource.old, resource.deploy
                        ),
                    )
                    .label("one of the limits")
                    .related(deploy.origin().span, "the other one")
                    .help(format!(
                        "keep one of them; Compose refuses `{}` beside another limit",
                        resource.old
                    ));
            }
            Bound::Unset(node, name) => {
                verdicts
                    .unknown(
                        service,
                        node,
                        format!("{} limit depends on `{name}`, which is not set", resource.name),
                    )
                    .help(format!("give it a default, such as `${{{name}:-{}}}`", resource.example));
            }
            Bound::Absent | Bound::Stated(..) => {}
        }
    }
}

fn report_missing(
    scope: &Scope<'_>,
    service: &Service<'_>,
    missing: &[&Resource],
    verdicts: &mut Verdicts<'_>,
) {
    let names: Vec<String> = missing.iter().map(|resource| format!("no {}", resource.name)).collect();
    let deploy =
        bound::uses_deploy(service) || (service.get("mem_limit").is_none() && service.get("cpus").is_none());
    let (path, value, help) = match (missing, deploy) {
        ([one], true) => {
            let path = format!("deploy.resources.limits.{}", one.deploy);
            let help = format!("add `{path}`");
            (path, quoted(one.example), help)
        }
        ([one, ..], false) => (one.old.to_owned(), quoted(one.example), format!("add `{}`", one.old)),
        (_, _) => (
            "deploy.resources.limits".to_owned(),
            format!("{{memory: {}, cpus: {}}}", MEMORY.example, quoted(CPU.example)),
            "add `deploy.resources.limits` with `memory` and `cpus`, or extend a template that has them"
                .to_owned(),
        ),
    };
    let draft = verdicts.violation(service, service, format!("has {} limit", names.join(" and ")));
    for resource in missing {
        if let Some(span) = lost_in_merge::limit(scope, service, resource.deploy) {
            draft.related(span, "lost: the service's own `deploy` takes the place of the merged one");
        }
    }
    draft.label(if missing.len() == 1 { "lacks a limit" } else { "lacks both limits" }).help(help).fix(
        Safety::Unsafe,
        "add limits; adjust the numbers to what the service needs",
        Repair::Set { path, value },
    );
}

/// Numbers of CPUs are text to Compose; a bare one is read as a number all the same, but a linter may complain.
fn quoted(example: &str) -> String {
    if example.parse::<f64>().is_ok() { format!("\"{example}\"") } else { example.to_owned() }
}

fn written(node: NodeRef<'_>) -> String {
    bound::number(node).map_or_else(|| "empty".to_owned(), |number| format!("`{number}`"))
}
