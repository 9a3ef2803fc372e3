//! Queries of the history. They are asked by the gateway, which has checked who may ask.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::error::StoreError;
use super::store::{AnyStore, Page, Store, Which};
use crate::log::chain;
use crate::routes::App;

/// How many rows of an answer at most.
const LIMIT_MAX: usize = 1_000;

/// How many rows of an answer, where nobody says.
const LIMIT_DEFAULT: usize = 100;

/// How long a query waits for the history to come as far as it asks.
const REACH_MAX: Duration = Duration::from_secs(2);

/// What a list is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct List {
    account: u32,
    /// An instrument, of orders.
    market: Option<u32>,
    /// An instrument, of trades.
    instrument: Option<u32>,
    status: Option<String>,
    before: Option<u64>,
    limit: Option<usize>,
    at_least: Option<u64>,
}

/// As of when a single thing is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct One {
    at_least: Option<u64>,
}

/// Why there is no answer.
pub(crate) enum Refusal {
    /// The service has no store at this moment.
    Closed,
    /// The history is not as far as was asked.
    Behind(u64),
    /// A value that no query has.
    Invalid(&'static str),
    /// The store failed.
    Failed(StoreError),
    /// There is no such thing.
    Missing,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Closed => (StatusCode::SERVICE_UNAVAILABLE, json!({ "detail": "the history is not open" })),
            Self::Behind(position) => (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({ "detail": "the history has not come this far", "position": position }),
            ),
            Self::Invalid(what) => (StatusCode::BAD_REQUEST, json!({ "detail": what })),
            Self::Failed(error) => {
                tracing::error!(error = chain(&error), "the history could not be read");
                (StatusCode::INTERNAL_SERVER_ERROR, json!({ "detail": "the history could not be read" }))
            }
            Self::Missing => (StatusCode::NOT_FOUND, json!({ "detail": "there is none" })),
        };
        (status, Json(body)).into_response()
    }
}

/// The store, once the history has come to `at_least`.
async fn store(app: &App, at_least: Option<u64>) -> Result<AnyStore, Refusal> {
    let history = &app.core().map_err(|_| Refusal::Closed)?.history;
    if let Some(at_least) = at_least
        && tokio::time::timeout(REACH_MAX, history.reach(at_least)).await.is_err()
    {
        return Err(Refusal::Behind(history.position()));
    }
    history.store().ok_or(Refusal::Closed)
}

fn page(list: &List, instrument: Option<u32>) -> Result<Page, Refusal> {
    let limit = list.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Refusal::Invalid("expected a `limit` of 1 to 1000"));
    }
    Ok(Page {
        account: list.account.into(),
        instrument: instrument.map(Into::into),
        before: list.before,
        limit,
    })
}

/// `GET /internal/orders?account=&market=&status=&before=&limit=&at_least=`: newest first.
pub(crate) async fn orders(State(app): State<App>, Query(list): Query<List>) -> Result<Response, Refusal> {
    let which = match list.status.as_deref() {
        None | Some("all") => Which::All,
        Some("open") => Which::Open,
        Some("closed") => Which::Closed,
        Some(_) => return Err(Refusal::Invalid("expected a `status` of `open`, `closed` or `all`")),
    };
    let page = page(&list, list.market)?;
    let rows = store(&app, list.at_least).await?.orders(page, which).await?;
    let orders: Vec<_> = rows.iter().map(super::rows::OrderRow::json).collect();
    Ok(Json(json!({ "orders": orders })).into_response())
}

/// `GET /internal/orders/{id}?at_least=`
pub(crate) async fn order(
    State(app): State<App>,
    Path(id): Path<u64>,
    Query(one): Query<One>,
) -> Result<Response, Refusal> {
    let row = store(&app, one.at_least).await?.order(id).await?.ok_or(Refusal::Missing)?;
    Ok(Json(row.json()).into_response())
}

/// `GET /internal/trades?account=&instrument=&before=&limit=&at_least=`: newest first.
pub(crate) async fn trades(State(app): State<App>, Query(list): Query<List>) -> Result<Response, Refusal> {
    let page = page(&list, list.instrument)?;
    let rows = store(&app, list.at_least).await?.trades(page).await?;
    let trades: Vec<_> = rows.iter().map(super::rows::TradeRow::json).collect();
    Ok(Json(json!({ "trades": trades })).into_response())
}

/// `GET /internal/outcomes/{sequence}`: the encoded outcome of a keyed command, for as long as keys count.
pub(crate) async fn outcome(State(app): State<App>, Path(sequence): Path<u64>) -> Result<Response, Refusal> {
    // Whoever asks has seen it repeated, so it has happened.
    let position = app.core().map_err(|_| Refusal::Closed)?.log.durable().0;
    let at_least = (sequence <= position).then_some(sequence);
    let bytes = store(&app, at_least).await?.outcome(sequence).await?.ok_or(Refusal::Missing)?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
