//! Records for those who follow.

use std::sync::atomic::{AtomicBool, Ordering};

use exchange_service::net::{Client, DURABLE};
use exchange_types::{Command, encode_command};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::support::{FollowerOfLog, Served, block_on, id_of, send, submitter};

async fn refused(served: &Served, query: &str) -> u16 {
    let path = format!("/internal/stream/commands{query}");
    let error = Client::new().stream(&served.address, &path).await.err();
    error.unwrap_or_else(|| panic!("{query} was accepted")).status().unwrap().as_u16()
}

#[test]
fn a_follower_that_the_log_does_not_know_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let gateway = submitter(&served.address, 1).await;
        send(&gateway, 1..=3).await;
        FollowerOfLog::open(&served.address, 0, 0).await.up_to(3).await;
        // Ahead of the log, of another reign, and no number.
        assert_eq!(refused(&served, "?after=4&epoch=1").await, 409);
        assert_eq!(refused(&served, "?after=3&epoch=2").await, 409);
        assert_eq!(refused(&served, "?after=x&epoch=1").await, 400);
        assert_eq!(FollowerOfLog::open(&served.address, 3, 1).await.position, 3);
    });
    served.end().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let gateway = submitter(&served.address, 1).await;
        send(&gateway, [4]).await;
        let mut follower = FollowerOfLog::open(&served.address, 3, 1).await;
        assert_eq!(follower.up_to(4).await[0].epoch, 2);
        assert_eq!(refused(&served, "?after=3&epoch=2").await, 409);
        assert_eq!(refused(&served, "?after=4&epoch=1").await, 409);
        // Before the first record there is no reign.
        assert_eq!(FollowerOfLog::open(&served.address, 0, 7).await.up_to(4).await.len(), 4);
    });
}

#[test]
fn whoever_wants_no_records_hears_how_far_they_are_durable() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let path = "/internal/stream/commands?records=false";
        let mut link = Client::new().stream(&served.address, path).await.unwrap();
        let gateway = submitter(&served.address, 1).await;
        let mut durable = Vec::new();
        while durable.last() != Some(&200) {
            let frame = link.reader.next().await.unwrap().unwrap();
            assert_eq!(frame.kind, DURABLE);
            durable.push(u64::from_le_bytes(frame.payload.try_into().unwrap()));
            if durable.len() == 1 {
                send(&gateway, 1..=200).await;
            }
        }
        assert_eq!(durable[0], 0, "the position is told at once");
        assert!(durable.is_sorted());
    });
}

#[test]
fn time_passes_in_the_log_when_nobody_submits() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[("TICK_INTERVAL", "20ms")]);
    let mut tick = Vec::new();
    encode_command(&Command::Tick, &mut tick);
    block_on(async {
        let mut follower = FollowerOfLog::open(&served.address, 0, 0).await;
        assert!(follower.up_to(3).await.iter().all(|got| got.payload == tick));
    });
}

/// Small segments and a ring of a few batches, so that readers go from files to memory and back.
const SMALL: [(&str, &str); 2] = [("LOG_SEGMENT_BYTES", "65536"), ("LOG_RING_BYTES", "20000")];

#[test]
fn a_follower_that_comes_and_goes_under_load_misses_nothing_and_gets_nothing_twice() {
    const RECORDS: u64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &SMALL);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            block_on(async {
                let gateway = submitter(&served.address, 1).await;
                let mut other = FollowerOfLog::open(&served.address, 0, 0).await;
                for first in (0..RECORDS).step_by(50) {
                    send(&gateway, first + 1..=first + 50).await;
                    // As fast as the disk, and never more than a batch takes.
                    other.up_to(first.saturating_sub(150)).await;
                }
                done.store(true, Ordering::Release);
                // The connection stays until everything is read.
                FollowerOfLog::open(&served.address, 0, 0).await.up_to(RECORDS).await;
            });
        });
        // Each case follows for a while from where the last one was left, or from somewhere else; all see one log.
        let mut runner = TestRunner::new(ProptestConfig { cases: 60, ..ProptestConfig::default() });
        let plan = (0.0..=1.0_f64, 1..2_000_u64);
        runner
            .run(&plan, |(share, records)| {
                block_on(async {
                    let newest = FollowerOfLog::open(&served.address, 0, 0).await.link.position;
                    let after = (newest as f64 * share) as u64;
                    let mut follower =
                        FollowerOfLog::open(&served.address, after, u32::from(after > 0)).await;
                    let target = (after + records).min(RECORDS);
                    let got = follower.up_to(target).await;
                    for (expected, got) in (after + 1..).zip(&got) {
                        assert_eq!(id_of(&got.payload), expected);
                    }
                });
                Ok(())
            })
            .unwrap();
        served.wait("all is sent", || done.load(Ordering::Acquire));
    });
}

#[test]
fn a_follower_that_is_slow_gets_everything_from_files_and_then_from_memory() {
    // More than the buffers of a connection take, so that the log's writer has to leave it to the task.
    const RECORDS: u64 = 60_000;
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &SMALL);
    block_on(async {
        let mut follower = FollowerOfLog::open(&served.address, 0, 0).await;
        let mut other = FollowerOfLog::open(&served.address, 0, 0).await;
        let gateway = submitter(&served.address, 1).await;
        for first in (0..RECORDS).step_by(500) {
            send(&gateway, first + 1..=first + 500).await;
            other.up_to(first + 500).await;
            // A little of what there is, now and then.
            if first % 20_000 == 0 {
                follower.next().await;
            }
        }
        let got = follower.up_to(RECORDS).await;
        assert_eq!(id_of(&got.last().unwrap().payload), RECORDS);
    });
}
