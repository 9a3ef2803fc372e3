//! Plans are carried out on a real cluster of three Kafka brokers with passwords and permissions.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "servers are started and files written"
)]
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "these are tests"
)]

mod bench;
mod brokers;
mod change;
mod crash;
mod login;
mod observer;
mod privilege;
mod ready;
#[path = "../support/mod.rs"]
mod support;
