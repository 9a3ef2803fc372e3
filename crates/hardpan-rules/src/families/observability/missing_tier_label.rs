//! HP-OBS-005: a container does not say which tier it belongs to.

use hardpan_compose::{Hop, VariableSource};

use super::logging::scalar;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Names, Scope, Verdicts};

/// See `rules/missing-tier-label/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-005",
    name: "missing-tier-label",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 004, AC-SPEC-02", "document 004, section 5", "compose-spec, services, labels"],
    doc: include_str!("../../../rules/missing-tier-label/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let label = scope.policy.parameters.tier_label.as_str();
    let tiers = &scope.policy.parameters.tiers;
    for service in scope.services() {
        let found = service.get("labels").and_then(|labels| labels.get(label));
        let Some(node) = found else {
            let on_deploy = service.get("deploy.labels").and_then(|labels| labels.get(label));
            let draft = verdicts.violation(service, service.key, format!("container has no label `{label}`"));
            if let Some(node) = on_deploy {
                draft.related(node.origin().span, "this label is for Swarm: no container gets it");
            }
            draft.help(format!("add `{label}` with the tier to `labels`"));
            continue;
        };
        let value = scalar(node);
        let is_unset = node.hops().any(|hop| matches!(hop, Hop::Variable { set: VariableSource::Unset, .. }));
        if value.is_empty() && is_unset {
            verdicts.unknown(service, node, format!("`{label}` comes from a variable that is not set"));
        } else if value.is_empty() {
            verdicts.violation(service, node, format!("label `{label}` is empty")).help("name the tier");
        } else if !tiers.is_empty() && !tiers.contains(&value) {
            verdicts
                .violation(service, node, format!("found the tier `{value}`, expected {}", Names(tiers)))
                .help("use a tier of the vocabulary");
        } else {
            verdicts.satisfied(service);
        }
    }
}
