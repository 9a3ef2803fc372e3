//! Gateways that share limits through a real Redis, which is killed and comes back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod redis;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use exchange_service::config::Environment;
use exchange_service::health::{Health, Status};
use exchange_service::metrics::Metrics;
use exchange_service::stop::Stop;
use exchange_types::AccountId;
use gateway::auth::{Identity, Scopes};
use gateway::clock::Clock;
use gateway::limits::{Class, Limiter, Settings, shared};
use redis::Redis;
use tokio::task::JoinHandle;

/// A gateway, as far as its limits go.
struct Gateway {
    limiter: Limiter,
    health: Health,
    metrics: Metrics,
    stop: Stop,
    sharing: JoinHandle<()>,
}

impl Gateway {
    fn start(variables: &[(&str, &str)]) -> Self {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut environment = Environment::new(pairs);
        let settings = Settings::read(&mut environment);
        environment.finish().expect("the environment is right");
        let (metrics, health, stop) =
            (Metrics::new("gateway"), Health::new("gateway", &[shared::PART]), Stop::new());
        let limiter = Limiter::new(settings, Clock::default(), &metrics);
        let sharing = tokio::spawn({
            let (limiter, health, stop) = (limiter.clone(), health.clone(), stop.clone());
            async move { limiter.share(health, stop).await }
        });
        Self { limiter, health, metrics, stop, sharing }
    }

    async fn shares(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.metrics.exposition().contains("exchange_rate_limit_shared{service=\"gateway\"} 1") {
            assert!(Instant::now() < deadline, "{:?}", self.health.report());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn order(&self, account: u32) -> bool {
        let identity = Identity {
            account: Some(AccountId(account)),
            scopes: Scopes::default(),
            tier: None,
            expires_at: u64::MAX,
        };
        self.limiter.admit(Class::Orders, IpAddr::from([192, 0, 2, 1]), Some(&identity)).is_ok()
    }

    async fn becomes(&self, status: Status) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.health.report().status != status {
            assert!(Instant::now() < deadline, "{:?}", self.health.report());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn stop(self) {
        self.stop.stop();
        self.sharing.await.expect("it does not panic");
    }
}

/// Asks all gateways as often as they can for some time; how many orders passed, in how many seconds.
async fn flood(gateways: &[&Gateway], account: u32, time: Duration) -> (f64, f64) {
    let start = Instant::now();
    let mut passed = 0_u32;
    while start.elapsed() < time {
        for gateway in gateways {
            for _ in 0..20 {
                passed += u32::from(gateway.order(account));
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (f64::from(passed), start.elapsed().as_secs_f64())
}

const RATE: f64 = 200.0;
const BURST: f64 = 400.0;

fn assert_within_5_percent(passed: f64, seconds: f64, gateways: &str) {
    let allowed = BURST + RATE * seconds;
    let ratio = passed / allowed;
    assert!((0.95..=1.05).contains(&ratio), "{gateways}: {passed} passed, {allowed} were allowed");
}

#[tokio::test]
async fn a_flood_over_one_or_two_gateways_is_held_to_within_5_percent() {
    let Some(redis) = Redis::start(None) else { return };
    let url = redis.url();
    let variables = [("RATE_ORDERS", "200/s"), ("REDIS_URL", url.as_str())];
    let (one, two) = (Gateway::start(&variables), Gateway::start(&variables));
    one.shares().await;
    two.shares().await;

    let (passed, seconds) = flood(&[&one], 1, Duration::from_secs(3)).await;
    assert_within_5_percent(passed, seconds, "one gateway");
    // Longer than it takes to pay back the second burst that two gateways give at the first moment: two seconds.
    let (passed, seconds) = flood(&[&one, &two], 2, Duration::from_secs(4)).await;
    assert_within_5_percent(passed, seconds, "two gateways");

    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn what_one_gateway_gave_the_other_does_not_give_again() {
    let Some(redis) = Redis::start(Some("correct-horse")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("redis-url");
    std::fs::write(&file, redis.url()).unwrap();
    let variables = [("RATE_ORDERS", "10/h"), ("REDIS_URL_FILE", file.to_str().unwrap())];
    let (one, two) = (Gateway::start(&variables), Gateway::start(&variables));
    one.shares().await;
    two.shares().await;
    while one.order(1) {}
    // The first order at the other gateway passes, because nobody waits for Redis; it is told, and then it knows.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut passed = 0;
    while two.order(1) {
        passed += 1;
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(passed <= 5, "{passed} passed at the second gateway");
    assert!(two.order(2), "another account is another bucket");
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn without_redis_each_gateway_limits_by_itself_and_says_so_and_takes_it_back() {
    let Some(mut redis) = Redis::start(None) else { return };
    let url = redis.url();
    let variables = [("RATE_ORDERS", "10/h"), ("REDIS_URL", url.as_str())];
    let (one, two) = (Gateway::start(&variables), Gateway::start(&variables));
    one.shares().await;
    two.shares().await;

    redis.kill();
    one.becomes(Status::Degraded).await;
    two.becomes(Status::Degraded).await;
    let reason = one.health.report().parts[shared::PART].reason.clone().unwrap();
    assert!(reason.contains("each gateway limits by itself"), "{reason}");
    assert!(one.health.report().ready, "the gateway goes on");
    let text = one.metrics.exposition();
    assert!(text.contains("exchange_rate_limit_shared{service=\"gateway\"} 0"), "{text}");
    for gateway in [&one, &two] {
        let passed = (0..100).filter(|_| gateway.order(1)).count();
        assert_eq!(passed, 20, "a gateway by itself gives a whole bucket and no more");
    }

    // It comes back empty. What a gateway owes locally is told with the next order it gives, here one of another account, and an
    // account that has used its bucket up at one gateway is known at the other as soon as both have been told of it.
    redis.restart();
    one.shares().await;
    one.becomes(Status::Healthy).await;
    two.shares().await;
    while one.order(2) {}
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut passed = 0;
    while two.order(2) {
        passed += 1;
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(passed <= 5, "{passed} passed at the second gateway");
    assert!(!one.order(1) && !two.order(1), "the debts of before are not forgotten");
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_gateway_starts_and_limits_without_redis() {
    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let url = format!("redis://{unused}");
    let gateway = Gateway::start(&[("RATE_ORDERS", "10/h"), ("REDIS_URL", url.as_str())]);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let part = gateway.health.report().parts[shared::PART].clone();
        if part.reason.is_some_and(|reason| reason.contains("limits by itself")) {
            break;
        }
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(gateway.health.report().ready);
    assert_eq!((0..100).filter(|_| gateway.order(1)).count(), 20);
    gateway.stop().await;
}
