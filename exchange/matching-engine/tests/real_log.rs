//! Risk and matching with the real persistence: its log, its snapshots, its restarts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../risk-engine/tests/support/mod.rs"]
mod support;

use std::time::Duration;

use exchange_load::flow::Random;
use exchange_service::config::Environment;
use exchange_service::net::{
    Arrive, COMMAND, Client, CommandStream, Link, Place, SUBMIT, Said, Wanted, frame,
};
use exchange_service::service::Service;
use exchange_types::decode_request;
use matching_engine::MatchingEngine;
use persistence::Persistence;
use risk_engine::RiskEngine;
use support::consumer::Consumer;
use support::log::Log;
use support::process::{Process, address, free_port};
use support::traffic::payloads;
use support::wait_until;
use tempfile::TempDir;

const RING_BYTES: usize = 4 << 20;

struct Venue {
    folder: TempDir,
    ports: [u16; 3],
    persistence: Option<Process>,
    risk: Option<Process>,
    matching: Option<Process>,
}

impl Venue {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = [free_port(), free_port(), free_port()];
        let mut venue = Self { folder, ports, persistence: None, risk: None, matching: None };
        venue.start_persistence();
        venue.start_risk();
        venue.start_matching();
        venue
    }

    fn start_persistence(&mut self) {
        if let Some(process) = self.persistence.take() {
            process.stop();
        }
        let data = self.folder.path().display().to_string();
        // Snapshots come often; ticks do not, because whoever compares wants the log to end.
        let variables = [("DATA_DIR", data.as_str()), ("TICK_INTERVAL", "24h"), ("SNAPSHOT_EVENTS", "3000")];
        let texts = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut environment = Environment::new(texts);
        let settings = Persistence::settings(&mut environment);
        environment.finish().unwrap();
        let process = Process::start::<Persistence>(settings, self.ports[0]);
        wait_until("persistence is ready", || process.get("/ready").0 == 200);
        self.persistence = Some(process);
    }

    fn start_risk(&mut self) {
        self.risk.take();
        let settings = risk_engine::Settings {
            listen: ([127, 0, 0, 1], self.ports[1]).into(),
            persistence: address(self.ports[0]),
            matching: address(self.ports[2]),
            ring_bytes: RING_BYTES,
        };
        self.risk = Some(Process::start::<RiskEngine>(settings, self.ports[1]));
    }

    fn start_matching(&mut self) {
        self.matching.take();
        let settings = matching_engine::Settings {
            listen: ([127, 0, 0, 1], self.ports[2]).into(),
            persistence: address(self.ports[0]),
            risk: address(self.ports[1]),
            ring_bytes: RING_BYTES,
        };
        self.matching = Some(Process::start::<MatchingEngine>(settings, self.ports[2]));
    }

    /// Sends payloads to the log, and returns when all of them are in it.
    fn submit(&self, payloads: &[Vec<u8>]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let path = format!("{SUBMIT}?session=7");
            let link = Client::new().stream(&address(self.ports[0]), &path).await.unwrap();
            let last = link.position + payloads.len() as u64;
            let Link { writer, reader: _reader, .. } = link;
            for part in payloads.chunks(50) {
                let mut bytes = Vec::new();
                for payload in part {
                    frame::put_frame(&mut bytes, COMMAND, |out| out.extend_from_slice(payload));
                }
                writer.send(&bytes).await.unwrap();
            }
            let log = read_log(address(self.ports[0]), last).await;
            assert_eq!(log.last(), last);
        });
    }

    /// Waits until a consumer has the outcomes of everything that is in the log, and compares.
    #[track_caller]
    fn compare(&self, consumer: &Consumer, last: u64) {
        wait_until("all outcomes are published", || consumer.count() >= last);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let log = runtime.block_on(read_log(address(self.ports[0]), last));
        let (expected, found) = (log.fold(last).1, consumer.outcomes());
        let differs = expected.iter().zip(&found).position(|(expected, found)| expected != found);
        assert_eq!((differs, found.len()), (None, expected.len()));
    }
}

/// The log up to this record, once it is durable.
async fn read_log(persistence: exchange_service::net::Address, last: u64) -> Log {
    let place = Place::default();
    let mut stream = CommandStream::open(Client::new(), persistence, place, Wanted::Records).await.unwrap();
    let (mut log, mut durable) = (Log::default(), 0);
    while durable < last {
        stream.arrive().await.unwrap();
        while let Some(said) = stream.next_ready().unwrap() {
            match said {
                Said::Durable(position) => durable = position,
                Said::Record(record) => {
                    let mut bytes = Vec::new();
                    exchange_types::encode_frame(record.header, record.payload, &mut bytes).unwrap();
                    log.records.push((record.header.epoch.0, bytes));
                }
            }
        }
    }
    log.durable = durable;
    log
}

/// Persistence takes nothing that is no request.
fn requests(seed: u64, commands: usize) -> Vec<Vec<u8>> {
    let mut payloads = payloads(seed, commands);
    payloads.retain(|payload| decode_request(payload).is_ok());
    payloads
}

#[test]
fn outcomes_are_those_of_the_log_and_restarts_change_nothing() {
    let mut venue = Venue::start();
    let consumer = Consumer::start(address(venue.ports[2]), address(venue.ports[0]));
    let mut random = Random::new(61);
    let payloads = requests(61, 12_000);
    let mut sent = 0;
    for part in payloads.chunks(700) {
        venue.submit(part);
        sent += part.len() as u64;
        match random.below(5) {
            0 => venue.start_risk(),
            1 => {
                // Books that begin with a snapshot have no outcomes before it in memory.
                wait_until("everything is read", || consumer.count() == sent);
                venue.start_matching();
            }
            2 => venue.start_persistence(),
            _ => {}
        }
    }
    venue.compare(&consumer, sent);
    wait_until("all is well", || {
        let all = [&venue.risk, &venue.matching];
        all.iter().all(|process| {
            process.as_ref().unwrap().get("/health").1.contains("\"status\":\"healthy\",\"ready\":true")
        })
    });
}

#[test]
fn whoever_starts_late_begins_with_a_snapshot() {
    let mut venue = Venue::start();
    (venue.risk, venue.matching) = (None, None);
    let payloads = requests(62, 9_000);
    let (early, late) = payloads.split_at(8_000);
    venue.submit(early);
    let persistence = venue.persistence.as_ref().unwrap().port;
    wait_until("there is a snapshot", || {
        let asked = support::process::status(persistence, "/internal/snapshot/engine");
        asked.is_ok_and(|status| status == 200)
    });
    venue.start_matching();
    venue.start_risk();
    wait_until("they have caught up", || {
        let (risk, matching) = (venue.risk.as_ref().unwrap(), venue.matching.as_ref().unwrap());
        risk.metric("risk_position") == Some(8_000)
            && matching.metric("matching_published_position") == Some(8_000)
    });
    assert!(venue.risk.as_ref().unwrap().metric("risk_commands_total") < Some(8_000));
    std::thread::sleep(Duration::from_millis(10));
    venue.submit(late);
    let last = payloads.len() as u64;
    wait_until("the rest is published", || {
        venue.matching.as_ref().unwrap().metric("matching_published_position") == Some(last)
    });
}
