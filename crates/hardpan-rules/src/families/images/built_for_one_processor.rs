//! HP-DKR-009: the program only runs on processors like that of the build machine.

use crate::builds::Build;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/built-for-one-processor/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-009",
    name: "built-for-one-processor",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["rustc book, codegen options, target-cpu"],
    doc: include_str!("../../../rules/built-for-one-processor/doc.md"),
    check,
};

/// What makes compilers choose the build machine's processor.
const FLAGS: [&str; 2] = ["target-cpu=native", "-march=native"];
/// Where Cargo looks for flags, below the folder of the build.
const CARGO_CONFIGURATION: [&str; 2] = [".cargo/config.toml", ".cargo/config"];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let mut is_clean = true;
        let mut report = |span, flag: &str| {
            is_clean = false;
            verdicts
                .violation(service, span, format!("`{flag}` builds for the processor of the build machine"))
                .help("name the oldest processor that has to run it, such as `target-cpu=x86-64-v3`");
        };
        for instruction in &build.dockerfile.instructions {
            if !matches!(instruction.name.as_str(), "RUN" | "ENV" | "ARG") {
                continue;
            }
            for (flag, at) in found(&build.text()[instruction.range.clone()]) {
                let start = instruction.range.start + at;
                report(build.span(&(start..start + flag.len())), flag);
            }
        }
        if compiles_with_cargo(build) {
            let context = build.context.iter();
            for path in
                context.flat_map(|context| CARGO_CONFIGURATION.map(|name| format!("{context}/{name}")))
            {
                let Some(file) = scope.files.read(&path) else { continue };
                for (flag, at) in found(file.text()) {
                    report(file.span(at..at + flag.len()), flag);
                }
            }
        }
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}

fn compiles_with_cargo(build: &Build) -> bool {
    build.dockerfile.instructions.iter().any(|one| one.name == "RUN" && one.text.contains("cargo"))
}

/// The flags in a text with their places; lines that are comments are passed over.
fn found(text: &str) -> Vec<(&'static str, usize)> {
    let mut all = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with('#') {
            let places = FLAGS.iter().filter_map(|&flag| Some((flag, start + line.find(flag)?)));
            all.extend(places);
        }
        start += line.len();
    }
    all
}
