//! Replays the inputs that fuzzing kept for order-flow files: what was a bug once, and what reaches much code.
#![allow(missing_docs)]

#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/flow_file.rs"]
mod flow_file;
#[expect(unreachable_pub, reason = "all crates with kept inputs use the same file")]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[test]
fn flow_file_inputs_pass() {
    replay::replay("flow_file", flow_file::run);
}
