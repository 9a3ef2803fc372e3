//! The Dockerfile that a service is built from.

use std::ops::Range;
use std::rc::Rc;

use hardpan_compose::{NodeRef, Value};
use hardpan_source::Span;

use super::paths::clean;
use crate::artifacts::dockerfile::{BuildArguments, Image, parse};
use crate::files::TextFile;
use crate::{Scope, Service};

/// The Dockerfile of a service.
pub(super) enum Dockerfile<'p> {
    /// A file.
    File(Rc<TextFile>),
    /// `dockerfile_inline`.
    Inline(NodeRef<'p>),
}

impl<'p> Dockerfile<'p> {
    /// The Dockerfile that the service is built from; none where it is not at hand.
    pub(super) fn of(scope: &Scope<'p>, service: &Service<'p>) -> Option<Self> {
        let build = service.get("build")?;
        if let Some(inline) = build.get("dockerfile_inline").filter(|node| node.as_str().is_some()) {
            return Some(Self::Inline(inline));
        }
        // A context elsewhere, such as a repository to clone, is no path.
        let context = build.get("context")?.as_str().filter(|context| context.starts_with('/'))?;
        let name = build.get("dockerfile").and_then(NodeRef::as_str).unwrap_or("Dockerfile");
        let path = if name.starts_with('/') { clean(name) } else { clean(&format!("{context}/{name}")) };
        scope.files.read(&path).map(Self::File)
    }

    /// What is written in it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::File(file) => file.text(),
            Self::Inline(node) => node.as_str().unwrap_or_default(),
        }
    }

    /// Where a range of the text is. An inline text is shown whole: its bytes are not those of the Compose file.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        match self {
            Self::File(file) => file.span(range),
            Self::Inline(node) => node.origin().span,
        }
    }

    /// The image that the build of the service ends with.
    pub(super) fn image(&self, service: &Service<'_>) -> Option<Image> {
        let arguments: BuildArguments = service
            .entries("build.args")
            .filter_map(|(name, value)| {
                let text = match value.value() {
                    Value::Str(text) => text.to_string(),
                    Value::Int(number) => number.to_string(),
                    Value::Bool(on) => on.to_string(),
                    _ => return None,
                };
                Some((name.to_owned(), text))
            })
            .collect();
        parse(self.text()).image(service.text("build.target"), &arguments)
    }
}
