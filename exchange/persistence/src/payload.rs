//! What of a record's payload this service looks at.

/// Whether bytes are a request: somebody can carry it out, or say why not.
pub(crate) fn is_request(payload: &[u8]) -> bool {
    let command = if payload.starts_with(&[1, 14]) { payload.get(32..).unwrap_or_default() } else { payload };
    exchange_types::decode_command(command).is_ok()
}

/// The id in the head of a request; zero where there is none.
pub(crate) fn request_id(payload: &[u8]) -> u64 {
    let id = payload.get(8..).and_then(<[u8]>::first_chunk).filter(|_| payload.starts_with(&[1, 14]));
    id.map_or(0, |id| u64::from_le_bytes(*id))
}
