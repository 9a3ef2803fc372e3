//! From settings to the end: recovery, work, drain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use exchange_service::commit::Committer;
use exchange_service::http::{self, Limits};
use exchange_service::log::{Log, SegmentedLog};
use exchange_service::net::Address;
use exchange_service::service::{Frame, ServiceError};
use exchange_service::storage::FileStorage;
use exchange_types::Sequence;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::Settings;
use crate::archive::REPLAYS_MAX;
use crate::history::{Follow, History};
use crate::log::{LogHandle, LogMetrics, Opened, PART, Watch, follow_state, open};
use crate::retention::Retention;
use crate::routes::{App, Core, STREAMS_MAX, routes};
use crate::snapshots::{self, Checkpoints, Follower};
use crate::streams::{Files, Sessions};

/// How long streams may take for the end of the log.
const STREAMS_END: Duration = Duration::from_secs(3);

/// The file of the history inside the service's folder.
const HISTORY_FILE: &str = "history.redb";

pub(crate) async fn run(settings: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
    let app = App::new(frame.stop.clone());
    let own = listener.local_addr();
    let router = routes(app.clone()).merge(http::common_routes(frame.health.clone(), frame.metrics.clone()));
    // Answers from the beginning: recovery may take a while, and says so.
    let server = tokio::spawn(http::serve(listener, router, Limits::default(), frame.stop.clone()));
    let result = match own.map_err(|error| error.to_string()).and_then(own_address) {
        Ok(own) => work(settings, &app, &frame, own).await,
        Err(error) => Err(ServiceError::environment(format!("the service has no address: {error}"))),
    };
    if let Err(error) = &result {
        frame.health.unhealthy(PART, error.to_string());
    }
    // Also where it failed by itself.
    frame.stop.stop();
    drop(server.await);
    result
}

/// Where the service reaches itself.
fn own_address(bound: SocketAddr) -> Result<Address, String> {
    let host: IpAddr = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(host, bound.port());
    format!("http://{address}").parse().map_err(|error| format!("{address}: {error}"))
}

async fn work(settings: Settings, app: &App, frame: &Frame, own: Address) -> Result<(), ServiceError> {
    let metrics = LogMetrics::new(&frame.metrics);
    let for_opening = settings.clone();
    let checkpoints = Arc::new(Checkpoints::default());
    let for_fold = Arc::clone(&checkpoints);
    let opened = tokio::task::spawn_blocking(move || open(&for_opening, &metrics, &for_fold)).await;
    let opened = opened
        .map_err(|error| ServiceError::new(format!("opening the log panicked: {error}")))?
        .map_err(|error| ServiceError::environment(error.to_string()))?;
    let Opened { log, committer, behind, state, snapshots, storage } = opened;
    let follower =
        Follower::start(&log, snapshots, state, settings.snapshots, Arc::clone(&checkpoints), frame)
            .map_err(|error| ServiceError::environment(error.to_string()))?;
    let history = History::new();
    let streams = Arc::new(Semaphore::new(STREAMS_MAX as usize));
    app.open(Core {
        log: log.clone(),
        sessions: Sessions::default(),
        files: Files::default(),
        resolving: Semaphore::new(1),
        streams: Arc::clone(&streams),
        history: history.clone(),
        replays: Arc::new(Semaphore::new(REPLAYS_MAX)),
        snapshots: snapshots::Reader::new(storage.clone()),
    });
    let follow = Follow {
        history: history.clone(),
        log: log.clone(),
        matching: settings.matching,
        archive: own,
        file: settings.data_dir.join(HISTORY_FILE),
        database: settings.database,
        checkpoints,
        health: frame.health.clone(),
        gauge: frame.metrics.gauge("history_position", "sequence of the last outcome in the history"),
        stop: frame.stop.clone(),
    };
    let following = follow.start().map_err(|error| ServiceError::environment(error.to_string()))?;
    let watch = Watch {
        log: log.clone(),
        behind,
        tick_interval: settings.tick_interval,
        health: frame.health.clone(),
    };
    let retention = Retention { log: log.clone(), storage, time: settings.log_retention };
    tokio::select! {
        biased; // told to end, it ends
        () = frame.stop.stopped() => {}
        () = follower.watch() => {}
        never = watch.run(&committer) => match never {},
        never = retention.run(&committer, || Sequence(history.position())) => match never {},
    }
    drain(log, committer, frame).await;
    if tokio::time::timeout(STREAMS_END, streams.acquire_many(STREAMS_MAX)).await.is_err() {
        tracing::warn!("followers of the log did not take its end in time and were cut");
    }
    follower.end().await;
    // It was told to end with everybody else.
    let ended = tokio::task::spawn_blocking(move || following.join()).await;
    if !matches!(ended, Ok(Ok(()))) {
        tracing::error!("the history's thread panicked");
    }
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
