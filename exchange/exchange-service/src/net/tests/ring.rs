//! The ring: what is kept, where a reader begins, who is woken.

use proptest::prelude::*;

use super::{chunk, expected, items, soon};
use crate::net::{Ring, TooOld};

const PLENTY: usize = 1 << 20;

#[test]
fn a_reader_begins_in_the_middle_of_a_chunk() {
    let ring = Ring::new(0, PLENTY);
    ring.push(chunk(1, 5));
    ring.push(chunk(6, 9));
    for after in 0..9 {
        let mut reader = ring.source().reader(after);
        let mut chunks = Vec::new();
        assert_eq!(reader.take(&mut chunks, PLENTY), Ok(true));
        let bytes: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.frames.to_vec()).collect();
        assert_eq!(items(&bytes), expected(after + 1..=9), "behind {after}");
        assert_eq!(chunks[0].first, after + 1);
        assert_eq!(reader.position(), 9);
        assert_eq!(reader.take(&mut chunks, PLENTY), Ok(false), "nothing is given twice");
    }
}

#[test]
fn a_reader_ahead_of_the_ring_gets_nothing_before_its_place() {
    let ring = Ring::new(10, PLENTY);
    for after in [10, 12, u64::MAX - 1, u64::MAX] {
        let mut chunks = Vec::new();
        assert_eq!(ring.source().reader(after).take(&mut chunks, PLENTY), Ok(false), "{after}");
    }
    let mut reader = ring.source().reader(12);
    ring.push(chunk(11, 12));
    let mut chunks = Vec::new();
    assert_eq!(reader.take(&mut chunks, PLENTY), Ok(false));
    ring.push(chunk(13, 13));
    assert_eq!(reader.take(&mut chunks, PLENTY), Ok(true));
    assert_eq!(items(&chunks[0].frames), expected(13..=13));
}

#[test]
fn what_is_not_kept_any_more_is_said_with_the_oldest_there_is() {
    let ring = Ring::new(0, 1_000);
    (1..=100).for_each(|sequence| ring.push(chunk(sequence, sequence)));
    let oldest = ring.source().oldest();
    assert!(oldest > 80 && oldest <= 100, "some are kept, most are not: {oldest}");
    let mut chunks = Vec::new();
    let too_old = Err(TooOld { wanted: oldest - 1, oldest });
    assert_eq!(ring.source().reader(oldest - 2).take(&mut chunks, PLENTY), too_old);
    assert!(chunks.is_empty());
    assert_eq!(ring.source().reader(oldest - 1).take(&mut chunks, PLENTY), Ok(true));
}

#[test]
fn the_last_chunk_is_kept_however_long_it_is() {
    let ring = Ring::new(0, 100);
    ring.push(chunk(1, 3));
    ring.push(chunk(4, 400));
    assert_eq!(ring.source().oldest(), 4);
    let mut chunks = Vec::new();
    assert_eq!(ring.source().reader(399).take(&mut chunks, PLENTY), Ok(true));
    assert_eq!(items(&chunks[0].frames), expected(400..=400));
}

#[test]
#[should_panic(expected = "a stream has no gap")]
fn a_gap_is_refused() {
    let ring = Ring::new(0, PLENTY);
    ring.push(chunk(2, 2));
}

#[tokio::test]
async fn waiting_readers_are_woken_by_a_push_and_by_the_end() {
    let ring = Ring::new(0, PLENTY);
    let mut readers: Vec<_> = (0..3).map(|_| ring.source().reader(0)).collect();
    let waiting = tokio::spawn(async move {
        let mut got = Vec::new();
        for reader in &mut readers {
            let mut chunks = Vec::new();
            while reader.position() < 4 {
                assert_eq!(reader.next(&mut chunks, PLENTY).await, Ok(true));
            }
            let end = reader.next(&mut chunks, PLENTY).await;
            got.push((chunks.iter().flat_map(|chunk| items(&chunk.frames)).collect::<Vec<_>>(), end));
        }
        got
    });
    for (first, last) in [(1, 1), (2, 3), (4, 4)] {
        tokio::task::yield_now().await;
        ring.push(chunk(first, last));
    }
    drop(ring);
    for (items, end) in soon(waiting).await.unwrap() {
        assert_eq!(items, expected(1..=4));
        assert_eq!(end, Ok(false));
    }
}

#[tokio::test]
async fn no_push_from_another_thread_is_missed() {
    const LAST: u64 = 20_000;
    let ring = Ring::new(0, 1 << 26);
    let mut reader = ring.source().reader(0);
    let writer = std::thread::spawn(move || {
        (1..=LAST).for_each(|sequence| ring.push(chunk(sequence, sequence)));
        ring
    });
    let mut chunks = Vec::new();
    while reader.position() < LAST {
        assert_eq!(soon(reader.next(&mut chunks, PLENTY)).await, Ok(true));
    }
    let first_and_last = chunks.iter().map(|chunk| (chunk.first, chunk.last));
    assert!(first_and_last.eq((1..=LAST).map(|sequence| (sequence, sequence))));
    drop(writer.join().unwrap());
}

proptest! {
    /// Whatever is pushed in whatever pieces, a reader gets every item behind its place once and in order, or is told that it is
    /// too old.
    #[test]
    fn readers_get_all_or_are_told(
        pieces in prop::collection::vec(1_u64..9, 1..40),
        start in 0_u64..1_000,
        kept in 200_usize..4_000,
        budget in 1_usize..2_000,
        begins in prop::collection::vec(0_u64..400, 1..6),
    ) {
        let ring = Ring::new(start, kept);
        let mut last = start;
        for piece in pieces {
            ring.push(chunk(last + 1, last + piece));
            last += piece;
        }
        prop_assert_eq!(ring.position(), last);
        let oldest = ring.source().oldest();
        for begin in begins {
            let after = start.saturating_sub(20) + begin;
            let mut reader = ring.source().reader(after);
            let mut got = Vec::new();
            let result = loop {
                let mut chunks = Vec::new();
                match reader.take(&mut chunks, budget) {
                    Ok(true) => got.extend(chunks.iter().flat_map(|chunk| items(&chunk.frames))),
                    other => break other,
                }
            };
            if after + 1 < oldest {
                prop_assert_eq!(result, Err(TooOld { wanted: after + 1, oldest }));
                prop_assert!(got.is_empty());
            } else {
                prop_assert_eq!(result, Ok(false));
                prop_assert_eq!(got, if after < last { expected(after + 1..=last) } else { Vec::new() });
            }
        }
    }
}
