//! Matching that is fed with steps alone, through their bytes, tells the events that the engine tells.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use exchange_core::book::FastBook;
use exchange_core::book::index::OpaqueIndex;
use exchange_core::matching::{BookMaker, Matching};
use exchange_core::step::StepBuffer;
use exchange_core::{Engine, FastEngine};
use exchange_types::codec::decode_outcome;
use exchange_types::{
    CommandHeader, Event, EventBuffer, Request, TimestampNs, encode_outcome, encode_request,
};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::test_runner::Config;
use support::random::Random;
use support::stream::{Bytes, command, delay, request, setup};

/// An engine, and a matching that hears of it through bytes.
struct Pair {
    engine: FastEngine,
    matching: Matching<FastBook<OpaqueIndex>>,
    now: TimestampNs,
    /// Events that were told before.
    told: u64,
    expected: EventBuffer,
    events: EventBuffer,
    bytes: Vec<u8>,
    steps: StepBuffer,
}

impl Pair {
    fn new() -> Self {
        Self {
            engine: Engine::new(BookMaker::fast().with_seed(7)),
            matching: Matching::new(BookMaker::fast().with_seed(8)),
            now: TimestampNs(1_000),
            told: 0,
            expected: EventBuffer::new(),
            events: EventBuffer::new(),
            bytes: Vec::new(),
            steps: StepBuffer::new(),
        }
    }

    fn apply(&mut self, request: &Request) {
        let mut payload = Vec::new();
        encode_request(&request.head(), &request.command, &mut payload);
        self.fold(&payload);
        assert_eq!(self.engine.outcome(&self.expected).request, request.id);
    }

    fn prepare(&mut self) {
        setup().into_iter().for_each(|command| self.apply(&Request::from(command)));
    }

    fn fold(&mut self, payload: &[u8]) {
        let header = CommandHeader { sequence: self.engine.sequence().next(), time: self.now };
        self.expected.clear();
        self.engine.apply_encoded(&header, payload, &mut self.expected);
        self.bytes.clear();
        self.engine.step(&self.expected).encode(&mut self.bytes);
        let (step, length) = self.steps.decode(&self.bytes).unwrap();
        assert_eq!(length, self.bytes.len());
        self.events.clear();
        self.matching.carry_out(&step, &mut self.events).unwrap();
        assert_eq!(*self.events, *self.expected, "{header:?}");
        let outcome = step.outcome(&self.events);
        assert_eq!(outcome, self.engine.outcome(&self.expected));
        assert_eq!((outcome.sequence, outcome.time), (header.sequence, header.time));
        assert_eq!(outcome.first_event, self.told + 1, "events are numbered without a gap");
        self.told += u64::from(outcome.events);
        self.bytes.clear();
        encode_outcome(&outcome, &self.events, &mut self.bytes);
        self.events.clear();
        assert_eq!(decode_outcome(&self.bytes, &mut self.events), Ok((outcome, self.bytes.len())));
        assert_eq!(*self.events, *self.expected);
    }

    /// Matching goes down and comes back from a snapshot, as the service does.
    fn recover(&mut self) {
        let mut snapshot = Vec::new();
        self.engine.snapshot(&mut snapshot);
        let restored = FastEngine::restore(BookMaker::fast().with_seed(9), &snapshot).unwrap();
        self.matching = restored.into_matching();
    }
}

/// What a stream has met.
#[derive(Default)]
struct Seen {
    expired: u64,
    killed: u64,
    swept: u64,
    checkpoints: u64,
    malformed: u64,
    repeated: u64,
}

fn run(stream: &[Bytes], seen: &mut Seen) {
    let mut pair = Pair::new();
    pair.prepare();
    let mut past: Vec<Request> = Vec::new();
    for (at, bytes) in stream.iter().enumerate() {
        pair.now.0 += delay(bytes);
        if bytes[11] % 32 == 1 {
            pair.fold(&bytes[..usize::from(bytes[10]) % bytes.len()]);
            seen.malformed += 1;
        } else {
            let mut asked = request(bytes, pair.now);
            if bytes[11] % 16 == 3 && !past.is_empty() {
                asked = past[usize::from(bytes[9]) % past.len()].clone();
            }
            pair.apply(&asked);
            if asked.key.is_some() {
                past.push(asked);
            }
        }
        if at % 128 == 127 {
            pair.recover();
        }
        for event in &pair.expected {
            use exchange_types::CancelCause::{Expired, Killed, MassCancel};
            match event {
                Event::Cancelled { cause: Expired, .. } => seen.expired += 1,
                Event::Cancelled { cause: Killed, .. } => seen.killed += 1,
                Event::Cancelled { cause: MassCancel, .. } => seen.swept += 1,
                Event::Checkpoint { .. } => seen.checkpoints += 1,
                Event::Repeated { .. } => seen.repeated += 1,
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 64, ..Config::default() })]

    #[test]
    fn matching_that_is_fed_with_steps_tells_what_the_engine_tells(stream in vec(any::<Bytes>(), 1..400)) {
        run(&stream, &mut Seen::default());
    }
}

#[test]
fn a_long_stream_of_steps_meets_all_that_makes_events_come_in_an_order_of_their_own() {
    let mut random = Random(5);
    let mut stream = vec![Bytes::default(); 20_000];
    stream.iter_mut().flatten().for_each(|byte| *byte = random.next() as u8);
    let mut seen = Seen::default();
    run(&stream, &mut seen);
    let Seen { expired, killed, swept, checkpoints, malformed, repeated } = seen;
    let counts = [expired, killed, swept, checkpoints, malformed, repeated];
    assert!(counts.iter().all(|count| *count > 9), "{counts:?}");
}

/// A book that lost an order does other things than risk expects, and matching says so before anybody is told.
#[test]
fn a_book_that_is_not_what_risk_thinks_is_noticed() {
    let mut pair = Pair::new();
    pair.prepare();
    let mut random = Random(11);
    let mut noticed = false;
    let stale = pair.matching.clone();
    for at in 0..2_000 {
        let mut bytes = Bytes::default();
        bytes.iter_mut().for_each(|byte| *byte = random.next() as u8);
        // Orders only, so that the books fill.
        bytes[0] %= 130;
        let command = command(&bytes, pair.now);
        let header = CommandHeader { sequence: pair.engine.sequence().next(), time: pair.now };
        pair.expected.clear();
        pair.engine.apply(&header, &command, &mut pair.expected);
        if at == 100 {
            pair.matching = stale.clone();
        }
        let step = pair.engine.step(&pair.expected);
        pair.events.clear();
        if let Err(diverged) = pair.matching.carry_out(&step, &mut pair.events) {
            assert_eq!((diverged.sequence, diverged.expected), (header.sequence, step.digest));
            assert!(at >= 100 && diverged.found != diverged.expected);
            noticed = true;
            break;
        }
    }
    assert!(noticed, "empty books do not tell the same for long");
}
