//! Replays the inputs that fuzzing kept, for the ordinary tests of the exchange's crates, which include this file by its path.
//!
//! It is not part of a fuzz target. Nothing it calls waits or loops over more than its input, so there is no limit of time here
//! as there is for the loader of hardpan.

use std::fs;
use std::path::Path;

/// Runs `body` on every input in the corpus of `target`, in the order of their names.
///
/// # Panics
/// If `body` panics on one, which is named, or if there is none.
pub fn replay(target: &str, body: fn(&[u8])) {
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
