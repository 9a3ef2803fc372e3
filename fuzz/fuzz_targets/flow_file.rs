//! See `bodies/flow_file.rs`.
#![no_main]

#[path = "../bodies/flow_file.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
