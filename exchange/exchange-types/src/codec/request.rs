//! Requests as messages: a head that says who waits and under which key, then the message of the command.
//!
//! Not responsible for what a key means: risk remembers keys. A newcomer needs to know one thing: a request of nobody without a
//! key is written as its command alone, so records of commands are requests too, and there is one way to write each.

use super::cursor::{Reader, Writer};
use super::field::{Field, row_of};
use super::message::COMMON_BYTES;
use super::{FORMAT_VERSION, Malformed, Row, decode_command, encode_command};
use crate::{Command, IdempotencyKey, RejectReason, Request, RequestHead, RequestId};

/// The kind in the second byte: the kind of no command, below the kinds of events.
pub const REQUEST_KIND: u8 = 14;

/// The bytes before the message of the command.
pub const REQUEST_HEAD_BYTES: usize = 32;

/// The bytes between the common ones and the id, which aligns.
const GAP_BYTES: usize = 4;

/// Where the id stands.
const ID_AT: usize = COMMON_BYTES + GAP_BYTES;

/// The layout.
pub const REQUEST_ROWS: &[Row] = &[
    Row::new("version", 1, "u8: 1"),
    Row::new("kind", 1, "u8: 14"),
    Row::reserved(2),
    Row::reserved(GAP_BYTES),
    row_of::<RequestId>("id"),
    row_of::<Option<IdempotencyKey>>("key"),
    Row::new("command", 0, "the message of the command, to the end"),
];

impl Field for Option<IdempotencyKey> {
    const SIZE: usize = 16;
    const HOLDS: &'static str = "u128, zero: none";

    #[inline]
    fn get(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut array = [0; Self::SIZE];
        array.copy_from_slice(bytes);
        Ok(IdempotencyKey::new(u128::from_le_bytes(array)))
    }

    #[inline]
    fn put(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.map_or(0, IdempotencyKey::get).to_le_bytes());
    }
}

/// Appends the message of a request: the head, unless it says nothing, and the command.
#[inline]
pub fn encode_request(head: &RequestHead, command: &Command, out: &mut Vec<u8>) {
    if *head != RequestHead::default() {
        let mut bytes = [0_u8; REQUEST_HEAD_BYTES];
        bytes[0] = FORMAT_VERSION;
        bytes[1] = REQUEST_KIND;
        let mut fields = Writer::new(&mut bytes, COMMON_BYTES);
        fields.skip(GAP_BYTES);
        fields.put(&head.id);
        fields.put(&head.key);
        out.extend_from_slice(&bytes);
    }
    encode_command(command, out);
}

/// Reads a message as a request: either its head and a command, or a command alone. It must end where the bytes end.
///
/// # Errors
/// The first thing that is wrong, in the documented order of reasons, and where it stands. The head is tested before the command.
#[inline]
pub fn decode_request(bytes: &[u8]) -> Result<Request, Malformed> {
    let (head, command) = split_request(bytes)?;
    let start = bytes.len().saturating_sub(command.len());
    let command = decode_command(command).map_err(|malformed| malformed.shifted(start))?;
    Ok(Request { id: head.id, key: head.key, command })
}

/// Takes the head off a request, if there is one: what follows is the message of its command.
///
/// # Errors
/// What is wrong with the head; the command is not looked at.
#[inline]
pub fn split_request(bytes: &[u8]) -> Result<(RequestHead, &[u8]), Malformed> {
    if is_request(bytes) { split_head(bytes) } else { Ok((RequestHead::default(), bytes)) }
}

fn split_head(bytes: &[u8]) -> Result<(RequestHead, &[u8]), Malformed> {
    let Some((head, command)) = bytes.split_at_checked(REQUEST_HEAD_BYTES) else {
        return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len() });
    };
    if let Some(offset) = Reader::new(head, 2).check_zero(2 + GAP_BYTES) {
        return Err(Malformed { reason: RejectReason::ReservedNotZero, offset });
    }
    let mut fields = Reader::new(head, COMMON_BYTES);
    fields.skip(GAP_BYTES);
    let head = RequestHead { id: fields.take()?, key: fields.take()? };
    if head == RequestHead::default() {
        return Err(Malformed { reason: RejectReason::EmptyRequest, offset: ID_AT });
    }
    Ok((head, command))
}

/// The id in the head of a request, whatever else stands there and follows; zero where the bytes do not begin as a request does.
/// This is how somebody learns who waits for a record that nobody can read.
#[inline]
#[must_use]
pub fn peek_request_id(bytes: &[u8]) -> RequestId {
    let id = bytes.get(ID_AT..).and_then(<[u8]>::first_chunk).filter(|_| is_request(bytes));
    RequestId(id.map_or(0, |id| u64::from_le_bytes(*id)))
}

#[inline]
fn is_request(bytes: &[u8]) -> bool {
    bytes.starts_with(&[FORMAT_VERSION, REQUEST_KIND])
}
