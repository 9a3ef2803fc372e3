//! Messages of the exchange: decoding ends without a panic, and what decodes is written back as the same bytes.

use exchange_types::{Malformed, decode_command, decode_event, encode_command, encode_event};

/// Reads one message as a command and as an event.
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
}

fn check(malformed: Malformed, bytes: &[u8]) {
    assert!(malformed.offset <= bytes.len(), "{malformed} lies inside the {} bytes", bytes.len());
    assert!((100..190).contains(&malformed.reason.code()), "{malformed} is a reason of the decoders");
}
