//! Handlers: one for each route.
//!
//! Not responsible for who may come here: the gate has seen to that, except for whose data it is. A newcomer needs to know one
//! thing: a handler reads everything that was sent, then says everything that is wrong with it, and only then does anything.

pub(super) mod accounts;
pub(super) mod admin;
pub(super) mod change;
pub(super) mod history;
pub(super) mod markets;
pub(super) mod orders;

use std::sync::Arc;

use axum::http::request::Parts;
use exchange_types::{AccountId, OrderId};

use super::gate::Caller;
use super::input::{order_id, symbol};
use crate::auth::Identity;
use crate::problem::{Code, Problem};

/// Whoever asks.
fn caller(parts: &Parts) -> Result<&Arc<Identity>, Problem> {
    let caller = parts.extensions.get::<Caller>().and_then(|caller| caller.0.as_ref());
    caller.ok_or_else(|| Problem::new(Code::TOKEN_MISSING))
}

/// The account that asks; the operator has none.
fn own_account(parts: &Parts) -> Result<AccountId, Problem> {
    caller(parts)?
        .account
        .ok_or_else(|| Problem::new(Code::ACCOUNT_FORBIDDEN).detail("expected a token of an account"))
}

/// The order that the path names.
fn order_in_path(text: &str) -> Result<OrderId, Problem> {
    order_id(text).map_err(|problem| Problem::invalid_field("id", problem))
}

/// The market that the path names. A text that is no symbol is a market that does not exist.
fn symbol_in_path(text: &str) -> Result<String, Problem> {
    symbol(text).map_err(|_| Problem::new(Code::UNKNOWN_MARKET))
}
