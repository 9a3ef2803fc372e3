//! How often one may ask, as the answers say it.

use serde_json::json;

use crate::support::{Answer, Gateway, Venue};

fn number(answer: &Answer, name: &str) -> u64 {
    let text = answer.header(name).unwrap_or_else(|| panic!("no {name} in {answer:?}"));
    text.parse().unwrap()
}

#[tokio::test]
async fn every_answer_says_how_the_limits_stand() {
    let venue = Venue::start().await;
    let rates = [("RATE_IP", "1000/s"), ("RATE_MARKET_DATA", "1000/s"), ("RATE_ORDERS", "1000/s")];
    let gateway = Gateway::ready(venue.address, &rates).await;
    let (nobody, trader) = (gateway.nobody(), gateway.trader(0));
    let origin = [("Origin", "https://evil.example")];
    for (status, answer) in [
        (200, nobody.get("/").await),
        (304, nobody.send("GET", "/", &[("If-None-Match", &tag(&nobody.get("/").await))], None).await),
        (405, nobody.send("POST", "/", &[], Some("{}")).await),
        (404, nobody.get("/nowhere").await),
        (405, nobody.send("PUT", "/v1/orders", &[], Some("{}")).await),
        (200, nobody.get("/v1/markets").await),
        (400, nobody.get("/v1/markets?x=1").await),
        (401, nobody.get("/v1/accounts/0").await),
        (426, nobody.get("/v1/stream").await),
        (403, nobody.send("GET", "/v1/stream", &origin, None).await),
        (415, trader.send("POST", "/v1/orders", &[("Content-Type", "text/plain")], Some("{}")).await),
        (400, trader.post("/v1/orders", json!({})).await),
    ] {
        let answer = answer.expect(status);
        assert_eq!(number(&answer, "x-ratelimit-limit"), 2_000, "{answer:?}");
        assert!(number(&answer, "x-ratelimit-remaining") < 2_000, "{answer:?}");
        number(&answer, "x-ratelimit-reset");
    }
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

#[tokio::test]
async fn a_flood_of_what_is_not_there_is_refused_and_told_when_to_go_on() {
    let venue = Venue::start().await;
    let gateway = Gateway::ready(venue.address, &[("RATE_IP", "1/h"), ("RATE_IP_BURST", "12")]).await;
    let nobody = gateway.nobody();
    for (path, times) in [("/nowhere", 4), ("/", 4), ("/v1/orders/1/fills", 4)] {
        for _ in 0..times {
            assert_ne!(nobody.get(path).await.status, 429, "{path}");
        }
    }
    for path in ["/nowhere", "/", "/v1/markets", "/v1/stream"] {
        let refused = nobody.get(path).await.expect(429);
        assert_eq!(refused.code(), "rate-limited", "{path}");
        assert_eq!(number(&refused, "x-ratelimit-remaining"), 0);
        assert!((3_000..=3_600).contains(&number(&refused, "retry-after")), "{refused:?}");
    }
    // Who watches over the gateway is not refused with the others.
    nobody.get("/health").await.expect(200);
    nobody.get("/metrics").await.expect(200);
}
