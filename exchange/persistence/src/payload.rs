//! What of a record's payload this service looks at.

use exchange_types::{decode_request, peek_request_id};

/// Whether bytes are a request: somebody can carry it out, or say why not.
pub(crate) fn is_request(payload: &[u8]) -> bool {
    decode_request(payload).is_ok()
}

/// The id in the head of a request; zero where there is none.
pub(crate) fn request_id(payload: &[u8]) -> u64 {
    peek_request_id(payload).0
}
