//! Snapshots of the feed: it goes on from one as if nothing had been, and nothing else is taken for one.

use exchange_core::Digest;
use exchange_core::feed::{EventHeader, Feed, FeedError, Interval, SnapshotError, SnapshotFault};
use exchange_types::{
    AccountId, Event, InstrumentId, OrderId, PriceTicks, QuantityLots, Scope, Side, TimestampNs, Trade,
    TradingState,
};
use proptest::prelude::*;

use crate::stream::{INSTRUMENTS, Record, Venue, fixed_numbers, numbers, play, take};

/// A snapshot with levels, trades and candles in it.
fn some_snapshot() -> Vec<u8> {
    let (feed, record) = play(&fixed_numbers(150), |_, _, _| {});
    for instrument in INSTRUMENTS {
        assert!(feed.best(instrument, Side::Buy).is_some() && feed.best(instrument, Side::Sell).is_some());
        assert!(record.prints(instrument).len() > 3);
    }
    feed.snapshot().unwrap()
}

/// The snapshot with one word changed and the state hash set right, as only somebody could who means it.
fn forge(mut bytes: Vec<u8>, word: usize, value: u64) -> Vec<u8> {
    bytes[word * 8..word * 8 + 8].copy_from_slice(&value.to_le_bytes());
    let end = bytes.len() - 8;
    let mut digest = Digest::new();
    for word in bytes[16..end].chunks(8) {
        digest.word(u64::from_le_bytes(word.try_into().unwrap()));
        digest.end_record();
    }
    bytes[end..].copy_from_slice(&digest.value().to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_feed_goes_on_as_the_one_it_was_made_of(before in numbers(300), after in numbers(100)) {
        let (mut venue, listing) = Venue::new();
        let (mut feed, mut record) = (Feed::new(), Record::default());
        take(&mut feed, &listing, &mut record);
        for step in before {
            take(&mut feed, &venue.step(step), &mut record);
        }
        let bytes = feed.snapshot().unwrap();
        let mut restored = Feed::restore(&bytes).unwrap();
        prop_assert_eq!(restored.state_hash(), feed.state_hash());
        prop_assert_eq!(restored.snapshot().unwrap(), bytes);
        for step in after {
            let events = venue.step(step);
            let (mut one, mut other) = (Record::default(), Record::default());
            take(&mut feed, &events, &mut one);
            take(&mut restored, &events, &mut other);
            prop_assert_eq!(one, other);
            prop_assert_eq!(restored.state_hash(), feed.state_hash());
            for instrument in INSTRUMENTS {
                prop_assert_eq!(restored.statistics(instrument), feed.statistics(instrument));
            }
        }
    }

    #[test]
    fn a_snapshot_with_any_word_forged_is_restored_to_itself_or_refused(word in 2_usize..400, value in any::<u64>(), small in 0_u64..3) {
        for value in [value, small] {
            let bytes = some_snapshot();
            let word = 2 + word % (bytes.len() / 8 - 3);
            let forged = forge(bytes, word, value);
            if let Ok(feed) = Feed::restore(&forged) {
                prop_assert_eq!(feed.snapshot().unwrap(), forged);
            }
        }
    }
}

#[test]
fn a_cut_or_lengthened_snapshot_is_refused_at_every_byte() {
    let bytes = some_snapshot();
    for length in 0..bytes.len() {
        let error = Feed::restore(&bytes[..length]).map(|_| ()).unwrap_err();
        let foreign = error == SnapshotError { offset: 0, fault: SnapshotFault::Foreign };
        let short = matches!(error.fault, SnapshotFault::Length { found, .. } if found == length as u64);
        assert!(foreign || short, "at {length}: {error}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(Feed::restore(&longer).unwrap_err().fault, SnapshotFault::Length { .. }));
}

#[test]
fn a_snapshot_with_any_bit_flipped_is_refused() {
    let mut bytes = some_snapshot();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Feed::restore(&bytes).is_err(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_forged_snapshot_is_refused_with_the_field_and_its_place() {
    let empty = Feed::new().snapshot().unwrap();
    let fault = |bytes: Vec<u8>| Feed::restore(&bytes).map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        fault(forge(empty.clone(), 5, 1_025)),
        "snapshot of a feed, byte 40: the number of instruments is 1025, at most 1024 is possible"
    );
    assert_eq!(
        fault(forge(empty.clone(), 5, 2)),
        "snapshot of a feed, byte 40: counts and the length contradict one another"
    );
    assert_eq!(
        fault(forge(empty, 6, 3)),
        "snapshot of a feed, byte 48: a trading state is 3, at most 2 is possible"
    );
    assert_eq!(
        fault(forge(some_snapshot(), 6, u64::MAX)),
        format!(
            "snapshot of a feed, byte 48: the sequence of the last update is {}, at most {} is possible",
            u64::MAX,
            u64::from_le_bytes(some_snapshot()[16..24].try_into().unwrap())
        )
    );
}

#[test]
fn trading_states_are_those_of_instrument_and_venue_and_are_kept() {
    let mut feed = play(&fixed_numbers(20), |_, _, _| {}).0;
    let [one, other] = [INSTRUMENTS[0], INSTRUMENTS[1]];
    let mut set = |scope, state| {
        let sequence = feed.sequence().next();
        let header = EventHeader { sequence, command: sequence, time: feed.now() };
        feed.apply(&header, &Event::TradingStateSet { scope, state }, &mut Record::default()).unwrap();
        let restored = Feed::restore(&feed.snapshot().unwrap()).unwrap();
        assert_eq!(restored.state_hash(), feed.state_hash());
        assert_eq!(restored.command(), sequence);
        [one, other].map(|instrument| restored.state(instrument).unwrap())
    };
    let (open, halted, killed) = (TradingState::Open, TradingState::Halted, TradingState::Killed);
    assert_eq!(set(Scope::Instrument(other), killed), [open, killed]);
    assert_eq!(set(Scope::Venue, halted), [halted, killed], "the stricter of the two");
    assert_eq!(
        set(Scope::Account(AccountId(1)), killed),
        [halted, killed],
        "an account's is nobody's business"
    );
    assert_eq!(set(Scope::Venue, open), [open, killed]);
    assert_eq!(feed.state(InstrumentId(9)), None);
    let sequence = feed.sequence().next();
    let header = EventHeader { sequence, command: sequence, time: feed.now() };
    let scope = Scope::Instrument(InstrumentId(9));
    let refused = feed.apply(&header, &Event::TradingStateSet { scope, state: open }, &mut Record::default());
    assert_eq!(refused, Err(FeedError::UnknownInstrument { sequence, instrument: InstrumentId(9) }));
}

#[test]
fn inside_a_command_there_is_no_snapshot() {
    let (mut venue, listing) = Venue::new();
    let (mut feed, mut record) = (Feed::new(), Record::default());
    take(&mut feed, &listing, &mut record);
    let events = venue.step([0, 0, 0, 0]);
    for (header, event) in &events {
        feed.apply(header, event, &mut record).unwrap();
    }
    assert_eq!(feed.snapshot(), Err(FeedError::InsideCommand));
    assert_eq!(feed.depth(INSTRUMENTS[0]), Err(FeedError::InsideCommand));
    feed.end_command(&mut record);
    assert!(feed.snapshot().is_ok());
}

#[test]
fn at_the_end_of_time_a_feed_still_reads_what_it_wrote() {
    let mut feed = play(&fixed_numbers(1), |_, _, _| {}).0;
    let mut record = Record::default();
    let step = |feed: &mut Feed, time, event, record: &mut Record| {
        let sequence = feed.sequence().next();
        feed.apply(&EventHeader { sequence, command: sequence, time: TimestampNs(time) }, &event, record)
            .unwrap();
        feed.end_command(record);
    };
    let (instrument, account, side) = (INSTRUMENTS[0], AccountId(1), Side::Sell);
    let (price, quantity) = (PriceTicks(900), QuantityLots(9));
    let rested = Event::Rested { order: OrderId(77), instrument, account, side, price, quantity };
    step(&mut feed, 1, rested, &mut record);
    let trade = Trade {
        maker: OrderId(77),
        taker: OrderId(78),
        instrument,
        maker_account: account,
        taker_account: AccountId(2),
        price,
        quantity: QuantityLots(1),
        maker_remaining: QuantityLots(8),
        taker_remaining: QuantityLots(0),
        taker_side: Side::Buy,
    };
    for time in [u64::MAX - 1, u64::MAX, u64::MAX] {
        step(&mut feed, time, Event::Trade(trade), &mut record);
        let restored = Feed::restore(&feed.snapshot().unwrap()).unwrap();
        assert_eq!(restored.state_hash(), feed.state_hash());
    }
    assert_eq!(feed.open_candle(instrument, Interval::Day).unwrap().trades, 3);
}
