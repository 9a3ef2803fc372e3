//! Outcomes: what one command did, as matching tells it: a header, then the messages of its events.
//!
//! Not responsible for when it may be told: matching waits until the command is durable. A newcomer needs to know one thing:
//! outcomes stand one after the other in a buffer, each says how long it is, and one can be skipped without looking at its
//! events.

use super::cursor::{Reader, Writer};
use super::field::{Field, row_of};
use super::message::COMMON_BYTES;
use super::{EVENT_LAYOUTS, FORMAT_VERSION, Malformed, Row, decode_event, encode_event};
use crate::{Event, EventBuffer, OutcomeHeader, RejectReason, RequestId, Sequence, TimestampNs};

/// The kind in the second byte: above the kinds of events.
pub const OUTCOME_KIND: u8 = 192;

/// The bytes before the first event.
pub const OUTCOME_HEADER_BYTES: usize = 48;

/// Where the length of the events stands.
const LENGTH_AT: usize = 8;

/// The layout.
pub const OUTCOME_ROWS: &[Row] = &[
    Row::new("version", 1, "u8: 1"),
    Row::new("kind", 1, "u8: 192"),
    Row::reserved(2),
    row_of::<u32>("events"),
    Row::new("length", 8, "u64, bytes of all events"),
    row_of::<Sequence>("sequence"),
    row_of::<TimestampNs>("time"),
    row_of::<RequestId>("request"),
    Row::new("first_event", 8, "u64, the number of the first event in the stream of events"),
    Row::new("messages", 0, "the messages of the events, as many bytes as `length` says"),
];

/// Appends an outcome. The number of events is that of the slice, whatever the header says.
///
/// # Panics
/// If one command has 2^32 events or more, which no venue has: each order ends once, and there are fewer.
#[inline]
pub fn encode_outcome(header: &OutcomeHeader, events: &[Event], out: &mut Vec<u8>) {
    let count = u32::try_from(events.len()).expect("a command has fewer events than 2^32");
    let start = out.len();
    let mut bytes = [0_u8; OUTCOME_HEADER_BYTES];
    bytes[0] = FORMAT_VERSION;
    bytes[1] = OUTCOME_KIND;
    let mut fields = Writer::new(&mut bytes, COMMON_BYTES);
    fields.put(&count);
    fields.skip(u64::SIZE);
    fields.put(&header.sequence);
    fields.put(&header.time);
    fields.put(&header.request);
    fields.put(&header.first_event);
    out.extend_from_slice(&bytes);
    let first = out.len();
    for event in events {
        encode_event(header.sequence, event, out);
    }
    // Bound: both are lengths of one vector, and the later is the larger.
    let length = out.len().wrapping_sub(first) as u64;
    let (from, to) = (start.wrapping_add(LENGTH_AT), start.wrapping_add(LENGTH_AT + u64::SIZE));
    out[from..to].copy_from_slice(&length.to_le_bytes());
}

/// Reads the header of the outcome that the bytes begin with, and says how many bytes the whole outcome has. The bytes may end
/// before it does, or go on.
///
/// # Errors
/// The first of these that applies: too few bytes for a header, another version, another kind, reserved bytes, a number of
/// events that cannot have this length.
#[inline]
pub fn decode_outcome_header(bytes: &[u8]) -> Result<(OutcomeHeader, usize), Malformed> {
    let Some(head) = bytes.first_chunk::<OUTCOME_HEADER_BYTES>() else {
        return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len() });
    };
    if head[0] != FORMAT_VERSION {
        return Err(Malformed { reason: RejectReason::UnknownVersion, offset: 0 });
    }
    if head[1] != OUTCOME_KIND {
        return Err(Malformed { reason: RejectReason::UnknownCommand, offset: 1 });
    }
    if let Some(offset) = Reader::new(head, 2).check_zero(2) {
        return Err(Malformed { reason: RejectReason::ReservedNotZero, offset });
    }
    let mut fields = Reader::new(head, COMMON_BYTES);
    let (events, length): (u32, u64) = (fields.take()?, fields.take()?);
    let header = OutcomeHeader {
        sequence: fields.take()?,
        time: fields.take()?,
        request: fields.take()?,
        first_event: fields.take()?,
        events,
    };
    // Bound: 2^32 events of less than 2^8 bytes are less than 2^64.
    let count = u64::from(events);
    let possible = count.wrapping_mul(EVENT_BYTES.0 as u64)..=count.wrapping_mul(EVENT_BYTES.1 as u64);
    let whole = usize::try_from(length).ok().and_then(|length| length.checked_add(OUTCOME_HEADER_BYTES));
    match whole.filter(|_| possible.contains(&length)) {
        Some(whole) => Ok((header, whole)),
        None => Err(Malformed { reason: RejectReason::MalformedParts, offset: LENGTH_AT }),
    }
}

/// Reads the outcome that the bytes begin with, appends its events, and says how many bytes it had.
///
/// # Errors
/// What is wrong with the header; then bytes that end before the outcome does; then what is wrong with the first event that is
/// not right, or that names another command. No event is appended then.
#[inline]
pub fn decode_outcome(bytes: &[u8], events: &mut EventBuffer) -> Result<(OutcomeHeader, usize), Malformed> {
    let (header, whole) = decode_outcome_header(bytes)?;
    let Some(outcome) = bytes.get(..whole) else {
        return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len() });
    };
    let before = events.len();
    match read_events(outcome, &header, events) {
        Ok(()) => Ok((header, whole)),
        Err(malformed) => {
            events.truncate(before);
            Err(malformed)
        }
    }
}

#[inline]
fn read_events(outcome: &[u8], header: &OutcomeHeader, events: &mut EventBuffer) -> Result<(), Malformed> {
    let mut at = OUTCOME_HEADER_BYTES;
    for _ in 0..header.events {
        let rest = outcome.get(at..).unwrap_or_default();
        let length = event_message_bytes(rest).map_err(|malformed| malformed.shifted(at))?;
        let message = rest.get(..length).unwrap_or(rest);
        let (cause, event) = decode_event(message).map_err(|malformed| malformed.shifted(at))?;
        if cause != header.sequence {
            return Err(Malformed { reason: RejectReason::MalformedParts, offset: at });
        }
        events.push(event);
        // Bound: a position in the outcome, plus the length of one message.
        at = at.wrapping_add(length);
    }
    if at == outcome.len() {
        Ok(())
    } else {
        Err(Malformed { reason: RejectReason::MalformedParts, offset: at })
    }
}

/// How many bytes the message of an event has that the bytes begin with: its kind says it. The bytes may end before it does.
///
/// # Errors
/// If there is no second byte, or it is not the kind of an event.
#[inline]
pub fn event_message_bytes(bytes: &[u8]) -> Result<usize, Malformed> {
    let Some(kind) = bytes.get(1) else {
        return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len() });
    };
    match LENGTHS[*kind as usize] {
        0 => Err(Malformed { reason: RejectReason::UnknownCommand, offset: 1 }),
        length => Ok(length as usize),
    }
}

/// The length of the message of an event by its kind; zero where a kind is that of no event.
const LENGTHS: [u8; 256] = lengths();

/// The length of the longest message of an event.
pub const EVENT_BYTES_MAX: usize = EVENT_BYTES.1;

/// The lengths of the shortest and of the longest message of an event.
const EVENT_BYTES: (usize, usize) = extremes();

#[expect(clippy::cast_possible_truncation, reason = "asserted one line above, at compile time")]
const fn lengths() -> [u8; 256] {
    let mut lengths = [0; 256];
    let mut at = 0;
    while at < EVENT_LAYOUTS.len() {
        let layout = &EVENT_LAYOUTS[at];
        assert!(layout.bytes > 0 && layout.bytes < 256, "the length of an event fits a byte");
        lengths[layout.kind as usize] = layout.bytes as u8;
        at = super::cursor::after(at, 1);
    }
    lengths
}

const fn extremes() -> (usize, usize) {
    let mut extremes = (usize::MAX, 0);
    let mut at = 0;
    while at < EVENT_LAYOUTS.len() {
        let bytes = EVENT_LAYOUTS[at].bytes;
        if bytes < extremes.0 {
            extremes.0 = bytes;
        }
        if bytes > extremes.1 {
            extremes.1 = bytes;
        }
        at = super::cursor::after(at, 1);
    }
    extremes
}
