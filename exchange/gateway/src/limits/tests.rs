//! Limits in memory, with a clock moved by hand.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::IntoResponse;
use exchange_service::config::Environment;
use exchange_service::metrics::Metrics;
use exchange_types::AccountId;

use super::{Allowance, Class, Limiter, Settings};
use crate::auth::{Identity, Scopes};
use crate::clock::Clock;

fn limiter(variables: &[(&str, &str)]) -> (Limiter, Clock, Metrics) {
    let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut environment = Environment::new(pairs);
    let settings = Settings::read(&mut environment);
    environment.finish().unwrap();
    let (clock, metrics) = (Clock::by_hand(), Metrics::new("gateway"));
    clock.advance(Duration::from_secs(1_000));
    (Limiter::new(settings, clock.clone(), &metrics), clock, metrics)
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn identity(account: u32, tier: Option<&str>) -> Identity {
    Identity {
        account: Some(AccountId(account)),
        scopes: Scopes::default(),
        tier: tier.map(Arc::from),
        expires_at: u64::MAX,
    }
}

/// How many of `asked` requests pass at once.
fn passed(asked: u32, mut ask: impl FnMut() -> bool) -> u32 {
    (0..asked).map(|_| u32::from(ask())).sum()
}

#[test]
fn an_account_has_a_bucket_for_each_class_wherever_it_asks_from() {
    let (limiter, _, _) = limiter(&[]);
    let (one, other) = (identity(1, None), identity(2, None));
    let orders = |from: &str, who: &Identity| limiter.admit(Class::Orders, address(from), Some(who)).is_ok();
    assert_eq!(passed(30, || orders("192.0.2.1", &one)), 30);
    assert_eq!(passed(30, || orders("192.0.2.2", &one)), 10);
    assert_eq!(passed(100, || orders("192.0.2.1", &other)), 40);
    assert!(limiter.admit(Class::Cancels, address("192.0.2.1"), Some(&one)).is_ok());
}

#[test]
fn who_shows_no_token_is_counted_by_address() {
    let (limiter, _, _) = limiter(&[]);
    let ask = |from: &str| limiter.admit(Class::MarketData, address(from), None).is_ok();
    assert_eq!(passed(500, || ask("192.0.2.1")), 200);
    assert_eq!(passed(150, || ask("2001:db8::1")), 150);
    assert_eq!(passed(150, || ask("2001:db8::2")), 50, "a household is one address");
    // A token buys a bucket of one's own.
    assert!(limiter.admit(Class::MarketData, address("192.0.2.1"), Some(&identity(1, None))).is_ok());
}

#[test]
fn an_address_has_a_wider_bucket_over_everything() {
    let (limiter, clock, _) = limiter(&[("RATE_IP", "5/s")]);
    assert_eq!(passed(100, || limiter.admit_peer(address("192.0.2.1")).is_ok()), 10);
    assert!(limiter.admit_peer(address("192.0.2.2")).is_ok());
    clock.advance(Duration::from_millis(200));
    assert_eq!(passed(100, || limiter.admit_peer(address("192.0.2.1")).is_ok()), 1);
}

#[test]
fn a_tier_multiplies_and_an_unknown_one_does_not() {
    let (limiter, _, _) = limiter(&[("RATE_TIERS", "standard:1,maker:10")]);
    for (account, tier, expected) in [(1, Some("maker"), 400), (2, Some("hero"), 40), (3, None, 40)] {
        let identity = identity(account, tier);
        let ask = || limiter.admit(Class::Orders, address("192.0.2.1"), Some(&identity)).is_ok();
        assert_eq!(passed(1_000, ask), expected, "{tier:?}");
    }
}

fn headers(allowance: &Allowance) -> Vec<String> {
    let mut headers = HeaderMap::new();
    allowance.write(&mut headers);
    let value = |name| headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(value).to_vec()
}

#[test]
fn answers_say_how_the_bucket_stands_and_a_refusal_when_to_go_on() {
    let (limiter, clock, metrics) = limiter(&[("RATE_WITHDRAWALS", "10/h"), ("RATE_CANCELS", "off")]);
    let identity = identity(7, None);
    let ask = || limiter.admit(Class::Withdrawals, address("192.0.2.1"), Some(&identity));
    assert_eq!(headers(&ask().unwrap()), ["20", "19", "360"]);
    assert_eq!(passed(100, || ask().is_ok()), 19);
    clock.advance(Duration::from_secs(60));
    let refused = ask().unwrap_err();
    assert_eq!(headers(&refused.allowance), ["20", "0", "7140"]);
    assert!(refused.problem.detail.contains("`withdrawals`"), "{}", refused.problem.detail);
    let response = refused.into_response();
    assert_eq!(response.status(), 429);
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("retry-after"), "300");
    assert_eq!(header("x-ratelimit-remaining"), "0");
    assert_eq!(header("content-type"), "application/problem+json");
    assert!(
        metrics
            .exposition()
            .contains("exchange_rate_limited_total{service=\"gateway\",bucket=\"withdrawals\"} 82")
    );
    clock.advance(Duration::from_secs(300));
    assert!(ask().is_ok(), "whoever waits as told is let in");

    let free = limiter.admit(Class::Cancels, address("192.0.2.1"), Some(&identity)).unwrap();
    assert_eq!(headers(&free), ["-", "-", "-"], "without a limit there is nothing to tell");
}

/// The promise: a flood is held to within 5 %, here to the token.
#[test]
fn a_flood_passes_exactly_a_burst_and_the_rate() {
    let (limiter, clock, _) = limiter(&[]);
    let identity = identity(1, None);
    let mut passed = 0;
    for _ in 0..100_000 {
        clock.advance(Duration::from_micros(100));
        passed += u32::from(limiter.admit(Class::Orders, address("192.0.2.1"), Some(&identity)).is_ok());
    }
    assert_eq!(passed, 40 + 20 * 10 - 1, "the last token comes a moment after the end");
}

#[test]
fn memory_is_bounded_and_measured() {
    let (limiter, _, metrics) = limiter(&[("RATE_BUCKETS_MAX", "100"), ("RATE_ORDERS", "1/h")]);
    let one = identity(0, None);
    while limiter.admit(Class::Orders, address("192.0.2.1"), Some(&one)).is_ok() {}
    for number in 0..10_000_u32 {
        let from = IpAddr::V4(number.into());
        limiter.admit_peer(from).unwrap();
        limiter.admit(Class::MarketData, from, None).unwrap();
    }
    assert!(
        limiter.admit(Class::Orders, address("192.0.2.1"), Some(&one)).is_err(),
        "a flood of addresses does not drive out what an account owes"
    );
    limiter.measure();
    let text = metrics.exposition();
    let value = |name: &str| -> i64 {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(value("exchange_rate_limit_buckets{"), 101);
    assert!(value("exchange_rate_limit_buckets_forgotten{") > 0);
}
