//! See `bodies/interpolate.rs`.
#![no_main]

#[path = "../bodies/interpolate.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
