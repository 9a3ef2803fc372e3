//! The images that services build: their Dockerfiles, and what the target is configured to be.

use std::ops::Range;
use std::rc::Rc;

use hardpan_compose::NodeRef;
use hardpan_compose::syntax::path::{clean_path, join_paths};
use hardpan_source::Span;

use crate::artifacts::dockerfile::{BuildArguments, Dockerfile, Image, Instruction, parse};
use crate::files::{Files, TextFile};
use crate::service::Service;

/// Where the image of a service comes from.
#[derive(Debug)]
pub enum ImageSource {
    /// A registry.
    Registry,
    /// A build whose Dockerfile is not here, or has no such target.
    Elsewhere,
    /// A build.
    Built(Box<Build>),
}

/// A build with its Dockerfile.
#[derive(Debug)]
pub struct Build {
    /// The Dockerfile.
    pub dockerfile: Dockerfile,
    /// What its target is configured to be.
    pub image: Image,
    /// The folder of the build, absolute; none for a repository or an archive somewhere else.
    pub context: Option<String>,
    /// The arguments of the build.
    pub arguments: BuildArguments,
    text: Text,
}

/// Where the text of a Dockerfile stands.
#[derive(Debug)]
enum Text {
    File(Rc<TextFile>),
    /// In the Compose file itself, where a place inside of it is not known.
    Inline(Box<str>, Span),
}

impl ImageSource {
    pub(crate) fn of(files: &Files<'_>, service: &Service<'_>) -> Self {
        match service.get("build") {
            None => Self::Registry,
            Some(build) => read(files, build).map_or(Self::Elsewhere, |build| Self::Built(Box::new(build))),
        }
    }

    /// The build, where its Dockerfile is at hand.
    #[must_use]
    pub fn build(&self) -> Option<&Build> {
        match self {
            Self::Built(build) => Some(build),
            Self::Registry | Self::Elsewhere => None,
        }
    }
}

impl Build {
    /// The text of the Dockerfile.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.text {
            Text::File(file) => file.text(),
            Text::Inline(text, _) => text,
        }
    }

    /// True where the Dockerfile stands in the Compose file.
    #[must_use]
    pub fn is_inline(&self) -> bool {
        matches!(self.text, Text::Inline(..))
    }

    /// A range of the Dockerfile as a place; for one in the Compose file the whole of it.
    #[must_use]
    pub fn span(&self, range: &Range<usize>) -> Span {
        match &self.text {
            Text::File(file) => file.span(range.clone()),
            Text::Inline(_, span) => *span,
        }
    }

    /// The instructions of the stages that the image is made of, the base first. Stages that it only copies from are
    /// not among them.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.image.stages.iter().rev().flat_map(|stage| self.dockerfile.instructions_of(stage))
    }
}

fn read(files: &Files<'_>, build: NodeRef<'_>) -> Option<Build> {
    let text = |key: &str| build.get(key).and_then(NodeRef::as_str);
    // A context that is no path is a repository or an archive somewhere else.
    let context = text("context").filter(|context| context.starts_with('/')).map(str::to_owned);
    let source = match build.get("dockerfile_inline").filter(|inline| inline.as_str().is_some()) {
        Some(inline) => Text::Inline(inline.as_str()?.into(), inline.origin().span),
        None => {
            let name = text("dockerfile").unwrap_or("Dockerfile");
            let path = match &context {
                _ if name.starts_with('/') => clean_path(name),
                Some(context) => join_paths(context, name),
                None => return None,
            };
            Text::File(files.read(&path)?)
        }
    };
    let dockerfile = match &source {
        Text::File(file) => parse(file.text()),
        Text::Inline(text, _) => parse(text),
    };
    let arguments: BuildArguments = build
        .get("args")
        .into_iter()
        .flat_map(NodeRef::entries)
        .filter_map(|(name, value)| Some((name.to_owned(), value.as_str()?.to_owned())))
        .collect();
    let image = dockerfile.image(text("target"), &arguments)?;
    Some(Build { dockerfile, image, context, arguments, text: source })
}
