//! Starting, starting again, and what is wrong with upstreams.

use exchange_service::net;

use crate::client::Watcher;
use crate::service::Running;
use crate::venue::{Venue, now_ns};

#[tokio::test]
async fn a_feed_goes_on_from_a_snapshot_as_if_nothing_had_been() {
    let mut venue = Venue::with_traffic(17, 6_000).await;
    venue.step(4_000);
    venue.take_snapshot();
    venue.step(200);
    let service = Running::start(&venue, &[]).await;
    service.caught_up(&venue).await;
    assert_eq!(venue.opened(net::ARCHIVE), 0, "the ring of matching still had the rest");
    let mut watcher = Watcher::new(&service).await;
    assert!(watcher.catch_up(&venue).await);
    venue.step(500);
    assert!(watcher.catch_up(&venue).await);
    let trades = service.get("/internal/markets/BTC-USD/trades?limit=1000").await.json();
    let expected = venue.trades.iter().rev().filter(|print| print.instrument.0 == 0).take(1_000);
    let expected: Vec<String> = expected.map(|print| print.id.0.to_string()).collect();
    let found: Vec<&str> =
        trades["trades"].as_array().unwrap().iter().map(|trade| trade["id"].as_str().unwrap()).collect();
    assert_eq!(found, expected, "trades from before the snapshot too, newest first");
}

#[tokio::test]
async fn what_matching_has_forgotten_comes_from_the_archive() {
    let mut venue = Venue::with_traffic(19, 6_000).await;
    for _ in 0..60 {
        venue.step(100);
    }
    // No snapshot at all, and a ring that does not reach back to the first outcome.
    let service = Running::start(&venue, &[]).await;
    service.caught_up(&venue).await;
    assert!(venue.opened(net::ARCHIVE) > 0);
    let mut watcher = Watcher::new(&service).await;
    assert!(watcher.catch_up(&venue).await);
    assert!(venue.levels(0)[0].len() > 5);
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_read_is_not_needed() {
    let mut venue = Venue::with_traffic(23, 1_000).await;
    venue.step(1_000);
    venue.give_snapshot(b"not a snapshot".to_vec());
    let service = Running::start(&venue, &[]).await;
    service.caught_up(&venue).await;
    let mut watcher = Watcher::new(&service).await;
    assert!(watcher.catch_up(&venue).await);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_is_said_and_the_feed_starts_again() {
    let mut venue = Venue::with_traffic(29, 2_000).await;
    let service = Running::start(&venue, &[]).await;
    venue.step(1_000);
    service.wait_for("/ready", |answer| answer.status == 200).await;
    service.caught_up(&venue).await;
    let mut watcher = Watcher::new(&service).await;
    let place = watcher.position;
    venue.take_snapshot();
    venue.push_raw(b"not an outcome");
    let health = service.wait_for("/health", |answer| answer.status == 503).await.json();
    let reason = health["parts"]["feed"]["reason"].as_str().unwrap();
    assert!(reason.contains("cannot be read") && reason.contains("starting again"), "{reason}");
    service
        .wait_for("/metrics", |answer| answer.body.contains("feed_restarts_total{service=\"market-data\"} 1"))
        .await;
    assert!(!watcher.catch_up(&venue).await || !watcher.read(&venue).await, "followers begin anew as well");
    let refused = async {
        // The state cannot come as far as it had been, because what it cannot read is in the way: nothing is shown of it.
        while Watcher::after(&service, Some(place)).await.err() != Some(503) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::service::DEADLINE, refused)
        .await
        .expect("nobody follows a state that is behind");
}

#[tokio::test]
async fn without_upstreams_nothing_is_answered_and_health_says_why() {
    let venue = Venue::new(now_ns()).await;
    let nobody = [("PERSISTENCE_URL", "http://127.0.0.1:1"), ("MATCHING_ENGINE_URL", "http://127.0.0.1:1")];
    let service = Running::start(&venue, &nobody).await;
    let health = service.wait_for("/health", |answer| answer.status == 503).await.json();
    assert!(
        health["parts"]["feed"]["reason"].as_str().unwrap().starts_with("no snapshot: http://127.0.0.1:1")
    );
    assert_eq!(service.get("/ready").await.status, 503);
    let answer = service.get("/internal/markets").await;
    assert_eq!((answer.status, answer.kind.as_str()), (503, "application/problem+json"));
    assert_eq!(answer.json()["code"], "not-ready");
    assert_eq!(Watcher::after_status(&service).await, Some(503));
    service.end().await;
}

#[tokio::test]
async fn a_venue_that_is_behind_the_present_is_degraded_and_not_ready() {
    let hour_ns = 3_600 * 1_000_000_000;
    let mut venue = Venue::new(now_ns() - hour_ns).await;
    venue.command(std::time::Duration::from_secs(1), &exchange_types::Command::Tick);
    let service = Running::start(&venue, &[]).await;
    service.caught_up(&venue).await;
    let health = service.get("/health").await.json();
    let reason = health["parts"]["outcomes"]["reason"].as_str().unwrap();
    assert!(reason.ends_with("s behind the present"), "{reason}");
    assert_eq!(service.get("/ready").await.status, 503);
    // Market data of the past is still market data.
    assert_eq!(service.get("/internal/markets").await.status, 200);
    venue.command(std::time::Duration::from_secs(3_600), &exchange_types::Command::Tick);
    service.wait_for("/ready", |answer| answer.status == 200).await;
}

#[tokio::test]
async fn what_the_markets_file_does_not_name_is_said_and_not_told() {
    let mut venue = Venue::with_traffic(31, 100).await;
    venue.step(usize::MAX);
    let file = std::env::temp_dir().join(format!("markets-{}.json", std::process::id()));
    let embedded = include_str!("../../../exchange-service/src/markets/default.json");
    let mut json: serde_json::Value = serde_json::from_str(embedded).unwrap();
    json["markets"].as_array_mut().unwrap().truncate(1);
    std::fs::write(&file, json.to_string()).unwrap();
    let service = Running::start(&venue, &[("MARKETS_FILE", file.to_str().unwrap())]).await;
    std::fs::remove_file(&file).unwrap();
    service.caught_up(&venue).await;
    let health =
        service.wait_for("/health", |answer| answer.json()["parts"]["markets"]["reason"].is_string()).await;
    assert_eq!(health.status, 200);
    assert_eq!(
        health.json()["parts"]["markets"]["reason"],
        "1 listed instruments are not in the markets file"
    );
    assert_eq!(service.get("/internal/markets/ETH-USD").await.status, 404);
    assert_eq!(service.get("/internal/markets/BTC-USD").await.status, 200);
}
