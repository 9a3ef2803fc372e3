//! The bytes of a body.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use bytes::Bytes;

use crate::api::app::ApiSettings;
use crate::problem::{Code, Problem};

/// Reads a body that is declared as JSON.
///
/// # Errors
/// Where it is declared as something else, too long, too slow, or cut short.
pub(in crate::api) async fn read_json(
    settings: &ApiSettings,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Problem> {
    check_type(headers)?;
    let limit = settings.body_bytes_max;
    let too_large =
        || Problem::new(Code::TOO_LARGE).detail(format!("expected a body of at most {limit} bytes"));
    let declared = axum::body::HttpBody::size_hint(&body).lower();
    if declared > limit as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(settings.body_timeout, axum::body::to_bytes(body, limit)).await {
        Err(_) => Err(Problem::new(Code::BODY_TIMEOUT)),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(too_large()),
        // The connection broke: nobody reads this answer.
        Ok(Err(_)) => Err(Problem::new(Code::MALFORMED_JSON).detail("the body is cut short")),
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';');
    let json = parts.next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if json && utf8 && !headers.contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    Err(Problem::new(Code::UNSUPPORTED_MEDIA_TYPE)
        .detail("expected `Content-Type: application/json` in UTF-8 and no `Content-Encoding`"))
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.to_string() == "length limit exceeded" {
            return true;
        }
        source = error.source();
    }
    false
}
