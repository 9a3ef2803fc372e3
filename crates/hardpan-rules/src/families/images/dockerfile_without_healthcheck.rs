//! HP-DKR-002: neither the Dockerfile nor the service says how health is tested.

use crate::artifacts::dockerfile::Healthcheck;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, ServiceKind, Verdicts};

/// See `rules/dockerfile-without-healthcheck/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-002",
    name: "dockerfile-without-healthcheck",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 003, section 1.1", "CIS Docker 1.6.0, 4.6"],
    doc: include_str!("../../../rules/dockerfile-without-healthcheck/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        if service.kind != ServiceKind::LongRunning {
            verdicts.not_applicable(service, "it ends by itself");
            continue;
        }
        // What the service says takes the place of what the image says; HP-HLT-001 judges it.
        if service.get("healthcheck").is_some() {
            verdicts.not_applicable(service, "the service has a healthcheck of its own");
            continue;
        }
        match &build.image.healthcheck {
            Some(Healthcheck::Defined { .. }) => verdicts.satisfied(service),
            Some(Healthcheck::Disabled { range, .. }) => {
                verdicts
                    .violation(service, build.span(range), "the image switches the healthcheck off")
                    .help("replace `NONE` by a command that fails when the service does not work");
            }
            None => {
                verdicts
                    .violation(service, build.span(&build.image.base_range), "the image has no healthcheck")
                    .help("add a `HEALTHCHECK` to the final stage that fails when the service does not work");
            }
        }
    }
}
