//! HP-DKR-001: the image that a Dockerfile makes runs as root.

use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/dockerfile-user-is-root/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-001",
    name: "dockerfile-user-is-root",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 004, section 4", "hadolint 2.12, DL3002", "CIS Docker 1.6.0, 4.1"],
    doc: include_str!("../../../rules/dockerfile-user-is-root/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let base = &build.image.base;
        match &build.image.user {
            Some(user) if !user.value.unresolved.is_empty() => {
                let message =
                    format!("the user of the image depends on `{}`", user.value.unresolved.join("`, `"));
                verdicts.unknown(service, build.span(&user.range), message);
            }
            Some(user) if is_root(&user.value.text) => {
                verdicts
                    .violation(service, build.span(&user.range), "the image runs as root")
                    .help("end with a `USER` that is not root, by number: `USER 10001:10001`");
            }
            Some(_) => verdicts.satisfied(service),
            // Images for this purpose say so in their tag.
            None if base.text.contains("nonroot") => verdicts.satisfied(service),
            None => {
                verdicts
                    .violation(
                        service,
                        build.span(&build.image.base_range),
                        "the image has no `USER`: it runs as the user of its base image, usually root",
                    )
                    .help("add a `USER` that is not root to the final stage, by number: `USER 10001:10001`");
            }
        }
    }
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next().unwrap_or_default().trim(), "root" | "0")
}
