//! What the API is, for programs: an OpenAPI 3.1 document.

use axum::response::Response;

/// `GET /openapi.json`
pub(crate) async fn document() -> Response {
    Response::default()
}
