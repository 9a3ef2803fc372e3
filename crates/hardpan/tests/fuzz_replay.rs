//! Replays the inputs that fuzzing kept, on a stable toolchain: what crashed or hung once, and what reaches much code.

#[expect(unreachable_pub, reason = "the fuzz targets use the same files")]
#[path = "../../../fuzz/bodies/mod.rs"]
mod bodies;

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// One input that takes longer than this hangs. The slowest takes milliseconds; the machine may be busy and the build
/// unoptimised.
const INPUT_TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn yaml() {
    replay("yaml", bodies::yaml::run);
}

#[test]
fn interpolate() {
    replay("interpolate", bodies::interpolate::run);
}

#[test]
fn loader() {
    replay("loader", bodies::loader::run);
}

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs: Vec<_> = fs::read_dir(&folder)
        .expect("the corpus is part of the repository")
        .map(|entry| entry.expect("the corpus can be listed").path())
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "there is something to replay in {}", folder.display());
    let (done, progress) = mpsc::channel();
    let files = inputs.clone();
    let worker = thread::spawn(move || {
        for path in files {
            body(&fs::read(&path).expect("an input can be read"));
            if done.send(()).is_err() {
                return;
            }
        }
    });
    for path in &inputs {
        match progress.recv_timeout(INPUT_TIMEOUT) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{} hangs", path.display()),
            Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{} panics, see above", path.display()),
        }
    }
    worker.join().expect("every input was replayed");
}
