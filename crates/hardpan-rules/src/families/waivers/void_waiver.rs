//! HP-WVR-001: a waiver has run out, or is not well formed, and so waives nothing.

use crate::finding::Subject;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/void-waiver/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-WVR-001",
    name: "void-waiver",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 6"],
    doc: include_str!("../../../rules/void-waiver/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for waiver in &scope.policy.waivers {
        let mut is_sound = true;
        for problem in &waiver.problems {
            is_sound = false;
            let span = problem.primary.as_ref().map_or(waiver.span, |label| label.span);
            let message = format!("the waiver of `{}` is malformed: {}", waiver.rule, problem.message);
            let draft = verdicts.violation(Subject::Project, span, message);
            if let Some(help) = &problem.help {
                draft.help(help.clone());
            }
        }
        if let Some(expires) = waiver.expires.filter(|&expires| expires < scope.today) {
            is_sound = false;
            let message =
                format!("the waiver of `{}` for `{}` ran out on {expires}", waiver.rule, waiver.service);
            verdicts
                .violation(Subject::Project, waiver.expires_span, message)
                .help("cure what it waives, or decide again and set a later day");
        }
        if is_sound {
            verdicts.satisfied(Subject::Project);
        }
    }
}
