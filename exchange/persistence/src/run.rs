//! From settings to the end: recovery, work, drain.

use std::sync::Arc;
use std::time::Duration;

use exchange_service::commit::Committer;
use exchange_service::http::{self, Limits};
use exchange_service::log::{Log, SegmentedLog};
use exchange_service::service::{Frame, ServiceError};
use exchange_service::storage::FileStorage;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::Settings;
use crate::log::{LogHandle, LogMetrics, Opened, PART, Watch, follow_state, open};
use crate::routes::{App, Core, STREAMS_MAX, routes};
use crate::snapshots::{self, Follower};
use crate::streams::{Files, Sessions};

/// How long streams may take for the end of the log.
const STREAMS_END: Duration = Duration::from_secs(3);

pub(crate) async fn run(settings: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
    let app = App::new(frame.stop.clone());
    let router = routes(app.clone()).merge(http::common_routes(frame.health.clone(), frame.metrics.clone()));
    // Answers from the beginning: recovery may take a while, and says so.
    let server = tokio::spawn(http::serve(listener, router, Limits::default(), frame.stop.clone()));
    let result = work(settings, &app, &frame).await;
    if let Err(error) = &result {
        frame.health.unhealthy(PART, error.to_string());
    }
    // Also where it failed by itself.
    frame.stop.stop();
    drop(server.await);
    result
}

async fn work(settings: Settings, app: &App, frame: &Frame) -> Result<(), ServiceError> {
    let metrics = LogMetrics::new(&frame.metrics);
    let for_opening = settings.clone();
    let opened = tokio::task::spawn_blocking(move || open(&for_opening, &metrics)).await;
    let opened = opened
        .map_err(|error| ServiceError::new(format!("opening the log panicked: {error}")))?
        .map_err(|error| ServiceError::environment(error.to_string()))?;
    let Opened { log, committer, behind, state, snapshots, storage } = opened;
    let follower = Follower::start(&log, snapshots, state, settings.snapshots, frame)
        .map_err(|error| ServiceError::environment(error.to_string()))?;
    let streams = Arc::new(Semaphore::new(STREAMS_MAX as usize));
    app.open(Core {
        log: log.clone(),
        sessions: Sessions::default(),
        files: Files::default(),
        resolving: Semaphore::new(1),
        streams: Arc::clone(&streams),
        snapshots: snapshots::Reader::new(storage),
    });
    let watch = Watch {
        log: log.clone(),
        behind,
        tick_interval: settings.tick_interval,
        health: frame.health.clone(),
    };
    tokio::select! {
        biased; // told to end, it ends
        () = frame.stop.stopped() => {}
        () = follower.watch() => {}
        never = watch.run(&committer) => match never {},
    }
    drain(log, committer, frame).await;
    if tokio::time::timeout(STREAMS_END, streams.acquire_many(STREAMS_MAX)).await.is_err() {
        tracing::warn!("followers of the log did not take its end in time and were cut");
    }
    follower.end().await;
    Ok(())
}

/// Writes what was submitted, and closes the log.
async fn drain(log: LogHandle, committer: Committer<SegmentedLog<FileStorage>>, frame: &Frame) {
    follow_state(&log, &committer, &frame.health);
    let closed = tokio::task::spawn_blocking(move || committer.close().map(|log| log.durable())).await;
    match closed {
        Ok(Ok(durable)) => tracing::info!(durable = durable.0, "the log is closed"),
        Ok(Err(error)) => tracing::error!(%error, "the log was not closed in good order"),
        Err(error) => tracing::error!(%error, "the log's writer panicked"),
    }
    log.closed();
}
