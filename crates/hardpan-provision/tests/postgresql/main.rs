//! Plans are carried out on real PostgreSQL servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "these are tests"
)]

mod bench;
mod cluster;
mod concurrent;
mod differences;
mod first_run;
mod interrupted;
mod not_ready;
mod passwords;
mod privileges;
mod secrets;
mod stack;
#[path = "../support/mod.rs"]
mod support;
