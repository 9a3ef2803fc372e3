//! Requests: a command with a head, or a command alone.

use exchange_types::codec::{COMMAND_LAYOUTS, REQUEST_HEAD_BYTES, REQUEST_KIND, REQUEST_ROWS, Row};
use exchange_types::{
    Command, IdempotencyKey, Malformed, RejectReason as R, Request, RequestHead, RequestId, decode_command,
    decode_event, decode_request, encode_command, encode_request, peek_request_id,
};
use proptest::prelude::*;

use crate::{properties, samples};

const ID: RequestId = RequestId(0x0807_0605_0403_0201);

fn key() -> Option<IdempotencyKey> {
    IdempotencyKey::new(0x1f1e_1d1c_1b1a_1918_1716_1514_1312_1110)
}

fn bytes_of(id: RequestId, key: Option<IdempotencyKey>, command: &Command) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_request(&RequestHead { id, key }, command, &mut bytes);
    bytes
}

fn refusal(bytes: &[u8]) -> Malformed {
    decode_request(bytes).expect_err("it is malformed")
}

#[test]
fn a_request_is_written_as_it_was() {
    let bytes = bytes_of(ID, key(), &Command::Tick);
    let fixed = "010e000000000000 0102030405060708 1011121314151617 18191a1b1c1d1e1f 010d000000000000";
    let words: Vec<String> =
        bytes.chunks(8).map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    assert_eq!(words.join(" "), fixed);
}

#[test]
fn every_command_comes_back_with_its_head() {
    for command in samples::commands() {
        for (id, key) in [(ID, key()), (ID, None), (RequestId(0), key()), (RequestId(0), None)] {
            let bytes = bytes_of(id, key, &command);
            assert_eq!(decode_request(&bytes), Ok(Request { id, key, command: command.clone() }));
            assert_eq!(peek_request_id(&bytes), id);
        }
    }
}

#[test]
fn a_request_of_nobody_without_a_key_is_its_command() {
    for command in samples::commands() {
        let mut alone = Vec::new();
        encode_command(&command, &mut alone);
        assert_eq!(bytes_of(RequestId(0), None, &command), alone);
        assert_eq!(decode_request(&alone), Ok(Request::from(command)));
    }
}

#[test]
fn a_head_that_says_nothing_is_refused_because_there_is_one_way_to_write_a_command() {
    let mut bytes = bytes_of(ID, None, &Command::Tick);
    bytes[8..16].fill(0);
    assert_eq!(refusal(&bytes), Malformed { reason: R::EmptyRequest, offset: 8 });
}

#[test]
fn a_request_inside_a_request_is_refused() {
    let mut bytes = bytes_of(ID, key(), &Command::Tick);
    let inner = bytes.clone();
    bytes.truncate(REQUEST_HEAD_BYTES);
    bytes.extend_from_slice(&inner);
    let offset = REQUEST_HEAD_BYTES + 1;
    assert_eq!(refusal(&bytes), Malformed { reason: R::UnknownCommand, offset });
}

#[test]
fn a_request_is_neither_a_command_nor_an_event() {
    let bytes = bytes_of(ID, key(), &Command::Tick);
    let unknown = Malformed { reason: R::UnknownCommand, offset: 1 };
    assert_eq!(decode_command(&bytes), Err(unknown));
    assert_eq!(decode_event(&bytes), Err(unknown));
    assert!(COMMAND_LAYOUTS.iter().all(|layout| layout.kind != REQUEST_KIND));
}

#[test]
fn a_request_that_is_cut_short_or_goes_on_is_refused_there() {
    for command in samples::commands() {
        let whole = bytes_of(ID, key(), &command);
        for length in 0..whole.len() {
            let expected = Malformed { reason: R::WrongLength, offset: length };
            assert_eq!(refusal(&whole[..length]), expected, "{length} of {command:?}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(refusal(&longer), Malformed { reason: R::WrongLength, offset: whole.len() });
    }
}

#[test]
fn reserved_bytes_of_the_head_are_zero_and_the_head_is_tested_first() {
    let mut whole = bytes_of(ID, key(), &Command::Tick);
    whole[REQUEST_HEAD_BYTES] = 9;
    assert_eq!(refusal(&whole), Malformed { reason: R::UnknownVersion, offset: REQUEST_HEAD_BYTES });
    for offset in [2, 3, 4, 5, 6, 7] {
        let mut bytes = whole.clone();
        bytes[offset] = 1;
        assert_eq!(refusal(&bytes), Malformed { reason: R::ReservedNotZero, offset });
    }
    let head: usize = REQUEST_ROWS.iter().map(|row: &Row| row.bytes).sum();
    assert_eq!(head, REQUEST_HEAD_BYTES);
}

#[test]
fn who_waits_is_known_of_a_request_that_cannot_be_read() {
    let whole = bytes_of(ID, key(), &Command::Tick);
    for length in 16..whole.len() {
        assert_eq!(peek_request_id(&whole[..length]), ID);
    }
    for length in 0..16 {
        assert_eq!(peek_request_id(&whole[..length]), RequestId(0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_comes_back(id in any::<u64>(), key in any::<u128>(), command in properties::command()) {
        let (id, key) = (RequestId(id), IdempotencyKey::new(key));
        let mut bytes = b"before".to_vec();
        encode_request(&RequestHead { id, key }, &command, &mut bytes);
        prop_assert!(bytes.starts_with(b"before"));
        prop_assert_eq!(decode_request(&bytes[6..]), Ok(Request { id, key, command }));
    }

    #[test]
    fn whatever_decodes_is_written_back_as_the_same_bytes(
        head in any::<[u8; 24]>(), command in properties::command(), at in any::<prop::sample::Index>(), value: u8,
    ) {
        let mut bytes = vec![1, REQUEST_KIND, 0, 0, 0, 0, 0, 0];
        bytes.extend_from_slice(&head);
        encode_command(&command, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] = value;
        match decode_request(&bytes) {
            Ok(request) => {
                let mut again = Vec::new();
                encode_request(&request.head(), &request.command, &mut again);
                prop_assert_eq!(again, bytes);
            }
            Err(malformed) => prop_assert!(malformed.offset <= bytes.len(), "{}", malformed),
        }
    }

    #[test]
    fn any_bytes_are_a_request_or_not_one(bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
        let _ = peek_request_id(&bytes);
        if let Err(malformed) = decode_request(&bytes) {
            prop_assert!(malformed.offset <= bytes.len(), "{}", malformed);
        }
    }
}
