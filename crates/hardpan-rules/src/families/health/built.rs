//! The image that a service builds: its Dockerfile, read, and what the target is configured to be.

use std::ops::Range;
use std::rc::Rc;

use hardpan_compose::NodeRef;
use hardpan_source::Span;

use crate::artifacts::dockerfile::{BuildArguments, Dockerfile, Image, Instruction, parse};
use crate::artifacts::shell;
use crate::files::TextFile;
use crate::{Scope, Service};

/// Where the image of a service comes from.
pub(super) enum Source {
    /// A registry.
    Registry,
    /// A build whose Dockerfile is not here, or has no such target.
    Elsewhere,
    /// A build.
    Built(Box<Built>),
}

/// A build with its Dockerfile.
pub(super) struct Built {
    /// What the target is configured to be.
    pub(super) image: Image,
    dockerfile: Dockerfile,
    text: Text,
}

/// Where the Dockerfile's text stands.
enum Text {
    File(Rc<TextFile>),
    /// In the Compose file itself, where a place inside of it is not known.
    Inline(Span),
}

impl Built {
    /// A range of the Dockerfile as a place.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        match &self.text {
            Text::File(file) => file.span(range.clone()),
            Text::Inline(span) => *span,
        }
    }

    /// The instructions of the stages of the target.
    fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        let stages = self.image.stages.iter();
        stages.flat_map(|stage| {
            self.dockerfile.instructions.get(stage.instructions.clone()).unwrap_or_default()
        })
    }

    /// The text of an instruction with its here-documents.
    fn texts<'t>(&'t self, instruction: &'t Instruction) -> impl Iterator<Item = &'t str> {
        let file = match &self.text {
            Text::File(file) => file.text(),
            Text::Inline(_) => "",
        };
        let bodies = instruction.heredocs.iter().filter_map(|body| file.get(body.range.clone()));
        std::iter::once(instruction.text.as_str()).chain(bodies)
    }

    /// Whether what the stages run or copy names a program, so that it may be there afterwards.
    pub(super) fn mentions(&self, program: &str) -> bool {
        // `apt-get install netcat-openbsd` brings `nc`.
        let package = if matches!(program, "nc" | "ncat") { "netcat" } else { program };
        let is_program =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        let names = |text: &str| {
            text.split(|character: char| !is_program(character)).any(|word| {
                let rest = word.strip_prefix(program).or_else(|| word.strip_prefix(package));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
        };
        self.steps().any(|instruction| self.texts(instruction).any(names))
    }

    /// Whether the stages run a script of their own or copy whole folders of programs, which may bring anything.
    pub(super) fn is_opaque(&self) -> bool {
        self.steps().any(|instruction| match instruction.name.as_str() {
            "RUN" => self.texts(instruction).any(|text| text.contains("busybox") || runs_a_script(text)),
            _ => {
                let words = instruction.arguments.split_last().map_or(&[][..], |(_, sources)| sources);
                let from = instruction.flag("from").unwrap_or_default();
                from.contains("busybox") || words.iter().any(|source| is_folder_of_programs(&source.text))
            }
        })
    }

    fn steps(&self) -> impl Iterator<Item = &Instruction> {
        self.instructions().filter(|instruction| matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD"))
    }
}

fn runs_a_script(text: &str) -> bool {
    let script = shell::parse(text);
    shell::commands(&script).iter().any(|visited| {
        let words = &visited.command.words;
        shell::effective_command(words).is_some_and(|command| {
            let of_shell = || command.arguments.iter().any(|word| word.raw.ends_with(".sh"));
            // A text out of a pipe is out of sight as well.
            let piped = visited.context.input_piped && command.arguments.is_empty();
            command.program.ends_with(".sh")
                || (matches!(command.program, "sh" | "bash" | "ash") && (of_shell() || piped))
        })
    })
}

fn is_folder_of_programs(source: &str) -> bool {
    let source = source.trim_end_matches(['/', '*']);
    source.is_empty()
        || source.ends_with("/bin")
        || source.ends_with("/sbin")
        || source == "/usr"
        || source.contains("busybox")
}

/// How many images may stand on one another. Two are usual.
const BASES_MAX: usize = 8;

/// Where the image of a service comes from. Another service of the project may build it. A base that another one builds
/// is followed by [`chain`].
pub(super) fn source(scope: &Scope<'_>, service: &Service<'_>) -> Source {
    let build = service.get("build").or_else(|| owner_of(scope, service.image()?)?.get("build"));
    match build {
        None => Source::Registry,
        Some(build) => read(scope, build).map_or(Source::Elsewhere, |built| Source::Built(Box::new(built))),
    }
}

/// The service that builds an image of this name.
fn owner_of<'s, 'p>(scope: &'s Scope<'p>, image: &str) -> Option<&'s Service<'p>> {
    scope.services().iter().find(|other| {
        other.get("build").is_some() && other.image().is_some_and(|built| same_image(built, image))
    })
}

/// The builds that an image stands on within the project, from the service's own down.
pub(super) fn chain(scope: &Scope<'_>, built: Built) -> Vec<Built> {
    let mut chain = vec![built];
    while let Some(base) = chain.last().and_then(|last| base_of(scope, last)) {
        if chain.len() == BASES_MAX {
            break;
        }
        chain.push(base);
    }
    chain
}

/// The build of the project's service whose image is the base.
fn base_of(scope: &Scope<'_>, built: &Built) -> Option<Built> {
    let owner = owner_of(scope, &built.image.base.text)?;
    match source(scope, owner) {
        Source::Built(built) => Some(*built),
        Source::Registry | Source::Elsewhere => None,
    }
}

fn same_image(a: &str, b: &str) -> bool {
    a.strip_suffix(":latest").unwrap_or(a) == b.strip_suffix(":latest").unwrap_or(b)
}

fn read(scope: &Scope<'_>, build: NodeRef<'_>) -> Option<Built> {
    let text = |key: &str| build.get(key).and_then(NodeRef::as_str);
    let (dockerfile, text_of) = match build.get("dockerfile_inline").filter(|inline| !inline.is_null()) {
        Some(inline) => (parse(inline.as_str()?), Text::Inline(inline.origin().span)),
        None => {
            let name = text("dockerfile").unwrap_or("Dockerfile");
            let path = if name.starts_with('/') {
                name.to_owned()
            } else {
                // A context that is no path is a repository or an archive somewhere else.
                let context = text("context").filter(|context| context.starts_with('/'))?;
                join(context, name)
            };
            let file = scope.files.read(&path)?;
            (parse(file.text()), Text::File(file))
        }
    };
    let arguments: BuildArguments = build
        .get("args")
        .into_iter()
        .flat_map(NodeRef::entries)
        .filter_map(|(name, value)| Some((name.to_owned(), value.as_str()?.to_owned())))
        .collect();
    let image = dockerfile.image(text("target"), &arguments)?;
    Some(Built { image, dockerfile, text: text_of })
}

/// A relative path below a folder, `.` and `..` resolved.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{join, same_image};

    #[test]
    fn paths_are_joined() {
        assert_eq!(join("/a/b/", "./c/../Dockerfile"), "/a/b/Dockerfile");
        assert_eq!(join("/a/b", "../Dockerfile.web"), "/a/Dockerfile.web");
    }

    #[test]
    fn latest_is_the_tag_that_is_not_written() {
        assert!(same_image("app", "app:latest") && !same_image("app:1", "app"));
    }
}
