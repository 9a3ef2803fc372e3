//! HP-RES-005: nothing stops a container from starting processes until its host has none left.

use super::bound::{self, Bound};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Verdicts};

/// See `rules/unbounded-process-count/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-RES-005",
    name: "unbounded-process-count",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["CIS Docker 1.6.0, 5.29", "compose-spec, services, pids_limit", "podman-run(1), --pids-limit"],
    doc: include_str!("../../../rules/unbounded-process-count/doc.md"),
    check,
};

/// What Podman gives every container: no ordinary service comes near it, and a fork bomb ends at it.
const LIMIT: &str = "2048";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        if service.get("provider").is_some() {
            verdicts.not_applicable(service, "a provider runs it, not a container");
            continue;
        }
        let title = "bound the number of processes";
        match bound::processes(service) {
            Bound::Stated(..) => verdicts.satisfied(service),
            Bound::Absent => {
                // Beside `deploy.resources.limits` Compose refuses a `pids_limit` that is not repeated there.
                let path =
                    if bound::uses_deploy(service) { "deploy.resources.limits.pids" } else { "pids_limit" };
                verdicts
                    .violation(service, service, "has no limit of processes")
                    .help(format!("add `{path}: {LIMIT}`"))
                    .fix(Safety::Safe, title, Repair::Set { path: path.to_owned(), value: LIMIT.to_owned() });
            }
            Bound::Unlimited(node) => {
                verdicts
                    .violation(service, node, "limit of processes is switched off")
                    .label("means no limit")
                    .help(format!("set it to `{LIMIT}`"))
                    .fix(Safety::Safe, title, Repair::Replace { value: LIMIT.to_owned() });
            }
            Bound::Conflict(old, deploy) => {
                verdicts
                    .violation(
                        service,
                        old,
                        "limits of processes disagree: `pids_limit` and `deploy.resources.limits.pids` differ",
                    )
                    .related(deploy.origin().span, "the other one")
                    .help("keep one of them");
            }
            Bound::Unset(node, name) => {
                verdicts.unknown(
                    service,
                    node,
                    format!("limit of processes depends on `{name}`, which is not set"),
                );
            }
        }
    }
}
