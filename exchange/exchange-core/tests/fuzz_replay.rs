//! Replays the inputs that fuzzing kept for what this crate decodes and folds: what was a bug once, and what reaches much
//! code.
#![allow(missing_docs)]

#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/engine_commands.rs"]
mod engine_commands;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/engine_snapshot.rs"]
mod engine_snapshot;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/feed.rs"]
mod feed;
#[expect(unreachable_pub, reason = "all crates with kept inputs use the same file")]
#[path = "../../../fuzz/replay.rs"]
mod replay;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/step.rs"]
mod step;

#[test]
fn engine_snapshot_inputs_pass() {
    replay::replay("engine_snapshot", engine_snapshot::run);
}

#[test]
fn engine_commands_inputs_pass() {
    replay::replay("engine_commands", engine_commands::run);
}

#[test]
fn feed_inputs_pass() {
    replay::replay("feed", feed::run);
}

#[test]
fn step_inputs_pass() {
    replay::replay("step", step::run);
}
