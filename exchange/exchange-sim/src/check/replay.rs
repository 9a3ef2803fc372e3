//! Replay: the whole log from its first record, and from every snapshot, gives what was seen.

use exchange_service::log::SegmentedLog;
use exchange_service::snapshot::{Fold, SnapshotStore};
use exchange_types::{Epoch, Event};

use super::{Violation, ensure};
use crate::disk::SharedDisk;
use crate::fold::Venue;
use crate::message::Entry;
use crate::process::{Stage, chain, log_options, read_all};

/// Opens a log as the next process would, and reads all of it.
///
/// # Errors
/// Where it does not open, or lacks what was durable, or holds what nobody wrote.
pub(super) fn open_copy(stage: &Stage, copy: &SharedDisk) -> Result<Vec<Entry>, Violation> {
    let failed = |error: &dyn std::error::Error| Violation {
        rule: "a log opens after every crash",
        found: chain(error),
    };
    let held = SegmentedLog::held_epoch(copy).map_err(|error| failed(&error))?;
    let options = log_options(stage.plan.log.segment_bytes);
    let (log, recovery) =
        SegmentedLog::open(copy.clone(), options, Epoch(held.0 + 1)).map_err(|error| failed(&error))?;
    let entries = read_all(&log).map_err(|error| failed(&error))?;
    stage.oracle.could_be(&entries, recovery.last)?;
    Ok(entries)
}

/// Opens a copy of the disk as the next process would, and folds it from the first record and from every snapshot.
///
/// # Errors
/// Where the log does not open, or holds something else, or its fold gives something else.
pub fn check_replay(stage: &mut Stage) -> Result<(), Violation> {
    let copy = stage.disk.copy();
    let entries = open_copy(stage, &copy)?;
    let oracle = &stage.oracle;
    ensure(
        entries.len() as u64 == oracle.durable_commands(),
        "the log holds what was durable and nothing else",
        || format!("{} records, {} durable", entries.len(), oracle.durable_commands()),
    )?;
    fold(stage, Venue::new(), &entries)?;

    let failed =
        |error: &dyn std::error::Error| Violation { rule: "snapshots can be read", found: chain(error) };
    let mut store = SnapshotStore::new(copy);
    let (ids, strange) = store.list().map_err(|error| failed(&error))?;
    ensure(strange.is_empty(), "nothing but snapshots has the name of one", || format!("{strange:?}"))?;
    for id in ids {
        let mut state = Vec::new();
        let mut venue = Venue::new();
        let read = store.read(id, &mut state).map_err(|error| failed(&error))?;
        ensure(read.is_ok(), "a snapshot that has its name is whole after every crash", || {
            format!("{read:?}")
        })?;
        venue.restore(&state).map_err(|error| failed(&error))?;
        fold(stage, venue, &entries[id.sequence.0 as usize..])?;
    }
    Ok(())
}

/// Folds records and compares with what was seen: the state after each, and all events.
fn fold(stage: &Stage, mut venue: Venue<crate::fold::Fast>, entries: &[Entry]) -> Result<(), Violation> {
    let oracle = &stage.oracle;
    let from = oracle.end_of(venue.engine.sequence()).map_or(0, |(events, _)| events);
    let mut events: Vec<Event> = Vec::new();
    for entry in entries {
        venue.apply(entry, &mut events);
        ensure(
            oracle.end_of(entry.sequence) == Some((from + events.len(), venue.engine.state_hash())),
            "replay gives the same state after every command",
            || format!("at {}", entry.sequence),
        )?;
    }
    ensure(events == oracle.events()[from..], "replay gives the same events", || format!("from event {from}"))
}
