//! The page in a real browser: it shows what comes, live, on a phone and on a desk, and finds its way back.
//!
//! Needs `EXCHANGE_BROWSER` (a Chromium), which `cargo xtask test` provides where it can; without it the tests say that they were
//! skipped. With `EXCHANGE_SCREENSHOTS` they leave pictures in that folder. Here the page talks to a venue that is made up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "the modules of one test program")]

mod browser;
mod market;
mod scenes;
mod server;
