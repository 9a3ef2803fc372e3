//! HP-SEC-004: nobody reaps the children that the main process leaves behind.

use hardpan_compose::Value;

use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Verdicts};

/// See `rules/missing-init-process/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-004",
    name: "missing-init-process",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 1", "compose-spec, services, init"],
    doc: include_str!("../../../rules/missing-init-process/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in super::containers(scope, verdicts) {
        match service.get("init") {
            Some(init) if matches!(init.value(), Value::Bool(true)) => verdicts.satisfied(service),
            Some(init) => {
                verdicts
                    .violation(service, init, "init process is switched off")
                    .help("set `init: true`")
                    .fix(
                        Safety::Safe,
                        "switch the init process on",
                        Repair::Replace { value: "true".to_owned() },
                    );
            }
            None => {
                verdicts.violation(service, service, "has no init process").help("add `init: true`").fix(
                    Safety::Safe,
                    "add an init process",
                    Repair::Set { path: "init".to_owned(), value: "true".to_owned() },
                );
            }
        }
    }
}
