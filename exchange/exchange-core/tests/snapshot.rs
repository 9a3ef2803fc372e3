//! A snapshot is the state: what is restored from it cannot be told from what was written, and anything else is refused.

mod support;

use exchange_core::book::ReferenceBook;
use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine, SnapshotError, SnapshotFault};
use exchange_types::{EventBuffer, TimestampNs};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::test_runner::Config;
use support::random::Random;
use support::stream::{Bytes, delay, request, venue};

fn bytes_of(engine: &FastEngine) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    bytes
}

fn restore(bytes: &[u8]) -> Result<FastEngine, SnapshotError> {
    Engine::restore(BookMaker::fast().with_seed(99), bytes)
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    #[test]
    fn a_restored_engine_continues_with_equal_events(
        past in vec(any::<Bytes>(), 1..300),
        future in vec(any::<Bytes>(), 1..300),
    ) {
        let mut venue = venue();
        for bytes in &past {
            venue.now.0 += delay(bytes);
            venue.ask(&request(bytes, venue.now));
        }
        let snapshot = bytes_of(&venue.fast);
        let mut restored = restore(&snapshot).unwrap();
        restored.audit().unwrap();
        assert_eq!(restored.state_hash(), venue.fast.state_hash());
        assert_eq!(bytes_of(&restored), snapshot, "there is one way to write a state");
        let mut events = EventBuffer::new();
        for bytes in &future {
            venue.now.0 += delay(bytes);
            let request = request(bytes, venue.now);
            let header = venue.next_header();
            let expected = venue.ask(&request);
            events.clear();
            restored.apply_request(&header, &request, &mut events);
            assert_eq!(events.to_vec(), expected);
        }
        assert_eq!(restored.state_hash(), venue.fast.state_hash());
    }

    #[test]
    fn random_bytes_never_panic(
        bytes in vec(any::<u8>(), 0..600),
        place in any::<u16>(),
        keep in any::<bool>(),
    ) {
        let mut snapshot = small_snapshot();
        if keep {
            let at = usize::from(place) % snapshot.len();
            let end = (at + bytes.len()).min(snapshot.len());
            snapshot[at..end].copy_from_slice(&bytes[..end - at]);
            let _ = restore(&snapshot);
        } else {
            assert!(restore(&bytes).is_err());
        }
    }
}

/// A venue with something in every part of its state.
fn small_snapshot() -> Vec<u8> {
    let mut random = Random(3);
    let mut venue = venue();
    for _ in 0..400 {
        let mut bytes = Bytes::default();
        bytes.iter_mut().for_each(|byte| *byte = random.next() as u8);
        bytes[0] %= 239;
        venue.now.0 += delay(&bytes);
        venue.ask(&request(&bytes, venue.now));
    }
    assert!(venue.fast.risk().live_orders() > 5 && venue.fast.risk().remembered_requests() > 5);
    bytes_of(&venue.fast)
}

#[test]
fn every_flipped_bit_is_refused() {
    let mut snapshot = small_snapshot();
    for at in 0..snapshot.len() {
        for bit in 0..8 {
            snapshot[at] ^= 1 << bit;
            assert!(restore(&snapshot).is_err(), "bit {bit} of byte {at}");
            snapshot[at] ^= 1 << bit;
        }
    }
    restore(&snapshot).unwrap();
}

#[test]
fn a_snapshot_cut_short_anywhere_is_refused_there() {
    let snapshot = small_snapshot();
    for length in 0..snapshot.len() {
        let error = restore(&snapshot[..length]).unwrap_err();
        assert_eq!(error.offset, length);
        assert!(matches!(error.fault, SnapshotFault::Truncated { .. }), "{error}");
    }
}

#[test]
fn foreign_bytes_are_refused_with_offset_and_reason() {
    let fault = |bytes: &[u8]| restore(bytes).unwrap_err();
    assert_eq!(fault(b"not a snapshot").to_string(), "not a snapshot of the engine at byte 0");
    let mut snapshot = small_snapshot();
    snapshot.push(0);
    assert_eq!(fault(&snapshot).fault, SnapshotFault::Trailing { bytes: 1 });
    snapshot.pop();
    snapshot[8] = 1;
    assert_eq!(fault(&snapshot).to_string(), "found version 1 of the format, expected 2 at byte 8");
    snapshot[8] = 2;
    snapshot[12] ^= 1;
    assert!(matches!(fault(&snapshot), SnapshotError { offset: 12, fault: SnapshotFault::Hash { .. } }));
}

/// A count that nothing stands behind is refused before anything is allocated for it.
#[test]
fn a_count_beyond_the_bytes_is_refused() {
    let mut snapshot = small_snapshot();
    // Behind the header and the 9 bytes of the venue's own state stands the number of tiers.
    let tiers = 8 + 4 + 8 + 4 * 8 + 9;
    snapshot[tiers..tiers + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    let error = restore(&snapshot).unwrap_err();
    assert_eq!(error.offset, tiers);
    assert!(matches!(error.fault, SnapshotFault::TooMany { what: "tiers", limit: 256, .. }), "{error}");
}

/// Each of these is added to by one for as long as the venue runs, and proofs of bounds say that it never ends. A number from
/// outside is no such count: the next order to rest would be number zero, and the engine could not read its own snapshot.
#[test]
fn a_count_that_could_not_go_on_is_refused() {
    let (sequence, events, arrivals) = (20, 36, 53);
    for at in [sequence, events, arrivals] {
        let mut snapshot = small_snapshot();
        snapshot[at + 7] = 0x80;
        let error = restore(&snapshot).unwrap_err();
        let rule = "what is counted one by one is below 2^63";
        assert_eq!(error.fault, SnapshotFault::Invalid { rule }, "at {at}");
    }
}

/// The format says nothing about books, so what ran on one kind goes on with the other.
#[test]
fn a_snapshot_does_not_depend_on_the_book() {
    let snapshot = small_snapshot();
    let fast = restore(&snapshot).unwrap();
    let reference: Engine<ReferenceBook> = Engine::restore(BookMaker::reference(), &snapshot).unwrap();
    assert_eq!(fast.state_hash(), reference.state_hash());
    let mut bytes = Vec::new();
    reference.snapshot(&mut bytes);
    assert_eq!(bytes, snapshot);
}

#[test]
fn an_engine_that_has_seen_nothing_survives() {
    let engine: FastEngine = Engine::new(BookMaker::fast());
    let restored = restore(&bytes_of(&engine)).unwrap();
    assert_eq!(restored.state_hash(), engine.state_hash());
    assert_eq!(restored.time(), TimestampNs(0));
}

/// Bytes of a request that is remembered: key, account, sequence, time, content.
const REQUEST_BYTES: usize = 44;

/// Requests are the last part; each rule about them is broken in the first or in the second of them.
#[test]
fn remembered_requests_that_no_venue_has_are_refused() {
    let snapshot = small_snapshot();
    let requests = restore(&snapshot).unwrap().risk().remembered_requests();
    let first = snapshot.len() - requests * REQUEST_BYTES;
    let count = u64::from_le_bytes(snapshot[first - 8..first].try_into().unwrap());
    assert_eq!(count, requests as u64, "they stand at the end");
    let second = first + REQUEST_BYTES;
    let words = |word: u64| word.to_le_bytes().to_vec();
    let known = snapshot[first..first + 20].to_vec();
    let (of_its_own, in_order, forgotten) = (
        "a request is that of an account there is, under a key of its own",
        "requests come in the order of the log",
        "a request that has had its time is forgotten",
    );
    for (at, bytes, rule) in [
        (first, vec![0; 16], of_its_own),
        (first + 16, vec![99, 0, 0, 0], of_its_own),
        (second, known, of_its_own),
        (first + 20, words(0), in_order),
        (first + 20, words(1 << 40), in_order),
        (second + 20, words(1), in_order),
        (first + 28, words(1 << 40), in_order),
        (second + 28, words(1), in_order),
    ] {
        let mut broken = snapshot.clone();
        broken[at..at + bytes.len()].copy_from_slice(&bytes);
        let fault = restore(&broken).unwrap_err().fault;
        assert_eq!(fault, SnapshotFault::Invalid { rule }, "{} in the {rule:?}", at - first);
    }
    // A day later by the clock of the venue, and nothing was forgotten.
    let mut late = snapshot.clone();
    late[28..36].copy_from_slice(&words(1 << 60));
    // Orders that end by themselves are not in the way of this.
    let fault = restore(&late).unwrap_err().fault;
    assert_eq!(fault, SnapshotFault::Invalid { rule: forgotten });
    let mut many = snapshot;
    many[first - 8..first].copy_from_slice(&words(1 << 27));
    let fault = restore(&many).unwrap_err().fault;
    assert!(matches!(fault, SnapshotFault::TooMany { what: "remembered requests", .. }), "{fault:?}");
}
