//! Experiments on copies of the disk, while the run goes on undisturbed: what would be left if the power went now, and whether
//! damage to something old is refused.
//!
//! A newcomer needs to know one thing: after a crash a log must open, with everything that was durable; after damage it must
//! not, and must say where and why. The two are kept apart, because no program can tell them apart at the very end of a log.

use exchange_service::log::{LogError, SegmentedLog};
use exchange_service::snapshot::{Fold, SnapshotStore, restore};
use exchange_types::Epoch;

use super::replay::open_copy;
use super::{Violation, ensure};
use crate::disk::{Disk, Loss};
use crate::fold::Venue;
use crate::process::{Stage, chain, log_options};
use crate::random::Random;

/// Copies of the disk that lose their power, for each kind of loss.
const DRAWS: u64 = 2;
/// Bits that are flipped, each in a copy of its own.
const FLIPS: u64 = 4;

/// Lets copies of the disk lose their power in every way, some twice: while recovering, too.
///
/// # Errors
/// Where one of them does not open, or has lost what was durable.
pub fn check_power_loss(stage: &mut Stage) -> Result<(), Violation> {
    for loss in Loss::ALL {
        for _ in 0..DRAWS {
            let copy = stage.disk.copy();
            let seed = stage.kernel.random.bits();
            copy.with(|disk| {
                disk.reseed(Random::new(seed));
                disk.lose_power(loss);
                disk.power_on();
            });
            // A recovery that is cut short by the next power loss must leave a log that opens.
            let operations = stage.kernel.random.below(12);
            let again = copy.copy();
            again.with(|disk| disk.arm(crate::disk::DiskFault::PowerLoss, operations));
            let held = SegmentedLog::held_epoch(&again).unwrap_or(Epoch(0));
            let options = log_options(stage.plan.log.segment_bytes);
            let _ = SegmentedLog::open(again.clone(), options, Epoch(held.0 + 1));
            again.with(|disk| {
                disk.disarm();
                disk.power_on();
            });
            open_copy(stage, &again)?;
            open_copy(stage, &copy)?;
        }
    }
    Ok(())
}

/// Flips bits of old segments in copies of the disk: each copy must be refused, with the offset and the reason.
///
/// # Errors
/// Where one is not.
pub fn check_log_rot(stage: &mut Stage) -> Result<(), Violation> {
    let settled = stage.disk.copy();
    // Once opened, everything that was written stands in segments that another one follows.
    let entries = open_copy(stage, &settled)?;
    let names: Vec<String> = settled.with(|disk| disk.names().map(str::to_owned).collect());
    let mut segments: Vec<String> = names.into_iter().filter(|name| name.ends_with(".log")).collect();
    segments.pop();
    if entries.is_empty() || segments.is_empty() {
        return Ok(());
    }
    for _ in 0..FLIPS {
        let name = &segments[stage.kernel.random.index(segments.len())];
        let damaged = settled.copy();
        let length = damaged.with(|disk| disk.content(name).map_or(0, <[u8]>::len));
        let offset = stage.kernel.random.index(length);
        let bit = stage.kernel.random.below(8) as u8;
        damaged.with(|disk| disk.flip(name, offset, bit));
        let held = SegmentedLog::held_epoch(&damaged);
        let options = log_options(stage.plan.log.segment_bytes);
        let refused = match held {
            Err(error) => Some(error),
            Ok(held) => SegmentedLog::open(damaged, options, Epoch(held.0 + 1)).err(),
        };
        let place = match &refused {
            Some(LogError::Corrupt { offset: at, reason, .. }) if !reason.is_empty() => Some(*at),
            _ => None,
        };
        ensure(place.is_some(), "damage to an old record is refused with its offset and the reason", || {
            format!("bit {bit} of byte {offset} of {name}: {refused:?}")
        })?;
    }
    Ok(())
}

/// Flips a bit of the newest snapshot in a copy of the disk: it must be passed over, with the offset and the reason, and the state
/// must come out as if it were not there.
///
/// # Errors
/// Where the snapshot is used, or the state is another.
pub fn check_snapshot_rot(stage: &mut Stage) -> Result<(), Violation> {
    let damaged = stage.disk.copy();
    let failed = |error: &dyn std::error::Error| Violation {
        rule: "damage to a snapshot is survived with an older one",
        found: chain(error),
    };
    let (ids, _) = SnapshotStore::new(damaged.clone()).list().map_err(|error| failed(&error))?;
    let Some(newest) = ids.first() else { return Ok(()) };
    let name = newest.name();
    let length = damaged.with(|disk: &mut Disk| disk.content(&name).map_or(0, <[u8]>::len));
    let offset = stage.kernel.random.index(length);
    let bit = stage.kernel.random.below(8) as u8;
    damaged.with(|disk| disk.flip(&name, offset, bit));

    let entries = open_copy(stage, &damaged)?;
    let held = SegmentedLog::held_epoch(&damaged).map_err(|error| failed(&error))?;
    let options = log_options(stage.plan.log.segment_bytes);
    let (log, _) =
        SegmentedLog::open(damaged.clone(), options, Epoch(held.0 + 1)).map_err(|error| failed(&error))?;
    let mut store = SnapshotStore::new(damaged);
    let source = exchange_service::log::Log::source(&log);
    let (venue, restored) = restore(&mut store, &source, Venue::new).map_err(|error| failed(&error))?;
    let noticed = restored.invalid.iter().any(|invalid| invalid.file == name && !invalid.reason.is_empty());
    let older = restored.snapshot.is_none_or(|used| used.sequence < newest.sequence);
    ensure(noticed && older, "damage to a snapshot is survived with an older one", || {
        format!("bit {bit} of byte {offset} of {name}: {restored:?}")
    })?;
    let mut expected = Venue::new();
    let mut events = Vec::new();
    for entry in &entries {
        expected.apply(entry, &mut events);
    }
    ensure(
        venue.state_hash() == expected.state_hash(),
        "snapshot and tail give the state that the whole log gives",
        || format!("after damage to {name}"),
    )
}
