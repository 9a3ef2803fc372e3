//! Pruning, on a copy of the disk: the log may be cut below what its oldest snapshot needs, and the power may go in the middle.
//!
//! In the run itself nothing is pruned: its checks want the whole history. A newcomer needs to know one thing: whatever moment
//! the power picks, what is left must open without a gap and give the same state.

use exchange_service::log::{Log, LogReader, SegmentedLog};
use exchange_service::snapshot::{Fold, SnapshotStore, restore};
use exchange_types::{Epoch, Sequence};

use super::replay::open_copy;
use super::{Violation, ensure};
use crate::disk::{DiskFault, Loss};
use crate::fold::Venue;
use crate::process::{Stage, chain, log_options};

/// The power goes after fewer operations than this; pruning takes about as many.
const OPERATIONS: u64 = 8;

/// Prunes a copy, lets the power go, and opens what is left.
///
/// # Errors
/// Where it does not open, or lacks more than was to go, or gives another state.
pub fn check_prune(stage: &mut Stage) -> Result<(), Violation> {
    let failed = |error: &dyn std::error::Error| Violation {
        rule: "a pruned log opens after every crash",
        found: chain(error),
    };
    let options = log_options(stage.plan.log.segment_bytes);
    let copy = stage.disk.copy();
    let entries = open_copy(stage, &copy)?;
    let open = |copy: &crate::disk::SharedDisk| {
        let held = SegmentedLog::held_epoch(copy).map_err(|error| failed(&error))?;
        SegmentedLog::open(copy.clone(), options, Epoch(held.0 + 1)).map_err(|error| failed(&error))
    };
    let mut store = SnapshotStore::new(copy.clone());
    let Some(keep) = store.needed_from().map_err(|error| failed(&error))? else { return Ok(()) };
    let (mut log, _) = open(&copy)?;
    let operations = stage.kernel.random.below(OPERATIONS);
    let loss = *stage.kernel.random.pick(&Loss::ALL).unwrap_or(&Loss::Everything);
    copy.with(|disk| disk.arm(DiskFault::PowerLoss, operations));
    // Whether it got to the end or not: the power goes.
    let _ = log.prune(keep);
    drop(log);
    copy.with(|disk| {
        disk.disarm();
        disk.lose_power(loss);
        disk.power_on();
    });

    let (log, recovery) = open(&copy)?;
    ensure(
        recovery.first <= keep && recovery.last.0 == entries.len() as u64,
        "pruning takes nothing that the oldest snapshot needs",
        || format!("{} to {} are left, {keep} to {} needed", recovery.first, recovery.last, entries.len()),
    )?;
    let mut reader = log.reader(recovery.first).map_err(|error| failed(&error))?;
    let mut next = recovery.first;
    while let Some(record) = reader.next().map_err(|error| failed(&error))? {
        let same = entries.get(next.0 as usize - 1).is_some_and(|entry| {
            (entry.sequence, entry.epoch, entry.time) == (record.sequence, record.epoch, record.time)
                && *entry.payload == *record.payload
        });
        ensure(same, "pruning changes nothing that stays", || format!("record {next}"))?;
        next = next.next();
    }
    ensure(next == Sequence(entries.len() as u64 + 1), "what recovery reports can be read", || {
        format!("read to {next}, {} expected", entries.len())
    })?;
    let mut store = SnapshotStore::new(copy);
    let (venue, _) = restore(&mut store, &log.source(), Venue::new).map_err(|error| failed(&error))?;
    let mut expected = Venue::new();
    let mut events = Vec::new();
    for entry in &entries {
        expected.apply(entry, &mut events);
    }
    ensure(
        venue.state_hash() == expected.state_hash(),
        "snapshot and tail give the state that the whole log gives",
        || format!("pruned below {keep}"),
    )
}
