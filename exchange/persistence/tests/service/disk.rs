//! Damaged files.

use super::process::Process;
use super::support::{FollowerOfLog, Served, block_on, send, submitter};

#[test]
fn a_damaged_log_is_refused_with_file_offset_and_advice_and_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[("SNAPSHOT_INTERVAL", "24h")]);
    block_on(async {
        let gateway = submitter(&served.address, 1).await;
        send(&gateway, 1..=50).await;
        let mut follower = FollowerOfLog::open(&served.address, 0, 0).await;
        follower.up_to(50).await;
        // A batch behind it proves that what is damaged below was durable.
        send(&gateway, 51..=60).await;
        follower.up_to(60).await;
    });
    served.end().unwrap();
    let log = folder.path().join("log");
    // Without the snapshot of the drain, so that the log is read from its beginning.
    for entry in std::fs::read_dir(&log).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "snapshot") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let segment = log.join("00000000000000000001-0000000001.log");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[700] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let output = Process::start(folder.path(), &[]).wait();
    assert_eq!(output.code, Some(3));
    let line = output.lines.iter().find(|line| line.contains("cannot be opened")).unwrap();
    for part in ["00000000000000000001-0000000001.log", "at offset 6", "bring it back from a copy"] {
        assert!(line.contains(part), "{part:?} is not in {line}");
    }
    assert_eq!(std::fs::read(&segment).unwrap(), bytes);
}

#[test]
fn a_folder_that_another_process_owns_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _served = Served::start(folder.path(), &[]);
    let output = Process::start(folder.path(), &[]).wait();
    assert_eq!(output.code, Some(3));
    assert!(
        output.lines.iter().any(|line| line.contains("Another process uses the folder")),
        "{:?}",
        output.lines
    );
}
