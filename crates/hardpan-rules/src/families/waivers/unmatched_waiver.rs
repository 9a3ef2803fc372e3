//! HP-WVR-002: a waiver covers nothing.

use crate::finding::Subject;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/unmatched-waiver/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-WVR-002",
    name: "unmatched-waiver",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 6"],
    doc: include_str!("../../../rules/unmatched-waiver/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (number, waiver) in scope.policy.waivers.iter().enumerate() {
        if !waiver.problems.is_empty() {
            verdicts.not_applicable(Subject::Project, "a malformed waiver is not matched with anything");
            continue;
        }
        if scope.used_waivers.borrow().contains(&number) {
            verdicts.satisfied(Subject::Project);
            continue;
        }
        let is_off = crate::find_rule(&waiver.rule).is_some_and(|rule| !scope.policy.is_on(rule));
        let why = if is_off { "the rule is off" } else { "nothing there breaks the rule" };
        let message =
            format!("the waiver of `{}` for `{}` covers nothing: {why}", waiver.rule, waiver.service);
        verdicts
            .violation(Subject::Project, waiver.span, message)
            .help("remove it, or correct its `rule`, `path` or `service`");
    }
}
