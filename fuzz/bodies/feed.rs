//! Snapshots of a feed: restoring ends without a panic, what is restored is written back as the same bytes, and goes on.
//!
//! No fuzzer guesses a state hash, so every input is read twice: as it is, and with its frame made to match.

use exchange_core::Digest;
use exchange_core::feed::{Candle, DepthUpdate, EventHeader, Feed, FeedSink, Interval, TradePrint};
use exchange_types::{Event, InstrumentId, TimestampNs};

const WORD: usize = 8;
/// Magic number and length.
const HEAD: usize = 2 * WORD;

/// Reads one input as a snapshot.
pub fn run(bytes: &[u8]) {
    restore(bytes);
    restore(&with_frame(bytes));
}

fn restore(bytes: &[u8]) {
    match Feed::restore(bytes) {
        Ok(mut feed) => {
            assert_eq!(feed.snapshot().expect("no command is open"), bytes, "there is one way to write it");
            go_on(&mut feed);
        }
        Err(error) => {
            assert!(error.offset <= bytes.len(), "{error}");
            assert!(!error.to_string().is_empty(), "a fault has words");
        }
    }
}

/// Whatever was restored can be asked, and time can pass in it.
fn go_on(feed: &mut Feed) {
    for step in [0, 1, 60, 90_000] {
        let sequence = feed.sequence().next();
        let time = TimestampNs(feed.now().0.saturating_add(step * 1_000_000_000));
        let header = EventHeader { sequence, command: sequence, time };
        feed.apply(&header, &Event::Ticked, &mut Nobody).expect("the passing of time is never refused");
        for number in 0..feed.instruments() as u32 {
            let instrument = InstrumentId(number);
            let day = feed.statistics(instrument).expect("it is listed");
            assert!(day.high >= day.low && day.open.is_some() == day.high.is_some(), "{day:?}");
        }
    }
    let bytes = feed.snapshot().expect("no command is open");
    let again = Feed::restore(&bytes).expect("a feed reads what it wrote");
    assert_eq!(again.state_hash(), feed.state_hash(), "nothing is lost in a snapshot");
}

/// The words of an input with the magic number, the length and the state hash set right.
fn with_frame(bytes: &[u8]) -> Vec<u8> {
    let mut framed = Feed::new().snapshot().expect("no command is open")[..HEAD].to_vec();
    let state = bytes.get(HEAD..bytes.len().saturating_sub(WORD)).unwrap_or_default();
    let mut digest = Digest::new();
    for word in state.chunks_exact(WORD) {
        digest.word(u64::from_le_bytes(word.try_into().expect("a chunk is a word")));
        digest.end_record();
        framed.extend_from_slice(word);
    }
    framed.extend_from_slice(&digest.value().to_le_bytes());
    let length = framed.len() as u64;
    framed[WORD..HEAD].copy_from_slice(&length.to_le_bytes());
    framed
}

/// Nobody listens.
struct Nobody;

impl FeedSink for Nobody {
    fn trade(&mut self, _: &TradePrint) {}

    fn depth(&mut self, _: &DepthUpdate<'_>) {}

    fn candle(&mut self, _: InstrumentId, _: Interval, _: &Candle) {}
}
