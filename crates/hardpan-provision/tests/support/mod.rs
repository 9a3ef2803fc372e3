//! Real servers for tests: each in a temporary folder, on free ports of the loopback interface, ended on drop.
//!
//! It does not install them: `cargo xtask servers` does, and `cargo xtask test` calls that. What a newcomer must know: a start
//! that returns `None` has said `SKIPPED` and why, and the test has nothing to do but to return.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "not every test uses all of it, and all of it is for tests"
)]

pub mod haproxy;
pub mod http;
pub mod kafka;
pub mod patroni;
pub mod ports;
pub mod postgresql;
pub mod process;
pub mod resp;
pub mod s3;
pub mod valkey;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a server may take to be ready, on a machine that compiles and runs other tests meanwhile.
pub const START_MAX: Duration = Duration::from_secs(240);

/// Where servers are: what the test run says, or where `cargo xtask servers` puts them.
pub fn servers() -> PathBuf {
    match std::env::var_os("HARDPAN_SERVERS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).join("../servers"),
    }
}

/// The path of a program, without links, so that a user who may not enter the target folder can run what lies elsewhere.
/// `None`, with a word about it: it is not there.
pub fn program(name: &str) -> Option<PathBuf> {
    let found = servers().join("bin").join(name).canonicalize().ok();
    if found.is_none() {
        skipped(&format!("`{name}` is missing; `cargo xtask servers` provides it where it can"));
    }
    found
}

/// Says that a test cannot run. It must be as visible as a failure.
pub fn skipped(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not by the macro, whose output a test that passes never shows.
    drop(writeln!(std::io::stderr(), "SKIPPED: {test}\n         {why}"));
}

/// A password that no other server or run has, recognisable wherever it should not be.
pub fn fresh_password() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("Canary-{:x}-{nanoseconds:x}-{count}", std::process::id())
}

/// Runs a future to its end wherever this is called, also inside another runtime.
pub fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
        });
        worker.join().expect("the future does not panic")
    })
}
