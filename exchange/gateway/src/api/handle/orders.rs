//! New orders, and what there is of old ones.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use exchange_service::markets::Market;
use exchange_types::{
    AccountId, Command, InstrumentId, NewOrder, OrderId, OrderType, Price, TimeInForce, TimestampNs,
};

use super::own_account;
use crate::api::answer::{
    Execution, OrderAnswer, Submitted, check_rejected, json, mark_replayed, strange_outcome,
};
use crate::api::app::App;
use crate::api::input::{
    Fields, idempotency_key, order_type, parse_time, price, quantity, read_json, self_trade, side, symbol,
    time_in_force,
};
use crate::api::places::Place;
use crate::link::Outcome;
use crate::problem::Problem;

/// `POST /v1/orders`
pub(in crate::api) async fn submit(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let account = own_account(&parts)?;
    let key = idempotency_key(&parts.headers)?;
    let bytes = read_json(&app.settings, &parts.headers, body).await?;
    let (market, order) = read_order(&app, account, &bytes)?;
    let outcome = app.submit(&parts.headers, &Command::NewOrder(order), key).await?;
    let submitted = Submitted {
        side: order.side,
        order_type: order.order_type,
        time_in_force: Some(order.time_in_force),
        price: order.price,
        quantity: order.quantity,
        expires_at: order.expires_at,
        replaces: None,
    };
    answer(&app, account, market, &submitted, &outcome, StatusCode::CREATED)
}

/// The answer to a new order, or to one that replaces another.
pub(super) fn answer(
    app: &App,
    account: AccountId,
    market: &Market,
    submitted: &Submitted,
    outcome: &Outcome,
    status: StatusCode,
) -> Result<Response, Problem> {
    check_rejected(outcome)?;
    let id = OrderId(outcome.sequence.0);
    let execution = Execution::of(id, &outcome.events).ok_or_else(|| strange_outcome(outcome))?;
    if execution.rests() {
        app.places.put(id, Place { account, instrument: market.id() });
    }
    let mut response = json(status, &OrderAnswer::new(market, submitted, &execution, outcome));
    if let Ok(location) = HeaderValue::try_from(format!("/v1/orders/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(mark_replayed(response, outcome))
}

fn read_order<'app>(
    app: &'app App,
    account: AccountId,
    bytes: &[u8],
) -> Result<(&'app Market, NewOrder), Problem> {
    let mut fields = Fields::of_json(bytes)?;
    let symbol = fields.required("market", symbol);
    let market = symbol.as_deref().and_then(|symbol| app.markets.by_symbol(symbol));
    let side = fields.required("side", side);
    let order_type = fields.required("type", order_type);
    let default_time = match order_type {
        Some(OrderType::Market) => TimeInForce::Ioc,
        _ => TimeInForce::Gtc,
    };
    let time_in_force = fields.optional("time_in_force", time_in_force).unwrap_or(default_time);
    let price = match order_type {
        Some(OrderType::Market) => Some(fields.optional("price", price(market)).unwrap_or_default()),
        _ => fields.required("price", price(market)),
    };
    let quantity = fields.required("quantity", quantity(market));
    let expires_at = fields.optional("expires_at", parse_time).unwrap_or_default();
    let self_trade = fields.optional("self_trade", self_trade).unwrap_or_default();
    let read = || {
        Some(NewOrder {
            instrument: market.map_or(InstrumentId(u32::MAX), Market::id),
            account,
            // The venue gives the order the number of its command.
            order: OrderId(0),
            side: side?,
            order_type: order_type?,
            time_in_force,
            self_trade,
            price: price?,
            quantity: quantity?,
            expires_at,
        })
    };
    let order = fields.finish(read())?;
    Ok((app.market(symbol.as_deref().unwrap_or_default())?, order))
}

/// What an order that replaces another was submitted as.
pub(super) const fn replacement(
    side: exchange_types::Side,
    price: Price,
    quantity: exchange_types::Quantity,
    replaces: OrderId,
) -> Submitted {
    Submitted {
        side,
        order_type: OrderType::Limit,
        time_in_force: None,
        price,
        quantity,
        expires_at: TimestampNs(0),
        replaces: Some(replaces),
    }
}
