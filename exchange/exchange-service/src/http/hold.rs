//! A connection's place among those of its server.
//!
//! Not responsible for counting: the semaphore of [`serve`](super::serve) does. A newcomer needs to know one thing: an upgraded
//! connection leaves the HTTP server, so whoever takes it over keeps a [`Hold`] for as long as it lives. Then it still counts among
//! the connections, and the drain waits for it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::stop::Stop;

/// Keeps a connection's place: an extension of every request, and an extractor of axum.
#[derive(Debug, Clone)]
pub struct Hold {
    stop: Stop,
    /// `None` where the request did not come through [`serve`](super::serve), for example in a test.
    _place: Option<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    _counted: Arc<OwnedSemaphorePermit>,
    /// Never carries anything: the server waits until all of them are dropped.
    _open: mpsc::Sender<Infallible>,
}

impl Hold {
    pub(super) fn new(stop: Stop, place: OwnedSemaphorePermit, open: mpsc::Sender<Infallible>) -> Self {
        Self { stop, _place: Some(Place { _counted: Arc::new(place), _open: open }) }
    }

    /// The hold of a request; one that holds nothing where its server gave none.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_else(|| Self { stop: Stop::new(), _place: None })
    }

    /// Asked when the server stops: whoever holds ends soon after.
    #[must_use]
    pub fn stop(&self) -> &Stop {
        &self.stop
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Hold {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}
