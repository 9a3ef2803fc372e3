//! The forms of bodies and answers.

use serde_json::{Value, json};

/// All named schemas.
pub(super) fn all() -> Value {
    let mut all = values();
    for more in [requests(), orders(), accounts(), market_data(), problems()] {
        if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
            all.extend(more);
        }
    }
    all
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object that has these members, of which the names in `optional` may be missing, and no others.
fn object<const N: usize>(optional: &[&str], members: [(&str, Value); N]) -> Value {
    let required: Vec<&str> =
        members.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    let properties: serde_json::Map<String, Value> =
        members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn list(item: &str) -> Value {
    json!({ "type": "array", "items": reference(item) })
}

fn words(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn nullable(name: &str) -> Value {
    json!({ "oneOf": [reference(name), { "type": "null" }] })
}

/// A schema with an object's members taken from two lists.
fn with_stamp(mut schema: Value) -> Value {
    for name in ["sequence", "time", "time_ns"] {
        let kind = match name {
            "time" => "Time",
            "time_ns" => "Nanoseconds",
            _ => "Id",
        };
        schema["properties"][name] = reference(kind);
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(name.into());
        }
    }
    schema
}

fn values() -> Value {
    let digits = "^(0|[1-9][0-9]{0,19})$";
    json!({
        "Decimal": {
            "type": "string", "pattern": "^[0-9]{1,20}(\\.[0-9]{1,18})?$", "examples": ["0.25", "60000"],
            "description": "A decimal number in whole units.",
        },
        "Id": { "type": "string", "pattern": "^[1-9][0-9]{0,18}$", "examples": ["4711"] },
        "Account": { "type": "string", "pattern": "^(0|[1-9][0-9]{0,8})$", "examples": ["7"] },
        "Nanoseconds": { "type": "string", "pattern": digits, "description": "Since 1970-01-01, UTC." },
        "Time": { "type": "string", "format": "date-time", "description": "RFC 3339." },
        "Moment": {
            "type": "string", "description": "RFC 3339, or nanoseconds since 1970 as digits.",
            "examples": ["2030-01-01T00:00:00Z", "1893456000000000000"],
        },
        "Symbol": { "type": "string", "pattern": "^[A-Z0-9-]{1,16}$", "examples": ["BTC-USD"] },
        "Asset": { "type": "string", "minLength": 1, "maxLength": 32, "examples": ["USD"] },
        "Side": words(&["buy", "sell"]),
        "OrderType": words(&["limit", "market", "post-only"]),
        "TimeInForce": {
            "type": "string", "enum": ["gtc", "ioc", "fok", "gtd"],
            "description": "Good till cancelled, immediate or cancel, fill or kill, good till date.",
        },
        "SelfTrade": {
            "type": "string", "enum": ["cancel-taker", "cancel-maker", "cancel-both"],
            "description": "What happens when the order meets one of its own account.",
        },
        "Status": words(&["open", "partially-filled", "filled", "cancelled", "rejected"]),
        "CancelCause": words(&[
            "requested", "mass-cancel", "replaced", "reduced", "immediate", "self-trade", "expired", "killed",
        ]),
        "State": words(&["open", "halted", "killed"]),
    })
}

fn requests() -> Value {
    let market_and_account = object(
        &["market", "account"],
        [
            ("scope", words(&["venue", "instrument", "account"])),
            ("market", reference("Symbol")),
            ("account", reference("Account")),
            ("state", reference("State")),
        ],
    );
    json!({
        "NewOrder": object(&["time_in_force", "price", "expires_at", "self_trade"], [
            ("market", reference("Symbol")),
            ("side", reference("Side")),
            ("type", reference("OrderType")),
            ("time_in_force", json!({
                "allOf": [reference("TimeInForce")], "description": "`gtc`, and `ioc` for a market order, where it is missing.",
            })),
            ("price", json!({
                "allOf": [reference("Decimal")], "description": "Of limit and post-only orders; a market order has none.",
            })),
            ("quantity", reference("Decimal")),
            ("expires_at", json!({ "allOf": [reference("Moment")], "description": "Of `gtd` orders." })),
            ("self_trade", reference("SelfTrade")),
        ]),
        "OrderChange": { "oneOf": [
            object(&[], [("reduce_by", reference("Decimal"))]),
            object(&[], [("price", reference("Decimal")), ("quantity", reference("Decimal"))]),
        ] },
        "OpenAccount": object(&["account", "tier"], [
            ("account", json!({
                "allOf": [reference("Account")], "description": "The next number, where somebody wants to be sure of it.",
            })),
            ("tier", json!({ "type": "string", "description": "The first tier where it is missing.", "examples": ["standard"] })),
        ]),
        "Funds": object(&[], [
            ("account", reference("Account")), ("asset", reference("Asset")), ("amount", reference("Decimal")),
        ]),
        "TradingState": market_and_account,
    })
}

fn orders() -> Value {
    let record = object(
        &["price", "average_price", "cancel_cause", "reject_reason", "expires_at", "replaces"],
        [
            ("id", reference("Id")),
            ("account", reference("Account")),
            ("market", reference("Symbol")),
            ("side", reference("Side")),
            ("type", reference("OrderType")),
            ("time_in_force", reference("TimeInForce")),
            ("status", reference("Status")),
            ("price", reference("Decimal")),
            ("quantity", reference("Decimal")),
            ("filled_quantity", reference("Decimal")),
            ("remaining", reference("Decimal")),
            ("average_price", reference("Decimal")),
            ("cancel_cause", reference("CancelCause")),
            ("reject_reason", json!({ "type": "string", "description": "The code of the rejection." })),
            ("expires_at", reference("Time")),
            ("replaces", reference("Id")),
            ("updated_sequence", reference("Id")),
            ("updated_time", reference("Time")),
            ("updated_time_ns", reference("Nanoseconds")),
        ],
    );
    let answer = object(
        &["time_in_force", "price", "average_price", "cancel_cause", "expires_at", "replaces"],
        [
            ("id", reference("Id")),
            ("market", reference("Symbol")),
            ("side", reference("Side")),
            ("type", reference("OrderType")),
            ("time_in_force", reference("TimeInForce")),
            ("status", reference("Status")),
            ("price", reference("Decimal")),
            ("quantity", reference("Decimal")),
            ("filled_quantity", reference("Decimal")),
            (
                "remaining",
                json!({
                    "allOf": [reference("Decimal")], "description": "What rests, or what was dropped where it is cancelled.",
                }),
            ),
            (
                "average_price",
                json!({
                    "allOf": [reference("Decimal")], "description": "Weighted by quantity, rounded down.",
                }),
            ),
            ("fills", list("Fill")),
            ("cancel_cause", reference("CancelCause")),
            ("expires_at", reference("Time")),
            ("replaces", reference("Id")),
        ],
    );
    let changed = object(
        &["cancel_cause"],
        [
            ("id", reference("Id")),
            ("market", reference("Symbol")),
            ("side", reference("Side")),
            ("price", reference("Decimal")),
            ("status", reference("Status")),
            (
                "remaining",
                json!({
                    "allOf": [reference("Decimal")], "description": "What rests, or what was left where it is cancelled.",
                }),
            ),
            ("cancel_cause", reference("CancelCause")),
        ],
    );
    json!({
        "Fill": object(&[], [("price", reference("Decimal")), ("quantity", reference("Decimal"))]),
        "Order": with_stamp(answer),
        "ChangedOrder": with_stamp(changed),
        "OrderOrChanged": { "oneOf": [reference("Order"), reference("ChangedOrder")] },
        "MassCancelled": with_stamp(object(&[], [("cancelled", list("Id"))])),
        "OrderRecord": with_stamp(record),
        "Orders": object(&["next_before"], [("orders", list("OrderRecord")), ("next_before", reference("Id"))]),
    })
}

fn accounts() -> Value {
    json!({
        "Balance": object(&[], [
            ("asset", reference("Asset")), ("total", reference("Decimal")), ("available", reference("Decimal")),
            ("reserved", reference("Decimal")),
        ]),
        "AccountRecord": object(&[], [
            ("account", reference("Account")), ("tier", json!({ "type": "string" })), ("state", reference("State")),
            ("balances", list("Balance")),
            ("sequence", json!({ "allOf": [reference("Nanoseconds")], "description": "The last command that this shows." })),
        ]),
        "Trade": with_stamp(object(&[], [
            ("id", reference("Id")), ("market", reference("Symbol")), ("order", reference("Id")),
            ("side", reference("Side")), ("role", words(&["maker", "taker"])), ("price", reference("Decimal")),
            ("quantity", reference("Decimal")),
        ])),
        "Trades": object(&["next_before"], [("trades", list("Trade")), ("next_before", reference("Id"))]),
        "OpenedAccount": with_stamp(object(&[], [
            ("account", reference("Account")), ("tier", json!({ "type": "string" })),
        ])),
        "MovedFunds": with_stamp(object(&[], [
            ("account", reference("Account")), ("asset", reference("Asset")), ("amount", reference("Decimal")),
        ])),
        "TradingStateSet": with_stamp(object(&["market", "account"], [
            ("scope", words(&["venue", "instrument", "account"])), ("market", reference("Symbol")),
            ("account", reference("Account")), ("state", reference("State")), ("cancelled", list("Id")),
        ])),
    })
}

fn market_data() -> Value {
    let decimals = || json!({ "type": "integer", "minimum": 0, "maximum": 18 });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let level = json!({
        "type": "array", "prefixItems": [reference("Decimal"), reference("Decimal")], "minItems": 2, "maxItems": 2,
        "description": "Price and quantity.",
    });
    let levels = || json!({ "type": "array", "items": level });
    json!({
        "Statistics": object(&[], [
            ("last_price", nullable("Decimal")), ("last_quantity", nullable("Decimal")),
            ("last_time", nullable("Time")), ("last_time_ns", nullable("Nanoseconds")),
            ("bid", nullable("Decimal")), ("bid_quantity", nullable("Decimal")),
            ("ask", nullable("Decimal")), ("ask_quantity", nullable("Decimal")),
            ("open", nullable("Decimal")), ("high", nullable("Decimal")), ("low", nullable("Decimal")),
            ("change", json!({ "type": "string", "pattern": "^-?[0-9]{1,20}(\\.[0-9]{1,18})?$" })),
            ("volume", json!({ "type": "string" })), ("quote_volume", json!({ "type": "string" })), ("trades", count()),
        ]),
        "Market": object(&[], [
            ("market", reference("Symbol")), ("base", reference("Asset")), ("quote", reference("Asset")),
            ("base_decimals", decimals()), ("quote_decimals", decimals()),
            ("tick", reference("Decimal")), ("lot", reference("Decimal")),
            ("min_quantity", reference("Decimal")), ("max_quantity", reference("Decimal")),
            ("position_limit", nullable("Decimal")), ("maker_fee", reference("Decimal")),
            ("taker_fee", reference("Decimal")), ("price_band", nullable("Decimal")),
            ("reference_price", reference("Decimal")),
            ("state", words(&["unlisted", "open", "halted", "killed"])), ("statistics", reference("Statistics")),
        ]),
        "Markets": object(&[], [("markets", list("Market"))]),
        "Depth": object(&[], [
            ("market", reference("Symbol")), ("sequence", reference("Nanoseconds")), ("time", reference("Time")),
            ("time_ns", reference("Nanoseconds")), ("bids", levels()), ("asks", levels()),
        ]),
        "PublicTrade": object(&[], [
            ("id", reference("Id")), ("price", reference("Decimal")), ("quantity", reference("Decimal")),
            ("taker_side", reference("Side")), ("time", reference("Time")), ("time_ns", reference("Nanoseconds")),
        ]),
        "PublicTrades": object(&[], [("market", reference("Symbol")), ("trades", list("PublicTrade"))]),
        "Candle": object(&[], [
            ("start", reference("Time")), ("start_ns", reference("Nanoseconds")), ("open", reference("Decimal")),
            ("high", reference("Decimal")), ("low", reference("Decimal")), ("close", reference("Decimal")),
            ("volume", json!({ "type": "string" })), ("quote_volume", json!({ "type": "string" })),
            ("trades", count()), ("closed", json!({ "type": "boolean" })),
        ]),
        "Candles": object(&[], [
            ("market", reference("Symbol")), ("interval", words(&crate::api::INTERVALS)), ("candles", list("Candle")),
        ]),
        "OpenApi": { "type": "object", "required": ["openapi", "info", "paths"] },
    })
}

fn problems() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "FieldError": object(&[], [("field", text()), ("problem", text())]),
        "Problem": {
            "type": "object",
            "description": "RFC 9457.",
            "properties": {
                "type": { "type": "string", "pattern": "^urn:exchange:problem:[a-z0-9-]+$" },
                "title": text(), "status": { "type": "integer" },
                "code": { "type": "string", "description": "What a program looks at. Its meaning never changes." },
                "detail": text(),
                "fields": { "type": "array", "items": reference("FieldError") },
                "request": { "type": "string", "description": "The request whose outcome is unknown." },
                "sequence": { "type": "string", "description": "The number of the rejected command in the log." },
                "time": { "type": "string", "description": "When it was rejected, in nanoseconds since 1970." },
            },
            "required": ["type", "title", "status", "code", "detail"],
        },
    })
}
