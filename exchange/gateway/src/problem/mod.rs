//! What is answered when something cannot be done: `application/problem+json` (RFC 9457) with a stable code.
//!
//! Not responsible for deciding that it cannot. A newcomer needs to know one thing: every code stands in one table ([`codes`]),
//! with its status and its meaning; the OpenAPI document and the page of all codes are written from it.

mod codes;
mod render;

pub use codes::{CODES, Code, REJECT_CODES, reject_code};
pub use render::{FieldError, Parts, Problem};
