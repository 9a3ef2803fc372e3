//! File headers: of the kind asked for, foreign, damaged, of another version.

use exchange_types::codec::{
    FILE_HEADER_BYTES, FILE_HEADER_ROWS, FileHeader, FileHeaderError, FileKind, decode_file_header,
    encode_file_header,
};
use exchange_types::{Epoch, Sequence};

const LOG: FileHeader =
    FileHeader { kind: FileKind::LogSegment, first_sequence: Sequence(1_000_001), epoch: Epoch(4) };

fn decode(bytes: &[u8]) -> Result<FileHeader, FileHeaderError> {
    decode_file_header(bytes, FileKind::LogSegment)
}

/// Changes the header and makes its checksum match again.
fn forged(at: usize, value: u32) -> Vec<u8> {
    let mut bytes = encode_file_header(&LOG);
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[..28]);
    bytes[28..].copy_from_slice(&checksum.to_le_bytes());
    bytes.to_vec()
}

#[test]
fn a_header_comes_back_whatever_follows() {
    for kind in FileKind::ALL {
        for number in [0, 1, u64::MAX] {
            let header = FileHeader { kind, first_sequence: Sequence(number), epoch: Epoch(u32::MAX) };
            let mut bytes = encode_file_header(&header).to_vec();
            assert_eq!(decode_file_header(&bytes, kind), Ok(header));
            bytes.extend_from_slice(b"frames");
            assert_eq!(decode_file_header(&bytes, kind), Ok(header));
        }
    }
}

#[test]
fn a_foreign_file_is_refused_at_the_first_byte_that_differs() {
    let check = |bytes: &[u8], offset| {
        assert_eq!(decode(bytes), Err(FileHeaderError::Magic { offset }), "{bytes:02x?}");
    };
    check(b"SQLite format 3\0", 0);
    check(b"LOBWL001", 0);
    check(&[0; 4096], 0);
    // Line ends were rewritten on the way.
    check(b"\x8eXCHG\n\x1a", 5);
}

#[test]
fn a_header_cut_short_anywhere_is_torn() {
    let whole = encode_file_header(&LOG);
    for length in 0..FILE_HEADER_BYTES {
        assert_eq!(decode(&whole[..length]), Err(FileHeaderError::Torn { offset: length }));
    }
}

#[test]
fn every_change_of_a_single_byte_is_detected() {
    let whole = encode_file_header(&LOG);
    for at in 0..FILE_HEADER_BYTES {
        for change in 1..=u8::MAX {
            let mut bytes = whole;
            bytes[at] ^= change;
            match decode(&bytes) {
                Err(FileHeaderError::Magic { offset }) => assert_eq!(offset, at),
                Err(FileHeaderError::Checksum { offset: 28, stored, computed }) => {
                    assert_ne!(stored, computed)
                }
                other => panic!("byte {at} ^ {change}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_whole_header_of_another_version_or_kind_says_so() {
    assert_eq!(decode(&forged(8, 2)), Err(FileHeaderError::Version { offset: 8, version: 2 }));
    for kind in [0, 2, 3, 4, u32::MAX] {
        let expected = FileKind::LogSegment;
        assert_eq!(decode(&forged(12, kind)), Err(FileHeaderError::Kind { offset: 12, kind, expected }));
    }
    // The version decides what a kind means, so it is looked at first.
    let mut bytes = forged(8, 2);
    bytes[12] = 9;
    let checksum = crc32c::crc32c(&bytes[..28]);
    bytes[28..].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(decode(&bytes), Err(FileHeaderError::Version { offset: 8, version: 2 }));
}

#[test]
fn refusals_name_the_offset_and_what_was_found() {
    let check = |bytes: &[u8], text: &str| assert_eq!(decode(bytes).unwrap_err().to_string(), text);
    check(b"GIF89a", "not a file of the exchange: byte 0 is not that of the magic number");
    check(
        &encode_file_header(&LOG)[..9],
        "the header of the file is cut short at byte 9, 32 bytes are needed",
    );
    check(&forged(8, 7), "found version 7 at byte 8, expected 1");
    check(&forged(12, 3), "found a file of kind 3 at byte 12, expected LogSegment");
}

#[test]
fn the_table_says_where_the_fields_stand_and_what_they_hold() {
    let bytes = encode_file_header(&LOG);
    let mut offset = 0;
    for row in FILE_HEADER_ROWS {
        let field = &bytes[offset..offset + row.bytes];
        match row.name {
            "magic" => {
                let words: Vec<String> = field.iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(row.holds, format!("`{}`", words.join(" ")));
            }
            "version" => assert_eq!((field, row.holds), (&1_u32.to_le_bytes()[..], "u32, 1")),
            "kind" => {
                assert_eq!(field, (FileKind::LogSegment as u32).to_le_bytes());
                let [log, events, snapshot] = FileKind::ALL.map(|kind| kind as u32);
                let kinds = format!("u32: {log} log segment, {events} event journal, {snapshot} snapshot");
                assert_eq!(row.holds, kinds);
            }
            "first_sequence" => assert_eq!(field, LOG.first_sequence.0.to_le_bytes()),
            "epoch" => assert_eq!(field, LOG.epoch.0.to_le_bytes()),
            "checksum" => assert_eq!(field, crc32c::crc32c(&bytes[..28]).to_le_bytes()),
            other => panic!("no field is named `{other}`"),
        }
        offset += row.bytes;
    }
    assert_eq!((offset, FILE_HEADER_ROWS.len()), (FILE_HEADER_BYTES, 6));
}
