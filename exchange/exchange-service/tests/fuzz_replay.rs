//! Replays the inputs that fuzzing kept for logs and snapshots: what was a bug once, and what reaches much code.

use std::fs;
use std::path::Path;

#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/log_open.rs"]
mod log_open;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/snapshot_open.rs"]
mod snapshot_open;

#[test]
fn log_inputs_pass() {
    replay("log_open", log_open::run);
}

#[test]
fn snapshot_inputs_pass() {
    replay("snapshot_open", snapshot_open::run);
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
