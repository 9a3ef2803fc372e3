//! Frames: however the bytes come, and whatever they claim.

use std::io;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::{body, chunk, expected, items};
use crate::net::frame::{self, ALIVE, FIRST_OWN, FRAME_BYTES_MAX, FrameReader, SILENCE_MAX};

async fn read_all(reader: &mut FrameReader<DuplexStream>) -> io::Result<Vec<(u8, Vec<u8>)>> {
    let mut found = Vec::new();
    while let Some(frame) = reader.next().await? {
        found.push((frame.kind, frame.payload.to_vec()));
    }
    Ok(found)
}

/// Frames of every sort, as one piece of bytes, and what a reader is to find.
fn sample() -> (Vec<u8>, Vec<(u8, Vec<u8>)>) {
    let mut bytes = Vec::new();
    frame::put_frame(&mut bytes, ALIVE, |_| {});
    frame::put_item(&mut bytes, 7, |out| out.extend_from_slice(&body(7)));
    frame::put_frame(&mut bytes, FIRST_OWN, |_| {});
    frame::put_frame(&mut bytes, ALIVE, |_| {});
    frame::put_frame(&mut bytes, ALIVE, |_| {});
    frame::put_frame(&mut bytes, FIRST_OWN + 3, |out| out.extend_from_slice(&[1, 2, 3]));
    frame::put_frame(&mut bytes, ALIVE, |_| {});
    let item: Vec<u8> = 7_u64.to_le_bytes().into_iter().chain(body(7)).collect();
    (bytes, vec![(frame::ITEM, item), (FIRST_OWN, Vec::new()), (FIRST_OWN + 3, vec![1, 2, 3])])
}

#[tokio::test]
async fn frames_are_found_however_the_bytes_are_split() {
    let (bytes, wanted) = sample();
    for split in 0..=bytes.len() {
        let (mut near, far) = duplex(1_024);
        let mut reader = FrameReader::new(far, &bytes[..split]);
        near.write_all(&bytes[split..]).await.unwrap();
        drop(near);
        assert_eq!(read_all(&mut reader).await.unwrap(), wanted, "split at {split}");
    }
    // One byte at a time, so that every read ends in the middle of something.
    let (mut near, far) = duplex(1);
    let mut reader = FrameReader::new(far, &[]);
    let writing = tokio::spawn(async move { near.write_all(&bytes).await });
    assert_eq!(read_all(&mut reader).await.unwrap(), wanted);
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_ends_inside_a_frame_is_an_error() {
    let (bytes, wanted) = sample();
    let mut ends = 0;
    for cut in 0..bytes.len() {
        let (mut near, far) = duplex(1_024);
        near.write_all(&bytes[..cut]).await.unwrap();
        drop(near);
        match read_all(&mut FrameReader::new(far, &[])).await {
            // Between two frames the connection may end.
            Ok(found) => {
                ends += 1;
                assert!(wanted.starts_with(&found));
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "cut at {cut}"),
        }
    }
    assert_eq!(ends, 7, "one end before each frame");
}

#[tokio::test]
async fn lengths_that_no_frame_has_are_refused_before_anything_is_reserved() {
    for length in [0_u32, FRAME_BYTES_MAX as u32 + 1, u32::MAX] {
        let (mut near, far) = duplex(64);
        near.write_all(&length.to_le_bytes()).await.unwrap();
        let error = FrameReader::new(far, &[]).next().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{length}");
    }
    // Behind a good frame as well.
    let mut bytes = Vec::new();
    frame::put_frame(&mut bytes, FIRST_OWN, |_| {});
    bytes.extend_from_slice(&[0; 4]);
    let (mut near, far) = duplex(64);
    near.write_all(&bytes).await.unwrap();
    let mut reader = FrameReader::new(far, &[]);
    assert_eq!(reader.next().await.unwrap().unwrap().kind, FIRST_OWN);
    assert!(reader.ready().is_none());
    assert_eq!(reader.next().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_connection_and_signs_of_life_keep_it() {
    let (mut near, far) = duplex(64);
    let mut reader = FrameReader::new(far, &[]);
    let start = tokio::time::Instant::now();
    let alive = tokio::spawn(async move {
        let mut bytes = Vec::new();
        frame::put_frame(&mut bytes, ALIVE, |_| {});
        for _ in 0..5 {
            tokio::time::sleep(SILENCE_MAX - Duration::from_millis(1)).await;
            near.write_all(&bytes).await.unwrap();
        }
        near
    });
    let error = reader.next().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(start.elapsed() > 5 * (SILENCE_MAX - Duration::from_millis(1)));
    drop(alive.await.unwrap());
}

#[tokio::test]
async fn a_cancelled_wait_loses_nothing() {
    let (bytes, wanted) = sample();
    let (mut near, far) = duplex(1);
    let mut reader = FrameReader::new(far, &[]);
    let writing = tokio::spawn(async move {
        for byte in bytes {
            near.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut found = Vec::new();
    while found.len() < wanted.len() {
        tokio::select! {
            biased;
            filled = reader.fill() => {
                filled.unwrap();
                while let Some(frame) = reader.ready() {
                    found.push((frame.kind, frame.payload.to_vec()));
                }
            }
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(found, wanted);
    // What is left is a sign of life that nobody reads.
    writing.abort();
}

#[test]
fn a_frame_without_a_whole_sequence_is_no_item() {
    let mut bytes = Vec::new();
    frame::put_frame(&mut bytes, frame::ITEM, |out| out.extend_from_slice(&[1; 7]));
    let mut reader = FrameReader::new(tokio::io::empty(), &bytes);
    assert_eq!(reader.ready().unwrap().item(), None);
}

proptest! {
    /// Whatever bytes come, reading ends: with frames, with an error, never with a panic.
    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200), small in any::<bool>()) {
        let mut bytes = bytes;
        if small {
            // Lengths that fit, so that some frames are whole.
            bytes.chunks_mut(9).for_each(|chunk| chunk.iter_mut().skip(1).take(3).for_each(|byte| *byte = 0));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut near, far) = duplex(256);
            near.write_all(&bytes).await.unwrap();
            drop(near);
            let _ = read_all(&mut FrameReader::new(far, &[])).await;
        });
    }

    #[test]
    fn items_are_skipped_up_to_a_place(first in 0_u64..50, count in 1_u64..20, after in 0_u64..80) {
        let chunk = chunk(first, first + count - 1);
        let skipped = frame::skip_items(&chunk.frames, after);
        let from = first.max(after + 1);
        prop_assert_eq!(items(&chunk.frames[skipped..]), expected(from..=first + count - 1));
    }
}
