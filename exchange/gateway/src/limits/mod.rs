//! How often somebody may ask.

use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::auth::Identity;
use crate::problem::Problem;

/// What a request is counted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Markets, depth, trades, candles.
    MarketData,
    /// An account's own balances, orders and trades.
    Account,
    /// New orders and changes of orders.
    Orders,
    /// Cancels.
    Cancels,
    /// Withdrawals.
    Withdrawals,
    /// Everything else under `/v1/admin`.
    Admin,
}

/// What is left of a limit: the answer says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {}

impl Allowance {
    /// Adds the headers that say it.
    pub fn write(&self, _headers: &mut HeaderMap) {}
}

/// Counts requests.
#[derive(Debug, Default)]
pub struct Limiter {}

impl Limiter {
    /// Before the token is looked at, because looking at one costs something.
    ///
    /// # Errors
    /// The answer to a peer that asks too often.
    pub fn admit_peer(&self, _class: Class, _peer: IpAddr) -> Result<(), Problem> {
        Ok(())
    }

    /// Once it is known who asks; `None`: nobody who has said so.
    ///
    /// # Errors
    /// The answer to somebody who asks too often.
    pub fn admit(
        &self,
        _class: Class,
        _peer: IpAddr,
        _identity: Option<&Identity>,
    ) -> Result<Allowance, Problem> {
        Ok(Allowance {})
    }
}
