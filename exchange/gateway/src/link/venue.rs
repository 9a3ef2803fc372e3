//! The handle with which commands are submitted.

use std::sync::Arc;
use std::time::Duration;

use exchange_service::health::Health;
use exchange_service::net::Client;
use exchange_types::{
    AccountId, Command, Event, EventBuffer, IdempotencyKey, RequestId, Sequence, TimestampNs, decode_outcome,
};
use prometheus_client::metrics::gauge::Gauge;
use tokio::task::JoinHandle;

use super::error::SubmitError;
use super::shared::Shared;
use super::watch::Watch;
use super::{outcomes, submit};
use crate::upstream::{Target, Upstreams};

/// How patient the link is, and how much it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSettings {
    /// How long a request waits for its outcome.
    pub order_timeout: Duration,
    /// How many requests may wait at a time. **When there are as many, further ones are refused** ([`SubmitError::Busy`]).
    pub in_flight_max: usize,
    /// How long no outcome may come, of any command, before the venue counts as stalled. Persistence logs a tick every second when
    /// there is nothing else.
    pub silence_max: Duration,
}

/// What a link needs of the service around it.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Opens the streams.
    pub client: Client,
    /// Queries, and where the services are.
    pub upstreams: Upstreams,
    /// Where it says how it is.
    pub health: Health,
    /// How many requests wait.
    pub in_flight: Gauge,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its position in the log.
    pub sequence: Sequence,
    /// Its event time.
    pub time: TimestampNs,
    /// What happened, in order. Orders whose time was up when the command came end first.
    pub events: Arc<[Event]>,
    /// True where the request came again under its idempotency key: this is what it did the first time.
    pub replayed: bool,
}

/// The way to the venue. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Venue {
    shared: Arc<Shared>,
    upstreams: Upstreams,
}

/// The tasks of a link; they end when this is dropped.
#[derive(Debug)]
pub struct VenueTasks {
    tasks: [JoinHandle<()>; 2],
}

impl Drop for VenueTasks {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Somebody waits; nobody does once this is dropped.
struct Waiting<'shared> {
    shared: &'shared Shared,
    request: RequestId,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.shared.forget(self.request);
        }
    }
}

impl Venue {
    /// Opens a link. `session` is to be another number than that of any other gateway, and not zero.
    #[must_use]
    pub fn open(settings: LinkSettings, session: u32, around: Surroundings) -> (Self, VenueTasks) {
        let Surroundings { client, upstreams, health, in_flight } = around;
        let shared = Arc::new(Shared::new(settings, session, in_flight));
        let persistence = upstreams.address(Target::Persistence).clone();
        let matching = upstreams.address(Target::MatchingEngine).clone();
        let submitting =
            submit::keep_submitting(Arc::clone(&shared), client.clone(), persistence.clone(), health.clone());
        let following = outcomes::keep_following(Arc::clone(&shared), client, matching, persistence, health);
        let tasks = VenueTasks { tasks: [tokio::spawn(submitting), tokio::spawn(following)] };
        (Self { shared, upstreams }, tasks)
    }

    /// Sends a command and waits for its outcome. Whoever stops waiting cancels nothing.
    ///
    /// # Errors
    /// As [`SubmitError`] says.
    pub async fn submit(
        &self,
        command: &Command,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome, SubmitError> {
        let (request, answer) = self.shared.begin(command, key)?;
        let mut waiting = Waiting { shared: &self.shared, request, answered: false };
        let unknown = SubmitError::OutcomeUnknown { request };
        let outcome = match tokio::time::timeout(self.shared.settings.order_timeout, answer).await {
            Ok(Ok(answer)) => {
                waiting.answered = true;
                answer?
            }
            // The sender is dropped only with the whole link.
            Ok(Err(_)) | Err(_) => return Err(unknown),
        };
        let repeated = outcome.events.iter().find_map(|event| match event {
            Event::Repeated { original, .. } => Some(*original),
            _ => None,
        });
        match repeated {
            None => Ok(outcome),
            Some(original) => self.first_outcome(original).await,
        }
    }

    /// What a command did the first time.
    async fn first_outcome(&self, original: Sequence) -> Result<Outcome, SubmitError> {
        let path = format!("/internal/outcomes/{original}");
        let unavailable = |reason: &dyn std::fmt::Display| {
            tracing::warn!(%original, %reason, "an outcome could not be looked up");
            SubmitError::ReplayUnavailable { original }
        };
        let bytes = self
            .upstreams
            .get_bytes(Target::Persistence, &path)
            .await
            .map_err(|error| unavailable(&error))?;
        let mut events = EventBuffer::new();
        let (header, _) = decode_outcome(&bytes, &mut events).map_err(|error| unavailable(&error))?;
        if header.sequence != original {
            return Err(unavailable(&format_args!("found outcome {}", header.sequence)));
        }
        let events = events[..].into();
        Ok(Outcome { sequence: original, time: header.time, events, replayed: true })
    }

    /// Follows what happens to an account from now on.
    #[must_use]
    pub fn watch(&self, account: AccountId) -> Watch {
        self.shared.watchers.watch(account, || self.shared.position())
    }

    /// The last command whose outcome has come.
    #[must_use]
    pub fn position(&self) -> Sequence {
        self.shared.position()
    }
}
