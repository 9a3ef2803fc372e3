//! Outcomes: a header and the events of one command, one after the other in a buffer.

use exchange_types::codec::{
    EVENT_LAYOUTS, OUTCOME_HEADER_BYTES, OUTCOME_KIND, OUTCOME_ROWS, Row, event_message_bytes,
};
use exchange_types::{
    Event, EventBuffer, Malformed, OutcomeHeader, RejectReason as R, RequestId, Sequence, TimestampNs,
    decode_command, decode_event, decode_outcome, decode_outcome_header, encode_event, encode_outcome,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{properties, samples};

const HEADER: OutcomeHeader = OutcomeHeader {
    sequence: Sequence(0x0807_0605_0403_0201),
    time: TimestampNs(0x1817_1615_1413_1211),
    request: RequestId(0x2827_2625_2423_2221),
    first_event: 0x3837_3635_3433_3231,
    events: 0,
};

fn bytes_of(header: &OutcomeHeader, events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_outcome(header, events, &mut bytes);
    bytes
}

fn refusal(bytes: &[u8]) -> Malformed {
    let mut events = EventBuffer::new();
    events.push(Event::Ticked);
    let malformed = decode_outcome(bytes, &mut events).expect_err("it is malformed");
    assert_eq!(events.to_vec(), [Event::Ticked], "nothing of what is malformed is appended");
    malformed
}

#[test]
fn an_outcome_is_written_as_it_was() {
    let bytes = bytes_of(&HEADER, &[Event::Ticked]);
    let fixed = "01c0000001000000 1000000000000000 0102030405060708 1112131415161718 \
                 2122232425262728 3132333435363738 018d000001020304 0506070800000000";
    let words: Vec<String> =
        bytes.chunks(8).map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    assert_eq!(words.join(" "), fixed);
}

#[test]
fn outcomes_stand_one_after_the_other_and_can_be_skipped() {
    let events = samples::events();
    let mut bytes = Vec::new();
    for count in 0..=events.len() {
        encode_outcome(&HEADER, &events[..count], &mut bytes);
    }
    let (mut rest, mut decoded) = (&bytes[..], EventBuffer::new());
    for count in 0..=events.len() {
        let expected = OutcomeHeader { events: count as u32, ..HEADER };
        let (skimmed, skipped) = decode_outcome_header(rest).expect("it is an outcome");
        decoded.clear();
        let (header, length) = decode_outcome(rest, &mut decoded).expect("it is an outcome");
        assert_eq!((header, skimmed, skipped), (expected, expected, length));
        assert_eq!(*decoded, events[..count]);
        rest = &rest[length..];
    }
    assert!(rest.is_empty());
}

#[test]
fn an_outcome_that_is_cut_short_is_refused_where_it_ends() {
    let whole = bytes_of(&HEADER, &samples::events());
    for length in 0..whole.len() {
        assert_eq!(refusal(&whole[..length]), Malformed { reason: R::WrongLength, offset: length });
    }
}

#[test]
fn what_the_header_cannot_mean_is_refused() {
    let whole = bytes_of(&HEADER, &[Event::Ticked, Event::Ticked]);
    let with = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[at] = value;
        refusal(&bytes)
    };
    assert_eq!(with(0, 2), Malformed { reason: R::UnknownVersion, offset: 0 });
    assert_eq!(with(1, 193), Malformed { reason: R::UnknownCommand, offset: 1 });
    assert_eq!(with(3, 1), Malformed { reason: R::ReservedNotZero, offset: 3 });
    // More events than fit, fewer than there are bytes for at most, and one fewer than there are.
    assert_eq!(with(4, 3), Malformed { reason: R::MalformedParts, offset: 8 });
    assert_eq!(with(4, 0), Malformed { reason: R::MalformedParts, offset: 8 });
    assert_eq!(with(4, 1), Malformed { reason: R::MalformedParts, offset: OUTCOME_HEADER_BYTES + 16 });
    // A length that no machine has.
    assert_eq!(with(15, 0xff), Malformed { reason: R::MalformedParts, offset: 8 });
    let head: usize = OUTCOME_ROWS.iter().map(|row: &Row| row.bytes).sum();
    assert_eq!(head, OUTCOME_HEADER_BYTES);
}

#[test]
fn an_event_of_another_command_is_refused() {
    let mut bytes = bytes_of(&HEADER, &[Event::Ticked, Event::Ticked]);
    let second = OUTCOME_HEADER_BYTES + 16;
    bytes[second + 4] ^= 1;
    assert_eq!(refusal(&bytes), Malformed { reason: R::MalformedParts, offset: second });
}

#[test]
fn what_is_wrong_with_an_event_is_said_with_its_place() {
    let mut bytes = bytes_of(&HEADER, &[Event::Ticked, Event::Ticked]);
    let second = OUTCOME_HEADER_BYTES + 16;
    bytes[second + 2] = 1;
    assert_eq!(refusal(&bytes), Malformed { reason: R::ReservedNotZero, offset: second + 2 });
    bytes[second + 1] = 13;
    assert_eq!(refusal(&bytes), Malformed { reason: R::UnknownCommand, offset: second + 1 });
}

#[test]
fn the_kind_of_an_event_says_how_long_its_message_is() {
    for kind in 0..=u8::MAX {
        let layout = EVENT_LAYOUTS.iter().find(|layout| layout.kind == kind);
        let expected = layout.map(|layout| layout.bytes).ok_or(R::UnknownCommand);
        assert_eq!(event_message_bytes(&[1, kind]).map_err(|malformed| malformed.reason), expected);
        assert!(layout.is_none() || kind != OUTCOME_KIND, "an outcome is not an event");
    }
    for event in samples::events() {
        let mut bytes = Vec::new();
        encode_event(Sequence(1), &event, &mut bytes);
        assert_eq!(event_message_bytes(&bytes), Ok(bytes.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_outcome_comes_back(
        [sequence, time, request, first_event] in any::<[u64; 4]>(), events in vec(properties::event(), 0..9),
    ) {
        let header = OutcomeHeader {
            sequence: Sequence(sequence),
            time: TimestampNs(time),
            request: RequestId(request),
            first_event,
            events: events.len() as u32,
        };
        let mut bytes = b"before".to_vec();
        encode_outcome(&header, &events, &mut bytes);
        prop_assert!(bytes.starts_with(b"before"));
        let length = bytes.len() - 6;
        bytes.extend_from_slice(b"after");
        let mut decoded = EventBuffer::new();
        prop_assert_eq!(decode_outcome(&bytes[6..], &mut decoded), Ok((header, length)));
        prop_assert_eq!(decoded.to_vec(), events);
    }

    #[test]
    fn whatever_decodes_is_written_back_as_the_same_bytes(
        events in vec(properties::event(), 0..4), at in any::<prop::sample::Index>(), value: u8,
    ) {
        let mut bytes = bytes_of(&HEADER, &events);
        let at = at.index(bytes.len());
        bytes[at] = value;
        canonical(&bytes);
    }

    #[test]
    fn any_bytes_are_an_outcome_or_not_one(mut bytes in vec(any::<u8>(), 0..160), begin: bool) {
        if begin && bytes.len() > 16 {
            bytes[..16].copy_from_slice(&[1, OUTCOME_KIND, 0, 0, 2, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0]);
        }
        canonical(&bytes);
    }
}

fn canonical(bytes: &[u8]) {
    let mut events = EventBuffer::new();
    match decode_outcome(bytes, &mut events) {
        Ok((header, length)) => {
            assert_eq!(bytes_of(&header, &events), bytes[..length]);
            assert!(decode_command(bytes).is_err() && decode_event(bytes).is_err());
        }
        Err(malformed) => assert!(malformed.offset <= bytes.len(), "{malformed}"),
    }
}
