//! HP-HLT-001: nobody can tell whether a service that runs also works.

use super::state::{Health, health};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, ServiceKind, Verdicts};

/// See `rules/missing-healthcheck/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-HLT-001",
    name: "missing-healthcheck",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &[
        "document 000, section 9",
        "document 001, section 7",
        "CIS Docker 1.6.0, 5.27",
        "compose-spec, services, healthcheck",
    ],
    doc: include_str!("../../../rules/missing-healthcheck/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        match service.kind {
            _ if service.get("provider").is_some() => {
                verdicts.not_applicable(service, "a provider runs it, not a container");
            }
            ServiceKind::LongRunning => judge(scope, service, verdicts),
            ServiceKind::Init => {
                verdicts.not_applicable(service, "an init container shows by its end that it worked")
            }
            ServiceKind::OnDemand => verdicts.not_applicable(service, "runs only when somebody asks for it"),
        }
    }
}

fn judge(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    const ADD: &str = "add a `healthcheck` with a `test` that asks the service itself";
    match health(scope, service) {
        Health::Tested(_) | Health::Built(_) => verdicts.satisfied(service),
        Health::Disabled(node) => {
            verdicts
                .violation(service, node, "healthcheck is switched off")
                .label("no healthcheck, not even that of the image")
                .help("write a `test` that works for this service instead");
        }
        Health::BuiltDisabled(span) => {
            verdicts
                .violation(service, service, "has no healthcheck: its Dockerfile switches it off")
                .related(span, "switched off here")
                .help(ADD);
        }
        Health::Absent(span) => {
            verdicts
                .violation(service, service, "has no healthcheck, and neither has its Dockerfile")
                .related(span, "built from here, without `HEALTHCHECK`")
                .help(format!("{ADD}, or `HEALTHCHECK` to the Dockerfile"));
        }
        Health::Unknown(reason) => {
            verdicts
                .unknown(service, service, format!("has no healthcheck of its own, and {reason}"))
                .help(ADD);
        }
    }
}
