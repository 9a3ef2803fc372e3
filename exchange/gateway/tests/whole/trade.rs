//! What a trader does, from the first order to the history.

use serde_json::{Value, json};

use crate::world::World;

fn limit(side: &str, price: &str, quantity: &str) -> Value {
    json!({ "market": "BTC-USD", "side": side, "type": "limit", "price": price, "quantity": quantity })
}

#[tokio::test]
async fn two_accounts_trade_and_find_everything() {
    let world = World::start(&[], 2).await;
    let (maker, taker) = (world.gateway.trader(0), world.gateway.trader(1));
    let key = [("Idempotency-Key", "maker-1")];
    let body = limit("sell", "60000", "1").to_string();
    let sell = maker.send("POST", "/v1/orders", &key, Some(&body)).await.expect(201);
    let id = sell.json()["id"].as_str().unwrap().to_owned();
    let buy = taker.post("/v1/orders", limit("buy", "60000", "0.4")).await.expect(201).json();
    assert_eq!((&buy["status"], &buy["average_price"]), (&json!("filled"), &json!("60000")));

    let again = maker.send("POST", "/v1/orders", &key, Some(&body)).await.expect(201);
    assert_eq!((again.json(), again.header("idempotency-replayed")), (sell.json(), Some("true")));

    let path = format!("/v1/orders/{id}");
    let order = maker.get(&path).await.expect(200).json();
    assert_eq!((&order["status"], &order["filled_quantity"]), (&json!("partially-filled"), &json!("0.4")));
    assert_eq!((&order["remaining"], &order["average_price"]), (&json!("0.6"), &json!("60000")));
    let open = maker.get("/v1/orders?status=open").await.expect(200).json();
    assert_eq!(open["orders"], json!([order]));
    let trades = maker.get("/v1/accounts/0/trades?market=BTC-USD").await.expect(200).json();
    assert_eq!((&trades["trades"][0]["role"], &trades["trades"][0]["order"]), (&json!("maker"), &json!(id)));

    let reduced = maker.patch(&path, json!({ "reduce_by": "0.1" })).await.expect(200).json();
    assert_eq!(reduced["remaining"], "0.5");
    maker.delete(&path).await.expect(200);
    let closed = maker.get("/v1/orders?status=closed").await.expect(200).json();
    assert_eq!(
        (&closed["orders"][0]["id"], &closed["orders"][0]["status"]),
        (&json!(id), &json!("cancelled"))
    );
    let key = [("Idempotency-Key", "cancel-1")];
    let gone = maker.send("DELETE", &path, &key, None).await.expect(404);
    let again = maker.send("DELETE", &path, &key, None).await.expect(404);
    assert_eq!((again.json(), again.header("idempotency-replayed")), (gone.json(), Some("true")));
    let account = taker.get("/v1/accounts/1").await.expect(200).json();
    let btc =
        account["balances"].as_array().unwrap().iter().find(|balance| balance["asset"] == "BTC").unwrap();
    assert_eq!(btc["total"], "100.4");
    world.end().await;
}
