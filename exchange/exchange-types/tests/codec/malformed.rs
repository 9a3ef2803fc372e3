//! Every way in which a message can be wrong, and the order in which it is said.

use std::collections::BTreeSet;

use exchange_types::codec::{
    COMMAND_HEADER_ROWS, COMMAND_LAYOUTS, EVENT_HEADER_ROWS, EVENT_LAYOUTS, MessageLayout, Row,
};
use exchange_types::{
    Command, Event, Malformed, RejectReason, RejectReason as R, Sequence, decode_command, decode_event,
    encode_command, encode_event,
};

use crate::samples;

/// One message as bytes, with its layout and what its decoder says about other bytes.
struct Sample {
    bytes: Vec<u8>,
    rows: Vec<(usize, Row)>,
    decode: fn(&[u8]) -> Option<Malformed>,
}

/// Something to put into a message, and the answer.
struct Case {
    kind: u8,
    offset: usize,
    bytes: &'static [u8],
    reason: RejectReason,
    at: usize,
}

const fn case(kind: u8, offset: usize, bytes: &'static [u8], reason: RejectReason) -> Case {
    Case { kind, offset, bytes, reason, at: offset }
}

/// Every field that can be malformed, by kind. Lengths, versions, kinds and reserved bytes are walked by the tests below.
const CASES: &[Case] = &[
    case(1, 4, &[2], R::MalformedSide),
    case(1, 5, &[3], R::MalformedOrderType),
    case(1, 6, &[4], R::MalformedTimeInForce),
    case(1, 7, &[3], R::MalformedSelfTrade),
    case(3, 4, &[3], R::MalformedSide),
    case(3, 8, &[2], R::MalformedScope),
    // An id without an instrument to name.
    Case { at: 12, ..case(3, 8, &[0, 0, 0, 0, 1], R::ReservedNotZero) },
    // An empty text, a small letter, a letter behind the end, a text that is not UTF-8.
    case(11, 8, &[0; 16], R::MalformedText),
    case(11, 9, b"t", R::MalformedText),
    case(11, 23, b"T", R::MalformedText),
    case(11, 8, &[0xff, 0xfe], R::MalformedText),
    case(12, 8, &[3], R::MalformedScope),
    Case { at: 15, ..case(12, 8, &[0, 0, 0, 0, 0, 0, 0, 1], R::ReservedNotZero) },
    case(12, 16, &[3], R::MalformedTradingState),
    case(129, 12, &[2], R::MalformedSide),
    case(130, 12, &[2], R::MalformedSide),
    case(131, 12, &[2], R::MalformedSide),
    case(131, 13, &[8], R::MalformedCause),
    case(131, 14, &[2], R::MalformedFlag),
    case(132, 12, &[2], R::MalformedSide),
    case(133, 12, &[99, 0], R::MalformedReason),
    case(133, 12, &[0, 0], R::MalformedReason),
    case(139, 16, &[3], R::MalformedScope),
    case(139, 24, &[3], R::MalformedTradingState),
];

#[test]
fn each_malformed_field_has_its_own_reason() {
    for case in CASES {
        let sample = samples_of(case.kind).next().expect("there is a sample of every kind");
        let mut bytes = sample.bytes;
        bytes[case.offset..case.offset + case.bytes.len()].copy_from_slice(case.bytes);
        let expected = Malformed { reason: case.reason, offset: case.at };
        assert_eq!((sample.decode)(&bytes), Some(expected), "kind {}: {bytes:02x?}", case.kind);
    }
}

#[test]
fn every_value_of_a_byte_decodes_or_has_a_reason_of_its_field() {
    for sample in all_samples() {
        for offset in 2..sample.bytes.len() {
            let (start, row) =
                *sample.rows.iter().rfind(|(start, _)| *start <= offset).expect("rows cover a message");
            for value in 0..=u8::MAX {
                let mut bytes = sample.bytes.clone();
                bytes[offset] = value;
                let Some(malformed) = (sample.decode)(&bytes) else {
                    let zero = row.name != Row::RESERVED || value == 0;
                    assert!(zero, "byte {offset} of kind {} is reserved", bytes[1]);
                    continue;
                };
                let inside = (start..start + row.bytes).contains(&malformed.offset);
                assert!(inside, "{malformed} for byte {offset} of kind {}, `{}`", bytes[1], row.name);
            }
        }
    }
}

#[test]
fn a_reserved_byte_that_is_not_zero_is_named() {
    let mut seen = 0;
    for sample in all_samples() {
        for (start, row) in sample.rows.iter().filter(|(_, row)| row.name == Row::RESERVED) {
            for offset in *start..start + row.bytes {
                let mut bytes = sample.bytes.clone();
                bytes[offset] = 0x80;
                let expected = Malformed { reason: R::ReservedNotZero, offset };
                assert_eq!((sample.decode)(&bytes), Some(expected));
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "the tables know of reserved bytes: {seen}");
}

#[test]
fn a_message_of_another_length_is_refused_where_it_ends_or_should_have_ended() {
    for sample in all_samples() {
        let whole = sample.bytes.len();
        for length in 0..whole {
            let expected = Malformed { reason: R::WrongLength, offset: length };
            assert_eq!((sample.decode)(&sample.bytes[..length]), Some(expected));
        }
        for extra in 1..9 {
            let mut bytes = sample.bytes.clone();
            bytes.resize(whole + extra, 0);
            let expected = Malformed { reason: R::WrongLength, offset: whole };
            assert_eq!((sample.decode)(&bytes), Some(expected));
        }
    }
}

#[test]
fn only_the_kinds_in_the_tables_are_known_and_only_version_1() {
    for sample in all_samples() {
        for value in 0..=u8::MAX {
            let mut bytes = sample.bytes.clone();
            bytes[0] = value;
            let unknown = Malformed { reason: R::UnknownVersion, offset: 0 };
            assert_eq!((sample.decode)(&bytes), (value != 1).then_some(unknown));
        }
        for value in 0..=u8::MAX {
            let mut bytes = sample.bytes.clone();
            bytes[1] = value;
            let answer = (sample.decode)(&bytes).map(|malformed| malformed.reason);
            let family = if sample.bytes[1] < 128 { COMMAND_LAYOUTS } else { EVENT_LAYOUTS };
            let known = family.iter().any(|layout| layout.kind == value);
            assert_eq!(answer == Some(R::UnknownCommand), !known, "kind {value}");
        }
    }
}

/// Everything that can be wrong with a kind is made wrong at once, then repaired from the front of the documented order: the
/// reasons must come out in that order.
#[test]
fn reasons_are_tested_in_the_documented_order() {
    for sample in all_samples() {
        let kind = sample.bytes[1];
        let mut faults: Vec<(RejectReason, usize, Vec<u8>)> = vec![(R::UnknownVersion, 0, vec![9])];
        for (start, row) in sample.rows.iter().filter(|(_, row)| row.name == Row::RESERVED) {
            faults.push((R::ReservedNotZero, *start, vec![1; row.bytes]));
        }
        for case in CASES.iter().filter(|case| case.kind == kind) {
            faults.push((case.reason, case.offset, case.bytes.to_vec()));
        }
        faults.sort_by_key(|(reason, offset, _)| (*reason, *offset));
        // One fault per field: later ones of the same field would overwrite the first.
        let mut fields = BTreeSet::new();
        faults.retain(|(_, offset, _)| {
            let field = sample.rows.iter().rposition(|(start, _)| start <= offset);
            fields.insert(field)
        });
        for repaired in 0..=faults.len() {
            let mut bytes = sample.bytes.clone();
            for (_, offset, wrong) in &faults[repaired..] {
                bytes[*offset..offset + wrong.len()].copy_from_slice(wrong);
            }
            let expected = faults.get(repaired).map(|(reason, ..)| *reason);
            assert_eq!((sample.decode)(&bytes).map(|malformed| malformed.reason), expected, "{bytes:02x?}");
            // A wrong length comes before everything but what decides the length.
            bytes.push(0);
            let length = if repaired == 0 { R::UnknownVersion } else { R::WrongLength };
            assert_eq!((sample.decode)(&bytes).map(|malformed| malformed.reason), Some(length));
        }
    }
}

#[test]
fn every_reason_of_the_decoders_can_be_reached() {
    let walked = [R::WrongLength, R::UnknownVersion, R::UnknownCommand, R::ReservedNotZero];
    // These two are met in the tests of requests and of outcomes.
    let walked = walked.into_iter().chain([R::EmptyRequest, R::MalformedParts]);
    let reached: BTreeSet<RejectReason> = walked.chain(CASES.iter().map(|case| case.reason)).collect();
    let of_decoders: BTreeSet<RejectReason> =
        R::ALL.iter().copied().filter(|reason| (100..190).contains(&reason.code())).collect();
    assert_eq!(reached, of_decoders);
}

#[test]
fn tables_cover_their_messages_without_a_gap() {
    for (layouts, header) in [(COMMAND_LAYOUTS, COMMAND_HEADER_ROWS), (EVENT_LAYOUTS, EVENT_HEADER_ROWS)] {
        for layout in layouts {
            let header: usize = header.iter().map(|row| row.bytes).sum();
            let fields: usize = layout.rows.iter().map(|row| row.bytes).sum();
            assert_eq!(header + fields, layout.bytes, "{}", layout.name);
            assert_eq!(layout.bytes % 8, 0, "{} keeps frames aligned", layout.name);
            assert_eq!(layout.kind < 128, layouts == COMMAND_LAYOUTS, "{} is of its family", layout.name);
            for row in layout.rows.iter().filter(|row| !row.group.is_empty()) {
                assert_eq!(row.group.iter().map(|row| row.bytes).sum::<usize>(), row.bytes, "{}", row.name);
            }
        }
    }
}

fn all_samples() -> impl Iterator<Item = Sample> {
    let commands = samples::commands().into_iter().map(|command| command_sample(&command));
    let events = samples::events().into_iter().map(|event| event_sample(&event));
    commands.chain(events)
}

fn samples_of(kind: u8) -> impl Iterator<Item = Sample> {
    all_samples().filter(move |sample| sample.bytes[1] == kind)
}

fn command_sample(command: &Command) -> Sample {
    let mut bytes = Vec::new();
    encode_command(command, &mut bytes);
    let rows = rows(&bytes, COMMAND_HEADER_ROWS, COMMAND_LAYOUTS);
    Sample { bytes, rows, decode: |bytes| decode_command(bytes).err() }
}

fn event_sample(event: &Event) -> Sample {
    let mut bytes = Vec::new();
    encode_event(Sequence(7), event, &mut bytes);
    let rows = rows(&bytes, EVENT_HEADER_ROWS, EVENT_LAYOUTS);
    Sample { bytes, rows, decode: |bytes| decode_event(bytes).err() }
}

/// The rows of a message with their offsets, groups taken apart.
fn rows(bytes: &[u8], header: &[Row], layouts: &[MessageLayout]) -> Vec<(usize, Row)> {
    let layout = layouts.iter().find(|layout| layout.kind == bytes[1]).expect("the kind is in the table");
    assert_eq!(bytes.len(), layout.bytes);
    let mut offset = 0;
    let mut rows = Vec::new();
    for row in header.iter().chain(layout.rows) {
        let parts = if row.group.is_empty() { std::slice::from_ref(row) } else { row.group };
        for part in parts {
            rows.push((offset, *part));
            offset += part.bytes;
        }
    }
    rows
}
