//! See `bodies/snapshot_open.rs`.
#![no_main]

#[path = "../bodies/snapshot_open.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
