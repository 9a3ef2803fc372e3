//! A problem, and how it looks.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use exchange_types::{RejectReason, RequestId, Sequence, TimestampNs};
use serde::Serialize;

use super::codes::{Code, reject_code};

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

/// Why something cannot be done. Its [parts](Parts) are behind a pointer, because a result that is almost always good should not
/// be as large as a bad one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    parts: Box<Parts>,
}

/// What a problem says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
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
    pub fn new(code: Code) -> Self {
        let parts = Parts {
            code,
            detail: Cow::Borrowed(code.meaning),
            fields: Vec::new(),
            request: None,
            rejected: None,
            retry_after: None,
            replayed: false,
        };
        Self { parts: Box::new(parts) }
    }

    /// With what is the matter this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With the seconds after which it makes sense to ask again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Fields of the request that are wrong.
    #[must_use]
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Code::INVALID_REQUEST);
        problem.fields = fields;
        problem
    }

    /// One field of the request that is wrong.
    #[must_use]
    pub fn invalid_field(field: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid(vec![FieldError::new(field, problem)])
    }

    /// The venue rejected the command.
    #[must_use]
    pub fn rejected(reason: RejectReason, sequence: Sequence, time: TimestampNs) -> Self {
        let mut problem = Self::new(reject_code(reason));
        problem.rejected = Some((sequence, time));
        problem
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

impl Deref for Problem {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.parts
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
