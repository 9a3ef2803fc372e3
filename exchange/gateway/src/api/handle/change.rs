//! Changes of orders that rest: cancel, reduce, replace, mass cancel.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use exchange_service::markets::Market;
use exchange_types::{AccountId, Command, Event, IdempotencyKey, OrderId, Price, Quantity};
use serde::{Deserialize, Serialize};

use super::{order_in_path, orders, own_account};
use crate::api::answer::{
    ChangedOrder, Stamp, cause_name, check_rejected, json, mark_replayed, side_name, strange_outcome,
};
use crate::api::app::App;
use crate::api::input::{Fields, Named, idempotency_key, price, quantity, read_json, side, symbol};
use crate::api::places::Place;
use crate::link::Outcome;
use crate::problem::{Code, Problem};
use crate::upstream::{Target, UpstreamError};

/// `DELETE /v1/orders/{id}`
pub(in crate::api) async fn cancel(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let account = own_account(&parts)?;
    let key = idempotency_key(&parts.headers)?;
    Fields::of_query(parts.uri.query()).finish(Some(()))?;
    let order = order_in_path(&id)?;
    let market = app.market_of(place(&app, account, order).await?.instrument)?;
    let command = Command::CancelOrder { instrument: market.id(), account, order };
    let outcome = app.submit(&parts.headers, &command, key).await?;
    answer_changed(market, order, &outcome)
}

/// `PATCH /v1/orders/{id}`
pub(in crate::api) async fn change(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let account = own_account(&parts)?;
    let key = idempotency_key(&parts.headers)?;
    let bytes = read_json(&app.settings, &parts.headers, body).await?;
    let order = order_in_path(&id)?;
    // The form first: what is wrong with it is wrong for any order.
    read_change(None, &bytes)?;
    let market = app.market_of(place(&app, account, order).await?.instrument)?;
    match read_change(Some(market), &bytes)? {
        Change::Reduce(by) => {
            let command = Command::ReduceOrder { instrument: market.id(), account, order, by };
            let outcome = app.submit(&parts.headers, &command, key).await?;
            answer_changed(market, order, &outcome)
        }
        Change::Replace(price, quantity) => {
            let change = Replacement { account, order, price, quantity };
            replace(&app, &parts.headers, market, change, key).await
        }
    }
}

enum Change {
    Reduce(Quantity),
    Replace(Price, Quantity),
}

struct Replacement {
    account: AccountId,
    order: OrderId,
    price: Price,
    quantity: Quantity,
}

fn read_change(market: Option<&Market>, bytes: &[u8]) -> Result<Change, Problem> {
    let mut fields = Fields::of_json(bytes)?;
    let change = if fields.has("reduce_by") {
        if fields.has("price") || fields.has("quantity") {
            fields.error("reduce_by", "expected either `reduce_by`, or `price` and `quantity`");
        }
        fields.optional("price", price(market));
        fields.optional("quantity", quantity(market));
        fields.required("reduce_by", quantity(market)).map(Change::Reduce)
    } else {
        let price = fields.required("price", price(market));
        let quantity = fields.required("quantity", quantity(market));
        price.zip(quantity).map(|(price, quantity)| Change::Replace(price, quantity))
    };
    fields.finish(change)
}

async fn replace(
    app: &App,
    headers: &HeaderMap,
    market: &Market,
    change: Replacement,
    key: Option<IdempotencyKey>,
) -> Result<Response, Problem> {
    let Replacement { account, order, price, quantity } = change;
    let command = Command::ReplaceOrder {
        instrument: market.id(),
        account,
        order,
        // The venue gives the new order the number of its command.
        new_order: OrderId(0),
        price,
        quantity,
    };
    let outcome = app.submit(headers, &command, key).await?;
    check_rejected(&outcome)?;
    let side = outcome.events.iter().find_map(|event| match event {
        Event::Cancelled { order: cancelled, side, .. } if *cancelled == order => Some(*side),
        _ => None,
    });
    let side = side.ok_or_else(|| strange_outcome(&outcome))?;
    let submitted = orders::replacement(side, price, quantity, order);
    orders::answer(app, account, market, &submitted, &outcome, StatusCode::OK)
}

#[derive(Serialize)]
struct MassCancelled {
    cancelled: Vec<String>,
    #[serde(flatten)]
    stamp: Stamp,
}

/// `DELETE /v1/orders`
pub(in crate::api) async fn mass_cancel(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let account = own_account(&parts)?;
    let key = idempotency_key(&parts.headers)?;
    let mut fields = Fields::of_query(parts.uri.query());
    let symbol = fields.optional("market", symbol);
    let side = fields.optional("side", side);
    fields.finish(Some(()))?;
    let market = symbol.as_deref().map(|symbol| app.market(symbol)).transpose()?;
    let command = Command::MassCancel { account, instrument: market.map(Market::id), side };
    let outcome = app.submit(&parts.headers, &command, key).await?;
    check_rejected(&outcome)?;
    let cancelled = cancelled_orders(&outcome, |cause| cause == exchange_types::CancelCause::MassCancel);
    let answer = MassCancelled { cancelled, stamp: Stamp::of(&outcome) };
    Ok(mark_replayed(json(StatusCode::OK, &answer), &outcome))
}

/// The ids of the orders that an outcome has cancelled for such a cause.
pub(super) fn cancelled_orders(
    outcome: &Outcome,
    cause_is: impl Fn(exchange_types::CancelCause) -> bool,
) -> Vec<String> {
    let ids = outcome.events.iter().filter_map(|event| match event {
        Event::Cancelled { order, cause, .. } if cause_is(*cause) => Some(order.to_string()),
        _ => None,
    });
    ids.collect()
}

fn answer_changed(market: &Market, order: OrderId, outcome: &Outcome) -> Result<Response, Problem> {
    check_rejected(outcome)?;
    let answer = |side, price, remaining: u32, status, cancel_cause| ChangedOrder {
        id: order.to_string(),
        market: market.instrument.spec().symbol.as_str(),
        side: side_name(side),
        price: market.price(price),
        status,
        remaining: market.quantity(remaining.into()),
        cancel_cause,
        stamp: Stamp::of(outcome),
    };
    let changed = outcome.events.iter().find_map(|event| match event {
        Event::Cancelled { order: id, side, price, quantity, cause, .. } if *id == order => {
            Some(answer(*side, *price, quantity.0, "cancelled", Some(cause_name(*cause))))
        }
        Event::Reduced { order: id, side, price, remaining, .. } if *id == order => {
            Some(answer(*side, *price, remaining.0, "open", None))
        }
        _ => None,
    });
    let changed = changed.ok_or_else(|| strange_outcome(outcome))?;
    Ok(mark_replayed(json(StatusCode::OK, &changed), outcome))
}

#[derive(Deserialize)]
struct FoundOrder {
    account: u32,
    instrument: u32,
}

/// Where an order of this account rests or has rested. The history is asked as well, because a request that is repeated under its
/// key may be about an order that is not live any more.
async fn place(app: &App, account: AccountId, order: OrderId) -> Result<Place, Problem> {
    let known = app.places.get(order);
    let place = match known {
        Some(place) => place,
        None => {
            let path = format!("/internal/orders/{order}");
            let live = find(app, Target::RiskEngine, &path).await?;
            let path = format!("/internal/orders/{order}?at_least={}", app.venue.position());
            let found = match live {
                Some(found) => Some(found),
                None => find(app, Target::Persistence, &path).await?,
            };
            found.ok_or_else(|| Problem::new(Code::UNKNOWN_ORDER))?
        }
    };
    // Whether an order of somebody else exists is nobody's business.
    if place.account != account {
        return Err(Problem::new(Code::UNKNOWN_ORDER));
    }
    if known.is_none() {
        app.places.put(order, place);
    }
    Ok(place)
}

async fn find(app: &App, target: Target, path: &str) -> Result<Option<Place>, Problem> {
    match app.upstreams.get::<FoundOrder>(target, path).await {
        Ok(found) => Ok(Some(Place {
            account: AccountId(found.account),
            instrument: exchange_types::InstrumentId(found.instrument),
        })),
        Err(UpstreamError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
