//! HP-ORC-003: Docker Compose refuses the project.

use hardpan_diag::{Diagnostic, Severity};

use crate::finding::{Place, Subject};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/unresolvable-project/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-003",
    name: "unresolvable-project",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, VAL-OPT-001", "document 002, VAL-AUTO-001", "Docker Compose 2.40.3"],
    doc: include_str!("../../../rules/unresolvable-project/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let mut errors = scope
        .diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error && !is_of_alternatives(scope, one))
        .peekable();
    if errors.peek().is_none() {
        verdicts.satisfied(Subject::Project);
    }
    for error in errors {
        let place = error.primary.as_ref().map_or(Place::Nowhere, |label| label.span.into());
        let draft = verdicts.violation(Subject::Project, place, error.message.clone());
        if let Some(label) = &error.primary {
            draft.label(label.text.clone());
        }
        for label in &error.related {
            draft.related(label.span, label.text.clone());
        }
        if let Some(help) = &error.help {
            draft.help(help.clone());
        }
    }
}

/// Whether two services share a container name that no choice of one profile enables together. All profiles are enabled
/// to see all of the project; Docker Compose would not refuse what people start.
fn is_of_alternatives(scope: &Scope<'_>, error: &Diagnostic) -> bool {
    if error.code.0 != "compose::container-name" {
        return false;
    }
    let spans = error.primary.iter().chain(&error.related).map(|label| label.span);
    let named = |span| {
        scope.services().iter().filter(move |service| {
            service.get("container_name").is_some_and(|node| node.origin().span == span)
        })
    };
    let mut services: Vec<&Service<'_>> = spans.flat_map(named).collect();
    services.sort_by_key(|service| service.id);
    services.dedup_by_key(|service| service.id);
    services.len() > 1
        && services.iter().enumerate().all(|(at, one)| {
            services[at + 1..].iter().all(|other| {
                let (mut left, right): (_, Vec<&str>) =
                    (one.profiles().peekable(), other.profiles().collect());
                left.peek().is_some() && !right.is_empty() && !left.any(|profile| right.contains(&profile))
            })
        })
}
