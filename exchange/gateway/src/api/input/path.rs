//! The part of a path that names something.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::problem::Problem;

/// The one part of the path that the client chooses: an extractor, as axum's own is, but one that refuses with a problem.
#[derive(Debug)]
pub(in crate::api) struct Named(pub(in crate::api) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            // Every route with a handler that asks for this has one such part, so it is the text that is wrong.
            Err(_) => Err(Problem::invalid_field("path", "expected UTF-8, percent-encoded")),
        }
    }
}
