//! Queries of the other services.

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use exchange_service::net::{Address, Client, QueryError};
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    /// The service is not there, or is not asked for a while because it was not.
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

/// Asks the other services.
#[derive(Debug, Clone)]
pub struct Upstreams {
    client: Client,
    addresses: Addresses,
}

impl Upstreams {
    /// Asks with this client.
    #[must_use]
    pub fn new(client: Client, addresses: Addresses) -> Self {
        Self { client, addresses }
    }

    /// Asks for bytes.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn get_bytes(&self, target: Target, path: &str) -> Result<Bytes, UpstreamError> {
        self.client.get_bytes(self.address(target), path).await.map_err(|error| explain(target, error))
    }

    /// Asks for JSON.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn get<T: DeserializeOwned>(&self, target: Target, path: &str) -> Result<T, UpstreamError> {
        self.client.get(self.address(target), path).await.map_err(|error| explain(target, error))
    }

    /// Asks for JSON with JSON.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn post<Q: Serialize + Sync, T: DeserializeOwned>(
        &self,
        target: Target,
        path: &str,
        question: &Q,
    ) -> Result<T, UpstreamError> {
        self.client.post(self.address(target), path, question).await.map_err(|error| explain(target, error))
    }

    /// Where a service is.
    #[must_use]
    pub fn address(&self, target: Target) -> &Address {
        match target {
            Target::Persistence => &self.addresses.persistence,
            Target::RiskEngine => &self.addresses.risk_engine,
            Target::MatchingEngine => &self.addresses.matching_engine,
            Target::MarketData => &self.addresses.market_data,
        }
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
