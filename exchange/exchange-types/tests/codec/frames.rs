//! Frames: whole, cut short, damaged, of another version.

use exchange_types::codec::{
    FRAME_HEADER_BYTES, FRAME_ROWS, FrameError, FrameHeader, PAYLOAD_BYTES_MAX, PayloadError,
};
use exchange_types::{
    Command, Epoch, Sequence, TimestampNs, decode_command, decode_frame, encode_command, encode_frame,
    encode_frame_with,
};
use proptest::prelude::*;

const HEADER: FrameHeader =
    FrameHeader { epoch: Epoch(3), sequence: Sequence(41), time: TimestampNs(1_700_000_000_000_000_000) };

fn frame(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_frame(HEADER, payload, &mut bytes).expect("the payload fits");
    bytes
}

/// Changes a frame and makes its checksum match again.
fn forged(mut bytes: Vec<u8>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    change(&mut bytes);
    let checksum = crc32c::crc32c(&bytes[4..]);
    bytes[..4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[test]
fn a_frame_comes_back_and_the_next_one_begins_behind_it() {
    let mut log = frame(b"first");
    let first = log.len();
    encode_frame_with(FrameHeader { sequence: HEADER.sequence.next(), ..HEADER }, &mut log, |out| {
        encode_command(&Command::Tick, out);
    })
    .unwrap();

    let one = decode_frame(&log).unwrap();
    assert_eq!((one.header, one.payload, one.bytes()), (HEADER, &b"first"[..], first));
    let two = decode_frame(&log[first..]).unwrap();
    assert_eq!(two.header.command().sequence, Sequence(42));
    assert_eq!(two.header.command().time, HEADER.time);
    assert_eq!(decode_command(two.payload), Ok(Command::Tick));
    assert_eq!(first + two.bytes(), log.len());
}

#[test]
fn a_frame_cut_short_anywhere_is_torn() {
    let whole = frame(b"a payload");
    for length in 0..whole.len() {
        let needed = if length < FRAME_HEADER_BYTES { FRAME_HEADER_BYTES } else { whole.len() };
        assert_eq!(decode_frame(&whole[..length]), Err(FrameError::Torn { offset: length, needed }));
    }
}

#[test]
fn every_change_of_a_single_byte_is_detected() {
    let whole = frame(b"a payload of some bytes");
    for at in 0..whole.len() {
        for change in 1..=u8::MAX {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            if (4..8).contains(&at) {
                // More follows, so a larger length finds bytes to cover.
                bytes.resize(FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX, 0xa5);
            }
            let error = decode_frame(&bytes).expect_err("the frame is damaged");
            match error {
                FrameError::Checksum { offset: 0, stored, computed } => assert_ne!(stored, computed),
                FrameError::Length { offset: 4, length } => {
                    assert!(length == 0 || length > 65_536);
                    assert!((4..8).contains(&at));
                }
                other => panic!("byte {at} ^ {change}: {other}"),
            }
        }
    }
}

#[test]
fn every_torn_write_is_detected() {
    // A sector of the old content, zeros, stays where the end of the frame should be.
    let whole = frame(&[0x5a; 100]);
    for written in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[written..].fill(0);
        assert!(decode_frame(&bytes).is_err(), "{written} bytes were written");
    }
}

#[test]
fn an_unwritten_part_of_a_file_shows_a_length_of_zero() {
    assert_eq!(decode_frame(&[0; 64]), Err(FrameError::Length { offset: 4, length: 0 }));
}

#[test]
fn the_longest_payload_fits_and_a_longer_or_empty_one_leaves_the_buffer_alone() {
    let longest = vec![7; PAYLOAD_BYTES_MAX];
    assert_eq!(decode_frame(&frame(&longest)).unwrap().payload, longest);

    let mut out = b"before".to_vec();
    for length in [0, PAYLOAD_BYTES_MAX + 1] {
        assert_eq!(encode_frame(HEADER, &vec![7; length], &mut out), Err(PayloadError { length }));
        assert_eq!(out, b"before");
    }
    let length = u32::try_from(PAYLOAD_BYTES_MAX + 1).unwrap();
    let forged = forged(frame(&longest), |bytes| bytes[4..8].copy_from_slice(&length.to_le_bytes()));
    assert_eq!(decode_frame(&forged), Err(FrameError::Length { offset: 4, length }));
}

#[test]
fn a_whole_frame_of_another_version_is_told_apart_from_a_damaged_one() {
    for version in [0_u32, 2, 257, u32::MAX] {
        let bytes = forged(frame(b"payload"), |bytes| bytes[8..12].copy_from_slice(&version.to_le_bytes()));
        assert_eq!(decode_frame(&bytes), Err(FrameError::Version { offset: 8, version }));
    }
}

#[test]
#[should_panic(expected = "a payload is appended")]
fn a_writer_that_takes_bytes_away_is_a_bug() {
    let mut out = b"before".to_vec();
    let _ = encode_frame_with(HEADER, &mut out, Vec::clear);
}

#[test]
fn the_table_says_where_the_fields_stand_and_what_they_hold() {
    let bytes = frame(b"payload.");
    let mut offset = 0;
    for row in FRAME_ROWS {
        let field = &bytes[offset..offset + row.bytes];
        match row.name {
            "checksum" => assert_eq!(field, crc32c::crc32c(&bytes[4..]).to_le_bytes()),
            "length" => {
                assert_eq!(field, 8_u32.to_le_bytes());
                assert!(row.holds.ends_with("1 to 65,536"));
                assert_eq!(PAYLOAD_BYTES_MAX, 65_536);
            }
            "version" => assert_eq!((field, row.holds), (&1_u32.to_le_bytes()[..], "u32, 1")),
            "epoch" => assert_eq!(field, HEADER.epoch.0.to_le_bytes()),
            "sequence" => assert_eq!(field, HEADER.sequence.0.to_le_bytes()),
            "time" => assert_eq!(field, HEADER.time.0.to_le_bytes()),
            "payload" => assert_eq!((offset, row.bytes), (FRAME_HEADER_BYTES, 0)),
            other => panic!("no field is named `{other}`"),
        }
        offset += row.bytes;
    }
    assert_eq!(FRAME_ROWS.len(), 7);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_frame_comes_back(
        epoch: u32, sequence: u64, time: u64, payload in prop::collection::vec(any::<u8>(), 1..300), rest: Vec<u8>,
    ) {
        let header =
            FrameHeader { epoch: Epoch(epoch), sequence: Sequence(sequence), time: TimestampNs(time) };
        let mut bytes = Vec::new();
        encode_frame(header, &payload, &mut bytes).unwrap();
        let whole = bytes.len();
        bytes.extend_from_slice(&rest);
        let frame = decode_frame(&bytes).unwrap();
        prop_assert_eq!((frame.header, frame.payload, frame.bytes()), (header, &payload[..], whole));
    }

    #[test]
    fn any_bytes_with_a_matching_checksum_decode_to_what_encodes_to_them(
        bytes in prop::collection::vec(any::<u8>(), 0..200), keep_version: bool,
    ) {
        let bytes = if bytes.len() > FRAME_HEADER_BYTES {
            let length = u32::try_from(bytes.len() - FRAME_HEADER_BYTES).unwrap();
            forged(bytes, |bytes| {
                bytes[4..8].copy_from_slice(&length.to_le_bytes());
                if !keep_version {
                    bytes[8..12].copy_from_slice(&1_u32.to_le_bytes());
                }
            })
        } else {
            bytes
        };
        if let Ok(frame) = decode_frame(&bytes) {
            let mut again = Vec::new();
            encode_frame(frame.header, frame.payload, &mut again).unwrap();
            prop_assert_eq!(again, &bytes[..frame.bytes()]);
        } else {
            prop_assert!(keep_version || bytes.len() <= FRAME_HEADER_BYTES);
        }
    }
}
