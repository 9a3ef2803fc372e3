//! [`SegmentedLog`]: the log in files of this machine.
//!
//! One file is written at a time, front to back, in room that was filled with zeroes before. A newcomer needs to know one thing:
//! a batch never spans two segments, and a segment is only begun when the one before is synced to its last record.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange_types::codec::{FrameHeader, encode_frame_with};
use exchange_types::{Epoch, Sequence, TimestampNs};

use super::prepare::Preparer;
use super::reader::SegmentSource;
use super::scan::BATCH_BYTES_MAX;
use super::segment::{RECORD_OVERHEAD, RECORD_PAYLOAD_MAX, RECORDS_AT, SPARE, SegmentHeader};
use super::{Appended, Limits, Log, LogError, Payloads};
use crate::storage::{Storage, StorageFile};

/// A log kept in segments on a [`Storage`].
#[derive(Debug)]
pub struct SegmentedLog<S: Storage> {
    storage: S,
    shared: Arc<Shared>,
    header: SegmentHeader,
    file: S::File,
    /// Where the next batch goes.
    position: u64,
    next: Sequence,
    /// Bytes written since the last sync.
    unsynced: u64,
    /// The checksum of the last record, for the link of the next segment.
    checksum: u32,
    /// The encoded batch; kept for its room.
    buffer: Vec<u8>,
    /// Makes segments before they are needed, if it was asked to.
    preparer: Option<Preparer<S::File>>,
    /// What stopped the log.
    stopped: Option<String>,
}

/// What readers see of the log.
#[derive(Debug)]
pub(crate) struct Shared {
    durable: AtomicU64,
    segments: Mutex<Vec<Listed>>,
}

/// A segment as readers find it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) first: Sequence,
    pub(crate) epoch: Epoch,
    pub(crate) name: String,
}

impl Shared {
    pub(crate) fn new(durable: Sequence, segments: Vec<Listed>) -> Self {
        Self { durable: AtomicU64::new(durable.0), segments: Mutex::new(segments) }
    }

    /// The bytes of every record up to here are in the file for whoever reads this first.
    pub(crate) fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    /// The segments in order; the last is being written. Nothing that can panic happens under this lock.
    pub(crate) fn segments(&self) -> MutexGuard<'_, Vec<Listed>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the segment durable under its name. Until the rename it is a leftover that nobody misses.
pub(crate) fn begin_segment<S: Storage>(
    storage: &S,
    header: &SegmentHeader,
    spare: Option<S::File>,
) -> Result<S::File, LogError> {
    let file = match spare {
        Some(file) => file,
        None => storage.create(SPARE, header.bytes)?,
    };
    file.write_at(0, &header.encode()?)?;
    file.sync_data()?;
    let name = header.name();
    storage.rename(SPARE, &name)?;
    storage.sync_directory()?;
    // Opened again, so that errors speak of the new name.
    Ok(storage.open(&name)?)
}

impl<S: Storage + Send + 'static> SegmentedLog<S>
where
    S::File: Send,
{
    /// From now on segments are filled with zeroes on a thread of their own before they are needed, so that no batch waits for
    /// that (50 ms for 64 MiB). The thread ends with the log; asking again changes nothing.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn prepare_ahead(&mut self) -> io::Result<()> {
        if self.preparer.is_some() {
            return Ok(());
        }
        let mut preparer = Preparer::start(self.storage.clone())?;
        preparer.request(self.header.bytes);
        self.preparer = Some(preparer);
        Ok(())
    }
}

impl<S: Storage> SegmentedLog<S> {
    pub(crate) fn new(storage: S, header: SegmentHeader, file: S::File, shared: Arc<Shared>) -> Self {
        Self {
            storage,
            shared,
            file,
            position: RECORDS_AT,
            next: header.first,
            unsynced: 0,
            checksum: header.previous_checksum,
            buffer: Vec::new(),
            preparer: None,
            stopped: None,
            header,
        }
    }

    /// Runs one operation; its failure is the last thing that happens to this log.
    fn once<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T, LogError>) -> Result<T, LogError> {
        if let Some(cause) = &self.stopped {
            return Err(LogError::Stopped { cause: cause.clone() });
        }
        let result = body(self);
        if let Err(error) = &result {
            self.stopped = Some(chain(error));
        }
        result
    }

    fn write(&mut self, time: TimestampNs, payloads: &Payloads, bytes: u64) -> Result<Appended, LogError> {
        if self.unsynced > 0 && self.unsynced + bytes > self.limits().batch_bytes_max as u64 {
            // What a crash can tear is one batch, and recovery counts on it.
            self.make_durable()?;
        }
        if self.position + bytes > self.header.bytes {
            self.rotate()?;
        }
        let first = self.next;
        let durable = self.shared.durable().0.to_le_bytes();
        self.buffer.clear();
        let mut last_at = 0;
        for payload in payloads.iter() {
            last_at = self.buffer.len();
            let frame = FrameHeader { epoch: self.header.epoch, sequence: self.next, time };
            encode_frame_with(frame, &mut self.buffer, |buffer| {
                buffer.extend_from_slice(&durable);
                buffer.extend_from_slice(payload);
            })
            .map_err(|error| LogError::TooLarge { bytes: error.length, bytes_max: RECORD_PAYLOAD_MAX })?;
            self.next = self.next.next();
        }
        self.file.write_at(self.position, &self.buffer)?;
        if let Some(checksum) = self.buffer[last_at..].first_chunk() {
            self.checksum = u32::from_le_bytes(*checksum);
        }
        self.position += bytes;
        self.unsynced += bytes;
        Ok(Appended { epoch: self.header.epoch, first, last: Sequence(self.next.0 - 1) })
    }

    fn make_durable(&mut self) -> Result<(), LogError> {
        if self.unsynced > 0 {
            self.file.sync_data()?;
            self.unsynced = 0;
            self.shared.durable.store(self.next.0 - 1, Ordering::Release);
        }
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), LogError> {
        self.make_durable()?;
        let header = SegmentHeader { first: self.next, previous_checksum: self.checksum, ..self.header };
        let spare = self.preparer.as_mut().map(Preparer::take).transpose()?;
        self.file = begin_segment(&self.storage, &header, spare)?;
        if let Some(preparer) = &mut self.preparer {
            preparer.request(header.bytes);
        }
        self.shared.segments().push(Listed { first: header.first, epoch: header.epoch, name: header.name() });
        self.header = header;
        self.position = RECORDS_AT;
        Ok(())
    }
}

impl<S: Storage> Log for SegmentedLog<S> {
    type Source = SegmentSource<S>;

    fn epoch(&self) -> Epoch {
        self.header.epoch
    }

    fn next_sequence(&self) -> Sequence {
        self.next
    }

    fn durable(&self) -> Sequence {
        self.shared.durable()
    }

    fn limits(&self) -> Limits {
        let segment = usize::try_from(self.header.bytes - RECORDS_AT).unwrap_or(usize::MAX);
        let batch_bytes_max = segment.min(BATCH_BYTES_MAX);
        Limits {
            payload_bytes_max: RECORD_PAYLOAD_MAX.min(batch_bytes_max - RECORD_OVERHEAD),
            batch_bytes_max,
            record_overhead: RECORD_OVERHEAD,
        }
    }

    fn append(&mut self, time: TimestampNs, payloads: &Payloads) -> Result<Appended, LogError> {
        assert!(!payloads.is_empty(), "a batch holds at least one payload");
        let limits = self.limits();
        let bytes = payloads.bytes() + payloads.len() * limits.record_overhead;
        if bytes > limits.batch_bytes_max {
            return Err(LogError::TooLarge { bytes, bytes_max: limits.batch_bytes_max });
        }
        if let Some(long) = payloads.iter().find(|payload| payload.len() > limits.payload_bytes_max) {
            return Err(LogError::TooLarge { bytes: long.len(), bytes_max: limits.payload_bytes_max });
        }
        self.once(|log| log.write(time, payloads, bytes as u64))
    }

    fn sync(&mut self) -> Result<Sequence, LogError> {
        self.once(|log| {
            log.make_durable()?;
            Ok(log.durable())
        })
    }

    fn prune(&mut self, keep: Sequence) -> Result<(), LogError> {
        self.once(|log| {
            let mut pruned = false;
            loop {
                // A segment goes when the next one begins at or below what is kept, so the last never does. Readers are told first.
                let name = {
                    let mut segments = log.shared.segments();
                    match segments.get(1) {
                        Some(second) if second.first <= keep => segments.remove(0).name,
                        _ => break,
                    }
                };
                // One by one from the front: a crash keeps a prefix of the removals, which leaves no gap.
                log.storage.remove(&name)?;
                pruned = true;
            }
            if pruned {
                log.storage.sync_directory()?;
            }
            Ok(())
        })
    }

    fn source(&self) -> SegmentSource<S> {
        SegmentSource::new(self.storage.clone(), Arc::clone(&self.shared))
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
