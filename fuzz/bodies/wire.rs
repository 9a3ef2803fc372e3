//! Messages of the exchange: decoding ends without a panic, and what decodes is written back as the same bytes.

use exchange_types::codec::event_message_bytes;
use exchange_types::{
    EventBuffer, Malformed, decode_command, decode_event, decode_outcome, decode_outcome_header,
    decode_request, encode_command, encode_event, encode_outcome, encode_request, peek_request_id,
};

/// Reads one message as a command, as an event, as a request and as an outcome.
pub fn run(bytes: &[u8]) {
    let mut again = Vec::new();
    let command = decode_command(bytes);
    match &command {
        Ok(command) => encode_command(command, &mut again),
        Err(malformed) => check(*malformed, bytes),
    }
    let event = decode_event(bytes);
    match &event {
        Ok((cause, event)) => encode_event(*cause, event, &mut again),
        Err(malformed) => check(*malformed, bytes),
    }
    assert!(command.is_err() || event.is_err(), "no bytes are a command and an event");
    if command.is_ok() || event.is_ok() {
        assert_eq!(again, bytes, "there is one way to write a message: {command:?} {event:?}");
        assert_eq!(decode_command(&again), command, "the same bytes mean the same");
        assert_eq!(decode_event(&again), event, "the same bytes mean the same");
    }
    if event.is_ok() {
        assert_eq!(event_message_bytes(bytes), Ok(bytes.len()), "the kind says the length");
    }
    request(bytes, command.is_ok());
    outcome(bytes);
}

fn request(bytes: &[u8], is_command: bool) {
    let request = decode_request(bytes);
    match &request {
        Ok(request) => {
            let mut again = Vec::new();
            encode_request(&request.head(), &request.command, &mut again);
            assert_eq!(again, bytes, "there is one way to write a request: {request:?}");
            assert_eq!(peek_request_id(bytes), request.id, "who waits is known at once");
        }
        Err(malformed) => check(*malformed, bytes),
    }
    assert!(request.is_ok() || !is_command, "a command alone is a request");
}

/// All outcomes that the bytes begin with, one after the other.
fn outcome(bytes: &[u8]) {
    let (mut rest, mut events, mut again) = (bytes, EventBuffer::new(), Vec::new());
    loop {
        events.clear();
        match decode_outcome(rest, &mut events) {
            Ok((header, length)) => {
                again.clear();
                encode_outcome(&header, &events, &mut again);
                assert_eq!(again, rest[..length], "there is one way to write an outcome: {header:?}");
                assert_eq!(decode_outcome_header(rest), Ok((header, length)), "the header says it all");
                rest = &rest[length..];
            }
            Err(malformed) => {
                assert!(events.is_empty(), "nothing of what is malformed is told");
                return check(malformed, rest);
            }
        }
    }
}

fn check(malformed: Malformed, bytes: &[u8]) {
    assert!(malformed.offset <= bytes.len(), "{malformed} lies inside the {} bytes", bytes.len());
    assert!((100..190).contains(&malformed.reason.code()), "{malformed} is a reason of the decoders");
}
