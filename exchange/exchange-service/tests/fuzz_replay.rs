//! Replays the inputs that fuzzing kept for logs and snapshots: what was a bug once, and what reaches much code.

#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/log_open.rs"]
mod log_open;
#[expect(unreachable_pub, reason = "all crates with kept inputs use the same file")]
#[path = "../../../fuzz/replay.rs"]
mod replay;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/snapshot_open.rs"]
mod snapshot_open;

#[test]
fn log_inputs_pass() {
    replay::replay("log_open", log_open::run);
}

#[test]
fn snapshot_inputs_pass() {
    replay::replay("snapshot_open", snapshot_open::run);
}
