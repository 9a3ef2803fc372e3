//! HP-DKR-006: a build argument or a variable of the image holds a secret.

use crate::artifacts::dockerfile::EntryKind;
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::{is_harmless_value, is_secret_name};
use crate::{Scope, Verdicts};

/// See `rules/secret-in-build/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-006",
    name: "secret-in-build",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 000, REQ-BSL-03", "document 001, REQ-SPC-OPT-004", "CIS Docker 1.6.0, 4.10"],
    doc: include_str!("../../../rules/secret-in-build/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let mut is_clean = true;
        for entry in build.dockerfile.env_and_args() {
            let value = entry.value.as_deref().unwrap_or_default();
            if !is_secret_name(&entry.name) || !value.is_empty() && is_harmless_value(value) {
                continue;
            }
            let what = match entry.kind {
                EntryKind::Arg => "build argument",
                _ if value.is_empty() => continue,
                _ => "variable of the image",
            };
            is_clean = false;
            verdicts
                .violation(
                    service,
                    build.span(&entry.range),
                    format!("{what} `{}` holds a secret", entry.name),
                )
                .help(
                    "for a build use `RUN --mount=type=secret,id=…`; at run time a file below `/run/secrets`",
                );
        }
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}
