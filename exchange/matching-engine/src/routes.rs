//! What the service answers.
//!
//! Not responsible for what is published. A newcomer needs to know one thing: a reader that is ahead of these books is let in and
//! gets what comes behind its place: what it has was durable, so books that recover will come there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_service::net::{self, Resume, RingSource, TooOld, Upgrade, refuse_too_old, serve_ring};

/// The stream of outcomes as it stands. `None`: the books are being recovered for the first time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Serving {
    outcomes: Arc<Mutex<Option<Outcomes>>>,
}

/// What the route has to know.
#[derive(Debug, Clone)]
pub(crate) struct Outcomes {
    /// The outcomes.
    pub(crate) source: RingSource,
    /// The reign of the log's writer.
    pub(crate) reign: u32,
}

impl Serving {
    /// The stream, to be looked at or changed. Never held while anything is waited for.
    pub(crate) fn outcomes(&self) -> MutexGuard<'_, Option<Outcomes>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All routes of the service but the common ones.
pub(crate) fn routes(serving: Serving) -> Router {
    Router::new().route(net::OUTCOMES, get(outcomes)).with_state(serving)
}

async fn outcomes(
    State(serving): State<Serving>,
    Query(resume): Query<Resume>,
    upgrade: Upgrade,
) -> Response {
    let Some(Outcomes { source, reign }) = serving.outcomes().clone() else {
        let body = axum::Json(serde_json::json!({ "reason": "recovering" }));
        return (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    };
    let position = source.position();
    let after = resume.after.unwrap_or(position);
    let oldest = source.oldest();
    match after.checked_add(1) {
        None => return StatusCode::BAD_REQUEST.into_response(),
        Some(wanted) if wanted < oldest => return refuse_too_old(TooOld { wanted, oldest }),
        Some(_) => {}
    }
    let reader = source.reader(after);
    let linger = Duration::from_micros(resume.linger_us);
    upgrade.accept(position, reign, move |link| serve_ring(reader, link, linger))
}
