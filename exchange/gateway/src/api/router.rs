//! Which handler answers what.

use std::sync::Arc;

use axum::Router;

use super::app::App;

/// Everything under `/v1`, the OpenAPI document and the stream.
pub fn router(app: Arc<App>) -> Router {
    crate::stream::routes(&app)
}
