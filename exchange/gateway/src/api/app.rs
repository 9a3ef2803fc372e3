//! What handlers share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use exchange_service::markets::{Market, Markets};
use exchange_types::{Command, IdempotencyKey, InstrumentId};

use super::gate::Meters;
use super::input::check_expiry;
use super::places::Places;
use crate::auth::Verifier;
use crate::limits::Limiter;
use crate::link::{Outcome, Venue};
use crate::problem::{Code, Problem};
use crate::stream::Streams;
use crate::upstream::Upstreams;

/// What the API puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiSettings {
    /// The longest body, in bytes.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
}

/// The gateway without its listener.
#[derive(Debug)]
pub struct App {
    /// What it puts up with.
    pub settings: ApiSettings,
    /// Who asks.
    pub verifier: Verifier,
    /// The way to the venue.
    pub venue: Venue,
    /// Queries of the other services.
    pub upstreams: Upstreams,
    /// How often somebody may ask.
    pub limiter: Limiter,
    /// Live data.
    pub streams: Streams,
    /// Names and decimals.
    pub markets: Markets,
    /// Counts and times requests.
    pub meters: Meters,
    /// Where orders rest, as far as it is remembered.
    pub places: Places,
}

impl App {
    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Sends the command of a request, unless the time that was given to it has passed since the gate let it in: its body may have come
    /// slowly, and what it names may have been looked up for long.
    pub(super) async fn submit(
        &self,
        headers: &HeaderMap,
        command: &Command,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome, Problem> {
        check_expiry(headers, self.now_ns())?;
        Ok(self.venue.submit(command, key).await?)
    }

    /// The market with this symbol.
    pub(super) fn market(&self, symbol: &str) -> Result<&Market, Problem> {
        self.markets.by_symbol(symbol).ok_or_else(|| Problem::new(Code::UNKNOWN_MARKET))
    }

    /// The market of an order that the venue has.
    pub(super) fn market_of(&self, instrument: InstrumentId) -> Result<&Market, Problem> {
        self.markets.market(instrument).ok_or_else(|| {
            tracing::error!(%instrument, "the venue lists an instrument that the markets file does not have");
            Problem::new(Code::BAD_UPSTREAM).detail("the venue lists a market that the gateway does not know")
        })
    }
}
