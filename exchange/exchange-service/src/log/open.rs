//! Opening a log: what is there, whether it may be trusted, who may write it, and what was cut.
//!
//! Nothing is changed before everything was checked. Then, in this order, so that a crash at any point leaves a log that opens:
//!
//! 1. The last segment is cut behind its last record.
//! 2. Its last batch is *written again* and synced. The process before may have ended between writing and syncing, or after a
//!    sync that failed, and then what can be read is not what is on the disk; the operating system would not even write it
//!    again, because it counts it as written. So recovery does, before it promises anything.
//! 3. A new segment begins the new epoch. From here on an open with an older epoch is refused; a writer
//!    that is still running is kept out by the lock on the folder.
//! 4. Leftovers are removed: a segment that was being made, segments of earlier epochs without a record.

use std::sync::Arc;

use exchange_types::{Epoch, Sequence};

use super::LogError;
use super::scan::{Position, Scanned, TornTail, scan};
use super::segment::{RECORD_OVERHEAD, RECORDS_AT, SPARE, SegmentHeader, corrupt, is_segment};
use super::segmented::{Listed, SegmentedLog, Shared, begin_segment};
use crate::storage::{Storage, StorageFile};

/// How long a segment is unless told otherwise, in bytes: half a million commands, and 50 ms to fill with zeroes.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// The smallest segment, in bytes: the header and a few commands.
pub const SEGMENT_BYTES_MIN: u64 = 2048;

/// How a log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// Which of several logs this is. Segments of another are refused.
    pub partition: u32,
    /// The length of new segments, in bytes. Old ones keep theirs.
    pub segment_bytes: u64,
    /// Records below this need not be read when opening: segments that end before it are checked by their headers alone.
    pub check_from: Sequence,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { partition: 0, segment_bytes: SEGMENT_BYTES, check_from: Sequence(0) }
    }
}

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The epoch that was taken.
    pub epoch: Epoch,
    /// The sequence of the first record that can be read, or would be, if there is none.
    pub first: Sequence,
    /// The sequence of the last record; the one before `first`, if there is none.
    pub last: Sequence,
    /// How many segments hold records.
    pub segments: usize,
    /// How many of them were read from end to end.
    pub segments_checked: usize,
    /// What was cut off the end.
    pub torn: Option<TornTail>,
    /// Files that held no record and were removed.
    pub removed: Vec<String>,
}

/// A segment that was found. It is not kept open: a log may have more segments than a process may have open files.
struct Found {
    name: String,
    header: SegmentHeader,
}

impl<S: Storage> SegmentedLog<S> {
    /// Opens the log in `storage`, or begins one, under an epoch higher than any it has seen.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when a file is not what the log would have written, [`LogError::Fenced`] when the epoch is not
    /// higher: both before anything was changed. [`LogError::Storage`] when the disk fails or is full; opening again is safe.
    pub fn open(storage: S, options: LogOptions, epoch: Epoch) -> Result<(Self, Recovery), LogError> {
        Self::open_behind(storage, options, epoch, None)
    }

    /// Opens the log for whoever has a state that covers every record up to `covered`, and so knows that they were durable.
    ///
    /// # Errors
    /// As [`open`](Self::open); and, before anything was changed, [`LogError::Lost`] when the log ends before `covered`, and
    /// [`LogError::NotHere`] when it begins after the record behind it.
    pub(crate) fn open_behind(
        storage: S,
        options: LogOptions,
        epoch: Epoch,
        covered: Option<Sequence>,
    ) -> Result<(Self, Recovery), LogError> {
        if options.segment_bytes < SEGMENT_BYTES_MIN {
            return Err(LogError::SegmentTooSmall {
                bytes: options.segment_bytes,
                bytes_min: SEGMENT_BYTES_MIN,
            });
        }
        let names = storage.list()?;
        let segments = find(&storage, &names, &options)?;
        let held = segments.last().map_or(Epoch(0), |last| last.header.epoch);
        if epoch <= held {
            return Err(LogError::Fenced { held, offered: epoch });
        }
        let (last_scan, segments_checked) = check(&storage, &segments, options.check_from)?;
        let next = last_scan.as_ref().map_or(Sequence(1), |scanned| scanned.next);
        if let Some(covered) = covered {
            fits_behind(covered, segments.first().map_or(next, |first| first.header.first), next)?;
        }

        if let (Some(last), Some(scanned)) = (segments.last(), &last_scan) {
            settle(&storage.open(&last.name)?, scanned)?;
        }
        // A name may have been given and not yet be durable, too.
        storage.sync_directory()?;
        let mut removed = Vec::new();
        if names.iter().any(|name| name == SPARE) {
            storage.remove(SPARE)?;
            removed.push(SPARE.to_owned());
        }
        let header = SegmentHeader {
            first: next,
            epoch,
            partition: options.partition,
            bytes: options.segment_bytes,
            previous_checksum: last_scan.as_ref().map_or(0, |scanned| scanned.checksum),
        };
        let file = begin_segment(&storage, &header, None)?;
        let mut kept: Vec<Listed> = Vec::new();
        for segment in &segments {
            if segment.header.first == next {
                storage.remove(&segment.name)?;
                removed.push(segment.name.clone());
            } else {
                let SegmentHeader { first, epoch, .. } = segment.header;
                kept.push(Listed { first, epoch, name: segment.name.clone() });
            }
        }
        if !removed.is_empty() {
            storage.sync_directory()?;
        }
        let recovery = Recovery {
            epoch,
            first: kept.first().map_or(next, |segment| segment.first),
            last: Sequence(next.0 - 1),
            segments: kept.len(),
            segments_checked,
            torn: last_scan.and_then(|scanned| scanned.tail),
            removed,
        };
        kept.push(Listed { first: next, epoch, name: header.name() });
        let shared = Arc::new(Shared::new(Sequence(next.0 - 1), kept));
        Ok((Self::new(storage, header, file, shared), recovery))
    }

    /// The highest epoch that the log in `storage` has seen; zero if there is no log. A writer takes a higher one.
    ///
    /// # Errors
    /// When the disk fails, or a segment's header is damaged.
    pub fn held_epoch(storage: &S) -> Result<Epoch, LogError> {
        let mut held = Epoch(0);
        for name in storage.list()?.iter().filter(|name| is_segment(name)) {
            held = held.max(SegmentHeader::read(name, &storage.open(name)?)?.epoch);
        }
        Ok(held)
    }
}

/// All segments in order, their headers checked and fitting together.
fn find<S: Storage>(storage: &S, names: &[String], options: &LogOptions) -> Result<Vec<Found>, LogError> {
    let mut segments: Vec<Found> = Vec::new();
    // The digits in a name are as many in all, so this is the order of sequence, then epoch.
    for name in names.iter().filter(|name| is_segment(name)) {
        let header = SegmentHeader::read(name, &storage.open(name)?)?;
        if header.partition != options.partition {
            let reason =
                format!("found a segment of partition {}, expected {}", header.partition, options.partition);
            return Err(corrupt(name, 0, reason));
        }
        if let Some(before) = segments.last() {
            let earlier = &before.header;
            if header.epoch < earlier.epoch {
                let reason = format!(
                    "found epoch {} behind epoch {} of `{}`",
                    header.epoch, earlier.epoch, before.name
                );
                return Err(corrupt(name, 0, reason));
            }
        }
        segments.push(Found { name: name.clone(), header });
    }
    Ok(segments)
}

/// Reads the segments that hold records from `check_from` on, and always the last; returns what the last one holds, and how
/// many were read.
fn check<S: Storage>(
    storage: &S,
    segments: &[Found],
    check_from: Sequence,
) -> Result<(Option<Scanned>, usize), LogError> {
    let mut checked = 0;
    let mut last = None;
    for (index, segment) in segments.iter().enumerate() {
        let Some(next) = segments.get(index + 1) else {
            checked += 1;
            last = Some(scan(&segment.name, &segment.header, &storage.open(&segment.name)?, Position::Last)?);
            break;
        };
        // A segment that claims to hold nothing would be removed, so that is never taken on trust.
        let claims_nothing = segment.header.first == next.header.first;
        if next.header.first <= check_from && !claims_nothing {
            continue;
        }
        checked += 1;
        let scanned =
            scan(&segment.name, &segment.header, &storage.open(&segment.name)?, Position::Followed)?;
        if scanned.next != next.header.first {
            let reason = format!(
                "the segment ends before record {}, and `{}` begins with record {}",
                scanned.next, next.name, next.header.first
            );
            return Err(corrupt(&segment.name, scanned.end, reason));
        }
        if scanned.checksum != next.header.previous_checksum {
            let reason = format!(
                "found {:#010x} as checksum of the record before the segment, expected {:#010x} as `{}` has it",
                next.header.previous_checksum, scanned.checksum, segment.name
            );
            return Err(corrupt(&next.name, RECORDS_AT, reason));
        }
    }
    Ok((last, checked))
}

/// Whether a log from `first` to the record before `next` goes on where a state ends that covers everything up to `covered`.
fn fits_behind(covered: Sequence, first: Sequence, next: Sequence) -> Result<(), LogError> {
    let last = Sequence(next.0 - 1);
    if last < covered {
        return Err(LogError::Lost { covered, last });
    }
    if first > covered.next() {
        return Err(LogError::NotHere { wanted: covered.next(), first, last });
    }
    Ok(())
}

/// Makes what was read of the last segment true: cut, written again, synced.
fn settle(file: &impl StorageFile, scanned: &Scanned) -> Result<(), LogError> {
    if file.length()? > scanned.end {
        file.set_length(scanned.end)?;
    }
    let length = scanned.end - scanned.unsynced_from;
    let mut batch = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    let count = file.read_at(scanned.unsynced_from, &mut batch)?;
    file.write_at(scanned.unsynced_from, &batch[..count])?;
    file.sync_data()?;
    Ok(())
}

const _: () = assert!(SEGMENT_BYTES_MIN > RECORDS_AT + RECORD_OVERHEAD as u64);
