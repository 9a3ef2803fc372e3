//! See `bodies/log_open.rs`.
#![no_main]

#[path = "../bodies/log_open.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
