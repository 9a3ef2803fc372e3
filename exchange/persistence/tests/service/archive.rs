//! Outcomes of any time, and snapshots to begin with.

use exchange_core::feed::Feed;
use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine};
use exchange_service::net::frame::put_frame;
use exchange_service::net::{Address, COMMAND, Client, END};
use exchange_types::{CommandHeader, EventBuffer, decode_frame, encode_outcome};

use super::support::{DEADLINE, FollowerOfLog, Served, block_on, submitter};
use super::venue::Flow;

/// Small segments, frequent snapshots, all of them kept.
const SMALL: [(&str, &str); 3] =
    [("LOG_SEGMENT_BYTES", "65536"), ("SNAPSHOT_EVENTS", "300"), ("SNAPSHOT_KEEP", "100")];

/// Sends payloads and waits until all are durable.
pub(crate) async fn log_all(address: &Address, payloads: &[Vec<u8>]) -> u64 {
    let gateway = submitter(address, 1).await;
    let mut follower = FollowerOfLog::open(address, 0, 0).await;
    let before = follower.link.position;
    for (sent, part) in (1_u64..).zip(payloads.chunks(20)) {
        let mut out = Vec::new();
        for payload in part {
            put_frame(&mut out, COMMAND, |out| out.extend_from_slice(payload));
        }
        gateway.writer.send(&out).await.unwrap();
        follower.up_to(before + (sent * 20).min(payloads.len() as u64)).await;
    }
    before + payloads.len() as u64
}

/// The outcomes of all records, as the venue tells them.
async fn fold(address: &Address, last: u64) -> (FastEngine, Vec<Vec<u8>>) {
    let path = "/internal/stream/commands?after=0";
    let mut link = Client::new().stream(address, path).await.unwrap();
    let mut engine = Engine::new(BookMaker::fast());
    let mut outcomes = Vec::new();
    let mut events = EventBuffer::new();
    while (outcomes.len() as u64) < last {
        let frame = link.reader.next().await.unwrap().unwrap();
        let Some((_, body)) = frame.item() else { continue };
        let record = decode_frame(body).unwrap();
        let header = CommandHeader { sequence: record.header.sequence, time: record.header.time };
        events.clear();
        engine.apply_encoded(&header, record.payload, &mut events);
        let mut outcome = Vec::new();
        encode_outcome(&engine.outcome(&events), &events, &mut outcome);
        outcomes.push(outcome);
    }
    (engine, outcomes)
}

/// What the archive has behind a place.
async fn archived(address: &Address, after: u64) -> Vec<(u64, Vec<u8>)> {
    let path = format!("/internal/stream/archive?after={after}");
    let mut link = Client::new().stream(address, &path).await.unwrap();
    let mut outcomes = Vec::new();
    loop {
        let frame = link.reader.next().await.unwrap().unwrap();
        match frame.item() {
            Some((sequence, body)) => outcomes.push((sequence, body.to_vec())),
            None => {
                assert_eq!(frame.kind, END);
                return outcomes;
            }
        }
    }
}

#[test]
fn the_archive_says_again_what_the_venue_said_from_any_place_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut flow = Flow::new(1);
    let mut last = 0;
    for _ in 0..2 {
        let served = Served::start(folder.path(), &SMALL);
        block_on(async {
            last = log_all(&served.address, &flow.payloads(1_500)).await;
            let (_, expected) = fold(&served.address, last).await;
            for after in [0, 1, 299, 300, 301, 1_000, last - 1, last] {
                let expected: Vec<_> = (1..).zip(expected.clone()).skip(after as usize).collect();
                assert!(archived(&served.address, after).await == expected, "after {after}");
            }
            let path = format!("/internal/stream/archive?after={}", last + 1);
            let error = Client::new().stream(&served.address, &path).await.unwrap_err();
            assert_eq!(error.status().unwrap().as_u16(), 409);
        });
        served.end().unwrap();
    }
}

#[test]
fn both_parts_of_a_snapshot_are_served_and_are_of_the_same_record() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &SMALL);
    block_on(async {
        let missing =
            Client::new().get_bytes(&served.address, "/internal/snapshot/engine").await.unwrap_err();
        assert!(missing.to_string().contains("404"), "{missing}");
        let last = log_all(&served.address, &Flow::new(2).payloads(1_000)).await;
        let began = std::time::Instant::now();
        loop {
            let get = async |part: &str| {
                Client::new().get_bytes(&served.address, &format!("/internal/snapshot/{part}")).await.ok()
            };
            if let (Some(engine), Some(feed)) = (get("engine").await, get("feed").await) {
                let engine = Engine::restore(BookMaker::fast(), &engine).unwrap();
                let feed = Feed::restore(&feed).unwrap();
                // Another snapshot may have come between the two questions.
                if feed.sequence().0 == engine.events() && engine.sequence().0 > 500 {
                    let (expected, _) = fold(&served.address, engine.sequence().0).await;
                    assert_eq!(engine.state_hash(), expected.state_hash());
                    break;
                }
            }
            assert!(began.elapsed() < DEADLINE, "no snapshot of the first {last} records");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
}

/// What a stream is refused with; 101: it is not.
async fn status(address: &Address, path: &str) -> u16 {
    let asked = Client::new().stream(address, path).await;
    asked.map_or_else(|error| error.status().unwrap().as_u16(), |_| 101)
}

/// The last record that the newest snapshot covers.
async fn covered(address: &Address) -> u64 {
    let engine = Client::new().get_bytes(address, "/internal/snapshot/engine").await.unwrap();
    Engine::restore(BookMaker::fast(), &engine).unwrap().sequence().0
}

/// Waits until the records behind `after` are not there any more.
async fn pruned(address: &Address, after: u64) {
    let began = std::time::Instant::now();
    while status(address, &format!("/internal/stream/commands?after={after}")).await != 410 {
        assert!(began.elapsed() < DEADLINE, "nothing was pruned");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[test]
fn records_go_when_they_are_old_and_covered_and_whoever_needs_them_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("LOG_SEGMENT_BYTES", "8192"),
        ("SNAPSHOT_EVENTS", "300"),
        ("SNAPSHOT_KEEP", "1"),
        ("LOG_RETENTION", "50ms"),
    ];
    let matching = super::history::never_has_anything();
    let variables: Vec<_> =
        variables.into_iter().chain([("MATCHING_ENGINE_URL", matching.address.as_str())]).collect();
    let served = Served::start(folder.path(), &variables);
    block_on(async {
        let last = log_all(&served.address, &Flow::new(3).payloads(1_500)).await;
        pruned(&served.address, 0).await;
        assert_eq!(status(&served.address, "/internal/stream/archive?after=0").await, 410);
        // What a snapshot does not cover is still there.
        let after = covered(&served.address).await;
        let path = format!("/internal/stream/commands?after={after}&epoch=1");
        assert!(after == last || status(&served.address, &path).await == 101, "after {after} of {last}");
    });
    served.end().unwrap();
    let served = Served::start(folder.path(), &variables);
    assert!(served.health.report().ready);
}

/// An orderly end leaves a snapshot, and the log goes on in a new segment behind it.
#[test]
fn whoever_begins_with_a_snapshot_is_let_in_also_where_the_log_begins_right_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let matching = super::history::never_has_anything();
    let variables = [("LOG_RETENTION", "50ms"), ("MATCHING_ENGINE_URL", matching.address.as_str())];
    let served = Served::start(folder.path(), &variables);
    let last = block_on(log_all(&served.address, &Flow::new(4).payloads(50)));
    served.end().unwrap();
    let served = Served::start(folder.path(), &variables);
    block_on(async {
        assert_eq!(covered(&served.address).await, last);
        let gateway = submitter(&served.address, 2).await;
        super::support::send(&gateway, [1]).await;
        pruned(&served.address, last - 1).await;
        let path = format!("/internal/stream/commands?after={last}");
        assert_eq!(status(&served.address, &path).await, 101);
        assert_eq!(status(&served.address, &format!("{path}&epoch=1")).await, 410);
    });
}
