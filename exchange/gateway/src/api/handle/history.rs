//! Orders and trades, live and old, from the history that persistence keeps.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use exchange_service::markets::format_decimal;
use exchange_types::{AccountId, InstrumentId, PriceTicks, TimestampNs};
use serde::{Deserialize, Serialize};

use super::accounts::readable_account;
use super::{caller, order_in_path, own_account};
use crate::api::answer::{average_price, json};
use crate::api::app::App;
use crate::api::input::{Fields, Named, format_time, status, symbol, whole_number};
use crate::problem::{Code, Problem};
use crate::upstream::{Target, UpstreamError};

/// Orders or trades of one answer, where the request does not say how many.
const LIMIT_DEFAULT: u64 = 100;
/// Orders or trades of one answer at most.
pub const LIMIT_MAX: u64 = 1_000;

/// An order as the history has it.
#[derive(Debug, Deserialize)]
struct FoundOrder {
    order: u64,
    account: u32,
    instrument: u32,
    side: String,
    r#type: String,
    time_in_force: String,
    status: String,
    /// As submitted, in minor units; zero: none.
    price: u64,
    /// As submitted, in minor units.
    quantity: u64,
    filled_lots: u64,
    remaining_lots: u64,
    /// Ticks times lots over all fills.
    filled_notional: u64,
    cancel_cause: Option<String>,
    reject_reason: Option<String>,
    expires_at: u64,
    replaces: Option<u64>,
    sequence: u64,
    time: u64,
    updated_sequence: u64,
    updated_time: u64,
}

#[derive(Debug, Serialize)]
struct OrderRecord<'a> {
    id: String,
    account: String,
    market: &'a str,
    side: &'a str,
    r#type: &'a str,
    time_in_force: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    quantity: String,
    filled_quantity: String,
    remaining: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    average_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    sequence: String,
    time: String,
    time_ns: String,
    updated_sequence: String,
    updated_time: String,
    updated_time_ns: String,
}

impl FoundOrder {
    fn render<'a>(&'a self, app: &'a App) -> Result<OrderRecord<'a>, Problem> {
        let market = app.market_of(InstrumentId(self.instrument))?;
        let text = |time: u64| format_time(TimestampNs(time));
        Ok(OrderRecord {
            id: self.order.to_string(),
            account: self.account.to_string(),
            market: market.instrument.spec().symbol.as_str(),
            side: &self.side,
            r#type: &self.r#type,
            time_in_force: &self.time_in_force,
            status: &self.status,
            price: (self.price > 0).then(|| format_decimal(self.price.into(), market.quote_decimals)),
            quantity: format_decimal(self.quantity.into(), market.instrument.spec().base_decimals),
            filled_quantity: market.quantity(self.filled_lots),
            remaining: market.quantity(self.remaining_lots),
            average_price: average_price(market, self.filled_notional.into(), self.filled_lots),
            cancel_cause: self.cancel_cause.as_deref(),
            reject_reason: self.reject_reason.as_deref(),
            expires_at: (self.expires_at > 0).then(|| text(self.expires_at)),
            replaces: self.replaces.map(|order| order.to_string()),
            sequence: self.sequence.to_string(),
            time: text(self.time),
            time_ns: self.time.to_string(),
            updated_sequence: self.updated_sequence.to_string(),
            updated_time: text(self.updated_time),
            updated_time_ns: self.updated_time.to_string(),
        })
    }
}

/// `GET /v1/orders/{id}`
pub(in crate::api) async fn order(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    Fields::of_query(parts.uri.query()).finish(Some(()))?;
    let order = order_in_path(&id)?;
    let caller = caller(&parts)?;
    let path = format!("/internal/orders/{order}?at_least={}", app.venue.position());
    let found: FoundOrder = match app.upstreams.get(Target::Persistence, &path).await {
        Err(UpstreamError::Refused { status: StatusCode::NOT_FOUND, .. }) => {
            return Err(Problem::new(Code::UNKNOWN_ORDER));
        }
        found => found?,
    };
    // Whether an order of somebody else exists is nobody's business.
    if !caller.is_admin() && caller.account != Some(AccountId(found.account)) {
        return Err(Problem::new(Code::UNKNOWN_ORDER));
    }
    Ok(json(StatusCode::OK, &found.render(&app)?))
}

#[derive(Deserialize)]
struct FoundOrders {
    orders: Vec<FoundOrder>,
}

#[derive(Serialize)]
struct Orders<'a> {
    orders: Vec<OrderRecord<'a>>,
    /// What to give as `before` for the next page; absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<String>,
}

/// `GET /v1/orders`
pub(in crate::api) async fn orders(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let account = own_account(&parts)?;
    let mut fields = Fields::of_query(parts.uri.query());
    let status = fields.optional("status", status).unwrap_or("all");
    let page = Page::read(&mut fields);
    fields.finish(Some(()))?;
    let mut path = format!("/internal/orders?account={account}&status={status}");
    page.write(&app, "market", &mut path)?;
    let found: FoundOrders = app.upstreams.get(Target::Persistence, &path).await?;
    let next_before = page.next(found.orders.len(), found.orders.last().map(|order| order.order));
    let orders = found.orders.iter().map(|order| order.render(&app)).collect::<Result<_, _>>()?;
    Ok(json(StatusCode::OK, &Orders { orders, next_before }))
}

/// Which part of a list is asked for.
struct Page {
    market: Option<String>,
    before: Option<u64>,
    limit: u64,
}

impl Page {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            market: fields.optional("market", symbol),
            before: fields.optional("before", whole_number(1, u64::MAX)),
            limit: fields.optional("limit", whole_number(1, LIMIT_MAX)).unwrap_or(LIMIT_DEFAULT),
        }
    }

    fn write(&self, app: &App, market_parameter: &str, path: &mut String) -> Result<(), Problem> {
        path.push_str(&format!("&limit={}&at_least={}", self.limit, app.venue.position()));
        if let Some(symbol) = &self.market {
            path.push_str(&format!("&{market_parameter}={}", app.market(symbol)?.id()));
        }
        if let Some(before) = self.before {
            path.push_str(&format!("&before={before}"));
        }
        Ok(())
    }

    /// A page that is full may have another behind it.
    fn next(&self, found: usize, last: Option<u64>) -> Option<String> {
        let full = found as u64 >= self.limit;
        full.then_some(last).flatten().map(|last| last.to_string())
    }
}

/// A trade as the history has it, seen from one account.
#[derive(Debug, Deserialize)]
struct FoundTrade {
    trade: u64,
    instrument: u32,
    order: u64,
    side: String,
    role: String,
    price_ticks: u32,
    quantity_lots: u64,
    sequence: u64,
    time: u64,
}

#[derive(Deserialize)]
struct FoundTrades {
    trades: Vec<FoundTrade>,
}

#[derive(Serialize)]
struct Trades<'a> {
    trades: Vec<TradeRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<String>,
}

#[derive(Serialize)]
struct TradeRecord<'a> {
    id: String,
    market: &'a str,
    order: String,
    side: &'a str,
    role: &'a str,
    price: String,
    quantity: String,
    sequence: String,
    time: String,
    time_ns: String,
}

impl FoundTrade {
    fn render<'a>(&'a self, app: &'a App) -> Result<TradeRecord<'a>, Problem> {
        let market = app.market_of(InstrumentId(self.instrument))?;
        Ok(TradeRecord {
            id: self.trade.to_string(),
            market: market.instrument.spec().symbol.as_str(),
            order: self.order.to_string(),
            side: &self.side,
            role: &self.role,
            price: market.price(PriceTicks(self.price_ticks)),
            quantity: market.quantity(self.quantity_lots),
            sequence: self.sequence.to_string(),
            time: format_time(TimestampNs(self.time)),
            time_ns: self.time.to_string(),
        })
    }
}

/// `GET /v1/accounts/{id}/trades`
pub(in crate::api) async fn trades(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let account = readable_account(&parts, &id)?;
    let mut fields = Fields::of_query(parts.uri.query());
    let page = Page::read(&mut fields);
    fields.finish(Some(()))?;
    let mut path = format!("/internal/trades?account={account}");
    page.write(&app, "instrument", &mut path)?;
    let found: FoundTrades = app.upstreams.get(Target::Persistence, &path).await?;
    let next_before = page.next(found.trades.len(), found.trades.last().map(|trade| trade.trade));
    let trades = found.trades.iter().map(|trade| trade.render(&app)).collect::<Result<_, _>>()?;
    Ok(json(StatusCode::OK, &Trades { trades, next_before }))
}
