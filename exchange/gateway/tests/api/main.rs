//! The gateway before a venue with a real engine, over real connections.

#![expect(clippy::tests_outside_test_module, reason = "this crate is a test")]

mod document;
mod link;
mod malformed;
mod orders;
mod support;
mod tokens;
