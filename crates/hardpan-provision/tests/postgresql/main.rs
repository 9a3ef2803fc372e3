//! Plans are carried out on real PostgreSQL servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "these are tests"
)]

mod bench;
mod first_run;
#[path = "../support/mod.rs"]
mod support;
