//! The gateway before a venue with a real engine, over real connections.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod document;
mod limits;
mod link;
mod malformed;
mod orders;
mod support;
mod tokens;
