//! What clients get when the services behind the gateway fail.

use std::time::{Duration, Instant};

use exchange_service::net::Unavailable;
use serde_json::json;

use crate::orders::{limit, trading};
use crate::support::venue::Behaviour;
use crate::support::{Answer, Client, Gateway, Venue, eventually};

/// An order that is sent and not waited for.
fn send(client: &Client, key: &str) -> tokio::task::JoinHandle<Answer> {
    let (client, key) = (client.clone(), key.to_owned());
    tokio::spawn(async move {
        let body = limit("sell", "60000", "0.1").to_string();
        client.send("POST", "/v1/orders", &[("Idempotency-Key", &key)], Some(&body)).await
    })
}

#[tokio::test]
async fn a_request_found_in_the_log_after_a_broken_connection_gets_its_outcome() {
    let (venue, gateway) = trading(&[], 1).await;
    venue.behave(Behaviour::Hold);
    let logged = venue.logged();
    let waiting: Vec<_> = (0..5).map(|at| send(&gateway.trader(0), &format!("k{at}"))).collect();
    eventually("five logged commands", async || venue.logged() == logged + 5).await;
    let venue = venue.restart().await;
    gateway.wait_ready().await;
    assert!(waiting.iter().all(|answer| !answer.is_finished()), "nothing is told before its outcome");
    venue.behave(Behaviour::Normal);
    for answer in waiting {
        assert_eq!(answer.await.unwrap().expect(201).json()["status"], "open");
    }
    assert_eq!(venue.logged(), logged + 5, "and none was carried out twice");
}

#[tokio::test]
async fn a_request_that_never_reached_the_log_is_safe_to_send_again() {
    let (venue, gateway) = trading(&[], 1).await;
    venue.behave(Behaviour::Lose);
    let seen = venue.seen();
    let waiting: Vec<_> = (0..3).map(|at| send(&gateway.trader(0), &format!("k{at}"))).collect();
    eventually("three lost commands", async || venue.seen() == seen + 3).await;
    venue.behave(Behaviour::Normal);
    venue.cut();
    for answer in waiting {
        let answer = answer.await.unwrap().expect(503);
        assert_eq!(answer.code(), "not-taken");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    eventually("a connection", async || send(&gateway.trader(0), "k0").await.unwrap().status == 201).await;
}

#[tokio::test]
async fn what_became_of_a_request_is_asked_until_persistence_says_it() {
    let (venue, gateway) = trading(&[], 1).await;
    venue.behave(Behaviour::Lose);
    venue.answer_resolve(false);
    let seen = venue.seen();
    let waiting = send(&gateway.trader(0), "k");
    eventually("a lost command", async || venue.seen() == seen + 1).await;
    venue.behave(Behaviour::Normal);
    venue.cut();
    // What is sent over the new connection is not in doubt.
    eventually("a connection", async || send(&gateway.trader(0), "other").await.unwrap().status == 201).await;
    assert!(!waiting.is_finished());
    venue.answer_resolve(true);
    assert_eq!(waiting.await.unwrap().expect(503).code(), "not-taken");
}

#[tokio::test]
async fn an_outcome_that_does_not_come_in_time_is_unknown_and_can_be_asked_for_again() {
    let (venue, gateway) = trading(&[("ORDER_TIMEOUT", "300ms"), ("OUTCOME_SILENCE_MAX", "1h")], 1).await;
    venue.behave(Behaviour::Hold);
    let answer = send(&gateway.trader(0), "k").await.unwrap().expect(504);
    assert_eq!(answer.code(), "outcome-unknown");
    assert!(answer.json()["request"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    venue.behave(Behaviour::Normal);
    let again = send(&gateway.trader(0), "k").await.unwrap().expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn refusals_of_persistence_are_told_as_what_they_are() {
    let (venue, gateway) = trading(&[], 1).await;
    for (reason, status, code) in [
        (Unavailable::Busy, 503, "busy"),
        (Unavailable::TooLarge, 413, "too-large"),
        (Unavailable::Stopped, 503, "log-stopped"),
        (Unavailable::Malformed, 500, "internal"),
    ] {
        venue.behave(Behaviour::Refuse(reason));
        let answer = send(&gateway.trader(0), "k").await.unwrap().expect(status);
        assert_eq!(answer.code(), code);
        assert_eq!(answer.header("retry-after").is_some(), status == 503);
    }
    venue.behave(Behaviour::Normal);
    send(&gateway.trader(0), "k").await.unwrap().expect(201);
}

#[tokio::test]
async fn without_its_services_the_gateway_says_so_at_once() {
    let (venue, gateway) = trading(&[("ORDER_TIMEOUT", "1h")], 1).await;
    venue.die().await;
    let trader = gateway.trader(0);
    eventually("an unhealthy gateway", async || gateway.nobody().get("/health").await.status == 503).await;
    let began = Instant::now();
    let answer = send(&trader, "k").await.unwrap().expect(503);
    assert_eq!(answer.code(), "persistence-unavailable");
    assert!(answer.header("retry-after").is_some());
    assert!(began.elapsed() < Duration::from_secs(5));
    let health = gateway.nobody().get("/health").await.json();
    for part in ["commands", "outcomes"] {
        assert_eq!(health["parts"][part]["status"], "unhealthy", "{part}");
    }
}

#[tokio::test]
async fn a_venue_that_carries_nothing_out_is_noticed() {
    let (venue, gateway) = trading(&[("OUTCOME_SILENCE_MAX", "200ms")], 1).await;
    venue.stop_ticking();
    eventually("an unhealthy gateway", async || gateway.nobody().get("/health").await.status == 503).await;
    assert_eq!(gateway.trader(0).delete("/v1/orders").await.expect(503).code(), "venue-stalled");
    venue.command(exchange_types::Command::Tick);
    eventually("a gateway that goes on", async || {
        venue.command(exchange_types::Command::Tick);
        gateway.trader(0).delete("/v1/orders").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn more_requests_than_may_wait_are_refused() {
    let (venue, gateway) = trading(&[("ORDERS_IN_FLIGHT_MAX", "2")], 1).await;
    venue.behave(Behaviour::Hold);
    let logged = venue.logged();
    let waiting: Vec<_> = (0..2).map(|at| send(&gateway.trader(0), &format!("k{at}"))).collect();
    eventually("two logged commands", async || venue.logged() == logged + 2).await;
    assert_eq!(send(&gateway.trader(0), "k2").await.unwrap().expect(503).code(), "busy");
    venue.behave(Behaviour::Normal);
    for answer in waiting {
        answer.await.unwrap().expect(201);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing() {
    let (venue, gateway) = trading(&[], 1).await;
    venue.behave(Behaviour::Hold);
    let logged = venue.logged();
    let trader = gateway.trader(0);
    let body = limit("sell", "60000", "0.1").to_string();
    let request = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        trader.token(),
        body.len()
    );
    let connection = trader.begin(&request).await;
    eventually("a logged command", async || venue.logged() == logged + 1).await;
    drop(connection);
    venue.behave(Behaviour::Normal);
    let again = trader.send("POST", "/v1/orders", &[("Idempotency-Key", "k")], Some(&body)).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn a_gateway_that_stops_answers_what_waits_and_then_ends() {
    let (venue, gateway) = trading(&[], 1).await;
    venue.behave(Behaviour::Hold);
    let logged = venue.logged();
    let waiting = send(&gateway.trader(0), "k");
    eventually("a logged command", async || venue.logged() == logged + 1).await;
    let nobody = gateway.nobody();
    let stopping = tokio::spawn(gateway.stop());
    eventually("a closed door", async || tokio::net::TcpStream::connect(nobody.address()).await.is_err())
        .await;
    assert!(!waiting.is_finished() && !stopping.is_finished());
    venue.behave(Behaviour::Normal);
    waiting.await.unwrap().expect(201);
    stopping.await.unwrap();
}

#[tokio::test]
async fn two_gateways_share_a_venue_and_neither_takes_the_other_s_outcomes() {
    let (venue, first) = trading(&[], 2).await;
    let second = Gateway::ready(venue.address, &[]).await;
    let orders = (0..20).map(|at| {
        let client = if at % 2 == 0 { first.trader(0) } else { second.trader(1) };
        tokio::spawn(async move {
            let price = format!("{}", 60_000 + at);
            client.post("/v1/orders", limit("sell", &price, "0.1")).await.expect(201).json()["price"].clone()
        })
    });
    for (at, order) in orders.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(order.await.unwrap(), json!((60_000 + at).to_string()));
    }
}

#[tokio::test]
async fn a_venue_that_lists_something_else_is_not_traded_on_silently() {
    let venue = Venue::start().await;
    let limits = exchange_types::AccountTier {
        open_orders_max: 1,
        order_notional_max: 1,
        balance_max: 1,
        fee_discount: 0,
    };
    venue.command(exchange_types::Command::DefineTier { tier: 0, limits });
    let gateway = Gateway::start(venue.address, &[]).await;
    eventually("an unhealthy gateway", async || {
        let health = gateway.nobody().get("/health").await.json();
        health["parts"]["markets"]["status"] == "unhealthy"
    })
    .await;
    assert_eq!(gateway.nobody().get("/ready").await.status, 503);
}
