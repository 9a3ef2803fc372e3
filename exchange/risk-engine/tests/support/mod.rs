//! What the tests of the risk engine and of the matching engine have in common: services that can be killed, a persistence that
//! can be told to lose what is not durable, a stream of commands, and somebody who reads outcomes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod consumer;
pub mod log;
pub mod persistence;
pub mod process;
pub mod traffic;

use std::time::{Duration, Instant};

/// How long anything may take to come about. A machine that is busy with other things gets some of it.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until something holds.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
