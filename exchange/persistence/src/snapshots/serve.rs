//! Snapshots for those who recover.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use exchange_service::snapshot::SnapshotStore;
use exchange_service::storage::{FileStorage, StorageError};

use super::fold::{Part, part_of};
use crate::log::chain;
use crate::routes::App;

/// Reads snapshots. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    storage: FileStorage,
}

impl Reader {
    pub(crate) fn new(storage: FileStorage) -> Self {
        Self { storage }
    }

    /// The disk.
    pub(crate) fn storage(&self) -> &FileStorage {
        &self.storage
    }

    /// A part of the newest valid snapshot; `None`: there is none.
    fn newest(&self, part: Part) -> Result<Option<Vec<u8>>, StorageError> {
        let mut state = Vec::new();
        'again: loop {
            let mut store = SnapshotStore::new(self.storage.clone());
            for id in store.list()?.0 {
                match store.read(id, &mut state) {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => continue,
                    // It was the oldest, and went while it was looked at: a newer one has come.
                    Err(error) if error.is_missing() => continue 'again,
                    Err(error) => return Err(error),
                }
                if let Ok(bytes) = part_of(&state, part) {
                    return Ok(Some(bytes.to_vec()));
                }
            }
            return Ok(None);
        }
    }
}

/// `GET /internal/snapshot/engine` and `/internal/snapshot/feed`
pub(crate) async fn serve(State(app): State<App>, Path(part): Path<String>) -> Result<Response, StatusCode> {
    let part = match part.as_str() {
        "engine" => Part::Engine,
        "feed" => Part::Feed,
        _ => return Err(StatusCode::NOT_FOUND),
    };
    let reader = app.core()?.snapshots.clone();
    let read = tokio::task::spawn_blocking(move || reader.newest(part));
    match read.await {
        Ok(Ok(Some(bytes))) => {
            Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
        }
        Ok(Ok(None)) => Err(StatusCode::NOT_FOUND),
        Ok(Err(error)) => {
            tracing::error!(error = chain(&error), "a snapshot could not be read");
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
