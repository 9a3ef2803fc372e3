//! Frames and file headers: decoding ends without a panic, and what decodes is written back as the same bytes.
//!
//! No fuzzer guesses a checksum, so every input is read twice: as it is, and with the checksums made to match.

use exchange_types::codec::{
    FILE_HEADER_BYTES, FRAME_HEADER_BYTES, FileHeaderError, FileKind, FrameError, PAYLOAD_BYTES_MAX,
};
use exchange_types::{decode_file_header, decode_frame, encode_file_header, encode_frame};

/// Reads one input as a file header, and as frames that follow one another.
pub fn run(bytes: &[u8]) {
    file_header(bytes);
    frames(bytes);
    if let Some(mut head) = bytes.first_chunk::<FILE_HEADER_BYTES>().copied() {
        let checksum = crc32c::crc32c(&head[..28]).to_le_bytes();
        head[28..].copy_from_slice(&checksum);
        file_header(&head);
    }
    frames(&with_checksums(bytes));
}

fn file_header(bytes: &[u8]) {
    for kind in FileKind::ALL {
        match decode_file_header(bytes, kind) {
            Ok(header) => {
                assert_eq!(header.kind, kind, "only what was asked for is read");
                assert!(
                    bytes.starts_with(&encode_file_header(&header)),
                    "there is one way to write {header:?}"
                );
            }
            Err(error) => {
                let offset = match error {
                    FileHeaderError::Magic { offset }
                    | FileHeaderError::Torn { offset }
                    | FileHeaderError::Checksum { offset, .. }
                    | FileHeaderError::Version { offset, .. }
                    | FileHeaderError::Kind { offset, .. } => offset,
                    other => panic!("unknown to this test: {other}"),
                };
                assert!(offset <= bytes.len(), "{error} lies inside the {} bytes", bytes.len());
            }
        }
    }
}

fn frames(bytes: &[u8]) {
    let mut rest = bytes;
    let mut again = Vec::new();
    loop {
        match decode_frame(rest) {
            Ok(frame) => {
                assert!((1..=PAYLOAD_BYTES_MAX).contains(&frame.payload.len()), "a payload has bounds");
                encode_frame(frame.header, frame.payload, &mut again).expect("what was read can be written");
                rest = &rest[frame.bytes()..];
                assert_eq!(again, bytes[..bytes.len() - rest.len()], "there is one way to write a frame");
            }
            Err(error) => {
                match error {
                    FrameError::Torn { offset, needed } => {
                        assert!(offset == rest.len() && needed > offset, "{error}, {} bytes", rest.len());
                    }
                    FrameError::Length { length, .. } => {
                        assert!(length == 0 || length as usize > PAYLOAD_BYTES_MAX, "{error}");
                    }
                    FrameError::Checksum { stored, computed, .. } => assert_ne!(stored, computed, "{error}"),
                    FrameError::Version { version, .. } => assert_ne!(version, 1, "{error}"),
                    other => panic!("unknown to this test: {other}"),
                }
                break;
            }
        }
    }
}

/// The same with the checksum of every frame made to match, as far as lengths can be followed.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut start = 0;
    while let Some(length) = bytes.get(start + 4..start + 8) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let end = start + FRAME_HEADER_BYTES + length;
        let Some(frame) = bytes.get_mut(start..end) else { break };
        let checksum = crc32c::crc32c(&frame[4..]).to_le_bytes();
        frame[..4].copy_from_slice(&checksum);
        start = end;
    }
    bytes
}
