//! A step as bytes, and back.
//!
//! Not responsible for frames and sockets. A newcomer needs to know one thing: steps stand one after the other in a buffer, each
//! says how long it is, and decoding allocates at most for what the bytes can hold, once, because a [`StepBuffer`] is kept.
//!
//! All numbers are little-endian, and there is one way to write a step:
//!
//! | what | bytes |
//! |---|---|
//! | version (1), kind (193), whether there is a checkpoint (0 or 1), 0 | 1 each |
//! | how many events of risk, how many messages to matching, 0 | 4 each |
//! | length of everything behind the header | 8 |
//! | sequence, time, request, first event, digest | 8 each |
//! | the events of risk as messages of events | |
//! | the messages to matching: see `admitted` | |
//! | the checkpoint as the message of an event | |

use exchange_types::codec::{FORMAT_VERSION, event_message_bytes};
use exchange_types::{
    Event, Malformed, RejectReason, RequestId, Sequence, TimestampNs, decode_event, encode_event,
};

use super::admitted::{ADMITTED_BYTES_MIN, decode_admitted, encode_admitted};
use super::cursor::Cursor;
use super::{Checkpoint, Step};
use crate::risk::Admitted;

/// The kind in the second byte: above the kinds of events, and not that of an outcome.
pub const STEP_KIND: u8 = 193;

/// The bytes before the first event.
pub const STEP_HEADER_BYTES: usize = 64;

/// Where the numbers of parts and the length stand.
const PARTS_AT: usize = 4;
const LENGTH_AT: usize = 16;
/// The bytes of the shortest message of an event.
const EVENT_BYTES_MIN: usize = 16;

impl Step<'_> {
    /// Appends the step.
    ///
    /// # Panics
    /// If it has 2^32 events or messages, which no venue makes: there are fewer orders.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let count = |count: usize| u32::try_from(count).expect("a step has fewer parts than 2^32");
        let start = out.len();
        out.extend_from_slice(&[FORMAT_VERSION, STEP_KIND, u8::from(self.checkpoint.is_some()), 0]);
        for count in [count(self.events.len()), count(self.admitted.len()), 0] {
            out.extend_from_slice(&count.to_le_bytes());
        }
        for word in [0, self.sequence.0, self.time.0, self.request.0, self.first_event, self.digest] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for event in self.events {
            encode_event(self.sequence, event, out);
        }
        for admitted in self.admitted {
            encode_admitted(admitted, out);
        }
        if let Some(Checkpoint { events, state_hash }) = self.checkpoint {
            encode_event(self.sequence, &Event::Checkpoint { events, state_hash }, out);
        }
        // Bound: positions in one vector.
        let length = out.len().wrapping_sub(start).wrapping_sub(STEP_HEADER_BYTES) as u64;
        let at = start.wrapping_add(LENGTH_AT);
        out[at..at.wrapping_add(8)].copy_from_slice(&length.to_le_bytes());
    }
}

/// The memory that a decoded step lies in, kept for the next one.
#[derive(Debug, Clone, Default)]
pub struct StepBuffer {
    pub(super) events: Vec<Event>,
    pub(super) admitted: Vec<Admitted>,
}

/// The header of a step.
#[derive(Debug)]
struct Header {
    sequence: Sequence,
    time: TimestampNs,
    request: RequestId,
    first_event: u64,
    digest: u64,
    events: usize,
    admitted: usize,
    checkpoint: bool,
    /// All bytes of the step.
    whole: usize,
}

impl StepBuffer {
    /// A buffer that allocates as steps need it.
    #[must_use]
    pub const fn new() -> Self {
        Self { events: Vec::new(), admitted: Vec::new() }
    }

    /// How many bytes the step has that the bytes begin with, and its position in the log. The bytes may end before it does, or go
    /// on.
    ///
    /// # Errors
    /// The first of these that applies: too few bytes for a header, another version, another kind, a flag that is none, reserved
    /// bytes, numbers of parts that cannot have this length.
    pub fn peek(bytes: &[u8]) -> Result<(Sequence, usize), Malformed> {
        decode_header(bytes).map(|header| (header.sequence, header.whole))
    }

    /// Reads the step that the bytes begin with, and says how many bytes it had. It lies in this buffer until the next one is
    /// read.
    ///
    /// # Errors
    /// What is wrong with the header; then bytes that end before the step does; then what is wrong with the first part that is not
    /// right, that names another command, or that risk would not make.
    pub fn decode<'a>(&'a mut self, bytes: &[u8]) -> Result<(Step<'a>, usize), Malformed> {
        let header = decode_header(bytes)?;
        let Some(step) = bytes.get(..header.whole) else {
            return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len() });
        };
        let mut cursor = Cursor::new(step, STEP_HEADER_BYTES);
        self.events.clear();
        for _ in 0..header.events {
            self.events.push(decode_next_event(&mut cursor, header.sequence)?);
        }
        self.admitted.clear();
        for _ in 0..header.admitted {
            self.admitted.push(decode_admitted(&mut cursor)?);
        }
        let checkpoint = match header.checkpoint {
            true => Some(decode_checkpoint(&mut cursor, header.sequence)?),
            false => None,
        };
        Cursor::hold(cursor.at(), cursor.at() == step.len())?;
        let Header { sequence, time, request, first_event, digest, whole, .. } = header;
        let (events, admitted) = (&self.events[..], &self.admitted[..]);
        Ok((Step { sequence, time, request, first_event, digest, events, admitted, checkpoint }, whole))
    }
}

fn decode_header(bytes: &[u8]) -> Result<Header, Malformed> {
    let Some(head) = bytes.first_chunk::<STEP_HEADER_BYTES>() else {
        return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len() });
    };
    let mut cursor = Cursor::new(head, 0);
    cursor.choice(RejectReason::UnknownVersion, |byte| (byte == FORMAT_VERSION).then_some(()))?;
    cursor.choice(RejectReason::UnknownCommand, |byte| (byte == STEP_KIND).then_some(()))?;
    let checkpoint = cursor.choice(RejectReason::MalformedFlag, |byte| match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    })?;
    cursor.zeros::<1>()?;
    let (events, admitted) = (cursor.u32()?, cursor.u32()?);
    cursor.zeros::<4>()?;
    let length = cursor.u64()?;
    // Bound: 2^32 parts of less than 2^8 bytes.
    let least = u64::from(events)
        .wrapping_add(u64::from(checkpoint))
        .wrapping_mul(EVENT_BYTES_MIN as u64)
        .wrapping_add(u64::from(admitted).wrapping_mul(ADMITTED_BYTES_MIN as u64));
    Cursor::hold(PARTS_AT, least <= length)?;
    let whole = usize::try_from(length).ok().and_then(|length| length.checked_add(STEP_HEADER_BYTES));
    let too_long = Malformed { reason: RejectReason::MalformedParts, offset: LENGTH_AT };
    Ok(Header {
        sequence: Sequence(cursor.u64()?),
        time: TimestampNs(cursor.u64()?),
        request: RequestId(cursor.u64()?),
        first_event: cursor.u64()?,
        digest: cursor.u64()?,
        events: usize::try_from(events).map_err(|_| too_long)?,
        admitted: usize::try_from(admitted).map_err(|_| too_long)?,
        checkpoint,
        whole: whole.ok_or(too_long)?,
    })
}

#[inline]
fn decode_next_event(cursor: &mut Cursor<'_>, command: Sequence) -> Result<Event, Malformed> {
    let (offset, rest) = (cursor.at(), cursor.rest());
    let inside = |malformed: Malformed| Malformed {
        offset: malformed.offset.saturating_add(offset),
        reason: malformed.reason,
    };
    let length = event_message_bytes(rest).map_err(inside)?;
    let (cause, event) = decode_event(rest.get(..length).unwrap_or(rest)).map_err(inside)?;
    Cursor::hold(offset, cause == command)?;
    cursor.skip(length);
    Ok(event)
}

fn decode_checkpoint(cursor: &mut Cursor<'_>, command: Sequence) -> Result<Checkpoint, Malformed> {
    let offset = cursor.at();
    match decode_next_event(cursor, command)? {
        Event::Checkpoint { events, state_hash } => Ok(Checkpoint { events, state_hash }),
        _ => Err(Malformed { reason: RejectReason::MalformedParts, offset }),
    }
}
