//! The exchange as pure state machines: order book, matching, risk, feed, and the fold of the log that joins them.
//!
//! No async, clock, IO, randomness, threads, floats, or randomly ordered iteration: the same commands give the same events,
//! byte for byte, on every machine. A newcomer needs to know one thing: a command goes in with its sequence number and its
//! time, events come out into a buffer the caller owns, and after each command every invariant holds.

#![warn(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails"))]

mod ahead;
pub mod book;
mod digest;
mod engine;
pub mod feed;
pub mod matching;
mod mixer;
pub mod risk;
mod snapshot;
pub mod step;

pub use digest::Digest;
pub use engine::{Engine, FastEngine};
pub use snapshot::{SnapshotError, SnapshotFault};
