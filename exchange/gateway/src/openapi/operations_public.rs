//! What is said of accounts, market data and the gateway itself.

use axum::http::Method;
use serde_json::{Value, json};

use super::operations::{Answer, Operation, page, parameter, reference, route};
use crate::api::{CANDLES_MAX, DEPTH_MAX, INTERVALS, TRADES_MAX};
use crate::problem::Code;

const OF_MARKET_DATA: &[Code] = &[Code::UNKNOWN_MARKET, Code::BAD_UPSTREAM, Code::MARKET_DATA_UNAVAILABLE];

pub(super) fn all() -> Vec<Operation> {
    let mut all = Vec::from(accounts());
    all.extend(market_data());
    all.extend(service());
    all
}

fn get(
    path: &str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    schema: &'static str,
    further: &'static [Code],
) -> Operation {
    Operation {
        route: route(&Method::GET, path),
        id,
        tag,
        summary,
        description: "",
        parameters,
        body: None,
        answer: Answer { status: 200, description: "As asked.", schema: Some(schema), headers: &[] },
        is_command: false,
        further,
    }
}

fn accounts() -> [Operation; 2] {
    let account = || parameter("path", "id", reference("Account"), "The number of the account.");
    let mut trades = vec![account()];
    trades.extend(page());
    [
        get(
            "/v1/accounts/{id}",
            "getAccount",
            "accounts",
            "Look at an account.",
            vec![account()],
            "AccountRecord",
            &[Code::UNKNOWN_ACCOUNT, Code::BAD_UPSTREAM, Code::RISK_ENGINE_UNAVAILABLE],
        ),
        get(
            "/v1/accounts/{id}/trades",
            "listTrades",
            "accounts",
            "List the trades of an account, the newest first.",
            trades,
            "Trades",
            &[Code::UNKNOWN_ACCOUNT, Code::UNKNOWN_MARKET, Code::BAD_UPSTREAM, Code::PERSISTENCE_UNAVAILABLE],
        ),
    ]
}

fn market_data() -> [Operation; 5] {
    let symbol = || parameter("path", "symbol", reference("Symbol"), "The symbol of the market.");
    let limit = |max: u64, default: u64| {
        let schema = json!({ "type": "integer", "minimum": 1, "maximum": max, "default": default });
        parameter("query", "limit", schema, "How many at most.")
    };
    let levels = json!({
        "oneOf": [{ "type": "integer", "minimum": 1, "maximum": DEPTH_MAX }, { "const": "all" }],
        "default": 100,
    });
    let interval = json!({ "type": "string", "enum": INTERVALS, "default": "1m" });
    let of_market = |path, id, summary, parameters, schema| {
        get(path, id, "market-data", summary, parameters, schema, OF_MARKET_DATA)
    };
    [
        of_market("/v1/markets", "listMarkets", "List the markets.", Vec::new(), "Markets"),
        of_market("/v1/markets/{symbol}", "getMarket", "Look at a market.", vec![symbol()], "Market"),
        of_market(
            "/v1/markets/{symbol}/depth",
            "getDepth",
            "The price levels of both sides, the best first.",
            vec![symbol(), parameter("query", "limit", levels, "Levels of each side at most.")],
            "Depth",
        ),
        of_market(
            "/v1/markets/{symbol}/trades",
            "listPublicTrades",
            "The last trades, the newest first.",
            vec![symbol(), limit(TRADES_MAX, 100)],
            "PublicTrades",
        ),
        of_market(
            "/v1/markets/{symbol}/candles",
            "listCandles",
            "Candles, the newest first.",
            vec![
                symbol(),
                parameter("query", "interval", interval, "How long a candle is."),
                limit(CANDLES_MAX, 500),
            ],
            "Candles",
        ),
    ]
}

fn service() -> [Operation; 2] {
    let upgrade = json!({ "type": "string", "const": "websocket" });
    let stream = Operation {
        route: route(&Method::GET, "/v1/stream"),
        id: "openStream",
        tag: "market-data",
        summary: "Open a WebSocket.",
        description: "Market data and, with a token, the account's own orders, live, as texts in JSON.\n\n\
            A client says `{\"op\":\"subscribe\",\"channel\":\"depth\",\"market\":\"BTC-USD\"}`, or `unsubscribe` likewise; channels are \
            `depth`, `trades`, `statistics`, `candles` (with `interval`) and `orders` (without `market`). What comes begins with how \
            things stand, and continues without gap or repetition; where that cannot be kept up, it begins again. \
            `{\"op\":\"authenticate\",\"token\":\"...\"}` is for browsers, which cannot set `Authorization`; \
            `{\"op\":\"ping\"}` is answered with `pong`, and an error with a `code` and a `detail`.\n\n\
            `{\"op\":\"cancel_on_disconnect\",\"enabled\":true}`: when the connection ends, whoever ends it, all orders of the account \
            are cancelled. It is the gateway that keeps this promise, also when it is told to stop; it does not survive a gateway that is \
            killed or cut off from the venue for a minute. Whoever cannot live with that places orders that expire (`gtd`), which the \
            venue ends by itself.",
        parameters: vec![parameter("header", "Upgrade", upgrade, "RFC 6455.")],
        body: None,
        answer: Answer {
            status: 101,
            description: "From here on the connection is a WebSocket.",
            schema: None,
            headers: &[],
        },
        is_command: false,
        further: &[Code::ORIGIN_FORBIDDEN, Code::UPGRADE_REQUIRED, Code::TOO_MANY_CONNECTIONS, Code::BUSY],
    };
    let document =
        get("/openapi.json", "getDocument", "service", "This document.", Vec::new(), "OpenApi", &[]);
    [stream, document]
}
