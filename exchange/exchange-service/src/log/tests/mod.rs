//! Tests of the log on a disk in memory.

mod handles;
mod ordinary;
mod random;
mod refused;
mod stopping;
mod torn;

use exchange_types::{Epoch, Sequence, TimestampNs};

use super::*;
use crate::storage::{MemoryStorage, Storage};

type MemoryLog = SegmentedLog<MemoryStorage>;

/// Room for about twenty records of a few bytes.
const SMALL: LogOptions =
    LogOptions { partition: 7, segment_bytes: SEGMENT_BYTES_MIN, check_from: Sequence(0) };

fn open(storage: &MemoryStorage, epoch: u32) -> (MemoryLog, Recovery) {
    SegmentedLog::open(storage.clone(), SMALL, Epoch(epoch)).unwrap()
}

fn refused(storage: &MemoryStorage, epoch: u32) -> String {
    let error = SegmentedLog::open(storage.clone(), SMALL, Epoch(epoch)).unwrap_err();
    super::segmented::chain(&error)
}

fn payloads<T: AsRef<[u8]>>(list: &[T]) -> Payloads {
    let mut payloads = Payloads::new();
    for payload in list {
        payloads.push(payload.as_ref());
    }
    payloads
}

fn append(log: &mut MemoryLog, list: &[&str]) -> Appended {
    log.append(TimestampNs(1_000), &payloads(list)).unwrap()
}

fn commit(log: &mut MemoryLog, list: &[&str]) {
    append(log, list);
    log.sync().unwrap();
}

/// Everything that can be read, as `epoch:sequence:payload`.
fn texts(log: &MemoryLog, from: u64) -> Vec<String> {
    let mut reader = log.reader(Sequence(from)).unwrap();
    let mut texts = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        let text = String::from_utf8_lossy(record.payload);
        texts.push(format!("{}:{}:{text}", record.epoch, record.sequence));
    }
    texts
}

/// The name of the segment that begins with a sequence under an epoch.
fn segment(first: u64, epoch: u32) -> String {
    format!("{first:020}-{epoch:010}.log")
}
