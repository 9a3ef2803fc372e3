//! Requests that are wrong: each gets a specific answer that names everything, and changes nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gateway::problem::Code;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::orders::{limit, trading};
use crate::support::eventually;

/// The fields of a new order that are right, with some of them changed.
fn order(changes: Value) -> String {
    let mut order = limit("buy", "60000", "1");
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    order.to_string()
}

#[tokio::test]
async fn every_malformed_field_is_named() {
    let (venue, gateway) = trading(&[], 1).await;
    let (trader, admin) = (gateway.trader(0), gateway.admin());
    let seen = venue.seen();
    let table: Vec<(&str, &str, String, &[&str])> = vec![
        ("POST", "/v1/orders", "{}".into(), &["market", "price", "quantity", "side", "type"]),
        ("POST", "/v1/orders", order(json!({ "side": "hold" })), &["side"]),
        ("POST", "/v1/orders", order(json!({ "side": 1, "market": null })), &["market", "side"]),
        ("POST", "/v1/orders", order(json!({ "price": 60000 })), &["price"]),
        ("POST", "/v1/orders", order(json!({ "price": "-1" })), &["price"]),
        ("POST", "/v1/orders", order(json!({ "price": "1e3" })), &["price"]),
        ("POST", "/v1/orders", order(json!({ "price": "" })), &["price"]),
        ("POST", "/v1/orders", order(json!({ "price": "0.0000001" })), &["price"]),
        ("POST", "/v1/orders", order(json!({ "price": "99999999999999999999" })), &["price"]),
        ("POST", "/v1/orders", order(json!({ "quantity": "0.000000001" })), &["quantity"]),
        ("POST", "/v1/orders", order(json!({ "quantity": [], "side": {} })), &["quantity", "side"]),
        ("POST", "/v1/orders", order(json!({ "type": "stop" })), &["type"]),
        ("POST", "/v1/orders", order(json!({ "time_in_force": "day" })), &["time_in_force"]),
        ("POST", "/v1/orders", order(json!({ "expires_at": "tomorrow" })), &["expires_at"]),
        ("POST", "/v1/orders", order(json!({ "self_trade": "allow" })), &["self_trade"]),
        ("POST", "/v1/orders", order(json!({ "quantty": "1", "id": "7" })), &["id", "quantty"]),
        ("POST", "/v1/orders", order(json!({ "market": "" })), &["market"]),
        (
            "POST",
            "/v1/orders",
            r#"{"market":"BTC-USD","market":"ETH-USD","side":"buy","type":"market","quantity":"1"}"#.into(),
            &["market"],
        ),
        ("PATCH", "/v1/orders/1", "{}".into(), &["price", "quantity"]),
        ("PATCH", "/v1/orders/1", json!({ "price": "1" }).to_string(), &["quantity"]),
        ("PATCH", "/v1/orders/1", json!({ "reduce_by": "1", "price": "1" }).to_string(), &["reduce_by"]),
        (
            "PATCH",
            "/v1/orders/1",
            json!({ "reduce_by": "x", "side": "buy" }).to_string(),
            &["reduce_by", "side"],
        ),
        ("PATCH", "/v1/orders/one", json!({ "reduce_by": "1" }).to_string(), &["id"]),
        ("DELETE", "/v1/orders/0", String::new(), &["id"]),
        ("DELETE", "/v1/orders/01", String::new(), &["id"]),
        ("DELETE", "/v1/orders/18446744073709551616", String::new(), &["id"]),
        ("DELETE", "/v1/orders/1?x=1", String::new(), &["x"]),
        ("DELETE", "/v1/orders?side=both&market=", String::new(), &["market", "side"]),
        ("GET", "/v1/orders?status=new&limit=0&before=x", String::new(), &["before", "limit", "status"]),
        ("GET", "/v1/orders?limit=1001", String::new(), &["limit"]),
        ("GET", "/v1/orders?limit=1&limit=1", String::new(), &["limit"]),
        ("GET", "/v1/orders?%zz=1", String::new(), &["query"]),
        ("GET", "/v1/orders/x", String::new(), &["id"]),
        ("GET", "/v1/accounts/-1", String::new(), &["id"]),
        ("GET", "/v1/accounts/0?full=true", String::new(), &["full"]),
        ("GET", "/v1/markets/BTC-USD/depth?limit=10001", String::new(), &["limit"]),
        ("GET", "/v1/markets/BTC-USD/trades?limit=all", String::new(), &["limit"]),
        ("GET", "/v1/markets/BTC-USD/candles?interval=2m&limit=x", String::new(), &["interval", "limit"]),
        ("GET", "/v1/markets?x", String::new(), &["x"]),
    ];
    for (method, path, body, fields) in table {
        let body = (!body.is_empty()).then_some(body.as_str());
        let answer = trader.send(method, path, &[], body).await.expect(400);
        assert_eq!(
            (answer.code().as_str(), answer.fields()),
            ("invalid-request", fields.iter().map(|name| (*name).to_owned()).collect()),
            "{method} {path} {body:?}"
        );
    }
    let table: [(&str, Value, &[&str]); 9] = [
        ("accounts", json!({ "tier": "none" }), &["tier"]),
        ("accounts", json!({ "account": "x" }), &["account"]),
        ("deposits", json!({}), &["account", "amount", "asset"]),
        ("deposits", json!({ "account": "0", "asset": "DOGE", "amount": "1" }), &["asset"]),
        ("deposits", json!({ "account": 0, "asset": "USD", "amount": "0.0000001" }), &["account", "amount"]),
        ("withdrawals", json!({ "account": "0", "asset": "USD", "amount": "-1" }), &["amount"]),
        ("trading-state", json!({ "scope": "world", "state": "shut" }), &["scope", "state"]),
        ("trading-state", json!({ "scope": "instrument", "state": "open" }), &["market"]),
        ("trading-state", json!({ "scope": "venue", "market": "BTC-USD", "state": "open" }), &["market"]),
    ];
    for (path, body, fields) in table {
        let answer = admin.post(&format!("/v1/admin/{path}"), body.clone()).await.expect(400);
        assert_eq!(answer.fields(), fields, "{path} {body}");
    }
    let keyed =
        admin.send("POST", "/v1/admin/accounts", &[("Idempotency-Key", "a")], Some("{}")).await.expect(400);
    assert_eq!(keyed.fields(), ["account"]);
    assert_eq!(venue.seen(), seen, "nothing came to the venue");
}

#[tokio::test]
async fn what_is_no_json_is_refused_as_a_whole() {
    let (venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let seen = venue.seen();
    for body in ["", "[]", "null", "{", "{\"a\":1,}", "{} {}", "\"x\"", "{\"a\":\"\u{1}\"}"] {
        let answer = trader.send("POST", "/v1/orders", &[], Some(body)).await.expect(400);
        assert_eq!(answer.code(), "malformed-json", "{body}");
    }
    let body = order(json!({}));
    for kind in ["text/plain", "application/xml", "application/json; charset=latin1", "", "application/jsonx"]
    {
        let answer =
            trader.send("POST", "/v1/orders", &[("Content-Type", kind)], Some(&body)).await.expect(415);
        assert_eq!(answer.code(), "unsupported-media-type", "{kind}");
    }
    let coded = [("Content-Encoding", "gzip")];
    trader.send("POST", "/v1/orders", &coded, Some(&body)).await.expect(415);
    assert_eq!(venue.seen(), seen);
    for kind in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
    {
        trader.send("POST", "/v1/orders", &[("Content-Type", kind)], Some(&body)).await.expect(201);
    }
}

#[tokio::test]
async fn a_body_is_bounded_in_bytes_and_in_time() {
    let (_venue, gateway) = trading(&[("BODY_TIMEOUT", "200ms")], 1).await;
    let trader = gateway.trader(0);
    let long = format!("{{\"market\":\"{}\"}}", "x".repeat(20_000));
    assert_eq!(trader.send("POST", "/v1/orders", &[], Some(&long)).await.expect(413).code(), "too-large");
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
        trader.token()
    );
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n5000\r\n{}", "x".repeat(0x5000));
    assert_eq!(trader.raw(chunked.as_bytes()).await.expect(413).code(), "too-large");
    let slow = format!("{head}Content-Length: 100\r\n\r\n{{");
    assert_eq!(trader.raw(slow.as_bytes()).await.expect(408).code(), "body-timeout");
}

#[tokio::test]
async fn half_a_head_is_answered_when_its_time_is_over() {
    let (venue, gateway) = trading(&[("HEADER_TIMEOUT", "200ms")], 1).await;
    let trader = gateway.trader(0);
    let seen = venue.seen();
    let head = format!("POST /v1/orders HTTP/1.1\r\nAuthorization: Bearer {}\r\nConten", trader.token());
    let answer = trader.raw(head.as_bytes()).await.expect(408);
    assert_eq!(answer.code(), Code::HEADER_TIMEOUT.name);
    assert_eq!(answer.json()["title"], Code::HEADER_TIMEOUT.meaning);
    assert_eq!(venue.seen(), seen);
}

#[tokio::test]
async fn headers_are_checked() {
    let (venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let seen = venue.seen();
    let body = order(json!({}));
    let long = "x".repeat(65);
    for value in ["", "a b", long.as_str(), "\u{e4}"] {
        let answer =
            trader.send("POST", "/v1/orders", &[("Idempotency-Key", value)], Some(&body)).await.expect(400);
        assert_eq!(answer.fields(), ["Idempotency-Key"], "{value}");
    }
    let expires =
        async |value: &str| trader.send("DELETE", "/v1/orders", &[("X-Request-Expires", value)], None).await;
    for value in ["1000000000", "2020-01-01T00:00:00Z"] {
        assert_eq!(expires(value).await.expect(408).code(), "stale-request", "{value}");
    }
    assert_eq!(expires("later").await.expect(400).fields(), ["X-Request-Expires"]);
    assert_eq!(venue.seen(), seen);
    expires("2100-01-01T00:00:00Z").await.expect(200);
}

#[tokio::test]
async fn a_request_whose_time_passes_while_its_body_comes_is_not_carried_out() {
    let (venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let seen = venue.seen();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let expires = now() + Duration::from_secs(2);
    let body = limit("buy", "60000", "0.1").to_string();
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\nX-Request-Expires: {}\r\n\r\n",
        trader.token(),
        body.len(),
        expires.as_nanos()
    );
    let mut connection = trader.begin(&head).await;
    let mut bytes = vec![0; 1_024];
    let read = connection.read(&mut bytes).await.unwrap();
    assert!(bytes[..read].starts_with(b"HTTP/1.1 100"), "the gate has let it in");
    eventually("its end", async || now() > expires).await;
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("stale-request"), "{text}");
    assert_eq!(venue.seen(), seen, "nothing came to the venue");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused() {
    let (venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let seen = venue.seen();
    let change = json!({ "reduce_by": "0.1" }).to_string();
    for (method, path, body) in [
        ("GET", "/v1/orders/%ff", None),
        ("DELETE", "/v1/orders/%ff", None),
        ("PATCH", "/v1/orders/%c3%28", Some(change.as_str())),
        ("GET", "/v1/accounts/%ff", None),
        ("GET", "/v1/accounts/%ff/trades", None),
        ("GET", "/v1/markets/%ff", None),
        ("GET", "/v1/markets/%ff/depth", None),
        ("GET", "/v1/markets/%80/trades", None),
        ("GET", "/v1/markets/%ff/candles", None),
    ] {
        let answer = trader.send(method, path, &[], body).await.expect(400);
        assert_eq!(answer.code(), "invalid-request", "{method} {path}");
        assert_eq!(answer.fields(), ["path"], "{method} {path}");
    }
    assert_eq!(venue.seen(), seen);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let (venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let seen = venue.seen();
    for path in ["/v1", "/v1/order", "/v1/orders/1/fills", "/v2/orders", "/internal/venue"] {
        assert_eq!(trader.get(path).await.expect(404).code(), "not-found", "{path}");
    }
    let wrong = trader.send("PUT", "/v1/orders", &[], Some("{}")).await.expect(405);
    assert_eq!(wrong.code(), "method-not-allowed");
    let allowed = wrong.header("allow").unwrap();
    assert!(["GET", "POST", "DELETE"].iter().all(|method| allowed.contains(method)), "{allowed}");
    for path in [
        "/v1/markets/DOGE-USD",
        "/v1/markets/btc-usd/depth",
        "/v1/markets/%00/trades",
        "/v1/markets/x%2Fy/candles",
    ] {
        assert_eq!(trader.get(path).await.expect(404).code(), "unknown-market", "{path}");
    }
    let unknown = order(json!({ "market": "DOGE-USD" }));
    assert_eq!(
        trader.send("POST", "/v1/orders", &[], Some(&unknown)).await.expect(404).code(),
        "unknown-market"
    );
    assert_eq!(trader.delete("/v1/orders?market=DOGE-USD").await.expect(404).code(), "unknown-market");
    assert_eq!(gateway.admin().get("/v1/accounts/99").await.expect(404).code(), "unknown-account");
    assert_eq!(venue.seen(), seen);
}

#[tokio::test]
async fn market_data_is_passed_on_as_it_is() {
    let (_venue, gateway) = trading(&[], 1).await;
    let nobody = gateway.nobody();
    for (path, asked) in [
        ("/v1/markets", "/internal/markets"),
        ("/v1/markets/BTC-USD", "/internal/markets/BTC-USD"),
        ("/v1/markets/BTC-USD/depth?limit=all", "/internal/markets/BTC-USD/depth?limit=all"),
        ("/v1/markets/BTC-USD/depth?limit=5", "/internal/markets/BTC-USD/depth?limit=5"),
        ("/v1/markets/ETH-USD/trades", "/internal/markets/ETH-USD/trades"),
        (
            "/v1/markets/ETH-USD/candles?limit=9&interval=1h",
            "/internal/markets/ETH-USD/candles?interval=1h&limit=9",
        ),
    ] {
        let answer = nobody.get(path).await.expect(200);
        assert_eq!(answer.body, json!({ "asked": asked }).to_string().as_bytes());
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn requests_are_counted_and_no_token_is_in_a_metric() {
    let (_venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    trader.post("/v1/orders", limit("buy", "60000", "1")).await.expect(201);
    trader.post("/v1/orders", json!({})).await.expect(400);
    let text = String::from_utf8(gateway.nobody().get("/metrics").await.expect(200).body).unwrap();
    for line in [
        "exchange_request_seconds_count{service=\"gateway\",method=\"POST\",route=\"/v1/orders\",status=\"2xx\"} 1",
        "exchange_requests_refused_total{service=\"gateway\",code=\"invalid-request\"} 1",
        "exchange_orders_in_flight{service=\"gateway\"} 0",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains(trader.token()));
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let (_venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let body = limit("buy", "60000", "0.1").to_string();
    let request = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        trader.token(),
        body.len()
    );
    let mut connection = trader.begin(&request).await;
    let mut bytes = vec![0; 4_096];
    for _ in 0..3 {
        let read = connection.read(&mut bytes).await.unwrap();
        assert!(bytes[..read].starts_with(b"HTTP/1.1 201"));
        connection.write_all(request.as_bytes()).await.unwrap();
    }
}
