//! The versioned binary formats: commands and events as messages, the frame of a record, the header of a file.
//!
//! Not responsible for files, sockets, or what a command means: a message that decodes is well formed and nothing more.
//! A newcomer needs to know one thing: every format is little-endian, of fixed length per kind and canonical, so there is
//! exactly one way to write a value, and whatever decodes is written back as the same bytes.

mod command;
mod cursor;
mod event;
mod field;
mod file_header;
mod frame;
mod layout;
mod message;
mod outcome;
mod record;
mod request;

use crate::RejectReason;

pub use command::{COMMAND_HEADER_ROWS, COMMAND_LAYOUTS, decode_command, encode_command};
pub use event::{EVENT_HEADER_ROWS, EVENT_LAYOUTS, decode_event, encode_event};
pub use file_header::{
    FILE_HEADER_BYTES, FILE_HEADER_ROWS, FileHeader, FileHeaderError, FileKind, decode_file_header,
    encode_file_header,
};
pub use frame::{
    FRAME_HEADER_BYTES, FRAME_ROWS, Frame, FrameError, FrameHeader, PAYLOAD_BYTES_MAX, PayloadError,
    decode_frame, encode_frame, encode_frame_with,
};
pub use layout::{MessageLayout, Row};
pub use outcome::{
    EVENT_BYTES_MAX, OUTCOME_HEADER_BYTES, OUTCOME_KIND, OUTCOME_ROWS, decode_outcome, decode_outcome_header,
    encode_outcome, event_message_bytes,
};
pub use request::{
    REQUEST_HEAD_BYTES, REQUEST_KIND, REQUEST_ROWS, decode_request, encode_request, peek_request_id,
    split_request,
};

/// The version of every format in this module. One number for all: they are released together, and a reader of a new
/// version keeps reading the old one.
pub const FORMAT_VERSION: u8 = 1;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {offset}", .reason.name())]
pub struct Malformed {
    /// The first reason that applied, in the documented order.
    pub reason: RejectReason,
    /// Where the offending field begins, counted from the first byte of the message. For a wrong length: where the message
    /// ends, or where it should have ended.
    pub offset: usize,
}
