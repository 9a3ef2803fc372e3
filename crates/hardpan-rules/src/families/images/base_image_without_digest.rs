//! HP-DKR-003: a base image is named by a tag that can be moved.

use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/base-image-without-digest/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-003",
    name: "base-image-without-digest",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["OCI image specification 1.1, descriptor digests", "CIS Docker 1.6.0, 4.2"],
    doc: include_str!("../../../rules/base-image-without-digest/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let mut is_pinned = true;
        for (stage, image) in build.dockerfile.external_images(&build.arguments) {
            if image.text == "scratch" || image.text.contains('@') {
                continue;
            }
            is_pinned = false;
            let place = build.span(&stage.base_range);
            if image.unresolved.is_empty() {
                verdicts
                    .violation(service, place, format!("base image `{}` has no digest", image.text))
                    .help("add the digest that you have tested: `image:tag@sha256:…`");
            } else {
                let message = format!("the base image depends on `{}`", image.unresolved.join("`, `"));
                verdicts.unknown(service, place, message);
            }
        }
        if is_pinned {
            verdicts.satisfied(service);
        }
    }
}
