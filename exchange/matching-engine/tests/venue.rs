//! Risk and matching together over real connections, with a log that loses what is not durable and services that die anywhere:
//! what is published is exactly what a fold of the durable log says, each outcome once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../risk-engine/tests/support/mod.rs"]
mod support;

use std::time::Duration;

use exchange_load::flow::Random;
use exchange_types::{Command, Scope, TradingState, encode_command};
use matching_engine::MatchingEngine;
use risk_engine::RiskEngine;
use support::consumer::Consumer;
use support::persistence::FakePersistence;
use support::process::{Process, address, free_port};
use support::traffic::{opening, payloads};
use support::wait_until;

struct Venue {
    persistence: FakePersistence,
    risk: Option<Process>,
    matching: Option<Process>,
    risk_port: u16,
    matching_port: u16,
    ring_bytes: usize,
}

impl Venue {
    /// A persistence, and services that have to be started.
    fn new(ring_bytes: usize) -> Self {
        Self {
            persistence: FakePersistence::start(),
            risk: None,
            matching: None,
            risk_port: free_port(),
            matching_port: free_port(),
            ring_bytes,
        }
    }

    fn started(ring_bytes: usize) -> Self {
        let mut venue = Self::new(ring_bytes);
        venue.start_risk();
        venue.start_matching();
        venue
    }

    fn start_risk(&mut self) {
        self.risk.take();
        let settings = risk_engine::Settings {
            listen: ([127, 0, 0, 1], self.risk_port).into(),
            persistence: self.persistence.address(),
            matching: address(self.matching_port),
            ring_bytes: self.ring_bytes,
        };
        self.risk = Some(Process::start::<RiskEngine>(settings, self.risk_port));
    }

    fn start_matching(&mut self) {
        self.matching.take();
        let settings = matching_engine::Settings {
            listen: ([127, 0, 0, 1], self.matching_port).into(),
            persistence: self.persistence.address(),
            risk: address(self.risk_port),
            ring_bytes: self.ring_bytes,
        };
        self.matching = Some(Process::start::<MatchingEngine>(settings, self.matching_port));
    }

    fn consumer(&self) -> Consumer {
        Consumer::start(address(self.matching_port), self.persistence.address())
    }

    fn metric(&self, name: &str) -> Option<u64> {
        self.matching.as_ref()?.metric(name)
    }

    /// Everything is durable: waits until a consumer has all of it, and compares.
    #[track_caller]
    fn compare(&self, consumer: &Consumer) {
        let last = self.persistence.sync();
        wait_until("all outcomes are published", || consumer.count() >= last);
        let (expected, found) = (self.persistence.log().fold(last).1, consumer.outcomes());
        let differs = expected.iter().zip(&found).position(|(expected, found)| expected != found);
        assert_eq!(differs, None, "the first outcome that is not that of a fold of the log");
        assert_eq!(found.len(), expected.len());
    }
}

#[test]
fn outcomes_are_those_of_a_fold_of_the_log_byte_for_byte() {
    let venue = Venue::started(16 << 20);
    let consumer = venue.consumer();
    for (at, part) in payloads(21, 6_000).chunks(97).enumerate() {
        venue.persistence.append(part);
        if at % 3 == 0 {
            venue.persistence.sync();
        }
    }
    venue.compare(&consumer);
    let metrics = venue.matching.as_ref().unwrap().get("/metrics").1;
    let commands = venue.metric("matching_commands_total").unwrap();
    assert!(metrics.contains("exchange_matching_seconds_bucket"), "{metrics}");
    assert_eq!(commands, consumer.count());
    wait_until("books are measured", || venue.metric("matching_live_orders") > Some(0));
    wait_until("all is well", || {
        let (risk, matching) = (venue.risk.as_ref().unwrap(), venue.matching.as_ref().unwrap());
        risk.get("/health").1.contains("\"status\":\"healthy\",\"ready\":true")
            && matching.get("/health").1.contains("\"status\":\"healthy\",\"ready\":true")
    });
}

#[test]
fn what_is_not_durable_is_not_published() {
    let venue = Venue::started(16 << 20);
    let consumer = venue.consumer();
    let payloads = payloads(22, 500);
    venue.persistence.append(&payloads);
    let last = payloads.len() as u64;
    wait_until("everything is carried out", || venue.metric("matching_position") == Some(last));
    assert_eq!(consumer.count(), 0);
    venue.persistence.change(|log| log.durable = 123);
    wait_until("what is durable is published", || consumer.count() == 123);
    wait_until("a slow disk is said", || {
        venue.matching.as_ref().unwrap().get("/health").1.contains("outcomes wait to be durable")
    });
    assert_eq!(consumer.count(), 123);
    venue.compare(&consumer);
}

/// One step and one outcome far longer than the rings: readers that are too slow for it come back, and the venue goes on.
#[test]
fn a_kill_switch_over_more_orders_than_a_ring_holds_is_carried_out_and_told() {
    let mut venue = Venue::started(64 * 1024);
    let consumer = venue.consumer();
    venue.persistence.append(&opening(29, 20_000));
    venue.compare(&consumer);
    let orders = venue.persistence.log().fold(consumer.count()).0.risk().live_orders();
    assert!(orders > 15_000, "{orders}");
    let mut kill = Vec::new();
    encode_command(&Command::SetTradingState { scope: Scope::Venue, state: TradingState::Killed }, &mut kill);
    let mut tick = Vec::new();
    encode_command(&Command::Tick, &mut tick);
    venue.persistence.append(&[tick.clone(), kill, tick.clone()]);
    venue.compare(&consumer);
    assert!(consumer.outcomes().iter().any(|outcome| outcome.len() > 40 * orders));
    wait_until("the books are empty", || venue.metric("matching_live_orders") == Some(0));
    // Whoever begins anew meets it again.
    venue.start_matching();
    venue.start_risk();
    venue.persistence.append(&[tick]);
    venue.compare(&consumer);
    venue.compare(&venue.consumer());
}

#[test]
fn a_lost_end_of_the_log_that_was_carried_out_is_forgotten() {
    let venue = Venue::started(16 << 20);
    let consumer = venue.consumer();
    let payloads = payloads(23, 3_000);
    let mut rest = &payloads[..];
    let mut random = Random::new(23);
    while rest.len() > 600 {
        let (durable, later) = rest.split_at(200);
        let (lost, later) = later.split_at(150);
        rest = later;
        venue.persistence.append(durable);
        venue.persistence.sync();
        venue.persistence.append(lost);
        let last = venue.persistence.log().last();
        wait_until("everything is carried out", || venue.metric("matching_position") == Some(last));
        venue.persistence.change(|log| log.crash(random.below(150)));
        // Other records take the places of those that were lost.
        venue.persistence.append(&later[..160]);
    }
    venue.compare(&consumer);
    let recoveries = venue.metric("matching_recoveries_total").unwrap();
    assert!(recoveries > 1, "{recoveries}");
}

#[test]
fn kills_restarts_lost_ends_and_small_rings_lose_and_repeat_nothing() {
    for seed in [31, 32] {
        chaos(seed, 60);
    }
}

fn chaos(seed: u64, faults: usize) {
    let mut random = Random::new(seed);
    let mut venue = Venue::started(64 * 1024);
    let consumer = venue.consumer();
    let payloads = payloads(seed, 40_000);
    let mut payloads = payloads.iter();
    for _ in 0..faults {
        let burst = random.below(600) as usize;
        venue.persistence.append(payloads.by_ref().take(burst));
        if !random.one_in(3) {
            venue.persistence.sync();
        }
        std::thread::sleep(Duration::from_millis(random.below(30)));
        match random.below(8) {
            0 => venue.start_risk(),
            1 => venue.start_matching(),
            2 => {
                let survivors = random.below(400);
                venue.persistence.change(|log| log.crash(survivors));
            }
            3 => venue.persistence.change(|log| log.make_snapshot()),
            4 => {
                venue.persistence.set_down(true);
                std::thread::sleep(Duration::from_millis(random.below(30)));
                venue.persistence.set_down(false);
            }
            5 => {
                // Several at once.
                venue.matching.take();
                venue.start_risk();
                venue.persistence.change(|log| log.crash(0));
                venue.start_matching();
            }
            _ => {}
        }
    }
    venue.compare(&consumer);
    // Whoever comes late gets the same.
    venue.compare(&venue.consumer());
}

#[test]
fn matching_that_recovers_past_a_fold_that_waits_sets_it_going_again() {
    let mut venue = Venue::new(64 * 1024);
    let payloads = payloads(25, 10_000);
    venue.persistence.append(&payloads[..500]);
    venue.persistence.sync();
    venue.start_risk();
    wait_until("the fold has begun", || venue.risk.as_ref().unwrap().metric("risk_position") == Some(500));
    venue.persistence.append(&payloads[500..]);
    venue.persistence.sync();
    wait_until("the fold waits", || venue.risk.as_ref().unwrap().get("/health").1.contains("the fold waits"));
    venue.start_matching();
    let consumer = venue.consumer();
    venue.persistence.append(&payloads[..1_000]);
    venue.compare(&consumer);
    let last = venue.persistence.log().last();
    wait_until("the fold has come to the end", || {
        venue.risk.as_ref().unwrap().metric("risk_position") == Some(last)
    });
}

#[test]
fn matching_is_known_to_be_gone_and_to_be_back() {
    let mut venue = Venue::started(16 << 20);
    let consumer = venue.consumer();
    venue.persistence.append(&payloads(26, 100));
    venue.compare(&consumer);
    let health = |venue: &Venue| venue.risk.as_ref().unwrap().get("/health");
    wait_until("it is there", || health(&venue).1.contains("\"matching-engine\":{\"status\":\"healthy\"}"));
    venue.matching.take();
    wait_until("it is gone", || health(&venue).1.contains("\"matching-engine\":{\"status\":\"degraded\""));
    assert_eq!(health(&venue).0, 200, "risk goes on without it");
    venue.start_matching();
    wait_until("it is back", || health(&venue).1.contains("\"matching-engine\":{\"status\":\"healthy\"}"));
    venue.persistence.append(&payloads(26, 50));
    venue.compare(&consumer);
}
