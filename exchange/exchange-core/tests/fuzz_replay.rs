//! Replays the inputs that fuzzing kept for what this crate decodes and folds: what was a bug once, and what reaches much
//! code.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;

#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/engine_commands.rs"]
mod engine_commands;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/engine_snapshot.rs"]
mod engine_snapshot;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/feed.rs"]
mod feed;

#[test]
fn engine_snapshot_inputs_pass() {
    replay("engine_snapshot", engine_snapshot::run);
}

#[test]
fn engine_commands_inputs_pass() {
    replay("engine_commands", engine_commands::run);
}

#[test]
fn feed_inputs_pass() {
    replay("feed", feed::run);
}

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs: Vec<_> = fs::read_dir(&folder)
        .expect("the corpus is part of the repository")
        .map(|entry| entry.expect("the corpus can be listed").path())
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "there is something to replay in {}", folder.display());
    for path in &inputs {
        let input = fs::read(path).expect("an input can be read");
        let passed = std::panic::catch_unwind(|| body(&input)).is_ok();
        assert!(passed, "{} panics, see above", path.display());
    }
}
