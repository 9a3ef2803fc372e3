//! The paths that every service has.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::health::{Health, Status};
use crate::metrics::Metrics;

#[derive(Clone)]
struct Common {
    health: Health,
    metrics: Metrics,
}

/// `/health`: how the service is, with reasons; 503 where it is unhealthy. `/ready`: 200 or 503. `/metrics`: for Prometheus.
pub fn common_routes(health: Health, metrics: Metrics) -> Router {
    Router::new()
        .route("/health", get(report))
        .route("/ready", get(ready))
        .route("/metrics", get(exposition))
        .with_state(Common { health, metrics })
}

async fn report(State(common): State<Common>) -> Response {
    let report = common.health.report();
    let code =
        if report.status == Status::Unhealthy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, axum::Json(report)).into_response()
}

async fn ready(State(common): State<Common>) -> Response {
    let report = common.health.report();
    let code = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, axum::Json(report)).into_response()
}

async fn exposition(State(common): State<Common>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], common.metrics.exposition()).into_response()
}
