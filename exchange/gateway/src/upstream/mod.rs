//! Queries of the other services, with a circuit breaker for each of them and retries.
//!
//! Not responsible for submissions: those go over a stream of their own ([`link`](crate::link)) and are never repeated. A newcomer
//! needs to know one thing: only what asks and changes nothing ([`Upstreams::get`]) is tried again, and every single try counts
//! for the breaker; while it is open the answer comes at once and the service is left alone, also where it is back earlier: what made
//! it fail five times in a row should not meet everybody who waits for it at the moment at which it stands up.

mod breaker;
mod retry;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use exchange_service::config::Environment;
use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::net::{Address, Client, QueryError};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Clock;
use breaker::{Breaker, Permit, Verdict};

pub use breaker::{BreakerSettings, State};
pub use retry::RetrySettings;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The log and the history.
    Persistence,
    /// Balances.
    RiskEngine,
    /// Books.
    MatchingEngine,
    /// Depth, trades, candles.
    MarketData,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Persistence, Self::RiskEngine, Self::MatchingEngine, Self::MarketData];

    /// The part of the gateway's health that says how the breaker of the service stands.
    #[must_use]
    pub const fn part(self) -> &'static str {
        match self {
            Self::Persistence => "queries of persistence",
            Self::RiskEngine => "queries of the risk engine",
            Self::MatchingEngine => "queries of the matching engine",
            Self::MarketData => "queries of market data",
        }
    }

    /// Its name, as hosts and labels have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Persistence => "persistence",
            Self::RiskEngine => "risk-engine",
            Self::MatchingEngine => "matching-engine",
            Self::MarketData => "market-data",
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The service is not asked at the moment, because it did not answer before.
    #[error("{} is unavailable: {reason}", target.name())]
    Open {
        /// Who.
        target: Target,
        /// Why.
        reason: String,
        /// When it is asked again.
        retry_after: Duration,
    },
    /// The service is not there, or did not answer in time.
    #[error("{} is unavailable: {reason}", target.name())]
    Unavailable {
        /// Who.
        target: Target,
        /// What happened.
        reason: String,
        /// When it makes sense to ask again.
        retry_after: Duration,
    },
    /// It answered with another status than 200.
    #[error("{} answered {status}", target.name())]
    Refused {
        /// Who.
        target: Target,
        /// The status.
        status: StatusCode,
        /// The body.
        body: Bytes,
    },
    /// It answered with something else than expected.
    #[error("{} answered with something else: {reason}", target.name())]
    Unexpected {
        /// Who.
        target: Target,
        /// What is wrong.
        reason: String,
    },
}

impl UpstreamError {
    /// Whether the service is at fault, so that it counts for its breaker.
    fn is_failure(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Unexpected { .. } => true,
            Self::Refused { status, .. } => status.is_server_error(),
            Self::Open { .. } => false,
        }
    }

    /// Whether the same question may have an answer a moment later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Refused { status, .. } => matches!(
                *status,
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
            ),
            Self::Open { .. } | Self::Unexpected { .. } => false,
        }
    }
}

/// Where the services are.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The log and the history.
    pub persistence: Address,
    /// Balances.
    pub risk_engine: Address,
    /// Books.
    pub matching_engine: Address,
    /// Depth, trades, candles.
    pub market_data: Address,
}

/// How patient the gateway is with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// When a service is left alone.
    pub breaker: BreakerSettings,
    /// How often and how long it is asked again.
    pub retry: RetrySettings,
}

impl UpstreamSettings {
    /// Reads all variables.
    #[must_use]
    pub fn read(environment: &mut Environment) -> Self {
        let breaker = BreakerSettings {
            failures: environment.or(
                "BREAKER_FAILURES",
                "5",
                "failures in a row after which a service is not asked for a while",
            ),
            open: environment.or(
                "BREAKER_OPEN",
                "30s",
                "how long it is not asked then, also where it is back earlier",
            ),
            successes: environment.or(
                "BREAKER_SUCCESSES",
                "3",
                "successes of single trials after which everything is asked again",
            ),
        };
        for (name, value) in
            [("BREAKER_FAILURES", breaker.failures), ("BREAKER_SUCCESSES", breaker.successes)]
        {
            if value == 0 {
                environment.report(name, "found 0, expected at least 1".into());
            }
        }
        Self { breaker, retry: RetrySettings::read(environment) }
    }
}

type ByTarget<M> = Family<[(&'static str, &'static str); 1], M>;

/// Asks the other services. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Upstreams {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: Client,
    addresses: Addresses,
    settings: UpstreamSettings,
    clock: Clock,
    health: Health,
    /// In the order of [`Target::ALL`].
    breakers: [Mutex<Breaker>; Target::ALL.len()],
    states: ByTarget<Gauge>,
    failures: ByTarget<Counter>,
    retries: ByTarget<Counter>,
    refusals: ByTarget<Counter>,
}

impl Upstreams {
    /// Asks with this client. Breakers are closed.
    #[must_use]
    pub fn new(
        client: Client,
        addresses: Addresses,
        settings: UpstreamSettings,
        clock: Clock,
        metrics: &Metrics,
        health: Health,
    ) -> Self {
        let counter = |name, help| metrics.register(name, help, ByTarget::<Counter>::default());
        let shared = Shared {
            client,
            addresses,
            settings,
            clock,
            health,
            breakers: Target::ALL.map(|_| Mutex::new(Breaker::new(settings.breaker))),
            states: metrics.register(
                "breaker_state",
                "The circuit breaker of a service: 0 closed, 1 half-open, 2 open",
                ByTarget::<Gauge>::default(),
            ),
            failures: counter("upstream_failures", "Questions that a service did not answer"),
            retries: counter("upstream_retries", "Questions that were asked again"),
            refusals: counter(
                "breaker_refusals",
                "Questions that were not asked, because the breaker is open",
            ),
        };
        for target in Target::ALL {
            shared.show(target, State::Closed);
        }
        Self { shared: Arc::new(shared) }
    }

    /// Asks for bytes, again where it makes sense.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn get_bytes(&self, target: Target, path: &str) -> Result<Bytes, UpstreamError> {
        let shared = &*self.shared;
        let address = self.address(target);
        let again = || {
            shared.retries.get_or_create(&[("upstream", target.name())]).inc();
        };
        retry::repeat(&shared.settings.retry, again, |timeout| {
            self.once(target, timeout, shared.client.get_bytes(address, path))
        })
        .await
    }

    /// Asks for JSON, again where it makes sense.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn get<T: DeserializeOwned>(&self, target: Target, path: &str) -> Result<T, UpstreamError> {
        let bytes = self.get_bytes(target, path).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| UpstreamError::Unexpected { target, reason: error.to_string() })
    }

    /// Asks for JSON, once and past the breaker: for what the gateway itself looks at from time to time. A service that is only
    /// starting would otherwise be shut out before the first client asks for anything.
    ///
    /// # Errors
    /// As [`UpstreamError`] says, but [`UpstreamError::Open`].
    pub async fn look<T: DeserializeOwned>(&self, target: Target, path: &str) -> Result<T, UpstreamError> {
        let answer = self.shared.client.get(self.address(target), path).await;
        answer.map_err(|error| explain(target, error))
    }

    /// Asks for JSON with JSON, once: what is posted may be more than a question.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn post<Q: Serialize + Sync, T: DeserializeOwned>(
        &self,
        target: Target,
        path: &str,
        question: &Q,
    ) -> Result<T, UpstreamError> {
        let shared = &*self.shared;
        let answer = shared.client.post(self.address(target), path, question);
        self.once(target, shared.settings.retry.deadline, answer).await
    }

    /// Where a service is.
    #[must_use]
    pub fn address(&self, target: Target) -> &Address {
        let addresses = &self.shared.addresses;
        match target {
            Target::Persistence => &addresses.persistence,
            Target::RiskEngine => &addresses.risk_engine,
            Target::MatchingEngine => &addresses.matching_engine,
            Target::MarketData => &addresses.market_data,
        }
    }

    /// How the breaker of a service stands.
    #[must_use]
    pub fn state(&self, target: Target) -> State {
        self.shared.lock(target).state()
    }

    /// One try, through the breaker.
    async fn once<T>(
        &self,
        target: Target,
        timeout: Duration,
        answer: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, UpstreamError> {
        let shared = &*self.shared;
        let asking = Asking::begin(shared, target)?;
        let result = match tokio::time::timeout(timeout, answer).await {
            Ok(result) => result.map_err(|error| explain(target, error)),
            Err(_) => Err(no_answer(target, timeout)),
        };
        let failed = matches!(&result, Err(error) if error.is_failure());
        if failed {
            shared.failures.get_or_create(&[("upstream", target.name())]).inc();
        }
        asking.end(if failed { Verdict::Failure } else { Verdict::Success });
        result
    }
}

impl Shared {
    /// Nothing that can panic halfway changes a breaker under its lock.
    fn lock(&self, target: Target) -> MutexGuard<'_, Breaker> {
        self.breakers[target as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a breaker, and shows where it stands now if that has changed.
    fn with<T>(&self, target: Target, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let (result, before, after) = {
            let mut breaker = self.lock(target);
            let before = breaker.state();
            (act(&mut breaker), before, breaker.state())
        };
        if before != after {
            self.show(target, after);
        }
        result
    }

    fn show(&self, target: Target, state: State) {
        let number = match state {
            State::Closed => 0,
            State::HalfOpen => 1,
            State::Open => 2,
        };
        self.states.get_or_create(&[("upstream", target.name())]).set(number);
        match state {
            State::Closed => self.health.healthy(target.part()),
            State::HalfOpen => self
                .health
                .degraded(target.part(), format!("{} is being tried: one question at a time", target.name())),
            State::Open => self.health.degraded(
                target.part(),
                format!(
                    "{} did not answer {} times in a row and is not asked for {} s",
                    target.name(),
                    self.settings.breaker.failures,
                    self.settings.breaker.open.as_secs()
                ),
            ),
        }
    }
}

/// A question that is under way. Whoever stops waiting for it gives its place free.
struct Asking<'a> {
    shared: &'a Shared,
    target: Target,
    permit: Option<Permit>,
}

impl<'a> Asking<'a> {
    fn begin(shared: &'a Shared, target: Target) -> Result<Self, UpstreamError> {
        let now = shared.clock.now();
        match shared.with(target, |breaker| breaker.admit(now)) {
            Ok(permit) => Ok(Self { shared, target, permit: Some(permit) }),
            Err(retry_after) => {
                shared.refusals.get_or_create(&[("upstream", target.name())]).inc();
                let reason = "it did not answer and is not asked for a while".into();
                Err(UpstreamError::Open { target, reason, retry_after })
            }
        }
    }

    fn end(mut self, verdict: Verdict) {
        self.give_back(verdict);
    }

    fn give_back(&mut self, verdict: Verdict) {
        if let Some(permit) = self.permit.take() {
            let now = self.shared.clock.now();
            self.shared.with(self.target, |breaker| breaker.report(permit, verdict, now));
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.give_back(Verdict::Abandoned);
    }
}

fn no_answer(target: Target, timeout: Duration) -> UpstreamError {
    UpstreamError::Unavailable {
        target,
        reason: format!("no answer within {} ms", timeout.as_millis()),
        retry_after: Duration::from_secs(1),
    }
}

fn explain(target: Target, error: QueryError) -> UpstreamError {
    match error {
        QueryError::Refused { status, body, .. } => UpstreamError::Refused { target, status, body },
        QueryError::Unexpected { reason, .. } => UpstreamError::Unexpected { target, reason },
        error => UpstreamError::Unavailable {
            target,
            reason: error.to_string(),
            retry_after: Duration::from_secs(1),
        },
    }
}
