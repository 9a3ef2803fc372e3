//! HP-DKR-007: a shell stands between the engine and the program.

use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/shell-form-start/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-007",
    name: "shell-form-start",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["hadolint 2.12, DL3025"],
    doc: include_str!("../../../rules/shell-form-start/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let mut is_clean = true;
        for (instruction, setting) in [("ENTRYPOINT", &build.image.entrypoint), ("CMD", &build.image.cmd)] {
            let Some(setting) = setting.as_ref().filter(|setting| setting.in_shell) else { continue };
            // The shell makes room for the program.
            if setting.arguments.iter().any(|text| text.trim_start().starts_with("exec ")) {
                continue;
            }
            is_clean = false;
            verdicts
                .violation(
                    service,
                    build.span(&setting.range),
                    format!("`{instruction}` starts a shell, which keeps signals from the program"),
                )
                .help(format!("write it as a list: `{instruction} [\"program\", \"argument\"]`"));
        }
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}
