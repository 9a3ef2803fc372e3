//! A client of the gateway: HTTP/1.1 over connections that stay, the requests of the API, its stream.
//!
//! Not responsible for what is asked and how often. A newcomer needs to know one thing: this client is cheap on purpose, because
//! it runs on the machine that it measures: a request is bytes that are made once and patched, and an answer is a status and a
//! slice of the buffer that it arrived in.

pub mod api;
mod http;
pub mod stream;

pub use api::{Placed, Trader};
pub use http::{Answer, Connection, Target, TargetError};
