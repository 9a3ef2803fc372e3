//! A log in memory that a test can damage, and what a fold of it says.

use exchange_core::FastEngine;
use exchange_core::matching::BookMaker;
use exchange_types::codec::FrameHeader;
use exchange_types::{
    CommandHeader, Epoch, EventBuffer, Sequence, TimestampNs, decode_frame, encode_frame, encode_outcome,
};

/// Records in memory.
#[derive(Debug, Clone)]
pub struct Log {
    /// Reign and frame of each record.
    pub records: Vec<(u32, Vec<u8>)>,
    pub durable: u64,
    pub epoch: u32,
    /// Rises whenever all connections are to end.
    pub generation: u64,
    pub down: bool,
    pub snapshot: Option<Vec<u8>>,
    clock: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            durable: 0,
            epoch: 1,
            generation: 0,
            down: false,
            snapshot: None,
            clock: 1_000,
        }
    }
}

impl Log {
    pub fn last(&self) -> u64 {
        self.records.len() as u64
    }

    pub fn append(&mut self, payload: &[u8]) {
        self.clock += 100 + payload.len() as u64;
        let header = FrameHeader {
            epoch: Epoch(self.epoch),
            sequence: Sequence(self.last() + 1),
            time: TimestampNs(self.clock),
        };
        let mut frame = Vec::new();
        encode_frame(header, payload, &mut frame).unwrap();
        self.records.push((self.epoch, frame));
    }

    /// The writer dies and comes back: of what was not durable the first records may have survived.
    pub fn crash(&mut self, survivors: u64) {
        let kept = self.last().min(self.durable + survivors);
        self.records.truncate(kept as usize);
        self.durable = kept;
        self.epoch += 1;
        self.generation += 1;
    }

    /// Whether a reader that has come to `after`, in this reign, has come there in this log.
    pub fn has(&self, after: u64, epoch: Option<u32>) -> bool {
        match after.checked_sub(1) {
            None => true,
            Some(at) => match self.records.get(at as usize) {
                Some((found, _)) => epoch.is_none_or(|epoch| epoch == *found),
                None => false,
            },
        }
    }

    /// The engine after so many records, and the encoded outcome of each.
    pub fn fold(&self, count: u64) -> (FastEngine, Vec<Vec<u8>>) {
        let mut engine = FastEngine::new(BookMaker::fast());
        let mut events = EventBuffer::new();
        let mut outcomes = Vec::new();
        for (_, frame) in &self.records[..count as usize] {
            let record = decode_frame(frame).unwrap();
            let header = CommandHeader { sequence: record.header.sequence, time: record.header.time };
            events.clear();
            engine.apply_encoded(&header, record.payload, &mut events);
            let mut outcome = Vec::new();
            encode_outcome(&engine.outcome(&events), &events, &mut outcome);
            outcomes.push(outcome);
        }
        (engine, outcomes)
    }

    /// Makes a snapshot of what is durable.
    pub fn make_snapshot(&mut self) {
        let (engine, _) = self.fold(self.durable);
        let mut bytes = Vec::new();
        engine.snapshot(&mut bytes);
        self.snapshot = Some(bytes);
    }
}
