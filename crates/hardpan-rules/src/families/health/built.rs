//! What an image is made of within the project: the builds that stand on one another, and what their steps bring.

use std::iter::once;

use crate::artifacts::dockerfile::Instruction;
use crate::artifacts::shell;
use crate::builds::{Build, ImageSource};
use crate::{Scope, Service};

/// Where the image of a service comes from.
pub(super) enum Source<'s> {
    /// A registry.
    Registry,
    /// A build whose Dockerfile is not here, or has no such target.
    Elsewhere,
    /// Builds of the project: the one of the service, the one of its base, and so on down.
    Built(Vec<&'s Build>),
}

/// How many images may stand on one another. Two are usual; an image may also be named as its own base.
const BASES_MAX: usize = 8;

/// Where the image of a service comes from. Another service of the project may build it, or its base.
pub(super) fn source<'s>(scope: &'s Scope<'_>, service: &'s Service<'_>) -> Source<'s> {
    let owner = match service.get("build") {
        Some(_) => Some(service),
        None => service.image().and_then(|image| scope.builder_of(image)),
    };
    let Some(owner) = owner else { return Source::Registry };
    let ImageSource::Built(build) = scope.image_source(owner) else { return Source::Elsewhere };
    let mut chain: Vec<&Build> = vec![build];
    while let Some(base) = chain.last().and_then(|last| scope.builder_of(&last.image.base.text)) {
        match scope.image_source(base).build() {
            Some(build) if chain.len() < BASES_MAX => chain.push(build),
            _ => break,
        }
    }
    Source::Built(chain)
}

/// Whether what the stages of a build run or copy names a program, so that it may be there afterwards.
pub(super) fn mentions(build: &Build, program: &str) -> bool {
    // `apt-get install netcat-openbsd` brings `nc`.
    let package = if matches!(program, "nc" | "ncat") { "netcat" } else { program };
    let is_program = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let names = |text: &str| {
        text.split(|character: char| !is_program(character)).any(|word| {
            let rest = word.strip_prefix(program).or_else(|| word.strip_prefix(package));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    };
    steps(build).any(|instruction| texts(build, instruction).any(names))
}

/// Whether the stages of a build run a script of their own or copy whole folders of programs, which may bring anything.
pub(super) fn is_opaque(build: &Build) -> bool {
    steps(build).any(|instruction| match instruction.name.as_str() {
        "RUN" => texts(build, instruction).any(|text| text.contains("busybox") || runs_a_script(text)),
        _ => {
            let sources = instruction.arguments.split_last().map_or(&[][..], |(_, sources)| sources);
            instruction.flag("from").is_some_and(|from| from.contains("busybox"))
                || sources.iter().any(|source| is_folder_of_programs(&source.text))
        }
    })
}

fn steps(build: &Build) -> impl Iterator<Item = &Instruction> {
    build.instructions().filter(|instruction| matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD"))
}

/// The text of an instruction with its here-documents.
fn texts<'b>(build: &'b Build, instruction: &'b Instruction) -> impl Iterator<Item = &'b str> {
    let bodies = instruction.heredocs.iter().filter_map(|body| build.text().get(body.range.clone()));
    once(instruction.text.as_str()).chain(bodies)
}

fn runs_a_script(text: &str) -> bool {
    let script = shell::parse(text);
    shell::commands(&script).iter().any(|visited| {
        shell::effective_command(&visited.command.words).is_some_and(|command| {
            let is_given_a_script = || command.arguments.iter().any(|word| word.raw.ends_with(".sh"));
            // A text out of a pipe is out of sight as well.
            let reads_a_pipe = visited.context.input_piped && command.arguments.is_empty();
            command.program.ends_with(".sh")
                || (matches!(command.program, "sh" | "bash" | "ash") && (is_given_a_script() || reads_a_pipe))
        })
    })
}

fn is_folder_of_programs(source: &str) -> bool {
    let source = source.trim_end_matches(['/', '*']);
    source.is_empty()
        || source == "/usr"
        || source.ends_with("/bin")
        || source.ends_with("/sbin")
        || source.contains("busybox")
}

#[cfg(test)]
mod tests {
    use super::{is_folder_of_programs, runs_a_script};

    #[test]
    fn scripts_and_folders_may_bring_anything() {
        assert!(
            runs_a_script("/tmp/install.sh")
                && runs_a_script("fetch x | sh")
                && runs_a_script("bash a.sh -y")
        );
        assert!(!runs_a_script("chmod +x /entrypoint.sh && apt-get update"));
        assert!(is_folder_of_programs("/usr/bin/") && is_folder_of_programs("/bin/*"));
        assert!(!is_folder_of_programs("/src/target/release/app"));
    }
}
