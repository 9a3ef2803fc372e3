//! Commands in: what a gateway sends is logged in the order in which it comes.

use std::io;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use exchange_service::net::frame::{ALIVE_EVERY, put_frame};
use exchange_service::net::{COMMAND, Link, REFUSED, Upgrade};
use serde::Deserialize;

use super::sessions::Session;
use crate::log::LogHandle;
use crate::payload;
use crate::routes::App;

/// The query of the stream.
#[derive(Debug, Deserialize)]
pub(crate) struct Submit {
    /// Which gateway: a number that it draws when it starts.
    session: u32,
}

/// `GET /internal/stream/submit?session=N`
pub(crate) async fn submit(
    State(app): State<App>,
    Query(query): Query<Submit>,
    upgrade: Upgrade,
) -> Result<Response, StatusCode> {
    let core = app.core()?;
    if app.stop.is_stopped() {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let session = core.sessions.begin(query.session);
    let (log, stop) = (core.log.clone(), app.stop.clone());
    let (position, epoch) = (log.position().0, log.epoch());
    Ok(upgrade
        .accept(position, epoch, move |link| async move {
            tokio::select! {
                biased; // what was sent before the end is known may have been logged; what comes after is not
                () = stop.stopped() => Ok(()),
                () = session.taken() => Ok(()),
                ended = take(&log, &session, link) => ended,
            }
        })
        .into_response())
}

/// Logs what comes until the connection is gone.
async fn take(log: &LogHandle, session: &Session, link: Link) -> io::Result<()> {
    let Link { mut reader, writer, .. } = link;
    let mut refused = Vec::new();
    let mut alive = tokio::time::interval(ALIVE_EVERY);
    alive.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased; // commands before courtesies; one of these is due rarely, and is sent at the latest when the reader waits
            filled = reader.fill() => filled?,
            _ = alive.tick() => {
                writer.send_alive().await?;
                continue;
            }
        }
        let taken = session.submit(|| {
            let mut any = false;
            while let Some(frame) = reader.ready() {
                any = true;
                if frame.kind != COMMAND {
                    let text = format!("found a frame of kind {}, expected {COMMAND}", frame.kind);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
                if let Err(reason) = log.submit(frame.payload) {
                    put_frame(&mut refused, REFUSED, |out| {
                        out.extend_from_slice(&payload::request_id(frame.payload).to_le_bytes());
                        out.push(reason as u8);
                    });
                }
            }
            Ok(any)
        });
        // Another connection has the session, or this one was closed: then there is nothing ready.
        if !taken.transpose()?.unwrap_or(false) {
            return Ok(());
        }
        if !refused.is_empty() {
            writer.send(&refused).await?;
            refused.clear();
        }
    }
}
