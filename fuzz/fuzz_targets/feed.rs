//! See `bodies/feed.rs`.
#![no_main]

#[path = "../bodies/feed.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
