//! Queries of a real server that dies and comes back, with the breaker's clock moved by hand.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use exchange_service::config::Environment;
use exchange_service::health::{Health, Status};
use exchange_service::http::{self, Limits};
use exchange_service::metrics::Metrics;
use exchange_service::net::{Address, Client};
use exchange_service::stop::Stop;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Addresses, State, Target, UpstreamError, UpstreamSettings, Upstreams};
use crate::clock::Clock;

struct Server {
    stop: Stop,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(address: SocketAddr) -> (Self, SocketAddr) {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/here", get(|| async { "[1, 2]" }))
            .route("/ready", get(|| async { "{}" }))
            .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
            .route("/silent", get(std::future::pending::<()>));
        let stop = Stop::new();
        let limits = Limits { drain: Duration::ZERO, ..Limits::default() };
        (
            Self { stop: stop.clone(), task: tokio::spawn(http::serve(listener, router, limits, stop)) },
            address,
        )
    }

    async fn die(self) {
        self.stop.stop();
        self.task.await.unwrap();
    }
}

fn upstreams(address: SocketAddr, clock: &Clock) -> (Upstreams, Health, Metrics) {
    let variables = [("RETRY_BACKOFF", "1ms"), ("UPSTREAM_TIMEOUT", "500ms"), ("RETRY_ATTEMPTS", "2")];
    let pairs = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut environment = Environment::new(pairs);
    let settings = UpstreamSettings::read(&mut environment);
    environment.finish().unwrap();
    let address: Address = format!("http://{address}").parse().unwrap();
    let addresses = Addresses {
        persistence: address.clone(),
        risk_engine: address.clone(),
        matching_engine: address.clone(),
        market_data: address,
    };
    let (metrics, health) = (Metrics::new("gateway"), Health::new("gateway", &[]));
    let upstreams =
        Upstreams::new(Client::new(), addresses, settings, clock.clone(), &metrics, health.clone());
    (upstreams, health, metrics)
}

const HERE: &str = "/here";

#[tokio::test]
async fn a_server_that_dies_is_left_alone_and_taken_back_after_trials() {
    let (server, address) = Server::start(([127, 0, 0, 1], 0).into()).await;
    let clock = Clock::by_hand();
    let (upstreams, health, metrics) = upstreams(address, &clock);
    let target = Target::MarketData;
    assert_eq!(upstreams.get::<Vec<u32>>(target, HERE).await.unwrap(), [1, 2]);
    server.die().await;

    // Two tries each: the fifth failure is the first try of the third query, and its second try is not made any more.
    for _ in 0..3 {
        upstreams.get_bytes(target, HERE).await.unwrap_err();
    }
    assert_eq!(upstreams.state(target), State::Open);
    assert_eq!(upstreams.state(Target::Persistence), State::Closed, "each service has its own");
    let error = upstreams.get_bytes(target, HERE).await.unwrap_err();
    let UpstreamError::Open { retry_after, .. } = &error else { panic!("{error}") };
    assert_eq!(*retry_after, Duration::from_secs(30));
    assert!(error.to_string().contains("market-data"), "{error}");
    let report = health.report();
    assert_eq!(report.status, Status::Degraded);
    assert!(report.parts[target.part()].reason.as_ref().unwrap().contains("5 times in a row"));
    let text = metrics.exposition();
    for line in [
        "exchange_breaker_state{service=\"gateway\",upstream=\"market-data\"} 2",
        "exchange_breaker_state{service=\"gateway\",upstream=\"persistence\"} 0",
        "exchange_upstream_failures_total{service=\"gateway\",upstream=\"market-data\"} 5",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }

    // Still dead after the pause: one trial, and open again.
    clock.advance(Duration::from_secs(30));
    upstreams.get_bytes(target, HERE).await.unwrap_err();
    assert_eq!(upstreams.state(target), State::Open);

    let (server, _) = Server::start(address).await;
    upstreams.get_bytes(target, HERE).await.unwrap_err();
    clock.advance(Duration::from_secs(30));
    for state in [State::HalfOpen, State::HalfOpen, State::Closed] {
        upstreams.get_bytes(target, HERE).await.unwrap();
        assert_eq!(upstreams.state(target), state);
    }
    assert_eq!(health.report().status, Status::Healthy);
    server.die().await;
}

#[tokio::test]
async fn what_the_service_answers_is_no_failure_and_what_it_cannot_is() {
    let (server, address) = Server::start(([127, 0, 0, 1], 0).into()).await;
    let (upstreams, _, _) = upstreams(address, &Clock::by_hand());
    for _ in 0..10 {
        let error = upstreams.get_bytes(Target::RiskEngine, "/nowhere").await.unwrap_err();
        assert!(matches!(error, UpstreamError::Refused { status: StatusCode::NOT_FOUND, .. }), "{error}");
    }
    assert_eq!(upstreams.state(Target::RiskEngine), State::Closed);
    for _ in 0..5 {
        upstreams.get_bytes(Target::RiskEngine, "/broken").await.unwrap_err();
    }
    assert_eq!(upstreams.state(Target::RiskEngine), State::Open);
    // A server that says nothing is as good as none.
    let error = upstreams.get_bytes(Target::Persistence, "/silent").await.unwrap_err();
    assert!(error.to_string().contains("no answer within"), "{error}");
    server.die().await;
}

#[tokio::test]
async fn whoever_stops_waiting_for_the_trial_makes_room_for_another() {
    let (server, address) = Server::start(([127, 0, 0, 1], 0).into()).await;
    let clock = Clock::by_hand();
    let (upstreams, _, _) = upstreams(address, &clock);
    for _ in 0..5 {
        upstreams.get_bytes(Target::RiskEngine, "/broken").await.unwrap_err();
    }
    clock.advance(Duration::from_secs(30));
    let trial = upstreams.get_bytes(Target::RiskEngine, "/silent");
    assert!(tokio::time::timeout(Duration::from_millis(50), trial).await.is_err());
    assert_eq!(upstreams.state(Target::RiskEngine), State::HalfOpen);
    upstreams.get_bytes(Target::RiskEngine, HERE).await.unwrap();
    server.die().await;
}

/// How often services are looked after in these tests.
const OFTEN: Duration = Duration::from_millis(5);

async fn eventually(what: &str, is: impl Fn() -> bool) {
    let waited = async {
        while !is() {
            tokio::time::sleep(OFTEN).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect(what);
}

fn reason(health: &Health, target: Target) -> Option<String> {
    health.report().parts[target.part()].reason.clone()
}

#[tokio::test]
async fn a_service_that_is_down_is_told_of_before_anybody_asks() {
    let (server, address) = Server::start(([127, 0, 0, 1], 0).into()).await;
    let (upstreams, health, _) = upstreams(address, &Clock::by_hand());
    let watching = tokio::spawn(upstreams.clone().watch(OFTEN));
    server.die().await;
    eventually("it is said", || health.report().status == Status::Degraded).await;
    eventually("of each", || Target::ALL.iter().all(|target| reason(&health, *target).is_some())).await;
    assert!(reason(&health, Target::RiskEngine).unwrap().starts_with("risk-engine is unavailable"));
    // However often it was looked: whoever starts is not shut out.
    tokio::time::sleep(OFTEN * 10).await;
    assert_eq!(upstreams.state(Target::RiskEngine), State::Closed);
    let (server, _) = Server::start(address).await;
    eventually("it is well again", || health.report().status == Status::Healthy).await;
    watching.abort();
    server.die().await;
}

#[tokio::test]
async fn a_service_that_is_back_is_taken_back_though_nobody_asks_but_not_before_its_time() {
    let (server, address) = Server::start(([127, 0, 0, 1], 0).into()).await;
    let clock = Clock::by_hand();
    let (upstreams, health, _) = upstreams(address, &clock);
    server.die().await;
    let target = Target::RiskEngine;
    for _ in 0..3 {
        upstreams.get_bytes(target, HERE).await.unwrap_err();
    }
    assert_eq!(upstreams.state(target), State::Open);
    let (server, _) = Server::start(address).await;
    let watching = tokio::spawn(upstreams.clone().watch(OFTEN));
    clock.advance(Duration::from_secs(29));
    tokio::time::sleep(OFTEN * 10).await;
    assert_eq!(upstreams.state(target), State::Open, "thirty seconds are thirty seconds");
    clock.advance(Duration::from_secs(1));
    eventually("it is asked again", || upstreams.state(target) == State::Closed).await;
    eventually("it is well again", || health.report().status == Status::Healthy).await;
    watching.abort();
    server.die().await;
}
