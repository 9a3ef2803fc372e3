//! Replays the inputs that fuzzing kept for order-flow files: what was a bug once, and what reaches much code.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;

#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/flow_file.rs"]
mod flow_file;

#[test]
fn flow_file_inputs_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/flow_file");
    let mut inputs: Vec<_> = fs::read_dir(&folder)
        .expect("the corpus is part of the repository")
        .map(|entry| entry.expect("the corpus can be listed").path())
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "there is something to replay in {}", folder.display());
    for path in &inputs {
        let input = fs::read(path).expect("an input can be read");
        let passed = std::panic::catch_unwind(|| flow_file::run(&input)).is_ok();
        assert!(passed, "{} panics, see above", path.display());
    }
}
