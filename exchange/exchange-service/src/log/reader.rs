//! Reading a [`SegmentedLog`](super::SegmentedLog), while it is written or not.
//!
//! A reader has its own handle to the files and shares nothing with the writer but the durable position and the list of
//! segments: it never makes the writer wait. It checks every record again: what comes out is what was promised, or an error.

use std::sync::Arc;

use exchange_types::{Epoch, Sequence, TimestampNs};

use super::scan::{Bad, Expected, Window, stored};
use super::segment::{DURABLE_BYTES, RECORDS_AT, SegmentHeader, corrupt};
use super::segmented::{Listed, Shared};
use super::{LogError, LogReader, LogSource, Record};
use crate::storage::Storage;
use exchange_types::codec::FRAME_HEADER_BYTES;

/// The reading side of a [`SegmentedLog`](super::SegmentedLog).
#[derive(Debug, Clone)]
pub struct SegmentSource<S: Storage> {
    storage: S,
    shared: Arc<Shared>,
}

impl<S: Storage> SegmentSource<S> {
    pub(crate) fn new(storage: S, shared: Arc<Shared>) -> Self {
        Self { storage, shared }
    }

    /// The first sequence of every segment, in order: the first one is the oldest record that can be read, and each of the
    /// others is what [`Log::prune`](super::Log::prune) can cut the log down to. Never empty.
    #[must_use]
    pub fn segments(&self) -> Vec<Sequence> {
        self.shared.segments().iter().map(|segment| segment.first).collect()
    }

    /// The oldest record that can be read; where there is none, the next to come.
    #[must_use]
    pub fn first(&self) -> Sequence {
        self.shared.segments().first().map_or(Sequence(1), |segment| segment.first)
    }

    /// The reign under which a record was written, or will be, if it is the next; `None`: the log does not reach back to it.
    #[must_use]
    pub fn epoch_of(&self, sequence: Sequence) -> Option<Epoch> {
        let segments = self.shared.segments();
        let index = segments.partition_point(|segment| segment.first <= sequence).checked_sub(1)?;
        segments.get(index).map(|segment| segment.epoch)
    }
}

impl<S: Storage> LogSource for SegmentSource<S> {
    type Reader = SegmentReader<S>;

    fn durable(&self) -> Sequence {
        self.shared.durable()
    }

    fn reader(&self, from: Sequence) -> Result<SegmentReader<S>, LogError> {
        SegmentReader::open(self.storage.clone(), Arc::clone(&self.shared), from)
    }
}

/// Reads durable records in order.
#[derive(Debug)]
pub struct SegmentReader<S: Storage> {
    storage: S,
    shared: Arc<Shared>,
    /// The sequence to be returned next.
    wanted: Sequence,
    open: Option<OpenSegment<S::File>>,
}

#[derive(Debug)]
struct OpenSegment<F> {
    name: String,
    file: F,
    window: Window,
    expected: Expected,
}

/// A record that was found, without borrowing it.
struct Taken {
    epoch: Epoch,
    sequence: Sequence,
    time: TimestampNs,
    bytes: usize,
}

impl<S: Storage> SegmentReader<S> {
    fn open(storage: S, shared: Arc<Shared>, from: Sequence) -> Result<Self, LogError> {
        let reader = Self { storage, shared, wanted: from, open: None };
        if from > reader.shared.durable().next() {
            return Err(reader.not_here());
        }
        reader.segment_of(from)?;
        Ok(reader)
    }

    /// The segment that holds, or will hold, a record.
    fn segment_of(&self, sequence: Sequence) -> Result<Listed, LogError> {
        let segments = self.shared.segments();
        let index = segments.partition_point(|segment| segment.first <= sequence);
        index.checked_sub(1).and_then(|index| segments.get(index)).cloned().ok_or_else(|| {
            drop(segments);
            self.not_here()
        })
    }

    fn not_here(&self) -> LogError {
        let first = self.shared.segments().first().map_or(Sequence(1), |segment| segment.first);
        LogError::NotHere { wanted: self.wanted, first, last: self.shared.durable() }
    }

    /// Takes the next record of the open segment; `None` where the segment ends.
    fn take(&mut self) -> Result<Option<Taken>, LogError> {
        let Some(OpenSegment { name, file, window, expected }) = &mut self.open else { return Ok(None) };
        window.fill_for_frame(file)?;
        let mut again = true;
        loop {
            let found = stored(window.rest()).and_then(|found| expected.check(&found).map(|()| found));
            match found {
                Ok(found) => {
                    let Record { epoch, sequence, time, .. } = found.record;
                    let (bytes, durable) = (found.bytes, found.durable);
                    expected.advance(durable);
                    window.advance(bytes);
                    return Ok(Some(Taken { epoch, sequence, time, bytes }));
                }
                // What was read ahead may be older than what has become durable since.
                Err(_) if again => {
                    window.fill(file)?;
                    again = false;
                }
                Err(bad) => {
                    // The segment that follows may have been pruned meanwhile; who looks for it will be told.
                    let followed = {
                        let segments = self.shared.segments();
                        segments.iter().any(|segment| segment.first == expected.sequence)
                            || segments.first().is_some_and(|first| first.first > expected.sequence)
                    };
                    let unwritten = window.rest().iter().all(|byte| *byte == 0);
                    if followed && unwritten && matches!(bad, Bad::Frame(_)) {
                        return Ok(None);
                    }
                    let reason = format!("record {}: {bad}", expected.sequence);
                    return Err(corrupt(name, window.offset(), reason));
                }
            }
        }
    }
}

impl<S: Storage> LogReader for SegmentReader<S> {
    fn next(&mut self) -> Result<Option<Record<'_>>, LogError> {
        if self.wanted > self.shared.durable() {
            return Ok(None);
        }
        let taken = loop {
            if self.open.is_none() {
                let Listed { name, .. } = self.segment_of(self.wanted)?;
                let file = self.storage.open(&name).map_err(|error| {
                    // Pruned between the look at the list and now.
                    if error.is_missing() { self.not_here() } else { error.into() }
                })?;
                let header = SegmentHeader::read(&name, &file)?;
                let expected = Expected::new(&header);
                self.open = Some(OpenSegment { name, file, window: Window::new(RECORDS_AT), expected });
            }
            match self.take()? {
                Some(taken) if taken.sequence < self.wanted => {}
                Some(taken) => break taken,
                None => self.open = None,
            }
        };
        self.wanted = taken.sequence.next();
        let payload = match &self.open {
            Some(open) => open.window.before(taken.bytes - FRAME_HEADER_BYTES - DURABLE_BYTES),
            None => &[],
        };
        let Taken { epoch, sequence, time, .. } = taken;
        Ok(Some(Record { epoch, sequence, time, payload }))
    }

    fn position(&self) -> Sequence {
        self.wanted
    }
}
