//! What holds whatever is asked, tried on random streams over several accounts and instruments.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine};
use exchange_types::{
    AccountId, AssetId, Command, CommandHeader, Event, EventBuffer, RejectReason, Sequence, TimestampNs,
    encode_command,
};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::test_runner::Config;
use support::random::Random;
use support::stream::{Bytes, command, delay, setup, venue};

const CASES: u32 = 64;

/// Deposits minus withdrawals, from events alone.
#[derive(Default)]
struct Outside(BTreeMap<AssetId, u64>);

impl Outside {
    fn see(&mut self, event: &Event) {
        match event {
            Event::Deposited { asset, amount, .. } => *self.0.entry(*asset).or_default() += amount.0,
            Event::Withdrawn { asset, amount, .. } => *self.0.entry(*asset).or_default() -= amount.0,
            _ => {}
        }
    }

    fn check(&self, engine: &FastEngine) {
        let risk = engine.risk();
        for asset in (0..risk.assets() as u32).map(AssetId) {
            let inside: u64 = (0..risk.accounts() as u32)
                .map(|account| risk.balance(AccountId(account), asset).unwrap())
                .map(|balance| balance.free + balance.reserved)
                .sum();
            let deposited = self.0.get(&asset).copied().unwrap_or(0);
            assert_eq!(inside + risk.fees(asset).unwrap(), deposited, "conservation of {asset}");
        }
    }
}

fn run(stream: &[Bytes]) {
    let mut outside = Outside::default();
    let mut venue = support::Venue::new();
    for command in setup() {
        venue.apply(&command).iter().for_each(|event| outside.see(event));
    }
    for bytes in stream {
        venue.now.0 += delay(bytes);
        let command = command(bytes, venue.now);
        let before = venue.holdings_hash();
        let events = venue.apply(&command);
        events.iter().for_each(|event| outside.see(event));
        let happened = events.iter().filter(|event| !matches!(event, Event::Checkpoint { .. })).count();
        if happened == 1 && matches!(events[0], Event::Rejected { .. }) {
            assert_eq!(before, venue.holdings_hash(), "{command:?} was rejected");
        }
        venue.audit();
        outside.check(&venue.fast);
    }
}

proptest! {
    #![proptest_config(Config { cases: CASES, ..Config::default() })]

    /// Balances and fees are what was deposited, every recount agrees, both books agree, and a reject changes nothing.
    #[test]
    fn money_is_conserved_and_a_reject_changes_nothing(stream in vec(any::<Bytes>(), 1..400)) {
        run(&stream);
    }

    /// When everything is cancelled, nothing is reserved: each reservation has ended.
    #[test]
    fn no_reservation_outlives_its_order(stream in vec(any::<Bytes>(), 1..400)) {
        let mut venue = venue();
        for bytes in &stream {
            venue.now.0 += delay(bytes);
            venue.apply(&command(bytes, venue.now));
        }
        for account in (0..venue.fast.risk().accounts() as u32).map(AccountId) {
            venue.apply(&Command::MassCancel { account, instrument: None, side: None });
        }
        let risk = venue.fast.risk();
        assert_eq!(risk.live_orders(), 0);
        for account in (0..risk.accounts() as u32).map(AccountId) {
            for asset in (0..risk.assets() as u32).map(AssetId) {
                assert_eq!(risk.balance(account, asset).unwrap().reserved, 0);
            }
        }
    }

    /// Looking ahead in the log changes nothing about what happens, nor do records that are no commands.
    #[test]
    fn a_batch_is_its_commands_one_by_one(stream in vec(any::<Bytes>(), 1..200)) {
        let start = venue().fast;
        let (mut log, mut now) = (Vec::new(), start.time());
        for (bytes, sequence) in stream.iter().zip(start.sequence().0 + 1..) {
            now.0 += delay(bytes);
            let mut payload = Vec::new();
            encode_command(&command(bytes, now), &mut payload);
            if bytes[11] % 16 == 0 {
                payload.truncate(usize::from(bytes[1]) % payload.len());
            }
            log.push((CommandHeader { sequence: Sequence(sequence), time: now }, payload));
        }
        let (mut alone, mut batch) = (start.clone(), start);
        let (mut expected, mut happened, mut events) = (Vec::new(), Vec::new(), EventBuffer::new());
        for (header, payload) in &log {
            events.clear();
            alone.apply_encoded(header, payload, &mut events);
            expected.push((*header, events.to_vec()));
        }
        let borrowed = log.iter().map(|(header, payload)| (*header, &payload[..]));
        batch.apply_all(borrowed, &mut events, |header, events| happened.push((*header, events.to_vec())));
        assert_eq!(happened, expected);
        assert_eq!(batch.state_hash(), alone.state_hash());
    }

    /// The log holds bytes: folding them in is folding the commands in.
    #[test]
    fn encoded_commands_fold_to_the_same_state(stream in vec(any::<Bytes>(), 1..200)) {
        let mut venue = venue();
        let mut engine = venue.fast.clone();
        let (mut events, mut payload) = (EventBuffer::new(), Vec::new());
        for bytes in &stream {
            venue.now.0 += delay(bytes);
            let command = command(bytes, venue.now);
            let header = venue.next_header();
            let expected = venue.apply(&command);
            payload.clear();
            events.clear();
            encode_command(&command, &mut payload);
            engine.apply_encoded(&header, &payload, &mut events);
            assert_eq!(events.to_vec(), expected);
        }
        assert_eq!(engine.state_hash(), venue.fast.state_hash());
    }
}

/// Long enough for checkpoints with their recounts, and for every list and slab to be used over and over.
#[test]
fn a_long_stream_passes_its_checkpoints() {
    let mut random = Random(1);
    let mut venue = venue();
    let (mut happened, mut checkpoints) = (venue.fast.events(), 0);
    let mut seen = BTreeSet::new();
    for _ in 0..30_000 {
        let mut bytes = Bytes::default();
        bytes.iter_mut().for_each(|byte| *byte = random.next() as u8);
        venue.now.0 += delay(&bytes);
        for event in venue.apply(&command(&bytes, venue.now)) {
            if let Event::Checkpoint { events, .. } = event {
                assert_eq!(events, happened, "a checkpoint counts the events before it");
                checkpoints += 1;
            }
            happened += 1;
            seen.insert(match event {
                Event::Cancelled { cause, .. } => format!("{cause:?}"),
                Event::Rejected { reason, .. } => format!("{reason:?}"),
                other => format!("{other:?}").split([' ', '(']).next().unwrap().to_owned(),
            });
        }
    }
    assert_eq!(venue.fast.events(), happened);
    assert!((happened / 1_100..=happened / 1_000).contains(&checkpoints), "{checkpoints} of {happened}");
    venue.audit();
    // The stream is worth its time: it meets every cause, nearly every other event, and most of the reasons.
    assert!(seen.len() >= 38, "{} kinds of events: {seen:?}", seen.len());
}

#[test]
fn a_payload_that_is_no_command_is_rejected_and_time_passes() {
    let mut engine: FastEngine = Engine::new(BookMaker::fast());
    let mut events = EventBuffer::new();
    let header = CommandHeader { sequence: Sequence(1), time: TimestampNs(5) };
    let before = engine.risk().state_hash();
    engine.apply_encoded(&header, &[1, 255, 0, 0], &mut events);
    assert!(matches!(events[..], [Event::Rejected { reason: RejectReason::UnknownCommand, .. }]));
    assert_eq!((engine.sequence(), engine.time()), (Sequence(1), TimestampNs(5)));
    assert_eq!(engine.risk().state_hash(), before);
}

#[test]
#[should_panic(expected = "commands are folded in without a gap")]
fn a_gap_in_the_log_stops_the_engine() {
    let mut engine: FastEngine = Engine::new(BookMaker::fast());
    let header = CommandHeader { sequence: Sequence(2), time: TimestampNs(5) };
    engine.apply(&header, &Command::Tick, &mut EventBuffer::new());
}

#[test]
#[should_panic(expected = "time does not go backwards")]
fn time_that_goes_backwards_stops_the_engine() {
    let mut engine: FastEngine = Engine::new(BookMaker::fast());
    for time in [5, 4] {
        let header = CommandHeader { sequence: engine.sequence().next(), time: TimestampNs(time) };
        engine.apply(&header, &Command::Tick, &mut EventBuffer::new());
    }
}

/// The state hash sees everything: each of these differs from the others in one thing.
#[test]
fn different_states_have_different_hashes() {
    let base = setup();
    let mut hashes = BTreeMap::new();
    for left_out in 0..base.len() {
        let mut venue = support::Venue::new();
        for (at, command) in base.iter().enumerate() {
            // A tick in its place, so that the position in the log is the same.
            venue.apply(if at == left_out { &Command::Tick } else { command });
        }
        let twin = hashes.insert(venue.fast.risk().state_hash(), left_out);
        assert_eq!(twin, None, "without {:?}", base[left_out]);
    }
}
