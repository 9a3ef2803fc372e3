//! The way of an order as a client sees it.

use serde_json::{Value, json};

use crate::support::{Gateway, Venue};

/// A venue, a gateway, and so many funded accounts.
pub(crate) async fn trading(variables: &[(&str, &str)], accounts: u32) -> (Venue, Gateway) {
    let venue = Venue::start().await;
    let gateway = Gateway::ready(venue.address, variables).await;
    let admin = gateway.admin();
    for account in 0..accounts {
        let opened = admin.post("/v1/admin/accounts", json!({})).await.expect(201).json();
        assert_eq!(opened["account"], account.to_string());
        for (asset, amount) in [("USD", "1000000"), ("BTC", "100")] {
            let body = json!({ "account": account.to_string(), "asset": asset, "amount": amount });
            let credited = admin.post("/v1/admin/deposits", body).await.expect(201).json();
            assert_eq!((&credited["asset"], &credited["amount"]), (&json!(asset), &json!(amount)));
        }
    }
    (venue, gateway)
}

pub(crate) fn limit(side: &str, price: &str, quantity: &str) -> Value {
    json!({ "market": "BTC-USD", "side": side, "type": "limit", "price": price, "quantity": quantity })
}

#[tokio::test]
async fn two_accounts_trade() {
    let (_venue, gateway) = trading(&[], 2).await;
    let (maker, taker) = (gateway.trader(0), gateway.trader(1));
    let rested = maker.post("/v1/orders", limit("sell", "60000", "0.5")).await.expect(201);
    let order = rested.json();
    assert_eq!(rested.header("location").unwrap(), format!("/v1/orders/{}", order["id"].as_str().unwrap()));
    assert_eq!(order["id"], order["sequence"]);
    for (name, value) in [
        ("market", "BTC-USD"),
        ("side", "sell"),
        ("type", "limit"),
        ("time_in_force", "gtc"),
        ("status", "open"),
        ("price", "60000"),
        ("quantity", "0.5"),
        ("filled_quantity", "0"),
        ("remaining", "0.5"),
    ] {
        assert_eq!(order[name], value, "{name}");
    }
    assert_eq!(order["fills"], json!([]));
    maker.post("/v1/orders", limit("sell", "60010", "1")).await.expect(201);

    let filled = taker.post("/v1/orders", limit("buy", "60010", "1")).await.expect(201).json();
    assert_eq!(filled["status"], "filled");
    assert_eq!(filled["average_price"], "60005");
    assert_eq!(
        filled["fills"],
        json!([{ "price": "60000", "quantity": "0.5" }, { "price": "60010", "quantity": "0.5" }])
    );
    let market = json!({ "market": "BTC-USD", "side": "buy", "type": "market", "quantity": "0.7" });
    let rest = taker.post("/v1/orders", market).await.expect(201).json();
    assert_eq!((&rest["status"], &rest["cancel_cause"]), (&json!("cancelled"), &json!("immediate")));
    assert_eq!((&rest["filled_quantity"], &rest["remaining"]), (&json!("0.5"), &json!("0.2")));

    let account = taker.get("/v1/accounts/1").await.expect(200).json();
    let btc =
        account["balances"].as_array().unwrap().iter().find(|balance| balance["asset"] == "BTC").unwrap();
    assert_eq!(btc, &json!({ "asset": "BTC", "total": "101.5", "available": "101.5", "reserved": "0" }));
}

#[tokio::test]
async fn orders_are_reduced_replaced_and_cancelled() {
    let (_venue, gateway) = trading(&[], 2).await;
    let (trader, other) = (gateway.trader(0), gateway.trader(1));
    let order = trader.post("/v1/orders", limit("buy", "50000", "1")).await.expect(201).json();
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    for (answer, whose) in
        [(other.delete(&path).await, "another's"), (trader.delete("/v1/orders/999999").await, "nobody's")]
    {
        assert_eq!(answer.expect(404).code(), "unknown-order", "{whose}");
    }
    let reduced = trader.patch(&path, json!({ "reduce_by": "0.4" })).await.expect(200).json();
    assert_eq!((&reduced["status"], &reduced["remaining"]), (&json!("open"), &json!("0.6")));
    let replaced = trader.patch(&path, json!({ "price": "50001", "quantity": "2" })).await.expect(200).json();
    assert_eq!((&replaced["replaces"], &replaced["status"]), (&order["id"], &json!("open")));
    assert_ne!(replaced["id"], order["id"]);
    assert_eq!(trader.delete(&path).await.expect(404).code(), "unknown-order");
    let path = format!("/v1/orders/{}", replaced["id"].as_str().unwrap());
    let cancelled = trader.delete(&path).await.expect(200).json();
    assert_eq!((&cancelled["status"], &cancelled["remaining"]), (&json!("cancelled"), &json!("2")));
    assert_eq!(trader.delete(&path).await.expect(404).code(), "unknown-order");

    let mut ids = Vec::new();
    for side in ["buy", "buy"] {
        ids.push(
            trader.post("/v1/orders", limit(side, "50000", "0.1")).await.expect(201).json()["id"].clone(),
        );
    }
    ids.push(trader.post("/v1/orders", limit("sell", "70000", "0.1")).await.expect(201).json()["id"].clone());
    let none = trader.delete("/v1/orders?market=ETH-USD").await.expect(200).json();
    assert_eq!(none["cancelled"], json!([]));
    let buys = trader.delete("/v1/orders?market=BTC-USD&side=buy").await.expect(200).json();
    assert_eq!(buys["cancelled"], json!(ids[..2]));
    assert_eq!(trader.delete("/v1/orders").await.expect(200).json()["cancelled"], json!(ids[2..]));
    assert_eq!(other.delete("/v1/orders").await.expect(200).json()["cancelled"], json!([]));
}

#[tokio::test]
async fn a_reject_is_a_problem_with_the_name_of_its_reason() {
    let (_venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let rejected = trader.post("/v1/orders", limit("sell", "60000", "101")).await.expect(422);
    assert_eq!(rejected.code(), "insufficient-funds");
    let json = rejected.json();
    assert!(json["sequence"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    for (body, code) in [
        (limit("buy", "60000.001", "1"), "price-off-tick"),
        (limit("buy", "60000", "0.00001"), "quantity-off-lot"),
        (limit("buy", "0", "1"), "price-zero"),
        (limit("buy", "1", "1"), "price-outside-band"),
    ] {
        assert_eq!(trader.post("/v1/orders", body).await.expect(422).code(), code);
    }
    let unopened = gateway.trader(77).post("/v1/orders", limit("buy", "60000", "1")).await.expect(404);
    assert_eq!(unopened.code(), "unknown-account");
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_time() {
    let (venue, gateway) = trading(&[], 1).await;
    let trader = gateway.trader(0);
    let key = [("Idempotency-Key", "order-1")];
    let body = limit("sell", "60000", "1").to_string();
    let first = trader.send("POST", "/v1/orders", &key, Some(&body)).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let free = venue.free(0, 0);
    for _ in 0..2 {
        let again = trader.send("POST", "/v1/orders", &key, Some(&body)).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!((again.json(), again.header("location")), (first.json(), first.header("location")));
    }
    assert_eq!(venue.free(0, 0), free, "nothing was done again");
    let other = limit("sell", "60000", "2").to_string();
    let conflict = trader.send("POST", "/v1/orders", &key, Some(&other)).await.expect(422);
    assert_eq!(conflict.code(), "request-conflict");

    // What was rejected stays rejected, although it would be accepted now.
    let key = [("Idempotency-Key", "order-2")];
    let large = limit("sell", "60000", "150").to_string();
    let rejected = trader.send("POST", "/v1/orders", &key, Some(&large)).await.expect(422);
    let more = json!({ "account": "0", "asset": "BTC", "amount": "100" });
    gateway.admin().post("/v1/admin/deposits", more).await.expect(201);
    let again = trader.send("POST", "/v1/orders", &key, Some(&large)).await.expect(422);
    assert_eq!((again.code(), again.json()), (rejected.code(), rejected.json()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn the_operator_halts_kills_and_opens() {
    let (_venue, gateway) = trading(&[], 1).await;
    let (admin, trader) = (gateway.admin(), gateway.trader(0));
    let order = trader.post("/v1/orders", limit("sell", "60000", "1")).await.expect(201).json();
    let state = async |body: Value| admin.post("/v1/admin/trading-state", body).await;
    let halted =
        state(json!({ "scope": "instrument", "market": "BTC-USD", "state": "halted" })).await.expect(200);
    assert_eq!(halted.json()["cancelled"], json!([]));
    let refused = trader.post("/v1/orders", limit("buy", "60000", "1")).await.expect(422);
    assert_eq!(refused.code(), "instrument-halted");
    let killed = state(json!({ "scope": "venue", "state": "killed" })).await.expect(200);
    assert_eq!(killed.json()["cancelled"], json!([order["id"]]));
    state(json!({ "scope": "venue", "state": "open" })).await.expect(200);
    state(json!({ "scope": "instrument", "market": "BTC-USD", "state": "open" })).await.expect(200);
    state(json!({ "scope": "account", "account": "0", "state": "halted" })).await.expect(200);
    let refused = trader.post("/v1/orders", limit("buy", "60000", "1")).await.expect(422);
    assert_eq!(refused.code(), "account-halted");
    let out = json!({ "account": "0", "asset": "BTC", "amount": "1000" });
    assert_eq!(admin.post("/v1/admin/withdrawals", out).await.expect(422).code(), "insufficient-funds");
    let out = json!({ "account": "0", "asset": "BTC", "amount": "0.5" });
    admin.post("/v1/admin/withdrawals", out).await.expect(201);
}

#[tokio::test]
async fn orders_and_trades_are_listed_page_by_page() {
    let (_venue, gateway) = trading(&[], 2).await;
    let (trader, other) = (gateway.trader(0), gateway.trader(1));
    let mut ids = Vec::new();
    for price in ["50000", "50001", "50002"] {
        ids.insert(
            0,
            trader.post("/v1/orders", limit("buy", price, "2")).await.expect(201).json()["id"].clone(),
        );
    }
    let of = |answer: Value| -> Vec<Value> {
        answer["orders"].as_array().unwrap().iter().map(|order| order["id"].clone()).collect()
    };
    let all = trader.get("/v1/orders?status=open&market=BTC-USD").await.expect(200).json();
    assert_eq!((of(all.clone()), &all["next_before"]), (ids.clone(), &Value::Null));
    let first = trader.get("/v1/orders?limit=2").await.expect(200).json();
    assert_eq!(first["next_before"], ids[1]);
    let next = format!("/v1/orders?limit=2&before={}", first["next_before"].as_str().unwrap());
    assert_eq!(of(trader.get(&next).await.expect(200).json()), ids[2..]);
    assert_eq!(of(other.get("/v1/orders").await.expect(200).json()), Vec::<Value>::new());

    let path = format!("/v1/orders/{}", ids[0].as_str().unwrap());
    let order = trader.get(&path).await.expect(200).json();
    for (name, value) in [
        ("account", "0"),
        ("price", "50002"),
        ("quantity", "2"),
        ("filled_quantity", "1"),
        ("average_price", "50002"),
        ("time", "2027-01-15T08:00:00Z"),
        ("updated_time_ns", "1800000001000000000"),
    ] {
        assert_eq!(order[name], value, "{name}");
    }
    assert_eq!(other.get(&path).await.expect(404).code(), "unknown-order");
    gateway.admin().get(&path).await.expect(200);
    let trades = other.get("/v1/accounts/1/trades?limit=2").await.expect(200).json();
    assert_eq!(trades["next_before"], "2");
    assert_eq!(
        (&trades["trades"][0]["price"], &trades["trades"][0]["quantity"]),
        (&json!("60000"), &json!("0.5"))
    );
    let rest = other.get("/v1/accounts/1/trades?limit=2&before=2").await.expect(200).json();
    assert_eq!((rest["trades"].as_array().unwrap().len(), &rest["next_before"]), (1, &Value::Null));
}
