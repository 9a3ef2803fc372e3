//! The state of a snapshot.
//!
//! Not responsible for the records behind it. A newcomer needs to know one thing: a snapshot is of durable records only, and bytes
//! whose state has another hash than they say are refused.

use std::hash::{BuildHasher, RandomState};

use exchange_core::matching::BookMaker;
use exchange_core::{FastEngine, SnapshotError};
use exchange_service::net::{Address, Client, ENGINE_SNAPSHOT, QueryError};

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// Persistence does not answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// What it answers is not a state.
    #[error("the snapshot of persistence is not usable: {0}")]
    Snapshot(#[from] SnapshotError),
    /// Reading it was broken off.
    #[error("the snapshot of persistence could not be read")]
    Broken,
}

/// Gets the newest snapshot; an empty venue where there is none.
///
/// # Errors
/// As [`RestoreError`] says.
pub(crate) async fn restore(client: &Client, persistence: &Address) -> Result<FastEngine, RestoreError> {
    // Clients cannot know this number, so they cannot choose order ids that all collide in an index.
    let maker = BookMaker::fast().with_seed(RandomState::new().hash_one(0_u8));
    let Some(bytes) = client.get_bytes_if_any(persistence, ENGINE_SNAPSHOT).await? else {
        return Ok(FastEngine::new(maker));
    };
    // A million orders take most of a second, in which this thread has connections to answer.
    let restored = tokio::task::spawn_blocking(move || FastEngine::restore(maker, &bytes)).await;
    Ok(restored.map_err(|_| RestoreError::Broken)??)
}
