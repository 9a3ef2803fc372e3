//! Valkey against real nodes: clusters that are formed, finished, refused; users; secrets.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "plans and secrets lie on the disk, and runs that are killed are processes"
)]
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "all of it is for tests")]

mod cluster;
mod harness;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod users;

#[test]
fn a_run_that_another_test_starts() {
    harness::run_what_another_test_starts();
}
