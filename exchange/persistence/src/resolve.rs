//! What became of requests whose answer was lost: the log knows.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use exchange_service::log::{LogError, LogReader, LogSource};
use exchange_types::Sequence;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::log::{self, LogHandle};
use crate::payload;
use crate::routes::App;

/// What is asked.
#[derive(Debug, Deserialize)]
pub(crate) struct Question {
    /// Ids of requests that were sent over a stream that has ended.
    requests: BTreeSet<u64>,
    /// They are not in the log up to here.
    after: u64,
}

/// What is answered.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    /// The requests that are in the log, durable, with their sequence. Those that are not here will never be.
    found: Vec<(u64, u64)>,
    /// Up to where it was searched: everything submitted before the question.
    position: u64,
}

/// `POST /internal/resolve`: the asker has ended its stream before, by beginning another one, or it is told of what may still be
/// submitted behind its back.
pub(crate) async fn resolve(
    State(app): State<App>,
    Json(question): Json<Question>,
) -> Result<Response, StatusCode> {
    let core = app.core()?;
    let log = core.log.clone();
    let position = log.submitted();
    if let Err(state) = log.wait_durable(position).await {
        let cause = match state {
            log::State::Stopped(cause) => format!("the log is stopped: {cause}"),
            _ => "the log is closed".to_owned(),
        };
        return Ok((StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "detail": cause }))).into_response());
    }
    // One at a time: each reads files.
    let _turn = core.resolving.acquire().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let search = tokio::task::spawn_blocking(move || search(&log, &question, position));
    match search.await {
        Ok(Ok(found)) => Ok(Json(Answer { found, position: position.0 }).into_response()),
        Ok(Err(error)) => {
            let gone = matches!(error, LogError::NotHere { .. });
            let status = if gone { StatusCode::GONE } else { StatusCode::INTERNAL_SERVER_ERROR };
            tracing::error!(%error, "the log could not be searched");
            Ok((status, Json(json!({ "detail": error.to_string() }))).into_response())
        }
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn search(log: &LogHandle, question: &Question, position: Sequence) -> Result<Vec<(u64, u64)>, LogError> {
    let mut found = Vec::new();
    if question.after >= position.0 || question.requests.is_empty() {
        return Ok(found);
    }
    let mut reader = log.source().reader(Sequence(question.after).next())?;
    while found.len() < question.requests.len() && reader.position() <= position {
        let Some(record) = reader.next()? else { break };
        let request = payload::request_id(record.payload);
        if question.requests.contains(&request) {
            found.push((request, record.sequence.0));
        }
    }
    Ok(found)
}
