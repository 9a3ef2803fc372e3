//! What others may ask of the risk engine, and when they get an answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::{Duration, Instant};

use risk_engine::{RiskEngine, Settings};
use serde_json::Value;
use support::persistence::FakePersistence;
use support::process::{Process, address, free_port};
use support::traffic::payloads;
use support::wait_until;

fn start(persistence: &FakePersistence) -> Process {
    let port = free_port();
    let settings = Settings {
        listen: ([127, 0, 0, 1], port).into(),
        persistence: persistence.address(),
        matching: address(free_port()),
        ring_bytes: 1 << 24,
    };
    let process = Process::start::<RiskEngine>(settings, port);
    wait_until("it is ready", || process.get("/ready").0 == 200);
    process
}

fn json(process: &Process, path: &str) -> Value {
    let (status, body) = process.get(path);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn accounts_orders_and_the_venue_are_what_a_fold_of_the_log_has() {
    let persistence = FakePersistence::start();
    persistence.append(&payloads(11, 2_000));
    let last = persistence.sync();
    let risk = start(&persistence);
    let (engine, _) = persistence.log().fold(last);
    let mut orders = 0;
    for number in 0..engine.risk().accounts() as u32 {
        let answer = json(&risk, &format!("/internal/accounts/{number}?at_least={last}&orders=1000"));
        assert_eq!((answer["sequence"].as_u64(), answer["more_orders"].as_bool()), (Some(last), Some(false)));
        for balance in answer["balances"].as_array().unwrap() {
            let asset = exchange_types::AssetId(balance["asset"].as_u64().unwrap() as u32);
            let expected = engine.risk().balance(exchange_types::AccountId(number), asset).unwrap();
            let found = (balance["free"].as_u64().unwrap(), balance["reserved"].as_u64().unwrap());
            assert_eq!(found, (expected.free, expected.reserved));
        }
        for order in answer["orders"].as_array().unwrap() {
            assert_eq!(*order, json(&risk, &format!("/internal/orders/{}", order["order"])));
            orders += 1;
        }
    }
    assert_eq!(orders, engine.risk().live_orders());
    let few = json(&risk, "/internal/accounts/0?orders=1");
    assert_eq!((few["orders"].as_array().unwrap().len(), &few["more_orders"]), (1, &Value::Bool(true)));
    let venue = json(&risk, "/internal/venue");
    assert_eq!(venue["accounts"].as_u64(), Some(engine.risk().accounts() as u64));
    assert_eq!(venue["instruments"].as_array().unwrap().len(), 3);
    assert_eq!((&venue["state"], &venue["instruments"][0]["symbol"]), (&"open".into(), &"BASE-USD".into()));
    assert_eq!(venue["tiers"].as_array().unwrap().len(), 2);
    assert_eq!(risk.get("/internal/accounts/4711").0, 404);
    assert_eq!(risk.get("/internal/orders/4711").0, 404);
    assert_eq!(risk.get("/internal/accounts/x").0, 400);
    assert_eq!(risk.get("/internal/accounts/0?at_least=-1").0, 400);
}

#[test]
fn an_account_is_shown_only_when_what_is_shown_is_durable() {
    let persistence = FakePersistence::start();
    let payloads = payloads(12, 100);
    let risk = start(&persistence);
    persistence.append(&payloads);
    let last = payloads.len() as u64;
    wait_until("it is folded", || risk.metric("risk_position") == Some(last));
    let port = risk.port;
    let asked = std::thread::spawn(move || support::process::ask(port, "/internal/accounts/0").unwrap());
    // An order is shown at once: it is asked for in order to cancel it.
    assert_eq!(risk.get("/internal/orders/1").0, 404);
    std::thread::sleep(Duration::from_millis(50));
    assert!(!asked.is_finished(), "what is not durable is not told");
    persistence.change(|log| log.durable = last - 1);
    std::thread::sleep(Duration::from_millis(50));
    assert!(!asked.is_finished());
    persistence.sync();
    let (status, body) = asked.join().unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(body.contains(&format!("\"sequence\":{last}")), "{body}");
}

#[test]
fn a_question_about_a_later_state_waits_for_it() {
    let persistence = FakePersistence::start();
    let payloads = payloads(13, 100);
    persistence.append(&payloads[..50]);
    persistence.sync();
    let risk = start(&persistence);
    let port = risk.port;
    let asked =
        std::thread::spawn(move || support::process::ask(port, "/internal/venue?at_least=70").unwrap());
    std::thread::sleep(Duration::from_millis(20));
    persistence.append(&payloads[50..80]);
    persistence.sync();
    let (status, body) = asked.join().unwrap();
    let venue: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, venue["sequence"].as_u64() >= Some(70)), (200, true), "{body}");
    let began = Instant::now();
    assert_eq!(risk.get("/internal/venue?at_least=4711").0, 503);
    assert!(began.elapsed() > Duration::from_secs(4), "it has waited for that state");
}

#[test]
fn what_is_durable_is_shown_while_persistence_is_down_and_the_reason_is_said() {
    let persistence = FakePersistence::start();
    persistence.append(&payloads(14, 100));
    persistence.sync();
    let risk = start(&persistence);
    persistence.set_down(true);
    wait_until("it is said", || risk.get("/health").0 == 503);
    assert_eq!(risk.get("/internal/accounts/0").0, 200);
    assert_eq!(risk.get("/ready").0, 503);
    persistence.set_down(false);
    wait_until("it is ready again", || risk.get("/ready").0 == 200);
}
