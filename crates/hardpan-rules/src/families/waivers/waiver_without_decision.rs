//! HP-WVR-003: a waiver cites a decision that is not in the repository.

use crate::finding::Subject;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/waiver-without-decision/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-WVR-003",
    name: "waiver-without-decision",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 6", "document 004, NFR-SEC-01"],
    doc: include_str!("../../../rules/waiver-without-decision/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for waiver in &scope.policy.waivers {
        if scope.has_decision(waiver) {
            verdicts.satisfied(Subject::Project);
            continue;
        }
        let (message, help) = if waiver.adr.is_empty() {
            (
                format!("the waiver of `{}` cites no decision", waiver.rule),
                "add `adr:` with the path of the record",
            )
        } else {
            let message =
                format!("the waiver of `{}` cites `{}`, which is not there", waiver.rule, waiver.adr);
            (message, "write the record, or correct the path; it starts at the project's root")
        };
        verdicts.violation(Subject::Project, waiver.adr_span, message).help(help);
    }
}
