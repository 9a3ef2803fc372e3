//! A problem, and how it looks.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use exchange_types::{RejectReason, RequestId, Sequence, TimestampNs};
use serde::Serialize;

use super::codes::{Code, reject_status};

/// One field, parameter or header that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Its name.
    pub field: Cow<'static, str>,
    /// What was found, or expected.
    pub problem: Cow<'static, str>,
}

impl FieldError {
    /// A field and what is wrong with it.
    pub fn new(field: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which kind.
    pub code: Code,
    /// What is the matter this time.
    pub detail: Cow<'static, str>,
    /// What is wrong with the request, field by field.
    pub fields: Vec<FieldError>,
    /// The request whose outcome is unknown.
    pub request: Option<RequestId>,
    /// The command that was rejected: its position in the log and its event time.
    pub rejected: Option<(Sequence, TimestampNs)>,
    /// Seconds after which it makes sense to ask again.
    pub retry_after: Option<u32>,
    /// True where a repeated request is answered as the first time.
    pub replayed: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
}

impl Problem {
    /// A problem of this kind; its detail is the meaning of the code.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            detail: Cow::Borrowed(code.meaning),
            fields: Vec::new(),
            request: None,
            rejected: None,
            retry_after: None,
            replayed: false,
        }
    }

    /// With what is the matter this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With the seconds after which it makes sense to ask again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Fields of the request that are wrong.
    #[must_use]
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(Code::INVALID_REQUEST) }
    }

    /// One field of the request that is wrong.
    #[must_use]
    pub fn invalid_field(field: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid(vec![FieldError::new(field, problem)])
    }

    /// The venue rejected the command.
    #[must_use]
    pub fn rejected(reason: RejectReason, sequence: Sequence, time: TimestampNs) -> Self {
        let code = match reason {
            // An order of somebody else is not told from one that does not exist.
            RejectReason::UnknownOrder | RejectReason::NotOrderOwner => Code::UNKNOWN_ORDER,
            RejectReason::UnknownInstrument => Code::UNKNOWN_MARKET,
            reason => Code {
                name: reason.name(),
                status: reject_status(reason),
                meaning: reason.meaning().trim_ascii(),
            },
        };
        Self { rejected: Some((sequence, time)), ..Self::new(code) }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What a client program resolves to read about the problem.
    fn kind(&self) -> String {
        format!("urn:exchange:problem:{}", self.code.name)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            r#type: self.kind(),
            title: self.code.meaning,
            status: self.code.status,
            code: self.code.name,
            detail: &self.detail,
            fields: &self.fields,
            request: self.request.map(|request| request.to_string()),
            sequence: self.rejected.map(|(sequence, _)| sequence.to_string()),
            time: self.rejected.map(|(_, time)| time.to_string()),
        };
        // Texts and numbers: there is nothing in it that JSON cannot say.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(self.code.status, 401 | 403) {
            headers.insert(WWW_AUTHENTICATE, challenge(&self.code));
        }
        if self.replayed {
            headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response.extensions_mut().insert(self.code);
        response
    }
}

/// RFC 6750: no error where there was no token.
fn challenge(code: &Code) -> HeaderValue {
    let text = match (code.status, code.name) {
        (403, _) => "Bearer realm=\"exchange\", error=\"insufficient_scope\"",
        (_, "token-missing") => "Bearer realm=\"exchange\"",
        _ => "Bearer realm=\"exchange\", error=\"invalid_token\"",
    };
    HeaderValue::from_static(text)
}
