//! The WebSocket.

use std::sync::Arc;

use axum::Router;

use crate::api::App;

/// The paths of this part; [`api::router`](crate::api::router) adds them.
pub fn routes(_app: &Arc<App>) -> Router {
    Router::new()
}
