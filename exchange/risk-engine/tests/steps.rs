//! The risk engine over real connections: its steps, who is let in to them, and what happens when the log loses its end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use exchange_core::matching::{BookMaker, Matching};
use exchange_core::step::StepBuffer;
use exchange_service::net::{Client, ConnectError, Incoming, STEPS};
use exchange_types::{EventBuffer, encode_outcome};
use risk_engine::{RiskEngine, Settings};
use support::persistence::FakePersistence;
use support::process::{Process, address, free_port};
use support::traffic::payloads;
use support::wait_until;

fn start(persistence: &FakePersistence, ring_bytes: usize) -> Process {
    let port = free_port();
    let settings = Settings {
        listen: ([127, 0, 0, 1], port).into(),
        persistence: persistence.address(),
        matching: address(free_port()),
        ring_bytes,
    };
    Process::start::<RiskEngine>(settings, port)
}

fn wait_for(risk: &Process, position: u64) {
    wait_until("the fold comes so far", || risk.metric("risk_position") == Some(position));
}

/// Reads steps behind `after` and carries them out on books that stand there, until `last`; the outcomes of each.
fn read_steps(risk: &Process, matching: Matching<Fast>, after: u64, last: u64) -> Vec<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let link =
            Client::new().stream(&address(risk.port), &format!("{STEPS}?after={after}")).await.unwrap();
        let mut incoming = Incoming::new(link);
        let (mut matching, mut buffer, mut events) = (matching, StepBuffer::new(), EventBuffer::new());
        let mut outcomes = Vec::new();
        while (outcomes.len() as u64) < last - after {
            exchange_service::net::Arrive::arrive(&mut incoming).await.unwrap();
            while let Some(frame) = incoming.next_ready().unwrap() {
                let (sequence, body) = frame.item().unwrap();
                assert_eq!(sequence, after + 1 + outcomes.len() as u64);
                let (step, used) = buffer.decode(&body[4..]).unwrap();
                assert_eq!((used + 4, step.sequence.0), (body.len(), sequence));
                events.clear();
                matching.carry_out(&step, &mut events).unwrap();
                let mut outcome = Vec::new();
                encode_outcome(&step.outcome(&events), &events, &mut outcome);
                outcomes.push(outcome);
            }
        }
        outcomes
    })
}

type Fast = exchange_core::book::FastBook<exchange_core::book::index::OpaqueIndex>;

/// The status with which a reader of steps is refused; none where it is let in.
fn refusal(risk: &Process, query: &str) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match Client::new().stream(&address(risk.port), &format!("{STEPS}?{query}")).await {
            Ok(_) => None,
            Err(ConnectError::Refused { status, .. }) => Some(status.as_u16()),
            Err(error) => panic!("{error}"),
        }
    })
}

#[test]
fn matching_that_is_fed_with_the_steps_does_what_a_fold_of_the_log_does() {
    let persistence = FakePersistence::start();
    let payloads = payloads(1, 4_000);
    let (before, behind) = payloads.split_at(1_500);
    persistence.append(before);
    persistence.sync();
    persistence.change(|log| log.make_snapshot());
    let risk = start(&persistence, 64 * 1024 * 1024);
    // Some arrive in one batch, some alone, and none is durable.
    for part in behind.chunks(333) {
        persistence.append(part);
    }
    let (after, last) = (before.len() as u64, payloads.len() as u64);
    wait_for(&risk, last);
    let log = persistence.log().clone();
    let (engine, outcomes) = (log.fold(after).0, log.fold(last).1);
    let found = read_steps(&risk, engine.into_matching(), after, last);
    assert!(found == outcomes[before.len()..], "the outcomes of the steps are those of the log");
    let rejects = risk.get("/metrics").1;
    assert!(
        rejects.contains("exchange_risk_rejects_total{service=\"risk-engine\",reason=\"unknown-order\"}"),
        "{rejects}"
    );
}

#[test]
fn readers_whose_place_is_another_one_or_gone_are_refused() {
    let persistence = FakePersistence::start();
    let payloads = payloads(2, 3_000);
    persistence.append(&payloads[..1_000]);
    persistence.sync();
    persistence.change(|log| log.epoch = 4);
    persistence.append(&payloads[1_000..]);
    persistence.sync();
    let risk = start(&persistence, 128 * 1024);
    let last = payloads.len() as u64;
    wait_for(&risk, last);
    wait_until("the service is ready", || risk.get("/ready").0 == 200);
    assert_eq!(refusal(&risk, &format!("after={last}&epoch=4")), None);
    assert_eq!(refusal(&risk, &format!("after={last}")), None);
    assert_eq!(refusal(&risk, &format!("after={last}&epoch=3")), Some(409));
    assert_eq!(refusal(&risk, &format!("after={}&epoch=4", last + 1)), Some(409));
    assert_eq!(refusal(&risk, &format!("after={}&epoch=4", u64::MAX)), Some(409));
    assert_eq!(refusal(&risk, "after=0"), Some(410));
    assert_eq!(refusal(&risk, "after=500&epoch=1"), Some(410));
    assert_eq!(refusal(&risk, "after=500&epoch=2"), Some(409));
    assert_eq!(refusal(&risk, "epoch=4"), Some(400));
}

#[test]
fn a_log_that_lost_its_end_is_folded_anew_and_readers_are_sent_away() {
    let persistence = FakePersistence::start();
    let payloads = payloads(3, 2_000);
    persistence.append(&payloads[..1_200]);
    persistence.sync();
    let risk = start(&persistence, 64 * 1024 * 1024);
    persistence.append(&payloads[1_200..1_500]);
    wait_for(&risk, 1_500);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut reader = runtime.block_on(async {
        let link = Client::new().stream(&address(risk.port), &format!("{STEPS}?after=1500&epoch=1")).await;
        Incoming::new(link.unwrap())
    });
    persistence.change(|log| log.crash(100));
    persistence.append(&payloads[1_500..]);
    let last = persistence.sync();
    wait_for(&risk, last);
    let closed = runtime.block_on(async {
        match exchange_service::net::Arrive::arrive(&mut reader).await {
            Ok(()) => reader.next_ready().is_err(),
            Err(_) => true,
        }
    });
    assert!(closed, "the reader is sent away, and gets no step of the new reign before");
    assert_eq!(refusal(&risk, "after=1500&epoch=1"), Some(409));
    assert_eq!(refusal(&risk, "after=1300&epoch=1"), None);
    let log = persistence.log().clone();
    let (engine, outcomes) = (log.fold(1_000).0, log.fold(last).1);
    assert!(read_steps(&risk, engine.into_matching(), 1_000, last) == outcomes[1_000..]);
    assert_eq!(risk.metric("risk_recoveries_total"), Some(2));
}

#[test]
fn a_fold_that_nobody_confirms_stops_when_half_the_ring_is_full_and_the_log_is_still_there() {
    let persistence = FakePersistence::start();
    let payloads = payloads(4, 20_000);
    persistence.append(&payloads[..1_000]);
    persistence.sync();
    let ring_bytes = 256 * 1024;
    let risk = start(&persistence, ring_bytes);
    wait_for(&risk, 1_000);
    persistence.append(&payloads[1_000..]);
    let last = persistence.sync();
    wait_until("the fold waits", || risk.get("/health").1.contains("the fold waits"));
    let position = risk.metric("risk_position").unwrap();
    assert!(position > 1_100 && position < last, "{position}");
    // What was confirmed last is still there for matching.
    assert_eq!(refusal(&risk, "after=1000&epoch=1"), None);
    assert_eq!(
        read_steps(&risk, persistence.log().fold(1_000).0.into_matching(), 1_000, position).len() as u64,
        position - 1_000
    );
}

#[test]
fn a_snapshot_that_is_damaged_is_said_and_not_used() {
    let persistence = FakePersistence::start();
    persistence.append(&payloads(5, 100));
    persistence.sync();
    persistence.change(|log| {
        log.make_snapshot();
        *log.snapshot.as_mut().unwrap().last_mut().unwrap() ^= 1;
    });
    let risk = start(&persistence, 1 << 20);
    wait_until("it is said", || {
        let (status, body) = risk.get("/health");
        status == 503 && body.contains("the snapshot of persistence is not usable")
    });
    assert_eq!(refusal(&risk, "after=0"), Some(503));
    assert_eq!(risk.get("/internal/venue").0, 503);
    persistence.change(|log| log.make_snapshot());
    wait_until("it is ready", || risk.get("/ready").0 == 200);
}

/// The record behind which the fold begins may be another one than the reader's, and only the log can tell.
#[test]
fn whoever_stands_at_the_snapshots_record_is_let_in_only_without_a_reign_of_its_own() {
    let persistence = FakePersistence::start();
    persistence.append(&payloads(7, 100));
    let last = persistence.sync();
    persistence.change(|log| log.make_snapshot());
    let risk = start(&persistence, 1 << 20);
    wait_until("it is ready", || risk.get("/ready").0 == 200);
    assert_eq!(refusal(&risk, &format!("after={last}&epoch=1")), Some(410));
    assert_eq!(refusal(&risk, &format!("after={last}&epoch=9")), Some(410));
    assert_eq!(refusal(&risk, &format!("after={last}")), None);
    persistence.append(&payloads(8, 10)[..1]);
    wait_for(&risk, last + 1);
    assert_eq!(refusal(&risk, &format!("after={}&epoch=1", last + 1)), None);
    assert_eq!(refusal(&risk, &format!("after={}&epoch=9", last + 1)), Some(409));
}

/// An empty venue that asks for nothing has nothing to show and is ready.
#[test]
fn an_empty_log_is_caught_up_with_at_once() {
    let persistence = FakePersistence::start();
    let risk = start(&persistence, 1 << 20);
    wait_until("it is ready", || risk.get("/ready").0 == 200);
    assert_eq!(refusal(&risk, "after=0"), None);
    let empty = Matching::<Fast>::new(BookMaker::fast());
    persistence.append(&payloads(6, 1)[..10]);
    assert_eq!(read_steps(&risk, empty, 0, 10).len(), 10);
}
