//! See `bodies/engine_commands.rs`.
#![no_main]

#[path = "../bodies/engine_commands.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
