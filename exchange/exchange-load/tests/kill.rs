//! A few rounds of `exchange-load soak-kill`; fifty and more are a command of their own.

use std::path::Path;

use exchange_load::commit::{Soak, soak};

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Soak { rounds: 5, seed: 4, folder: folder.path().join("log") };
    let mut acknowledged = 0;
    let mut rounds = 0;
    soak(&plan, Path::new(env!("CARGO_BIN_EXE_exchange-load")), |_, killed| {
        acknowledged += killed.acknowledged;
        rounds += 1;
    })
    .unwrap();
    assert_eq!(rounds, 5);
    assert!(acknowledged > 0, "every child was killed before it had done anything");
}
