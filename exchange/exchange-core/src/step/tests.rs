//! Steps from inside: every byte of the codec, every field of the digest, and what matching makes of a step that is not right.
//! Random streams of steps are in the tests of the crate.

use exchange_types::{
    AccountId, CancelCause, CommandHeader, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    RejectReason, SelfTradePrevention, Side, TimeInForce,
};

use super::*;
use crate::book::{BookCommand, Order, ReferenceBook};
use crate::matching::BookMaker;
use crate::risk::Listing;

const INSTRUMENT: InstrumentId = InstrumentId(0x0102_0304);

fn order() -> Order {
    Order {
        id: OrderId(0x1112_1314_1516_1718),
        account: AccountId(0x2122_2324),
        price: PriceTicks(0x3132_3334),
        quantity: QuantityLots(0x4142_4344),
        expires_at: TimestampNs(0x5152_5354_5556_5758),
        side: Side::Sell,
        order_type: OrderType::PostOnly,
        time_in_force: TimeInForce::Gtd,
        self_trade: SelfTradePrevention::CancelBoth,
    }
}

fn messages() -> Vec<Admitted> {
    let order = order();
    let book = |command| Admitted::Book { instrument: INSTRUMENT, command };
    let mut messages = vec![
        Admitted::Listing(Listing { instrument: INSTRUMENT, reference: PriceTicks(7) }),
        book(BookCommand::Submit(order)),
        book(BookCommand::Reduce { order: order.id, by: QuantityLots(9) }),
        book(BookCommand::Replace {
            order: order.id,
            new_order: OrderId(3),
            price: order.price,
            quantity: order.quantity,
        }),
    ];
    for cause in [CancelCause::Requested, CancelCause::MassCancel, CancelCause::Killed] {
        messages.push(book(BookCommand::Cancel { order: order.id, cause }));
    }
    for (order_type, time_in_force) in [
        (OrderType::Limit, TimeInForce::Gtc),
        (OrderType::Limit, TimeInForce::Fok),
        (OrderType::Market, TimeInForce::Ioc),
    ] {
        let expires_at = TimestampNs(0);
        messages.push(book(BookCommand::Submit(Order { order_type, time_in_force, expires_at, ..order })));
    }
    messages
}

fn events() -> Vec<Event> {
    let reject = Event::Rejected {
        order: OrderId(1),
        instrument: INSTRUMENT,
        account: AccountId(2),
        reason: RejectReason::VenueFull,
    };
    vec![reject, Event::Ticked]
}

fn bytes_of(step: &Step<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    step.encode(&mut bytes);
    bytes
}

/// A step with something in every place.
fn full<'a>(events: &'a [Event], admitted: &'a [Admitted]) -> Step<'a> {
    Step {
        sequence: Sequence(0x6162_6364_6566_6768),
        time: TimestampNs(0x7172_7374_7576_7778),
        request: RequestId(0x8182_8384_8586_8788),
        first_event: 0x9192_9394_9596_9798,
        digest: 0xa1a2_a3a4_a5a6_a7a8,
        events,
        admitted,
        checkpoint: Some(Checkpoint { events: 0xb1b2, state_hash: 0xc1c2 }),
    }
}

fn refusal(bytes: &[u8]) -> exchange_types::Malformed {
    StepBuffer::new().decode(bytes).expect_err("it is malformed")
}

#[test]
fn a_step_comes_back_and_others_may_follow() {
    let (events, admitted) = (events(), messages());
    let whole = full(&events, &admitted);
    let empty = Step { events: &[], admitted: &[], checkpoint: None, ..whole };
    let mut bytes = bytes_of(&whole);
    empty.encode(&mut bytes);
    whole.encode(&mut bytes);
    let (mut rest, mut buffer) = (&bytes[..], StepBuffer::new());
    for expected in [whole, empty, whole] {
        let peeked = StepBuffer::peek(rest).unwrap();
        let (step, length) = buffer.decode(rest).unwrap();
        assert_eq!((step, length), (expected, bytes_of(&expected).len()));
        assert_eq!(peeked, (expected.sequence, length));
        rest = &rest[length..];
    }
    assert!(rest.is_empty());
}

#[test]
fn a_step_is_written_as_it_was() {
    let admitted = [messages()[1], messages()[4]];
    let events = [Event::Ticked];
    let bytes = bytes_of(&full(&events, &admitted));
    let words: Vec<String> =
        bytes.chunks(8).map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    let fixed = "01c1010001000000 0200000000000000 6800000000000000 6867666564636261 7877767574737271 \
                 8887868584838281 9897969594939291 a8a7a6a5a4a3a2a1 018d000068676665 6463626100000000 \
                 0201020302000000 0403020124232221 1817161514131211 3433323144434241 5857565554535251 \
                 0300000004030201 1817161514131211 018c000068676665 6463626100000000 b2b1000000000000 \
                 c2c1000000000000";
    assert_eq!(words.join(" "), fixed);
}

#[test]
fn a_step_that_is_cut_short_is_refused_where_it_ends() {
    let (events, admitted) = (events(), messages());
    let whole = bytes_of(&full(&events, &admitted));
    for length in 0..whole.len() {
        let malformed = refusal(&whole[..length]);
        assert_eq!((malformed.reason, malformed.offset), (RejectReason::WrongLength, length));
    }
}

/// Whatever a byte is changed to: the step is refused inside its bytes, or it is another step, written in the one way.
#[test]
fn every_value_of_every_byte_is_refused_or_means_something_else() {
    let (events, admitted) = (events(), messages());
    let whole = full(&events, &admitted);
    let bytes = bytes_of(&whole);
    let mut buffer = StepBuffer::new();
    for at in 0..bytes.len() {
        for value in 0..=u8::MAX {
            let mut changed = bytes.clone();
            changed[at] = value;
            match buffer.decode(&changed) {
                Ok((step, length)) => {
                    assert_eq!(bytes_of(&step), changed[..length], "byte {at} is {value}");
                    assert!(value == bytes[at] || step != whole, "byte {at} is {value}");
                }
                Err(malformed) => assert!(malformed.offset <= changed.len(), "{malformed}"),
            }
        }
    }
}

#[test]
fn a_number_of_parts_that_nothing_stands_behind_is_refused_before_anything_is_allocated() {
    let mut bytes = bytes_of(&full(&[], &[]));
    for at in [4, 8] {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].fill(0xff);
        let mut buffer = StepBuffer::new();
        let malformed = buffer.decode(&bytes).unwrap_err();
        assert_eq!((malformed.reason, malformed.offset), (RejectReason::MalformedParts, 4));
        assert_eq!((buffer.events.capacity(), buffer.admitted.capacity()), (0, 0));
    }
    bytes[16..24].fill(0xff);
    assert_eq!(refusal(&bytes).offset, 16);
}

#[test]
fn a_part_that_risk_never_makes_is_refused() {
    let order = order();
    let book = |command| [Admitted::Book { instrument: INSTRUMENT, command }];
    let submit = |order| book(BookCommand::Submit(order));
    let cases = [
        submit(Order { id: OrderId(0), ..order }),
        submit(Order { price: PriceTicks(0), ..order }),
        submit(Order { price: PriceTicks(u32::MAX), ..order }),
        submit(Order { quantity: QuantityLots(0), ..order }),
        submit(Order { expires_at: TimestampNs(0), ..order }),
        submit(Order { time_in_force: TimeInForce::Gtc, ..order }),
        book(BookCommand::Reduce { order: order.id, by: QuantityLots(0) }),
        book(BookCommand::Replace {
            order: order.id,
            new_order: order.id,
            price: order.price,
            quantity: order.quantity,
        }),
        [Admitted::Listing(Listing { instrument: INSTRUMENT, reference: PriceTicks(0) })],
    ];
    for case in cases {
        let bytes = bytes_of(&full(&[], &case));
        assert_eq!(refusal(&bytes).reason, RejectReason::MalformedParts, "{case:?}");
    }
    for cause in [CancelCause::Replaced, CancelCause::Expired] {
        let case = book(BookCommand::Cancel { order: order.id, cause });
        assert_eq!(refusal(&bytes_of(&full(&[], &case))).reason, RejectReason::MalformedCause);
    }
}

#[test]
fn every_field_of_every_event_counts_in_the_digest() {
    let mut seen = std::collections::BTreeSet::new();
    let (order, instrument, account) = (OrderId(1), InstrumentId(2), AccountId(3));
    let (price, quantity, by) = (PriceTicks(4), QuantityLots(5), QuantityLots(6));
    let trade = exchange_types::Trade {
        maker: OrderId(11),
        taker: OrderId(12),
        instrument: InstrumentId(13),
        maker_account: AccountId(14),
        taker_account: AccountId(15),
        price: PriceTicks(16),
        quantity: QuantityLots(17),
        maker_remaining: QuantityLots(18),
        taker_remaining: QuantityLots(19),
        taker_side: Side::Buy,
    };
    let rested = |order, instrument, account, side, price, quantity| Event::Rested {
        order,
        instrument,
        account,
        side,
        price,
        quantity,
    };
    let cancelled = |side, cause, rested| Event::Cancelled {
        order,
        instrument,
        account,
        side,
        price,
        quantity,
        cause,
        rested,
    };
    let reduced =
        |by, remaining| Event::Reduced { order, instrument, account, side: Side::Buy, price, by, remaining };
    let rejected = |reason| Event::Rejected { order, instrument, account, reason };
    let events = [
        Event::Trade(trade),
        Event::Trade(exchange_types::Trade { maker: trade.taker, ..trade }),
        Event::Trade(exchange_types::Trade { maker: trade.taker, taker: trade.maker, ..trade }),
        Event::Trade(exchange_types::Trade { instrument, ..trade }),
        Event::Trade(exchange_types::Trade { maker_account: account, ..trade }),
        Event::Trade(exchange_types::Trade { taker_account: account, ..trade }),
        Event::Trade(exchange_types::Trade { price, ..trade }),
        Event::Trade(exchange_types::Trade { quantity, ..trade }),
        Event::Trade(exchange_types::Trade { maker_remaining: quantity, ..trade }),
        Event::Trade(exchange_types::Trade { taker_remaining: quantity, ..trade }),
        Event::Trade(exchange_types::Trade { taker_side: Side::Sell, ..trade }),
        rested(order, instrument, account, Side::Buy, price, quantity),
        rested(OrderId(9), instrument, account, Side::Buy, price, quantity),
        rested(order, InstrumentId(9), account, Side::Buy, price, quantity),
        rested(order, instrument, AccountId(9), Side::Buy, price, quantity),
        rested(order, instrument, account, Side::Sell, price, quantity),
        rested(order, instrument, account, Side::Buy, PriceTicks(9), quantity),
        rested(order, instrument, account, Side::Buy, price, QuantityLots(9)),
        cancelled(Side::Buy, CancelCause::Requested, true),
        cancelled(Side::Sell, CancelCause::Requested, true),
        cancelled(Side::Buy, CancelCause::Expired, true),
        cancelled(Side::Buy, CancelCause::Requested, false),
        reduced(by, quantity),
        reduced(quantity, by),
        rejected(RejectReason::VenueFull),
        rejected(RejectReason::BookFull),
        Event::Ticked,
        Event::Repeated { account, original: Sequence(1) },
        Event::Repeated { account, original: Sequence(2) },
        Event::Checkpoint { events: 1, state_hash: 2 },
        Event::Checkpoint { events: 2, state_hash: 1 },
    ];
    for event in events {
        assert!(seen.insert(digest_of(&[event])), "{event:?}");
    }
    for (first, second) in [(0, 11), (26, 26)] {
        let both = [events[first], events[second]];
        assert!(seen.insert(digest_of(&both)));
        assert!(first == second || seen.insert(digest_of(&[both[1], both[0]])));
    }
}

/// Nothing about a step that came over a wire makes matching panic.
#[test]
fn a_step_for_books_that_there_are_not_is_a_divergence() {
    let admitted = [messages()[1]];
    let step = Step { digest: digest_of(&[]), checkpoint: None, ..full(&[], &admitted) };
    let mut matching = Matching::new(BookMaker::<ReferenceBook>::reference());
    let diverged = matching.carry_out(&step, &mut EventBuffer::new()).unwrap_err();
    assert_eq!(diverged.sequence, step.sequence);
    let admitted = [messages()[0]];
    let step = Step { admitted: &admitted, ..step };
    matching.carry_out(&step, &mut EventBuffer::new()).unwrap_err();
}

#[test]
fn events_that_risk_does_not_expect_are_a_divergence_with_both_digests() {
    let events = [Event::Ticked];
    let step = Step { checkpoint: None, digest: 5, ..full(&events, &[]) };
    let mut matching = Matching::new(BookMaker::<ReferenceBook>::reference());
    let found = digest_of(&events);
    let diverged = Diverged { sequence: step.sequence, expected: 5, found };
    assert_eq!(matching.carry_out(&step, &mut EventBuffer::new()), Err(diverged));
    assert!(matching.carry_out(&Step { digest: found, ..step }, &mut EventBuffer::new()).is_ok());
}

#[test]
#[should_panic(expected = "the events are those of the last command")]
fn a_step_of_other_events_is_not_made() {
    let mut engine = Engine::new(BookMaker::reference());
    let header = CommandHeader { sequence: Sequence(1), time: TimestampNs(1) };
    engine.apply(&header, &exchange_types::Command::Tick, &mut EventBuffer::new());
    let _ = engine.step(&[]);
}
