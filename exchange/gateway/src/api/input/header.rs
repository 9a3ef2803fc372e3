//! Headers of a request.

use axum::http::{HeaderMap, HeaderName};
use exchange_types::IdempotencyKey;
use ring::digest;

use super::time::parse_time;
use crate::problem::{Code, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REQUEST_EXPIRES: HeaderName = HeaderName::from_static("x-request-expires");

/// The longest `Idempotency-Key`, in characters.
const KEY_CHARACTERS_MAX: usize = 64;

/// The key of a request: the first 128 bits of a SHA-256 of what the client wrote.
///
/// # Errors
/// Where it is not 1 to 64 visible ASCII characters, or there are several.
pub(in crate::api) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let bytes = value.as_bytes();
    let visible = (1..=KEY_CHARACTERS_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if !visible || values.next().is_some() {
        return Err(Problem::invalid_field("Idempotency-Key", "expected 1 to 64 visible ASCII characters"));
    }
    let hash = digest::digest(&digest::SHA256, bytes);
    let half = hash.as_ref().first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half));
    // A hash of zero would be no key; nobody will find a text that has it.
    Ok(IdempotencyKey::new(half.max(1)))
}

/// Refuses a request whose time has passed. `now`: nanoseconds since the Unix epoch.
///
/// # Errors
/// Where it has, or where the header is no time.
pub(in crate::api) fn check_expiry(headers: &HeaderMap, now: u64) -> Result<(), Problem> {
    let mut values = headers.get_all(REQUEST_EXPIRES).iter();
    let Some(value) = values.next() else { return Ok(()) };
    let wrong = |problem| Problem::invalid_field("X-Request-Expires", problem);
    let text = value.to_str().map_err(|_| wrong("expected ASCII"))?;
    if values.next().is_some() {
        return Err(wrong("it is there twice"));
    }
    if parse_time(text).map_err(wrong)?.0 < now {
        return Err(Problem::new(Code::STALE_REQUEST));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()).unwrap());
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn a_key_is_1_to_64_visible_characters() {
        let key = |values: &[&str]| idempotency_key(&headers(&IDEMPOTENCY_KEY, values));
        assert_eq!(key(&[]), Ok(None));
        let one = key(&["a"]).unwrap().unwrap();
        assert_eq!(one.get(), 0xca97_8112_ca1b_bdca_fac2_31b3_9a23_dc4d, "SHA-256 of `a`");
        assert_ne!(Ok(Some(one)), key(&["A"]));
        assert!(key(&[&"x".repeat(64)]).is_ok());
        for wrong in
            [&["" as &str] as &[&str], &[" "], &["a b"], &["\u{e4}"], &[&"x".repeat(65)], &["a", "a"]]
        {
            assert_eq!(key(wrong).unwrap_err().code, Code::INVALID_REQUEST, "{wrong:?}");
        }
    }

    #[test]
    fn what_comes_too_late_is_refused() {
        let check = |values: &[&str]| {
            check_expiry(&headers(&REQUEST_EXPIRES, values), 1_000).map_err(|problem| problem.code)
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["1000"]), Ok(()));
        assert_eq!(check(&["999"]), Err(Code::STALE_REQUEST));
        assert_eq!(check(&["1970-01-01T00:00:00Z"]), Err(Code::STALE_REQUEST));
        assert_eq!(check(&["soon"]), Err(Code::INVALID_REQUEST));
        assert_eq!(check(&["1000", "1000"]), Err(Code::INVALID_REQUEST));
    }
}
