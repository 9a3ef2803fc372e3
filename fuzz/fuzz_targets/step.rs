//! See `bodies/step.rs`.
#![no_main]

#[path = "../bodies/step.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
