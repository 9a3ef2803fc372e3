//! Market data, as the service of that name has it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::symbol_in_path;
use crate::api::answer::raw_json;
use crate::api::app::App;
use crate::api::input::{Fields, Named, whole_number};
use crate::problem::{Code, Problem};
use crate::upstream::{Target, UpstreamError};

/// The lengths of candles.
pub const INTERVALS: [&str; 5] = ["1s", "1m", "5m", "1h", "1d"];
/// Levels of each side that may be asked for by number.
pub const DEPTH_MAX: u64 = 10_000;
/// Trades that may be asked for.
pub const TRADES_MAX: u64 = 1_000;
/// Candles that may be asked for.
pub const CANDLES_MAX: u64 = 3_601;

/// `GET /v1/markets`
pub(in crate::api) async fn list(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    Fields::of_query(request.uri().query()).finish(Some(()))?;
    pass_on(&app, "/internal/markets").await
}

/// `GET /v1/markets/{symbol}`
pub(in crate::api) async fn one(
    State(app): State<Arc<App>>,
    Named(symbol): Named,
    request: Request,
) -> Result<Response, Problem> {
    Fields::of_query(request.uri().query()).finish(Some(()))?;
    let market = known(&app, &symbol)?;
    pass_on(&app, &format!("/internal/markets/{market}")).await
}

/// `GET /v1/markets/{symbol}/depth`
pub(in crate::api) async fn depth(
    State(app): State<Arc<App>>,
    Named(symbol): Named,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::of_query(request.uri().query());
    let limit = fields.optional("limit", |text| match text {
        "all" => Ok("all".to_owned()),
        text => whole_number(1, DEPTH_MAX)(text)
            .map(|number| number.to_string())
            .map_err(|problem| format!("{problem}, or `all`")),
    });
    fields.finish(Some(()))?;
    let market = known(&app, &symbol)?;
    pass_on(&app, &with_query(format!("/internal/markets/{market}/depth"), [("limit", limit)])).await
}

/// `GET /v1/markets/{symbol}/trades`
pub(in crate::api) async fn trades(
    State(app): State<Arc<App>>,
    Named(symbol): Named,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::of_query(request.uri().query());
    let limit = fields.optional("limit", whole_number(1, TRADES_MAX)).map(|limit| limit.to_string());
    fields.finish(Some(()))?;
    let market = known(&app, &symbol)?;
    pass_on(&app, &with_query(format!("/internal/markets/{market}/trades"), [("limit", limit)])).await
}

/// `GET /v1/markets/{symbol}/candles`
pub(in crate::api) async fn candles(
    State(app): State<Arc<App>>,
    Named(symbol): Named,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::of_query(request.uri().query());
    let limit = fields.optional("limit", whole_number(1, CANDLES_MAX)).map(|limit| limit.to_string());
    let interval = fields.optional("interval", |text| {
        let known = INTERVALS.contains(&text);
        known.then(|| text.to_owned()).ok_or_else(|| format!("expected one of {}", INTERVALS.join(", ")))
    });
    fields.finish(Some(()))?;
    let market = known(&app, &symbol)?;
    let path = format!("/internal/markets/{market}/candles");
    pass_on(&app, &with_query(path, [("interval", interval), ("limit", limit)])).await
}

/// The symbol of a market that the gateway knows: nothing else goes into a path.
fn known<'app>(app: &'app App, symbol: &str) -> Result<&'app str, Problem> {
    let market = app.market(&symbol_in_path(symbol)?)?;
    Ok(market.instrument.spec().symbol.as_str())
}

fn with_query<const N: usize>(mut path: String, parameters: [(&str, Option<String>); N]) -> String {
    let mut mark = '?';
    for (name, value) in parameters {
        if let Some(value) = value {
            path.push(mark);
            path.push_str(name);
            path.push('=');
            path.push_str(&value);
            mark = '&';
        }
    }
    path
}

async fn pass_on(app: &App, path: &str) -> Result<Response, Problem> {
    match app.upstreams.get_bytes(Target::MarketData, path).await {
        Ok(bytes) => Ok(raw_json(StatusCode::OK, bytes.into())),
        Err(UpstreamError::Refused { status: StatusCode::NOT_FOUND, .. }) => {
            Err(Problem::new(Code::UNKNOWN_MARKET))
        }
        Err(error) => Err(error.into()),
    }
}
