//! HP-DKR-004: `ADD` fetches something that nobody has looked at.

use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/file-added-from-network/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-004",
    name: "file-added-from-network",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["hadolint 2.12, DL3020", "CIS Docker 1.6.0, 4.9"],
    doc: include_str!("../../../rules/file-added-from-network/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let mut is_clean = true;
        for add in build.dockerfile.instructions.iter().filter(|instruction| instruction.name == "ADD") {
            // With a checksum or a commit it is known what comes.
            if add.flag("checksum").is_some() {
                continue;
            }
            for source in add.arguments.split_last().map_or(&[][..], |(_, sources)| sources) {
                if !is_remote(&source.text) {
                    continue;
                }
                is_clean = false;
                verdicts
                    .violation(service, build.span(&source.range), "`ADD` fetches a file that nothing checks")
                    .help("add `--checksum=sha256:…`, or copy a file that is kept with the project");
            }
        }
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}

fn is_remote(source: &str) -> bool {
    let is_url = ["http://", "https://", "git@", "ssh://"].iter().any(|scheme| source.starts_with(scheme));
    // A repository at a full commit is as good as a checksum.
    let commit =
        source.rsplit_once('#').map_or("", |(_, commit)| commit.split(':').next().unwrap_or_default());
    is_url && !(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
