//! Refusals, as problem details (RFC 9457).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// There is no market with this symbol.
    UnknownMarket(String),
    /// `limit` is not a number that is allowed.
    InvalidLimit {
        /// As it was written.
        found: String,
        /// The largest.
        max: usize,
    },
    /// There is no such interval.
    InvalidInterval(String),
    /// A parameter that is not known, stands twice, or is not text.
    InvalidQuery(String),
    /// There is no feed that is whole.
    NotReady,
    /// No such path.
    NotFound,
    /// A path with another method.
    MethodNotAllowed,
    /// A place in the stream that is not there: of another run, or not kept any more.
    NotKept {
        /// The oldest message that is kept.
        oldest: u64,
    },
}

impl Problem {
    fn parts(&self) -> (StatusCode, &'static str, &'static str, String) {
        match self {
            Self::UnknownMarket(symbol) => (
                StatusCode::NOT_FOUND,
                "unknown-market",
                "No such market",
                format!("found `{symbol}`, expected a symbol that the list of markets has"),
            ),
            Self::InvalidLimit { found, max } => (
                StatusCode::BAD_REQUEST,
                "invalid-limit",
                "The limit is not a number that is allowed",
                format!("found `{found}`, expected a whole number from 1 to {max}"),
            ),
            Self::InvalidInterval(found) => (
                StatusCode::BAD_REQUEST,
                "invalid-interval",
                "No such interval",
                format!("found `{found}`, expected `1s`, `1m`, `5m`, `1h` or `1d`"),
            ),
            Self::InvalidQuery(detail) => (
                StatusCode::BAD_REQUEST,
                "invalid-query",
                "The query is not one of this path",
                detail.clone(),
            ),
            Self::NotReady => (
                StatusCode::SERVICE_UNAVAILABLE,
                "not-ready",
                "Market data is not ready",
                "the feed is being built from a snapshot; `/health` says more".into(),
            ),
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "not-found", "No such path", "there is nothing at this path".into())
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Only `GET` is answered",
                "expected `GET`".into(),
            ),
            Self::NotKept { oldest } => (
                StatusCode::GONE,
                "not-kept",
                "That place of the stream is not kept",
                format!("the oldest message is {oldest}; begin anew without `after`"),
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, title, detail) = self.parts();
        let body = serde_json::json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "code": code,
            "detail": detail,
        });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}
