//! Replays of order-flow files: the key by any matcher, and what a replay costs in processor time and latency.
//!
//! What is timed is what an engine does on its hot path: turn records into commands, apply them, write events into a buffer
//! that is reused. Hashing the events is not timed. A newcomer needs to know one thing: speed and latency come from
//! two passes, because reading a clock around every operation would slow the first one down.

use std::time::{Duration, Instant};

use exchange_core::book::index::{DenseIndex, IdIndex, OpaqueIndex};
use exchange_core::book::{BookCommand, FastBook, OrderBook, ReferenceBook};
use exchange_types::{Event, EventBuffer, InstrumentId, RejectReason};
use rustix::time::{ClockId, clock_gettime};

use crate::commands::Decoder;
use crate::flow::{Flow, Record};
use crate::key::{BookKey, Key, TradeKey};
use crate::naive::{Fill, NaiveBook};

/// Records between two looks at the clock, which costs a fraction of a microsecond, and between two hashings of events. So
/// few that their events stay in the cache, as they would with a consumer that keeps up.
const CHUNK: usize = 1024;

/// A matcher that can replay a file.
trait Matcher {
    /// Carries out records and keeps what happened for [`hash`](Self::hash).
    ///
    /// `started` is called for each record when its turn comes.
    fn run(&mut self, records: &[Record], started: impl FnMut());

    /// Takes the trades since the last call into the key and forgets them.
    fn hash(&mut self, key: &mut TradeKey);

    /// The key of the book as it stands.
    fn book_key(&self) -> BookKey;

    /// Bytes that the book has allocated, as far as it knows them.
    fn memory_bytes(&self) -> Option<usize>;
}

/// What a file is replayed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    /// The book that runs, with the index that fits the file's ids: the dense one where the header says how high they go,
    /// unless they turn out to lie too far apart for it.
    Fast,
    /// The book that specifies matching.
    Reference,
    /// The plain matcher.
    Plain,
}

impl Book {
    /// Replays a file through this book.
    #[must_use]
    pub fn replay(self, flow: &Flow) -> Replay {
        match self {
            Self::Fast if flow.header.highest_id != 0 => {
                let mut dense = fast_dense(flow);
                let found = replay(&mut dense, flow);
                if dense.out_of_range { replay(&mut fast_opaque(flow), flow) } else { found }
            }
            Self::Fast => replay(&mut fast_opaque(flow), flow),
            Self::Reference => replay(&mut reference(flow), flow),
            Self::Plain => replay(&mut Plain::new(flow), flow),
        }
    }

    /// Replays a file through this book, operation by operation.
    #[must_use]
    pub fn latency(self, flow: &Flow) -> Latency {
        match self {
            Self::Fast if flow.header.highest_id != 0 => {
                let mut dense = fast_dense(flow);
                let found = latency(&mut dense, flow);
                if dense.out_of_range { latency(&mut fast_opaque(flow), flow) } else { found }
            }
            Self::Fast => latency(&mut fast_opaque(flow), flow),
            Self::Reference => latency(&mut reference(flow), flow),
            Self::Plain => latency(&mut Plain::new(flow), flow),
        }
    }
}

const INSTRUMENT: InstrumentId = InstrumentId(0);

fn fast_dense(flow: &Flow) -> Core<FastBook<DenseIndex>> {
    Core::new(FastBook::new(INSTRUMENT, DenseIndex::default(), 0), flow)
}

fn fast_opaque(flow: &Flow) -> Core<FastBook<OpaqueIndex>> {
    Core::new(FastBook::new(INSTRUMENT, OpaqueIndex::default(), 0), flow)
}

fn reference(flow: &Flow) -> Core<ReferenceBook> {
    Core::new(ReferenceBook::new(INSTRUMENT), flow)
}

/// What a replay found and what it cost.
#[derive(Debug, Clone, Copy)]
pub struct Replay {
    /// The key of the file.
    pub key: Key,
    /// Timed records: those after the prefill.
    pub operations: u64,
    /// Processor time of this thread for them.
    pub processor: Duration,
    /// Bytes that the book has allocated.
    pub memory_bytes: Option<usize>,
}

impl Replay {
    /// Millions of operations per second of processor time.
    #[must_use]
    pub fn mops(&self) -> f64 {
        self.operations as f64 / self.processor.as_secs_f64().max(1e-9) / 1e6
    }
}

/// Replays a file and measures the processor time of the part after the prefill.
fn replay(matcher: &mut impl Matcher, flow: &Flow) -> Replay {
    let mut key = Key::default();
    let (prefill, timed) = flow.parts();
    for chunk in prefill.chunks(CHUNK) {
        matcher.run(chunk, || ());
        matcher.hash(&mut key.trades);
    }
    let mut processor = Duration::ZERO;
    for chunk in timed.chunks(CHUNK) {
        let start = thread_time();
        matcher.run(chunk, || ());
        processor += thread_time().saturating_sub(start);
        matcher.hash(&mut key.trades);
    }
    key.book = matcher.book_key();
    Replay { key, operations: timed.len() as u64, processor, memory_bytes: matcher.memory_bytes() }
}

/// Latencies of single operations, the cost of the clock taken off.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    /// Half of the operations take at most this, in nanoseconds.
    pub p50_ns: u64,
    /// Of a hundred operations 99 take at most this, in nanoseconds.
    pub p99_ns: u64,
}

/// Replays a file operation by operation and measures each one after the prefill.
fn latency(matcher: &mut impl Matcher, flow: &Flow) -> Latency {
    let mut key = TradeKey::default();
    let (prefill, timed) = flow.parts();
    for chunk in prefill.chunks(CHUNK) {
        matcher.run(chunk, || ());
        matcher.hash(&mut key);
    }
    let cost = clock_cost();
    let mut histogram = Histogram::default();
    for chunk in timed.chunks(CHUNK) {
        // From the turn of one record to the turn of the next: with what is fetched ahead, as in the other pass.
        let mut last: Option<Instant> = None;
        matcher.run(chunk, || {
            let now = Instant::now();
            if let Some(last) = last.replace(now) {
                histogram.count((now - last).saturating_sub(cost));
            }
        });
        matcher.hash(&mut key);
    }
    Latency { p50_ns: histogram.quantile(0.50), p99_ns: histogram.quantile(0.99) }
}

/// What one pair of looks at the clock costs: the median of many.
fn clock_cost() -> Duration {
    let mut costs: Vec<Duration> = (0..100_001).map(|_| Instant::now().elapsed()).collect();
    costs.sort_unstable();
    costs[costs.len() / 2]
}

/// Processor time of this thread.
pub(crate) fn thread_time() -> Duration {
    processor_time(ClockId::ThreadCPUTime)
}

/// What a clock of processor time says.
pub(crate) fn processor_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    // Neither field of a processor time is negative.
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Counts by nanosecond; what takes longer than the last one counts there.
struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; 1 << 20], total: 0 }
    }
}

impl Histogram {
    fn count(&mut self, duration: Duration) {
        let index = usize::try_from(duration.as_nanos()).unwrap_or(usize::MAX).min(self.counts.len() - 1);
        self.counts[index] += 1;
        self.total += 1;
    }

    fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        let index = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        index.unwrap_or(0) as u64
    }
}

/// The plain matcher, with the fills that are not hashed yet.
struct Plain {
    book: NaiveBook,
    fills: Vec<Fill>,
}

impl Plain {
    /// An empty book for a file.
    fn new(flow: &Flow) -> Self {
        Self { book: NaiveBook::new(flow.header.self_trade_prevention), fills: Vec::with_capacity(2 * CHUNK) }
    }
}

impl Matcher for Plain {
    fn run(&mut self, records: &[Record], mut started: impl FnMut()) {
        for record in records {
            started();
            self.book.apply(record, &mut |fill| self.fills.push(fill));
        }
    }

    fn hash(&mut self, key: &mut TradeKey) {
        for fill in self.fills.drain(..) {
            key.trade(fill.maker, fill.taker, fill.price, fill.quantity);
        }
    }

    fn book_key(&self) -> BookKey {
        self.book.key()
    }

    fn memory_bytes(&self) -> Option<usize> {
        None
    }
}

/// What a book of `exchange-core` needs in order to be replayed.
trait ReplayedBook: OrderBook {
    /// Carries out records one after the other.
    fn apply_records(
        &mut self,
        records: &[Record],
        mut command: impl FnMut(&Record) -> BookCommand,
        events: &mut EventBuffer,
    ) {
        for record in records {
            self.apply(&command(record), events);
        }
    }

    /// Bytes that the book has allocated, as far as it knows them.
    fn allocated_bytes(&self) -> Option<usize> {
        None
    }
}

impl ReplayedBook for ReferenceBook {}

impl<I: IdIndex> ReplayedBook for FastBook<I> {
    fn apply_records(
        &mut self,
        records: &[Record],
        command: impl FnMut(&Record) -> BookCommand,
        events: &mut EventBuffer,
    ) {
        self.apply_each(records, |record| (record.order, record.price), command, events);
    }

    fn allocated_bytes(&self) -> Option<usize> {
        Some(self.memory_bytes())
    }
}

/// A book of `exchange-core`, with the buffers for its commands and events.
struct Core<B> {
    book: B,
    decoder: Decoder,
    events: EventBuffer,
    /// An id was not in the range of a dense index, so the order was not taken and what was found is not the file's key.
    out_of_range: bool,
}

impl<B: ReplayedBook> Core<B> {
    /// This book, empty, for a file.
    fn new(book: B, flow: &Flow) -> Self {
        let decoder = Decoder::new(flow.header.self_trade_prevention);
        Self {
            book,
            decoder,
            // Sweeps take several orders at once; beyond this the buffer grows once and stays.
            events: EventBuffer::with_capacity(4 * CHUNK),
            out_of_range: false,
        }
    }
}

impl<B: ReplayedBook> Matcher for Core<B> {
    fn run(&mut self, records: &[Record], mut started: impl FnMut()) {
        let decoder = self.decoder;
        let command = |record: &Record| {
            started();
            decoder.command(record)
        };
        self.book.apply_records(records, command, &mut self.events);
    }

    fn hash(&mut self, key: &mut TradeKey) {
        for event in &self.events {
            match event {
                Event::Trade(trade) => key.trade(trade.maker, trade.taker, trade.price, trade.quantity),
                Event::Rejected { reason: RejectReason::OrderIdOutOfRange, .. } => self.out_of_range = true,
                _ => {}
            }
        }
        self.events.clear();
    }

    fn book_key(&self) -> BookKey {
        let mut key = BookKey::default();
        self.book.visit(&mut |order| key.order(order.side, order.price, order.id, order.remaining));
        key
    }

    fn memory_bytes(&self) -> Option<usize> {
        self.book.allocated_bytes()
    }
}
