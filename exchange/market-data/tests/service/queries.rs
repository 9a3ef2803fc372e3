//! Queries that are wrong, and queries of nothing.

use crate::service::Running;
use crate::venue::{Venue, now_ns};

async fn refused(service: &Running, path: &str, status: u16, code: &str) {
    let answer = service.get(path).await;
    let json = answer.json();
    assert_eq!((answer.status, &json["code"]), (status, &code.into()), "{path}");
    assert_eq!(answer.kind, "application/problem+json", "{path}");
    assert_eq!(json["status"], status, "{path}");
    assert!(json["title"].is_string() && json["detail"].is_string(), "{path}");
}

#[tokio::test]
async fn every_malformed_query_has_its_code() {
    let mut venue = Venue::with_traffic(37, 100).await;
    venue.step(usize::MAX);
    let service = Running::start(&venue, &[]).await;
    service.caught_up(&venue).await;
    for symbol in ["DOGE-USD", "btc-usd", "BTC-USD%20", "%FF", "..", "%00", "BTC-USD%2F"] {
        for rest in ["", "/depth", "/trades", "/candles"] {
            refused(&service, &format!("/internal/markets/{symbol}{rest}"), 404, "unknown-market").await;
        }
    }
    for limit in ["", "0", "-1", "+1", "1.0", "1e2", "x", "10001", "99999999999999999999", "%31", "ALL", "1 "]
    {
        let limit = limit.replace(' ', "%20");
        refused(&service, &format!("/internal/markets/BTC-USD/depth?limit={limit}"), 400, "invalid-limit")
            .await;
    }
    for (path, limit) in [("trades", "1001"), ("trades", "all"), ("candles", "3602"), ("candles", "0")] {
        refused(&service, &format!("/internal/markets/BTC-USD/{path}?limit={limit}"), 400, "invalid-limit")
            .await;
    }
    for interval in ["", "2m", "1M", "60", "minute", "1m%00"] {
        let path = format!("/internal/markets/BTC-USD/candles?interval={interval}");
        refused(&service, &path, 400, "invalid-interval").await;
    }
    for query in ["interval=1m", "limit=1&limit=2", "Limit=1", "%6cimit=1", "=", "limit=1&x"] {
        refused(&service, &format!("/internal/markets/BTC-USD/depth?{query}"), 400, "invalid-query").await;
    }
    for path in ["", "/BTC-USD"] {
        refused(&service, &format!("/internal/markets{path}?limit=1"), 400, "invalid-query").await;
    }
    for path in ["/", "/internal", "/internal/markets/", "/internal/markets/BTC-USD/depth/1", "/internal/x"] {
        let answer = service.get(path).await;
        assert_eq!((answer.status, answer.kind.as_str()), (404, "application/problem+json"), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = service.request(method, "/internal/markets").await;
        assert_eq!((answer.status, &answer.json()["code"]), (405, &"method-not-allowed".into()));
    }
    // A request for the stream that is no upgrade.
    assert_eq!(service.get("/internal/stream/feed").await.status, 426);
}

#[tokio::test]
async fn limits_are_kept() {
    let mut venue = Venue::with_traffic(41, 3_000).await;
    venue.step(usize::MAX);
    let service = Running::start(&venue, &[]).await;
    service.caught_up(&venue).await;
    for (path, member, limit) in [
        ("depth?limit=3", "bids", 3),
        ("depth?limit=1", "asks", 1),
        ("trades?limit=7", "trades", 7),
        ("trades", "trades", 100),
        ("candles?interval=1s&limit=1", "candles", 1),
    ] {
        let answer = service.get(&format!("/internal/markets/BTC-USD/{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()[member].as_array().unwrap().len(), limit, "{path}");
        assert!(answer.position.is_some(), "{path}");
    }
    let all = service.get("/internal/markets/BTC-USD/depth?limit=all").await.json();
    let levels = venue.levels(0);
    assert_eq!(all["bids"].as_array().unwrap().len(), levels[0].len());
    assert_eq!(all["asks"].as_array().unwrap().len(), levels[1].len());
}

#[tokio::test]
async fn an_empty_venue_lists_the_markets_of_the_file() {
    let venue = Venue::new(now_ns()).await;
    let service = Running::start(&venue, &[]).await;
    service.wait_for("/ready", |answer| answer.status == 200).await;
    let markets = service.get("/internal/markets").await.json();
    let list = markets["markets"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|market| market["state"] == "unlisted"));
    for (path, member) in [("depth", "bids"), ("depth", "asks"), ("trades", "trades"), ("candles", "candles")]
    {
        let answer = service.get(&format!("/internal/markets/ETH-USD/{path}")).await.json();
        assert_eq!(answer[member], serde_json::json!([]), "{path}");
    }
    let depth = service.get("/internal/markets/ETH-USD/depth").await.json();
    assert_eq!(depth["sequence"], "0");
    service.end().await;
}
