//! HP-SEC-015: the service does not take its hardening from the shared baseline.

use hardpan_compose::{Hop, NodeRef};

use super::drops_all;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/copied-hardening/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-015",
    name: "copied-hardening",
    audience: Audience::House,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 004, section 4", "document 001, section 4.1"],
    doc: include_str!("../../../rules/copied-hardening/doc.md"),
    check,
};

/// What the baseline brings.
const ATTRIBUTES: [&str; 2] = ["security_opt", "cap_drop"];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let file = scope.policy.parameters.template_file.trim_start_matches("./");
    for service in super::containers(scope, verdicts) {
        if extends_baseline(scope, service, file) || merges_baseline(service) {
            verdicts.satisfied(service);
            continue;
        }
        let copied = ATTRIBUTES.iter().find_map(|attribute| service.get(attribute));
        let help = format!(
            "extend a template of `{file}`, or merge an anchor such as `&security-baseline` that brings \
             `no-new-privileges:true` and `cap_drop: [ALL]`"
        );
        match copied {
            Some(node) => {
                let what =
                    if drops_all(service) { "a copy of the shared baseline" } else { "hardening of its own" };
                verdicts
                    .violation(
                        service,
                        node,
                        format!("has {what}: a change of the baseline does not reach it"),
                    )
                    .help(help);
            }
            None => {
                verdicts
                    .violation(service, service, "does not use the shared security baseline")
                    .severity(Severity::Info)
                    .help(help);
            }
        }
    }
}

/// Whether the service extends, directly or not, a template of the declared file.
fn extends_baseline(scope: &Scope<'_>, service: &Service<'_>, file: &str) -> bool {
    service.templates.iter().any(|template| {
        let path = scope.files.file(template.key.file);
        let path = path.path();
        path.strip_suffix(file).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })
}

/// Whether an anchor brings the values: by a merge key or an alias.
fn merges_baseline(service: &Service<'_>) -> bool {
    let is_brought =
        |node: NodeRef<'_>| node.hops().any(|hop| matches!(hop, Hop::Merge { .. } | Hop::Alias { .. }));
    ATTRIBUTES
        .iter()
        .filter_map(|attribute| service.get(attribute))
        .any(|node| is_brought(node) || node.items().any(is_brought))
}
