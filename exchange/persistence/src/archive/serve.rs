//! The stream of old outcomes.

use std::io;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use exchange_service::net::frame::{ALIVE_EVERY, put_frame};
use exchange_service::net::{END, Link, LinkWriter, Resume, TooOld, Upgrade, refuse_too_old};
use exchange_types::Sequence;
use tokio::sync::mpsc;

use super::replay::{Piece, Replay, ReplayError};
use crate::log::chain;
use crate::routes::App;

/// `GET /internal/stream/archive?after=N`: 409 where the asker is ahead of what is durable, 410 where the log does not reach back,
/// 503 where others are being served.
pub(crate) async fn archive(
    State(app): State<App>,
    Query(query): Query<Resume>,
    upgrade: Upgrade,
) -> Result<Response, StatusCode> {
    let core = app.core()?;
    let log = core.log.clone();
    let last = log.durable();
    let after = Sequence(query.after.unwrap_or(last.0));
    if after > last {
        return Err(StatusCode::CONFLICT);
    }
    let place = Arc::clone(&core.replays).try_acquire_owned().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let (storage, epoch) = (core.snapshots.storage().clone(), log.epoch());
    let begun = tokio::task::spawn_blocking(move || Replay::begin(storage, &log, after, last));
    let replay = match begun.await {
        Ok(Ok(replay)) => replay,
        Ok(Err(ReplayError::Gone { oldest })) => {
            return Ok(refuse_too_old(TooOld { wanted: after.0 + 1, oldest: oldest.0 }));
        }
        Ok(Err(error)) => {
            tracing::error!(error = chain(&error), "no replay");
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Err(_) => return Err(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let pieces = replay.start(place).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(upgrade
        .accept(last.0, epoch, move |link| async move {
            let Link { mut reader, writer, .. } = link;
            let listen = async {
                while reader.next().await?.is_some() {}
                Ok(())
            };
            tokio::select! {
                ended = send(pieces, writer) => ended,
                ended = listen => ended,
            }
        })
        .into_response())
}

async fn send(mut pieces: mpsc::Receiver<Piece>, writer: LinkWriter) -> io::Result<()> {
    loop {
        match tokio::time::timeout(ALIVE_EVERY, pieces.recv()).await {
            // The way to the first outcome may be long.
            Err(_) => writer.send_alive().await?,
            Ok(Some(Ok(piece))) => writer.send(&piece).await?,
            Ok(Some(Err(error))) => {
                tracing::error!(error = chain(&error), "a replay ended early");
                return Err(io::Error::other(error));
            }
            Ok(None) => break,
        }
    }
    let mut end = Vec::new();
    put_frame(&mut end, END, |_| {});
    writer.send(&end).await
}
