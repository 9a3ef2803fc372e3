//! See `bodies/loader.rs`.
#![no_main]

#[path = "../bodies/loader.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
