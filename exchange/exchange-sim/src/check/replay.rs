//! Replay: the whole log from its first record, and from every snapshot, gives what was seen.

use exchange_service::log::SegmentedLog;
use exchange_types::Epoch;

use super::{Violation, ensure};
use crate::fold::Venue;
use crate::process::{Stage, log_options, read_all};

/// Opens a copy of the disk as the next process would, and folds it.
///
/// # Errors
/// Where the log does not open, or holds something else, or its fold gives something else.
pub fn check_replay(stage: &mut Stage) -> Result<(), Violation> {
    let copy = stage.disk.copy();
    let failed = |error: &dyn std::fmt::Display| Violation {
        rule: "a log opens after every crash",
        found: error.to_string(),
    };
    let held = SegmentedLog::held_epoch(&copy).map_err(|error| failed(&error))?;
    let options = log_options(stage.plan.log.segment_bytes);
    let (log, _) =
        SegmentedLog::open(copy, options, Epoch(held.0 + 1)).map_err(|error| failed(&error))?;
    let entries = read_all(&log).map_err(|error| failed(&error))?;
    let oracle = &stage.oracle;
    ensure(entries.iter().eq(oracle.entries()), "the log holds what was durable and nothing else", || {
        format!("{} records, {} durable", entries.len(), oracle.durable_commands())
    })?;
    let mut venue = Venue::new();
    let mut events = Vec::new();
    for entry in &entries {
        venue.apply(entry, &mut events);
        let seen = oracle.end_of(entry.sequence);
        ensure(
            seen == Some((events.len(), venue.engine.state_hash())),
            "replay gives the same state after every command",
            || format!("at {}", entry.sequence),
        )?;
    }
    ensure(events == oracle.events(), "replay gives the same events", String::new)
}
