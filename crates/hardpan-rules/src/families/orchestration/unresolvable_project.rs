//! HP-ORC-003: Docker Compose refuses the project.

use hardpan_diag::Severity;

use crate::finding::{Place, Subject};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

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
    let mut errors = scope.diagnostics.iter().filter(|one| one.severity == Severity::Error).peekable();
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
