//! HP-RES-004: what the infrastructure reserves is already more memory than it may use when idle.

use super::bound::{self, Bound};
use crate::finding::{Place, Subject};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, ServiceKind, Verdicts};

/// See `rules/memory-reserved-beyond-share/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-RES-004",
    name: "memory-reserved-beyond-share",
    audience: Audience::House,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 004, NFR-RES-01", "compose-spec, deploy, resources"],
    doc: include_str!("../../../rules/memory-reserved-beyond-share/doc.md"),
    check,
};

/// Document 004 gives idle infrastructure less than 20 % of the memory.
const SHARE_MAX: f64 = 0.20;

/// The value of the tier label that marks a service as infrastructure.
const INFRASTRUCTURE: &str = "infra";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let mut reserved: Vec<_> = infrastructure(scope)
        .into_iter()
        .filter_map(|service| match bound::memory_reserved(service) {
            Bound::Stated(node, amount) => Some((service, node, amount * replicas(service))),
            _ => None,
        })
        .collect();
    reserved.sort_by(|a, b| b.2.total_cmp(&a.2));
    let Some((_, largest, _)) = reserved.first() else {
        verdicts.unknown(
            Subject::Project,
            Place::Nowhere,
            "memory of the idle infrastructure has to be measured: nothing is reserved",
        );
        return;
    };
    let total: f64 = reserved.iter().map(|(_, _, amount)| amount).sum();
    let Some(host) = scope.policy.parameters.host_memory_bytes else {
        verdicts.unknown(
            Subject::Project,
            Place::Nowhere,
            format!(
                "infrastructure reserves {}; the memory of the machine is not stated",
                bound::bytes(total)
            ),
        );
        return;
    };
    let host = host as f64;
    if total <= host * SHARE_MAX {
        return verdicts.satisfied(Subject::Project);
    }
    let draft = verdicts.violation(
        Subject::Project,
        *largest,
        format!(
            "infrastructure reserves {}, expected at most 20 % of the machine's {}",
            bound::bytes(total),
            bound::bytes(host)
        ),
    );
    draft
        .label("the largest reservation")
        .help("lower what the largest services reserve, or state a larger machine in the policy");
    for (service, node, amount) in reserved.iter().skip(1) {
        draft.related(node.origin().span, format!("`{}` reserves {}", service.name, bound::bytes(*amount)));
    }
}

/// The services labelled as infrastructure; where none is, all that carry a tier; where none does, all that run on.
fn infrastructure<'s, 'p>(scope: &'s Scope<'p>) -> Vec<&'s Service<'p>> {
    let tier = |service: &Service<'_>| service.label(&scope.policy.parameters.tier_label).map(str::to_owned);
    let lasting = || scope.services().iter().filter(|service| service.kind == ServiceKind::LongRunning);
    let marked: Vec<_> =
        lasting().filter(|service| tier(service).as_deref() == Some(INFRASTRUCTURE)).collect();
    if !marked.is_empty() {
        return marked;
    }
    let tiered: Vec<_> = lasting().filter(|service| tier(service).is_some()).collect();
    if tiered.is_empty() { lasting().collect() } else { tiered }
}

fn replicas(service: &Service<'_>) -> f64 {
    let stated = service.get("scale").or_else(|| service.get("deploy.replicas"));
    stated.and_then(bound::number).unwrap_or(1.0)
}
