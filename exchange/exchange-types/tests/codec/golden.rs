//! The bytes of every kind, kept as text. A difference here is a change of format: it needs a new version and an ADR.

use exchange_types::codec::{
    COMMAND_LAYOUTS, EVENT_LAYOUTS, FileHeader, FileKind, FrameHeader, MessageLayout, encode_file_header,
    encode_frame,
};
use exchange_types::{
    Epoch, Sequence, TimestampNs, decode_command, decode_event, encode_command, encode_event,
};

use crate::samples;

const COMMAND: Sequence = Sequence(0x0807_0605_0403_0201);

#[test]
fn commands_are_written_as_they_were() {
    let messages = samples::commands().into_iter().map(|command| {
        let mut bytes = Vec::new();
        encode_command(&command, &mut bytes);
        assert_eq!(decode_command(&bytes), Ok(command));
        bytes
    });
    check(COMMAND_LAYOUTS, messages.collect(), include_str!("../fixtures/commands.hex"));
}

#[test]
fn events_are_written_as_they_were() {
    let messages = samples::events().into_iter().map(|event| {
        let mut bytes = Vec::new();
        encode_event(COMMAND, &event, &mut bytes);
        assert_eq!(decode_event(&bytes), Ok((COMMAND, event)));
        bytes
    });
    check(EVENT_LAYOUTS, messages.collect(), include_str!("../fixtures/events.hex"));
}

#[test]
fn frames_and_file_headers_are_written_as_they_were() {
    let mut frame = Vec::new();
    let header = FrameHeader {
        epoch: Epoch(0x0102_0304),
        sequence: COMMAND,
        time: TimestampNs(0x1112_1314_1516_1718),
    };
    encode_frame(header, b"payload.", &mut frame).unwrap();
    let mut text = line("frame", &frame);
    for kind in FileKind::ALL {
        let header = FileHeader { kind, first_sequence: COMMAND, epoch: Epoch(0x0102_0304) };
        text.push_str(&line(&format!("{kind:?}"), &encode_file_header(&header)));
    }
    compare(&text, include_str!("../fixtures/containers.hex"));
}

/// Every kind of the layout has a sample, and the bytes of the samples are those of the fixture.
fn check(layouts: &[MessageLayout], messages: Vec<Vec<u8>>, fixture: &str) {
    let mut text = String::new();
    for layout in layouts {
        let of_kind = messages.iter().filter(|message| message[1] == layout.kind);
        let lines: Vec<String> = of_kind.map(|message| line(layout.name, message)).collect();
        assert!(!lines.is_empty(), "there is a sample of {}", layout.name);
        text.extend(lines);
    }
    assert_eq!(text.lines().count(), messages.len(), "every sample has a layout");
    compare(&text, fixture);
}

fn compare(text: &str, fixture: &str) {
    assert!(text == fixture, "the format changed; what is written now:\n{text}");
}

fn line(name: &str, bytes: &[u8]) -> String {
    let words: Vec<String> =
        bytes.chunks(8).map(|word| word.iter().map(|b| format!("{b:02x}")).collect()).collect();
    format!("{name}: {}\n", words.join(" "))
}
