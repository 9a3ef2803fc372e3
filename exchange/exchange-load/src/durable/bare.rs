//! The bare loop: an axum handler that takes the same order, commits it with the others that wait, and answers. Nothing else.
//!
//! It checks no token, knows no market, matches nothing and tells nobody but the client. What the exchange costs beyond this is
//! what the exchange does. It stands on the same log, so both meet the same disk in the same way.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use exchange_service::commit::{Committer, Submitter};
use exchange_service::log::{LogOptions, SegmentedLog};
use exchange_service::storage::FileStorage;
use exchange_types::{Epoch, TimestampNs};
use serde::Deserialize;
use serde_json::json;

/// As long as a new order with its request.
const RECORD_BYTES: usize = 120;

/// The fields of an order, as texts: reading them is part of taking an order, understanding them is not.
#[derive(Debug, Deserialize)]
struct Order {
    market: String,
    side: String,
    #[serde(rename = "type")]
    kind: String,
    price: String,
    quantity: String,
}

/// Serves until the process ends. `ready` is told the address.
///
/// # Errors
/// When the log cannot be opened or the address is taken.
pub fn serve(listen: SocketAddr, folder: &Path, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let storage = FileStorage::open(folder)?;
    let epoch = Epoch(SegmentedLog::held_epoch(&storage)?.0 + 1);
    let (mut log, _) = SegmentedLog::open(storage, LogOptions::default(), epoch)?;
    log.prepare_ahead()?;
    let committer = Committer::start(log, now, ())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = Router::new()
            .route("/v1/orders", post(take))
            .route("/ready", get(|| async { StatusCode::OK }))
            .with_state(committer.submitter());
        let listener =
            tokio::net::TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))?;
        ready(listener.local_addr()?);
        // The services do the same: an answer is not held back for a next one.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await.context("serving")
    })
}

async fn take(State(submitter): State<Submitter>, Json(order): Json<Order>) -> Response {
    let mut record = Vec::with_capacity(RECORD_BYTES);
    for field in [&order.market, &order.side, &order.kind, &order.price, &order.quantity] {
        record.extend_from_slice(field.as_bytes());
        record.push(0);
    }
    record.resize(RECORD_BYTES, 0);
    match submitter.commit(&record).await {
        Ok(sequence) => (StatusCode::CREATED, Json(json!({ "id": sequence.to_string() }))).into_response(),
        Err(error) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "code": error.to_string() }))).into_response()
        }
    }
}

fn now() -> TimestampNs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampNs(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
