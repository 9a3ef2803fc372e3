//! HP-DKR-008: Cargo may choose other dependencies than those that were tested.

use hardpan_compose::PathKind;
use hardpan_source::Edit;

use crate::artifacts::shell::{commands, effective_command, parse};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Verdicts};

/// See `rules/cargo-without-lock-file/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-008",
    name: "cargo-without-lock-file",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["The Cargo Book, cargo build, --locked"],
    doc: include_str!("../../../rules/cargo-without-lock-file/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let mut is_clean = true;
        for run in build.dockerfile.instructions.iter().filter(|instruction| instruction.name == "RUN") {
            let (text, map) = run.script(build.text());
            for visited in commands(&parse(text)) {
                let Some(command) = effective_command(&visited.command.words) else { continue };
                let plain = |word: &crate::artifacts::shell::Word| word.plain.clone().unwrap_or_default();
                // `cargo +nightly build` has the toolchain first.
                let mut words = command.arguments.iter().skip_while(|word| plain(word).starts_with('+'));
                let Some(verb) = words.next().filter(|_| command.program == "cargo") else { continue };
                let is_locked = words.any(|word| matches!(plain(word).as_str(), "--locked" | "--frozen"));
                if is_locked || !matches!(plain(verb).as_str(), "build" | "b" | "install") {
                    continue;
                }
                is_clean = false;
                let range = map.range(&visited.command.range);
                let draft = verdicts
                    .violation(service, build.span(&range), "Cargo builds without `--locked`")
                    .help("add `--locked`, and copy `Cargo.lock` into the build");
                let has_lock = build.context.as_ref().is_some_and(|context| {
                    scope.files.kind(&format!("{context}/Cargo.lock")) == Some(PathKind::File)
                });
                if has_lock && !build.is_inline() && plain(verb) != "install" {
                    let end = map.range(&verb.range).end;
                    let edit = Edit { span: build.span(&(end..end)), replacement: " --locked".to_owned() };
                    draft.fix(
                        Safety::Unsafe,
                        "build with the committed lock file",
                        Repair::Edits(vec![edit]),
                    );
                }
            }
        }
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}
