//! Steps that are not what they should be: a risk engine that a test plays.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../risk-engine/tests/support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_core::FastEngine;
use exchange_core::matching::BookMaker;
use exchange_service::http::{Limits, serve};
use exchange_service::net::{Chunk, Ring, RingSource, STEPS, Upgrade, frame, serve_ring};
use exchange_service::stop::Stop;
use exchange_types::{EventBuffer, decode_frame};
use matching_engine::MatchingEngine;
use serde::Deserialize;
use support::consumer::Consumer;
use support::log::Log;
use support::persistence::FakePersistence;
use support::process::{Process, address, free_port};
use support::traffic::payloads;
use support::wait_until;

/// What a risk engine sends, for one answer after the other; the last one stays.
type Scripts = Arc<Mutex<Vec<RingSource>>>;

#[derive(Deserialize)]
struct Resume {
    after: u64,
}

struct FakeRisk {
    _process: Process,
    _rings: Vec<Ring>,
}

impl FakeRisk {
    /// Each connection gets the next of these streams, and the last one for ever after.
    fn start(port: u16, streams: Vec<Vec<Item>>) -> Self {
        let rings: Vec<Ring> = streams.iter().map(|items| ring(items)).collect();
        let scripts: Scripts = Arc::new(Mutex::new(rings.iter().rev().map(Ring::source).collect()));
        let router = Router::new().route(STEPS, get(steps)).with_state(scripts);
        let process = Process::run(port, async move |listener| {
            serve(listener, router, Limits::default(), Stop::new()).await;
        });
        Self { _process: process, _rings: rings }
    }
}

async fn steps(State(scripts): State<Scripts>, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let source = {
        let mut scripts = scripts.lock().unwrap();
        let last = scripts.len() == 1;
        if last { scripts[0].clone() } else { scripts.pop().unwrap() }
    };
    if resume.after > source.position() {
        return StatusCode::CONFLICT.into_response();
    }
    let reader = source.reader(resume.after);
    upgrade.accept(source.position(), 1, move |link| serve_ring(reader, link, Duration::ZERO))
}

/// A step under the number of an item.
#[derive(Clone)]
struct Item {
    sequence: u64,
    body: Vec<u8>,
}

/// Where the digest of a step stands, behind the reign.
const DIGEST_AT: usize = 4 + 56;

/// The steps of a log.
fn items(log: &Log, count: u64) -> Vec<Item> {
    let mut engine = FastEngine::new(BookMaker::fast());
    let mut events = EventBuffer::new();
    let item = |(epoch, record): &(u32, Vec<u8>)| {
        let record = decode_frame(record).unwrap();
        events.clear();
        engine.apply_encoded(&record.header.command(), record.payload, &mut events);
        let mut body = epoch.to_le_bytes().to_vec();
        engine.step(&events).encode(&mut body);
        Item { sequence: record.header.sequence.0, body }
    };
    log.records[..count as usize].iter().map(item).collect()
}

/// One chunk of items, whatever their numbers are.
fn ring(items: &[Item]) -> Ring {
    let ring = Ring::new(0, 1 << 30);
    let mut frames = Vec::new();
    for item in items {
        frame::put_item(&mut frames, item.sequence, |out| out.extend_from_slice(&item.body));
    }
    ring.push(Chunk { first: 1, last: items.last().unwrap().sequence, frames: frames.into() });
    ring
}

/// A venue whose matching engine has begun with an empty log, so that all it knows comes from the steps of a risk engine that is
/// not there yet.
struct Venue {
    persistence: FakePersistence,
    matching: Process,
    risk_port: u16,
}

impl Venue {
    fn start() -> Self {
        let (persistence, risk_port, port) = (FakePersistence::start(), free_port(), free_port());
        let settings = matching_engine::Settings {
            listen: ([127, 0, 0, 1], port).into(),
            persistence: persistence.address(),
            risk: address(risk_port),
            ring_bytes: 16 << 20,
        };
        let matching = Process::start::<MatchingEngine>(settings, port);
        wait_until("the books are there", || {
            matching.get("/health").1.contains("\"books\":{\"status\":\"healthy\"}")
        });
        Self { persistence, matching, risk_port }
    }

    /// The same with a log of so many records, of which none is durable.
    fn with_log(seed: u64, count: usize) -> Self {
        let venue = Self::start();
        venue.persistence.append(&payloads(seed, 1_000)[..count]);
        venue
    }

    fn consumer(&self) -> Consumer {
        Consumer::start(address(self.matching.port), self.persistence.address())
    }

    /// The steps of the whole log as it is.
    fn items(&self) -> Vec<Item> {
        let log = self.persistence.log();
        items(&log, log.last())
    }
}

#[test]
fn a_step_with_another_digest_stops_the_venue_before_anything_is_told() {
    let venue = Venue::with_log(41, 400);
    let mut steps = venue.items();
    steps[299].body[DIGEST_AT] ^= 1;
    let _risk = FakeRisk::start(venue.risk_port, vec![steps]);
    let (matching, consumer) = (&venue.matching, venue.consumer());
    wait_until("it stops", || matching.get("/health").1.contains("nothing is published any more"));
    let (status, health) = matching.get("/health");
    assert_eq!(status, 503);
    let said = "\"books\":{\"status\":\"unhealthy\",\"reason\":\"command 300 of reign 1: the events of command 300 have the digest";
    assert!(health.contains(said) && health.contains("risk expects"), "{health}");
    venue.persistence.sync();
    // It stays up for people to look, and tells nothing; a consumer waits.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!((consumer.count(), matching.get("/ready").0), (0, 503));
    assert_eq!(matching.metric("matching_commands_total"), Some(299));
}

#[test]
fn risk_says_that_matching_disagrees() {
    let venue = Venue::with_log(42, 200);
    let mut steps = venue.items();
    steps[150].body[DIGEST_AT + 3] ^= 0x40;
    let _fake = FakeRisk::start(venue.risk_port, vec![steps]);
    let port = free_port();
    let settings = risk_engine::Settings {
        listen: ([127, 0, 0, 1], port).into(),
        persistence: venue.persistence.address(),
        matching: address(venue.matching.port),
        ring_bytes: 1 << 20,
    };
    let risk = Process::start::<risk_engine::RiskEngine>(settings, port);
    wait_until("risk says it", || {
        let (status, health) = risk.get("/health");
        let said = "\"matching-engine\":{\"status\":\"unhealthy\",\"reason\":\"command 151";
        status == 503 && health.contains(said)
    });
}

/// Risk follows records that the log has lost. That is not a disagreement about the log, and the venue goes on.
#[test]
fn a_step_of_a_record_that_the_log_does_not_have_does_not_stop_the_venue() {
    let venue = Venue::with_log(43, 300);
    let mut stale = venue.items();
    stale.iter_mut().skip(200).for_each(|item| item.body[DIGEST_AT] ^= 1);
    venue.persistence.change(|log| log.durable = 180);
    venue.persistence.change(|log| log.crash(0));
    venue.persistence.append(&payloads(44, 1_000)[300..500]);
    let _risk = FakeRisk::start(venue.risk_port, vec![stale, venue.items()]);
    let consumer = venue.consumer();
    let last = venue.persistence.sync();
    wait_until("everything is published", || consumer.count() == last);
    assert!(consumer.outcomes() == venue.persistence.log().fold(last).1);
    wait_until("all is well", || venue.matching.get("/health").0 == 200);
    assert_eq!(venue.matching.metric("matching_recoveries_total"), Some(2));
}

#[test]
fn a_step_that_comes_twice_or_too_early_or_is_none_is_refused_and_asked_for_again() {
    let venue = Venue::with_log(45, 300);
    let good = venue.items();
    let mut twice = good.clone();
    twice.insert(100, good[99].clone());
    let mut gap = good.clone();
    gap.remove(150);
    let mut garbage = good.clone();
    garbage[200].body.truncate(30);
    let mut trailing = good.clone();
    trailing[220].body.push(0);
    let mut mislabelled = good.clone();
    mislabelled[240].body = good[241].body.clone();
    let _risk = FakeRisk::start(venue.risk_port, vec![twice, gap, garbage, trailing, mislabelled, good]);
    let (matching, consumer) = (&venue.matching, venue.consumer());
    wait_until("everything is carried out", || matching.metric("matching_position") == Some(300));
    assert_eq!(consumer.count(), 0);
    venue.persistence.sync();
    wait_until("everything is published", || consumer.count() == 300);
    assert!(consumer.outcomes() == venue.persistence.log().fold(300).1);
    assert_eq!(matching.metric("matching_commands_total"), Some(300), "nothing was carried out twice");
    assert_eq!(matching.metric("matching_recoveries_total"), Some(1));
}

#[test]
fn a_log_from_which_durable_records_are_gone_stops_the_venue() {
    let venue = Venue::with_log(46, 300);
    let _risk = FakeRisk::start(venue.risk_port, vec![venue.items()]);
    venue.persistence.sync();
    let matching = &venue.matching;
    wait_until("everything is published", || matching.metric("matching_published_position") == Some(300));
    venue.persistence.change(|log| {
        log.records.truncate(200);
        log.durable = 200;
        log.generation += 1;
    });
    let said = "the log ends at 200, but outcomes up to 300 were published";
    wait_until("it stops", || matching.get("/health").1.contains(said));
}
