//! Answers about orders.

use exchange_service::markets::{Market, format_decimal};
use exchange_types::{
    CancelCause, OrderId, OrderType, Price, Quantity, Side, TimeInForce, TimestampNs, TradingState,
};
use serde::Serialize;

use super::Execution;
use crate::api::input::format_time;
use crate::link::Outcome;

/// One fill.
#[derive(Debug, Serialize)]
pub(in crate::api) struct Fill {
    price: String,
    quantity: String,
}

/// Where and when in the log something happened.
#[derive(Debug, Serialize)]
pub(in crate::api) struct Stamp {
    sequence: String,
    time: String,
    time_ns: String,
}

impl Stamp {
    pub(in crate::api) fn of(outcome: &Outcome) -> Self {
        Self {
            sequence: outcome.sequence.to_string(),
            time: format_time(outcome.time),
            time_ns: outcome.time.to_string(),
        }
    }
}

/// What is known of an order from its command.
#[derive(Debug, Clone, Copy)]
pub(in crate::api) struct Submitted {
    pub(in crate::api) side: Side,
    pub(in crate::api) order_type: OrderType,
    /// `None`: that of the order it replaces.
    pub(in crate::api) time_in_force: Option<TimeInForce>,
    /// Zero: none.
    pub(in crate::api) price: Price,
    pub(in crate::api) quantity: Quantity,
    /// Zero: none.
    pub(in crate::api) expires_at: TimestampNs,
    pub(in crate::api) replaces: Option<OrderId>,
}

/// What became of an order that was submitted.
#[derive(Debug, Serialize)]
pub(in crate::api) struct OrderAnswer<'a> {
    id: String,
    market: &'a str,
    side: &'static str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_in_force: Option<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    quantity: String,
    filled_quantity: String,
    remaining: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    average_price: Option<String>,
    fills: Vec<Fill>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    #[serde(flatten)]
    stamp: Stamp,
}

impl<'a> OrderAnswer<'a> {
    /// The answer to an order, which has the number of its command, and `execution` of it.
    pub(in crate::api) fn new(
        market: &'a Market,
        submitted: &Submitted,
        execution: &Execution,
        outcome: &Outcome,
    ) -> Self {
        let spec = market.instrument.spec();
        let fills = execution.fills.iter().map(|(price, quantity)| Fill {
            price: market.price(*price),
            quantity: market.quantity(quantity.0.into()),
        });
        Self {
            id: outcome.sequence.to_string(),
            market: spec.symbol.as_str(),
            side: side_name(submitted.side),
            r#type: type_name(submitted.order_type),
            time_in_force: submitted.time_in_force.map(time_in_force_name),
            status: execution.status(),
            price: (submitted.price.0 > 0)
                .then(|| format_decimal(submitted.price.0.into(), market.quote_decimals)),
            quantity: format_decimal(submitted.quantity.0.into(), spec.base_decimals),
            filled_quantity: market.quantity(execution.filled),
            remaining: market.quantity(execution.remaining.into()),
            average_price: execution.average_price(market),
            fills: fills.collect(),
            cancel_cause: execution.cancelled.map(cause_name),
            expires_at: (submitted.expires_at.0 > 0).then(|| format_time(submitted.expires_at)),
            replaces: submitted.replaces.map(|order| order.to_string()),
            stamp: Stamp::of(outcome),
        }
    }
}

/// What became of a resting order that was cancelled or made smaller.
#[derive(Debug, Serialize)]
pub(in crate::api) struct ChangedOrder<'a> {
    pub(in crate::api) id: String,
    pub(in crate::api) market: &'a str,
    pub(in crate::api) side: &'static str,
    pub(in crate::api) price: String,
    pub(in crate::api) status: &'static str,
    /// What is left of it; of a cancelled order, what was left.
    pub(in crate::api) remaining: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) cancel_cause: Option<&'static str>,
    #[serde(flatten)]
    pub(in crate::api) stamp: Stamp,
}

pub(crate) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

pub(in crate::api) const fn state_name(state: TradingState) -> &'static str {
    match state {
        TradingState::Open => "open",
        TradingState::Halted => "halted",
        TradingState::Killed => "killed",
    }
}

const fn type_name(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Limit => "limit",
        OrderType::Market => "market",
        OrderType::PostOnly => "post-only",
    }
}

const fn time_in_force_name(time_in_force: TimeInForce) -> &'static str {
    match time_in_force {
        TimeInForce::Gtc => "gtc",
        TimeInForce::Ioc => "ioc",
        TimeInForce::Fok => "fok",
        TimeInForce::Gtd => "gtd",
    }
}

/// Why an order, or the rest of one, ended without trading.
pub(crate) const fn cause_name(cause: CancelCause) -> &'static str {
    match cause {
        CancelCause::Requested => "requested",
        CancelCause::MassCancel => "mass-cancel",
        CancelCause::Replaced => "replaced",
        CancelCause::Reduced => "reduced",
        CancelCause::Immediate => "immediate",
        CancelCause::SelfTrade => "self-trade",
        CancelCause::Expired => "expired",
        CancelCause::Killed => "killed",
    }
}
