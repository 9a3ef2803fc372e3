//! What is answered: JSON made of events and of what other services say.
//!
//! Not responsible for problems. A newcomer needs to know one thing: an answer is made of the command and its outcome alone, so a
//! request that is repeated under its key is answered with the same bytes.

mod execution;
mod order;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use exchange_types::Event;
use serde::Serialize;

pub(super) use execution::{Execution, average_price};
pub(super) use order::{ChangedOrder, OrderAnswer, Stamp, Submitted, state_name};
pub(crate) use order::{cause_name, side_name};

use crate::link::{Outcome, SubmitError};
use crate::problem::{Code, Problem};
use crate::upstream::{Target, UpstreamError};

/// The header that says that a request came again.
const REPLAYED: &str = "idempotency-replayed";

/// Seconds after which it makes sense to ask a service again that is not there.
const RETRY_AFTER_S: u32 = 1;

/// Seconds after which a stopped log may go on: somebody has to make room.
const LOG_RETRY_AFTER_S: u32 = 10;

/// An answer in JSON.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => raw_json(status, bytes.into()),
        // Texts, numbers and lists are always writable.
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            axum::response::IntoResponse::into_response(Problem::new(Code::INTERNAL))
        }
    }
}

/// An answer that is JSON already.
pub(super) fn raw_json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Says of an answer that it was given before.
pub(super) fn mark_replayed(mut response: Response, outcome: &Outcome) -> Response {
    if outcome.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// The problem with an outcome, if the command was rejected.
pub(super) fn check_rejected(outcome: &Outcome) -> Result<(), Problem> {
    let reason = outcome.events.iter().find_map(|event| match event {
        Event::Rejected { reason, .. } => Some(*reason),
        _ => None,
    });
    match reason {
        None => Ok(()),
        Some(reason) => {
            let mut problem = Problem::rejected(reason, outcome.sequence, outcome.time);
            problem.replayed = outcome.replayed;
            Err(problem)
        }
    }
}

/// The outcome lacks what its command leads to.
pub(super) fn strange_outcome(outcome: &Outcome) -> Problem {
    tracing::error!(sequence = %outcome.sequence, "an outcome does not fit its command");
    Problem::new(Code::BAD_UPSTREAM)
        .detail(format!("the outcome of command {} does not fit it", outcome.sequence))
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let again = |code| Self::new(code).retry_after(RETRY_AFTER_S);
        match error {
            SubmitError::PersistenceUnavailable => again(Code::PERSISTENCE_UNAVAILABLE),
            SubmitError::MatchingUnavailable => again(Code::MATCHING_ENGINE_UNAVAILABLE),
            SubmitError::Stalled => again(Code::VENUE_STALLED),
            SubmitError::Busy => again(Code::BUSY),
            SubmitError::TooLarge => Self::new(Code::TOO_LARGE),
            SubmitError::Malformed => {
                tracing::error!("persistence could not read a command");
                Self::new(Code::INTERNAL)
            }
            SubmitError::LogStopped => Self::new(Code::LOG_STOPPED).retry_after(LOG_RETRY_AFTER_S),
            SubmitError::NotTaken => again(Code::NOT_TAKEN),
            SubmitError::OutcomeUnknown { request } => {
                let mut problem = Self::new(Code::OUTCOME_UNKNOWN);
                problem.request = Some(request);
                problem
            }
            SubmitError::ReplayUnavailable { .. } => again(Code::REPLAY_UNAVAILABLE),
        }
    }
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Unavailable { target, retry_after, .. }
            | UpstreamError::Open { target, retry_after, .. } => {
                let seconds = u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX);
                unavailable(target).retry_after(seconds.max(RETRY_AFTER_S))
            }
            // Its 503 says that it is recovering, or that too much waits there.
            UpstreamError::Refused { target, status, .. } if status == StatusCode::SERVICE_UNAVAILABLE => {
                unavailable(target).retry_after(RETRY_AFTER_S)
            }
            error => {
                tracing::error!(%error, "an answer is not understood");
                Self::new(Code::BAD_UPSTREAM)
            }
        }
    }
}

fn unavailable(target: Target) -> Problem {
    Problem::new(match target {
        Target::Persistence => Code::PERSISTENCE_UNAVAILABLE,
        Target::RiskEngine => Code::RISK_ENGINE_UNAVAILABLE,
        Target::MatchingEngine => Code::MATCHING_ENGINE_UNAVAILABLE,
        Target::MarketData => Code::MARKET_DATA_UNAVAILABLE,
    })
}
