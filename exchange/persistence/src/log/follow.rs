//! What the writer's thread tells the rest of the service.

use std::sync::Arc;
use std::time::Instant;

use exchange_service::commit::{Follower, Streamed};
use exchange_service::metrics::seconds;
use exchange_service::net::{Chunk, frame};
use exchange_types::codec::FrameHeader;
use exchange_types::{Sequence, encode_frame};

use super::{LogMetrics, Tail};

/// Puts records into the ring before they are synced, and says how far they are durable.
#[derive(Debug)]
pub(super) struct TailFollower {
    tail: Arc<Tail>,
    metrics: LogMetrics,
    appended_at: Instant,
}

impl TailFollower {
    pub(super) fn new(tail: Arc<Tail>, metrics: LogMetrics) -> Self {
        Self { tail, metrics, appended_at: Instant::now() }
    }
}

/// What an item takes beside the payload: lengths, kind, sequence, the frame's header.
const ITEM_OVERHEAD: usize = 48;

impl Follower for TailFollower {
    fn appended(&mut self, batch: &Streamed<'_>) {
        self.appended_at = Instant::now();
        let mut frames = Vec::with_capacity(batch.payloads.bytes() + batch.payloads.len() * ITEM_OVERHEAD);
        let (first, last) = (batch.appended.first, batch.appended.last);
        for (sequence, payload) in (first.0..).zip(batch.payloads.iter()) {
            let header =
                FrameHeader { epoch: batch.appended.epoch, sequence: Sequence(sequence), time: batch.time };
            put_record(&mut frames, header, payload);
        }
        let chunk = Chunk { first: first.0, last: last.0, frames: frames.into() };
        let durable = *self.tail.durable.borrow();
        // First into the ring: whoever is not told here finds it there.
        self.tail.ring.push(chunk.clone());
        self.tail.directs.appended(&chunk, durable);
        self.tail.appended_now();
        self.metrics.appended(batch.payloads.len());
    }

    fn durable(&mut self, position: Sequence) {
        self.tail.durable.send_replace(position.0);
        self.tail.directs.durable(position.0);
        self.metrics.synced(seconds(self.appended_at.elapsed()), position);
    }
}

/// Appends a record as an item of the stream: the frame that it has in the log, without the log's own field.
pub(crate) fn put_record(out: &mut Vec<u8>, header: FrameHeader, payload: &[u8]) {
    frame::put_item(out, header.sequence.0, |out| {
        let encoded = encode_frame(header, payload, out);
        assert!(encoded.is_ok(), "the log takes no payload that is empty or longer than a frame's");
    });
}
