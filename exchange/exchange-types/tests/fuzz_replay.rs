//! Replays the inputs that fuzzing kept for the formats of the exchange: what was a bug once, and what reaches much code.

#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/frame.rs"]
mod frame;
#[expect(unreachable_pub, reason = "all crates with kept inputs use the same file")]
#[path = "../../../fuzz/replay.rs"]
mod replay;
#[expect(unreachable_pub, reason = "the fuzz target uses the same file")]
#[path = "../../../fuzz/bodies/wire.rs"]
mod wire;

#[test]
fn wire_inputs_pass() {
    replay::replay("wire", wire::run);
}

#[test]
fn frame_inputs_pass() {
    replay::replay("frame", frame::run);
}
