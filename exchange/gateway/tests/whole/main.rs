//! The gateway before the real services, each on a thread of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, unused_imports, reason = "the support is shared with other tests, which use more of it")]

mod schemathesis;
#[path = "../api/support/mod.rs"]
mod support;
mod trade;
mod world;
