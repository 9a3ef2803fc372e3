//! What happens where something ends: histories, numbers of things, and sequences.

use exchange_core::book::FastBook;
use exchange_core::book::index::DenseIndex;
use exchange_core::feed::{
    DepthBook, DepthBookError, DepthSnapshot, DepthUpdate, EventHeader, Feed, FeedError, INSTRUMENTS_MAX,
    Interval, LEVELS_MAX, Level, LevelChange, RECENT_TRADES_MAX,
};
use exchange_types::{
    AccountId, Event, InstrumentId, OrderId, PriceTicks, QuantityLots, Sequence, Side, TimestampNs, Trade,
};

use crate::stream::Record;

const INSTRUMENT: InstrumentId = InstrumentId(0);

/// A feed with one instrument, which takes events of one command each, a second apart.
struct Bench {
    feed: Feed,
    record: Record,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { feed: Feed::new(), record: Record::default() };
        bench.take(Event::InstrumentListed { instrument: INSTRUMENT }).unwrap();
        bench
    }

    fn take(&mut self, event: Event) -> Result<(), FeedError> {
        let sequence = self.feed.sequence().next();
        let time = TimestampNs(sequence.0 * 1_000_000_000);
        let header = EventHeader { sequence, command: sequence, time };
        self.feed.apply(&header, &event, &mut self.record)
    }

    fn rest(&mut self, price: u32, quantity: u32) -> Result<(), FeedError> {
        self.take(Event::Rested {
            order: OrderId(1),
            instrument: INSTRUMENT,
            account: AccountId(1),
            side: Side::Sell,
            price: PriceTicks(price),
            quantity: QuantityLots(quantity),
        })
    }

    fn trade(&mut self, price: u32) {
        let trade = Trade {
            maker: OrderId(1),
            taker: OrderId(2),
            instrument: INSTRUMENT,
            maker_account: AccountId(1),
            taker_account: AccountId(2),
            price: PriceTicks(price),
            quantity: QuantityLots(1),
            maker_remaining: QuantityLots(1),
            taker_remaining: QuantityLots(0),
            taker_side: Side::Buy,
        };
        self.take(Event::Trade(trade)).unwrap();
    }
}

#[test]
fn the_oldest_trade_and_the_oldest_candle_go_when_a_history_is_full() {
    let mut bench = Bench::new();
    bench.rest(7, u32::MAX).unwrap();
    let seconds = Interval::Second.history_max();
    for _ in 0..seconds + 2 {
        bench.trade(7);
    }
    let trades: Vec<u64> = bench.feed.trades(INSTRUMENT).map(|print| print.id.0).collect();
    assert_eq!(trades.len(), RECENT_TRADES_MAX);
    assert_eq!(trades[0], bench.feed.sequence().0);
    assert!(trades.windows(2).all(|pair| pair[0] == pair[1] + 1));
    // One candle is open, the first of the others is gone.
    let candles: Vec<u64> = bench
        .feed
        .candles(INSTRUMENT, Interval::Second)
        .map(|candle| candle.start.0 / 1_000_000_000)
        .collect();
    assert_eq!(candles.len(), seconds + 1);
    assert_eq!(candles[0], bench.feed.sequence().0);
    assert!(candles.windows(2).all(|pair| pair[0] == pair[1] + 1));
    assert_eq!(bench.feed.statistics(INSTRUMENT).unwrap().trades, seconds as u64 + 2);
    let bytes = bench.feed.snapshot();
    assert_eq!(bytes, Err(FeedError::InsideCommand));
    bench.feed.end_command(&mut bench.record);
    let restored = Feed::restore(&bench.feed.snapshot().unwrap()).unwrap();
    assert_eq!(restored.statistics(INSTRUMENT), bench.feed.statistics(INSTRUMENT));
}

#[test]
fn a_day_of_full_minutes_stays_whole_when_the_history_of_minutes_is_full() {
    let mut bench = Bench::new();
    bench.rest(7, u32::MAX).unwrap();
    for _ in 0..26 * 3_600 {
        bench.trade(7);
    }
    // The last whole minute before the present one ends the window's 1,440.
    let into_minute = bench.feed.sequence().0 % 60 + 1;
    assert_eq!(bench.feed.statistics(INSTRUMENT).unwrap().trades, 1_439 * 60 + into_minute);
}

#[test]
fn a_gap_and_a_repeated_event_are_refused() {
    let mut bench = Bench::new();
    for found in [0, 1, 3, u64::MAX] {
        let found = Sequence(found);
        let header = EventHeader { sequence: found, command: Sequence(9), time: TimestampNs(9) };
        let error = bench.feed.apply(&header, &Event::Ticked, &mut bench.record).unwrap_err();
        assert_eq!(error, FeedError::Gap { expected: Sequence(2), found });
    }
    bench.take(Event::Ticked).unwrap();
}

#[test]
fn instruments_are_listed_in_order_up_to_the_ceiling() {
    let mut bench = Bench::new();
    let (sequence, expected) = (Sequence(2), InstrumentId(1));
    for instrument in [InstrumentId(0), InstrumentId(2), InstrumentId(u32::MAX)] {
        let error = bench.take(Event::InstrumentListed { instrument }).unwrap_err();
        assert_eq!(error, FeedError::ListedOutOfOrder { sequence, instrument, expected });
    }
    for number in 1..u32::try_from(INSTRUMENTS_MAX).unwrap() {
        bench.take(Event::InstrumentListed { instrument: InstrumentId(number) }).unwrap();
    }
    let one_more = InstrumentId(u32::try_from(INSTRUMENTS_MAX).unwrap());
    let sequence = bench.feed.sequence().next();
    assert_eq!(
        bench.take(Event::InstrumentListed { instrument: one_more }),
        Err(FeedError::TooManyInstruments { sequence })
    );
}

#[test]
fn an_event_of_an_unlisted_instrument_is_refused() {
    let mut feed = Feed::new();
    let header = EventHeader { sequence: Sequence(1), command: Sequence(1), time: TimestampNs(1) };
    let event = Event::Rested {
        order: OrderId(1),
        instrument: INSTRUMENT,
        account: AccountId(1),
        side: Side::Buy,
        price: PriceTicks(1),
        quantity: QuantityLots(1),
    };
    let error = feed.apply(&header, &event, &mut Record::default()).unwrap_err();
    assert_eq!(error, FeedError::UnknownInstrument { sequence: Sequence(1), instrument: INSTRUMENT });
    assert_eq!(feed.state_hash(), Feed::new().state_hash());
}

#[test]
fn the_feed_has_room_for_every_book() {
    assert_eq!(LEVELS_MAX, FastBook::<DenseIndex>::ORDERS_MAX);
}

#[test]
fn a_consumer_refuses_what_cannot_be_and_stays_as_it_was() {
    let level = |price, quantity, orders| Level { price: PriceTicks(price), quantity, orders };
    let snapshot = |bids| DepthSnapshot { instrument: INSTRUMENT, seq: Sequence(4), bids, asks: Vec::new() };
    let at_seven = DepthBookError::Level { side: Side::Buy, price: PriceTicks(7) };
    for bids in [vec![level(7, 0, 0)], vec![level(7, 1, 0)], vec![level(7, 2, 1), level(7, 3, 1)]] {
        assert_eq!(DepthBook::from_snapshot(&snapshot(bids)), Err(at_seven));
    }
    let mut book = DepthBook::from_snapshot(&snapshot(vec![level(6, 5, 2)])).unwrap();
    let unharmed = book.clone();
    for (quantity, orders) in [(0, 0), (0, 1), (1, 0)] {
        let good = LevelChange { side: Side::Buy, price: PriceTicks(6), quantity: 9, orders: 1 };
        let bad = LevelChange { side: Side::Buy, price: PriceTicks(7), quantity, orders };
        let changes = &[good, bad];
        let update = DepthUpdate { instrument: INSTRUMENT, seq: Sequence(9), prev_seq: Sequence(4), changes };
        assert_eq!(book.apply(&update), Err(at_seven));
        let elsewhere = DepthUpdate { instrument: InstrumentId(1), ..update };
        let other = DepthBookError::OtherInstrument { expected: INSTRUMENT, found: InstrumentId(1) };
        assert_eq!(book.apply(&elsewhere), Err(other));
        assert_eq!(book, unharmed);
    }
}
