//! What the service answers.
//!
//! Not responsible for answers: the task that owns the state makes them. A newcomer needs to know one thing: a question that cannot
//! be answered in time is answered with 503 and changes nothing; whoever asked asks again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_service::net::{self, RingSource, TooOld, Upgrade, refuse_too_old, serve_ring};
use exchange_types::{AccountId, OrderId};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::query::{Answer, Query, Question};
use crate::reigns::Reigns;

/// How long a question may wait for the log to come as far as it demands, and to be durable.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What the routes share with the task that owns the state.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    steps: Arc<Mutex<Option<Steps>>>,
    ask: mpsc::Sender<Query>,
}

/// The stream of steps as it stands.
#[derive(Debug)]
pub(crate) struct Steps {
    /// The steps.
    pub(crate) source: RingSource,
    /// In which reign each was written.
    pub(crate) reigns: Reigns,
    /// The reign of the log's writer.
    pub(crate) reign: u32,
    /// Whether the fold has reached what the log had when it began.
    pub(crate) caught_up: bool,
}

impl Serving {
    /// Nothing to be served yet; questions go to `ask`.
    pub(crate) fn new(ask: mpsc::Sender<Query>) -> Self {
        Self { steps: Arc::new(Mutex::new(None)), ask }
    }

    /// The stream, to be looked at or changed. Never held while anything is waited for.
    pub(crate) fn steps(&self) -> MutexGuard<'_, Option<Steps>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a reader of steps says of itself.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Resume {
    after: u64,
    epoch: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Demand {
    #[serde(default)]
    at_least: u64,
    #[serde(default)]
    orders: usize,
}

/// All routes of the service but the common ones.
pub(crate) fn routes(serving: Serving) -> Router {
    Router::new()
        .route(net::STEPS, get(steps))
        .route("/internal/accounts/{account}", get(account))
        .route("/internal/orders/{order}", get(order))
        .route("/internal/venue", get(venue))
        .with_state(serving)
}

async fn steps(
    State(serving): State<Serving>,
    Parameters(resume): Parameters<Resume>,
    upgrade: Upgrade,
) -> Response {
    match place(&serving, resume) {
        Ok((source, reign)) => {
            let (position, reader) = (source.position(), source.reader(resume.after));
            upgrade.accept(position, reign, move |link| serve_ring(reader, link, Duration::ZERO))
        }
        Err(refusal) => refusal,
    }
}

/// The ring, if the reader's place is in it.
#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn place(serving: &Serving, resume: Resume) -> Result<(RingSource, u32), Response> {
    let steps = serving.steps();
    let Some(steps) = &*steps else {
        return Err(unavailable("recovering"));
    };
    let (position, oldest) = (steps.source.position(), steps.source.oldest());
    if resume.after > position {
        // Until the fold has caught up, everybody may be ahead of it; after that, the reader says it to persistence.
        let reason = "the asker is ahead";
        return Err(if steps.caught_up {
            conflict(reason, position)
        } else {
            unavailable("catching up with the log")
        });
    }
    match (resume.epoch, steps.reigns.of(resume.after)) {
        (Some(found), Some(expected)) if found != expected => {
            return Err(conflict("the asker's record is of another reign", position));
        }
        // It is the last one of the snapshot that this state began with, which does not say its reign: the asker may have another
        // record of that number, which the log has lost since. Whoever begins with that snapshot too names no reign.
        (Some(_), None) => return Err(gone("the reign of the asker's record is not known", position)),
        _ => {}
    }
    let wanted = resume.after + 1;
    if wanted < oldest {
        return Err(refuse_too_old(TooOld { wanted, oldest }));
    }
    Ok((steps.source.clone(), steps.reign))
}

async fn account(
    State(serving): State<Serving>,
    Path(account): Path<u32>,
    Parameters(Demand { at_least, orders }): Parameters<Demand>,
) -> Response {
    ask(&serving, Question::Account { account: AccountId(account), orders }, at_least).await
}

async fn order(
    State(serving): State<Serving>,
    Path(order): Path<u64>,
    Parameters(Demand { at_least, .. }): Parameters<Demand>,
) -> Response {
    ask(&serving, Question::Order(OrderId(order)), at_least).await
}

async fn venue(
    State(serving): State<Serving>,
    Parameters(Demand { at_least, .. }): Parameters<Demand>,
) -> Response {
    ask(&serving, Question::Venue, at_least).await
}

async fn ask(serving: &Serving, question: Question, at_least: u64) -> Response {
    let (answer, answered) = oneshot::channel();
    if serving.ask.try_send(Query { question, at_least, answer }).is_err() {
        return unavailable("too many questions wait");
    }
    match tokio::time::timeout(ANSWER_WITHIN, answered).await {
        Ok(Ok(Answer::Found(json))) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Ok(Ok(Answer::Unknown)) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(_)) => unavailable("recovering"),
        Err(_) => unavailable("the log has not come so far"),
    }
}

fn unavailable(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, axum::Json(serde_json::json!({ "reason": reason }))).into_response()
}

fn conflict(reason: &str, position: u64) -> Response {
    refusal(StatusCode::CONFLICT, reason, position)
}

fn gone(reason: &str, position: u64) -> Response {
    refusal(StatusCode::GONE, reason, position)
}

fn refusal(status: StatusCode, reason: &str, position: u64) -> Response {
    let body = serde_json::json!({ "reason": reason, "position": position });
    (status, axum::Json(body)).into_response()
}
