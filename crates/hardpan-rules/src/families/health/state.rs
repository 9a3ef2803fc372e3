//! Whether a service has a healthcheck, and who says so: the Compose files, its Dockerfile, or nobody here.

use hardpan_compose::{NodeRef, Value};
use hardpan_source::Span;

use super::built::{self, Source};
use crate::artifacts::dockerfile::Healthcheck;
use crate::builds::Build;
use crate::{Scope, Service};

/// What is known of a service's healthcheck.
#[derive(Clone, Copy, Debug)]
pub(super) enum Health<'p> {
    /// The Compose files have a test.
    Tested(NodeRef<'p>),
    /// The Compose files switch it off.
    Disabled(NodeRef<'p>),
    /// The Dockerfile has one.
    Built(Span),
    /// The Dockerfile switches it off.
    BuiltDisabled(Span),
    /// Neither the Compose files nor the Dockerfile, whose base is at this place, have one.
    Absent(Span),
    /// The image may bring one; why it is not known.
    Unknown(&'static str),
}

impl Health<'_> {
    /// True if there is one, as far as the files tell.
    pub(super) fn is_declared(self) -> bool {
        matches!(self, Self::Tested(_) | Self::Built(_))
    }
}

/// What is known of the healthcheck of a service.
pub(super) fn health<'p>(scope: &Scope<'_>, service: &Service<'p>) -> Health<'p> {
    if let Some(disable) = service.get("healthcheck.disable")
        && matches!(disable.value(), Value::Bool(true))
    {
        return Health::Disabled(disable);
    }
    // Without a test the other attributes adjust the healthcheck of the image.
    if let Some(test) = service.get("healthcheck.test") {
        let mut words = test.items().map(|word| word.as_str().unwrap_or_default());
        match (words.next(), words.next(), words.next()) {
            // `test: NONE` is a command to Compose, but it is plain what was meant.
            (Some("NONE"), ..) | (Some("CMD-SHELL"), Some("NONE"), None) => return Health::Disabled(test),
            (Some(_), ..) => return Health::Tested(test),
            (None, ..) => {}
        }
    }
    match built::source(scope, service) {
        Source::Registry => Health::Unknown("whether its image has one is not known"),
        Source::Elsewhere => Health::Unknown("its Dockerfile is not here"),
        Source::Built(builds) => of_builds(&builds),
    }
}

fn of_builds<'p>(builds: &[&Build]) -> Health<'p> {
    for build in builds {
        match &build.image.healthcheck {
            Some(Healthcheck::Defined { range, .. }) => return Health::Built(build.span(range)),
            Some(Healthcheck::Disabled { range, .. }) => return Health::BuiltDisabled(build.span(range)),
            None => {}
        }
    }
    let Some(root) = builds.last() else { return Health::Unknown("its Dockerfile is not here") };
    Health::Absent(root.span(&root.image.base_range))
}
