//! What handlers share.

use exchange_service::markets::Markets;

use crate::auth::Verifier;
use crate::limits::Limiter;
use crate::link::Venue;
use crate::upstream::Upstreams;

/// The gateway without its listener.
#[derive(Debug)]
pub struct App {
    /// Who asks.
    pub verifier: Verifier,
    /// The way to the venue.
    pub venue: Venue,
    /// Queries of the other services.
    pub upstreams: Upstreams,
    /// How often somebody may ask.
    pub limiter: Limiter,
    /// Names and decimals.
    pub markets: Markets,
}
