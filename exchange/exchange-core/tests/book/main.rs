//! What a book does, as a trader would write it down: commands, then the book, then the events. How to read a scenario:
//! `scenario.rs`. Each runs through the reference book and through the fast one with either index.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod expiry;
mod fill_or_kill;
mod market;
mod post_only;
mod priority;
mod reduce_and_replace;
mod rejects;
mod scenario;
mod self_trade;
mod time_in_force;
