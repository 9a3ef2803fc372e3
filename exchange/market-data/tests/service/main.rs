//! The service with a venue beside it that stands in for matching and persistence: what clients learn is what has happened.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "the modules of one test program")]

mod client;
mod follow;
mod golden;
mod queries;
mod resume;
mod service;
mod venue;
