//! What the service answers, and what the answers are made from.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use exchange_service::net;
use exchange_service::stop::Stop;
use tokio::sync::Semaphore;

use crate::archive::archive;
use crate::history::{self, History};
use crate::log::LogHandle;
use crate::resolve::resolve;
use crate::snapshots;
use crate::streams::{Files, Sessions, commands, submit};

/// How many may follow the log at a time; further ones are refused. Four do, and an operator or two.
pub(crate) const STREAMS_MAX: u32 = 64;

/// The state of all routes. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct App {
    core: Arc<OnceLock<Core>>,
    /// When to end.
    pub(crate) stop: Stop,
}

/// What there is once the log is open.
#[derive(Debug)]
pub(crate) struct Core {
    /// The log.
    pub(crate) log: LogHandle,
    /// Who submits.
    pub(crate) sessions: Sessions,
    /// Files for those who are behind.
    pub(crate) files: Files,
    /// Held by one search of the log at a time.
    pub(crate) resolving: Semaphore,
    /// One place of [`STREAMS_MAX`] is held by every stream that is to see the end of the log.
    pub(crate) streams: Arc<Semaphore>,
    /// Orders and trades.
    pub(crate) history: History,
    /// A place is held by every replay of the archive.
    pub(crate) replays: Arc<Semaphore>,
    /// The snapshots.
    pub(crate) snapshots: snapshots::Reader,
}

impl App {
    pub(crate) fn new(stop: Stop) -> Self {
        Self { core: Arc::new(OnceLock::new()), stop }
    }

    /// The log is open.
    pub(crate) fn open(&self, core: Core) {
        // It is opened once.
        drop(self.core.set(core));
    }

    /// What there is once the log is open; 503 before.
    pub(crate) fn core(&self) -> Result<&Core, StatusCode> {
        self.core.get().ok_or(StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// All routes of the service's own.
pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route(net::SUBMIT, get(submit))
        .route(net::COMMANDS, get(commands))
        .route(net::ARCHIVE, get(archive))
        .route("/internal/orders", get(history::orders))
        .route("/internal/orders/{id}", get(history::order))
        .route("/internal/trades", get(history::trades))
        .route("/internal/outcomes/{sequence}", get(history::outcome))
        .route("/internal/resolve", post(resolve))
        .route("/internal/snapshot/{part}", get(snapshots::serve))
        .with_state(app)
}
