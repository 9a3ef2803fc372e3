//! Random streams: numbers become book commands, the reference books make events of them, the feed takes those.

use exchange_core::book::{BookCommand, Order, OrderBook, ReferenceBook};
use exchange_core::feed::{
    Candle, DepthUpdate, EventHeader, Feed, FeedSink, Interval, LevelChange, TradePrint,
};
use exchange_types::{
    AccountId, CancelCause, Event, EventBuffer, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    SelfTradePrevention, Sequence, Side, TimeInForce, TimestampNs,
};
use proptest::prelude::*;

/// Instruments of every stream.
pub const INSTRUMENTS: [InstrumentId; 2] = [InstrumentId(0), InstrumentId(1)];

const SECOND_NS: u64 = 1_000_000_000;

/// How far time goes on between two commands: mostly not at all, sometimes over the end of each interval and of the window.
const STEPS_NS: [u64; 16] = [
    0,
    0,
    0,
    1_000,
    1_000,
    1_000_000,
    300_000_000,
    700_000_000,
    SECOND_NS,
    31 * SECOND_NS,
    61 * SECOND_NS,
    400 * SECOND_NS,
    4_000 * SECOND_NS,
    7 * 3_600 * SECOND_NS,
    (24 * 3_600 - 61) * SECOND_NS,
    50 * 3_600 * SECOND_NS,
];

/// What a step of a stream is made of: operation, instrument and order, price and quantity, time.
pub type Numbers = [u16; 4];

/// Streams of up to `steps` commands.
pub fn numbers(steps: usize) -> impl Strategy<Value = Vec<Numbers>> {
    proptest::collection::vec(any::<Numbers>(), 1..steps)
}

/// The same stream every time.
pub fn fixed_numbers(steps: u64) -> Vec<Numbers> {
    // The finaliser of splitmix64.
    let mix = |step: u64| {
        let word = (step + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    (0..steps).map(mix).map(|word| [0, 16, 32, 48].map(|shift| (word >> shift) as u16)).collect()
}

/// Two books and the clock.
pub struct Venue {
    pub books: [ReferenceBook; 2],
    command: u64,
    event: u64,
    time: u64,
    last_order: u64,
}

impl Venue {
    /// The venue, and the events that list its instruments.
    pub fn new() -> (Self, Vec<(EventHeader, Event)>) {
        let mut venue =
            Self { books: INSTRUMENTS.map(ReferenceBook::new), command: 0, event: 0, time: 0, last_order: 0 };
        let listed = INSTRUMENTS.map(|instrument| Event::InstrumentListed { instrument });
        let events = venue.stamp(&listed);
        (venue, events)
    }

    /// Carries out a command and gives its events; there is at least one.
    pub fn step(&mut self, [operation, which, what, when]: Numbers) -> Vec<(EventHeader, Event)> {
        self.time += STEPS_NS[usize::from(when) % STEPS_NS.len()];
        let mut events = EventBuffer::new();
        let now = TimestampNs(self.time);
        self.books.iter_mut().for_each(|book| book.expire(now, &mut events));
        // Recent orders: most of them rest.
        let named = OrderId(self.last_order.saturating_sub(u64::from(which / 2) % 80));
        let quantity = QuantityLots(u32::from(what / 2 % 9) + 1);
        let side = if what % 2 == 0 { Side::Buy } else { Side::Sell };
        // Buyers and sellers overlap in most of the prices.
        let price = PriceTicks(if what % 2 == 0 { 94 } else { 96 } + u32::from(what / 18) % 10);
        let book = &mut self.books[usize::from(which % 2)];
        match operation % 32 {
            0..20 => {
                self.last_order += 1;
                let order = order(OrderId(self.last_order), operation, side, price, quantity, now);
                book.apply(&BookCommand::Submit(order), &mut events);
            }
            20..24 => {
                book.apply(&BookCommand::Cancel { order: named, cause: CancelCause::Requested }, &mut events)
            }
            24..27 => book.apply(&BookCommand::Reduce { order: named, by: quantity }, &mut events),
            27..31 => {
                self.last_order += 1;
                let new_order = OrderId(self.last_order);
                let command = BookCommand::Replace { order: named, new_order, price, quantity };
                book.apply(&command, &mut events);
            }
            _ => self.cancel_half(&mut events),
        }
        if events.is_empty() {
            events.push(Event::Ticked);
        }
        self.stamp(&events)
    }

    /// A mass cancel: many levels of both instruments in one command.
    fn cancel_half(&mut self, events: &mut EventBuffer) {
        for book in &mut self.books {
            let mut orders = Vec::new();
            book.visit(&mut |order| orders.push(order.id));
            for order in orders.into_iter().filter(|order| order.0 % 2 == 0) {
                let cause = CancelCause::MassCancel;
                book.apply(&BookCommand::Cancel { order, cause }, events);
            }
        }
    }

    fn stamp(&mut self, events: &[Event]) -> Vec<(EventHeader, Event)> {
        self.command += 1;
        let (command, time) = (Sequence(self.command), TimestampNs(self.time));
        let header = |sequence| EventHeader { sequence: Sequence(sequence), command, time };
        let first = self.event + 1;
        self.event += events.len() as u64;
        (first..).zip(events).map(|(sequence, event)| (header(sequence), *event)).collect()
    }
}

fn order(
    id: OrderId,
    numbers: u16,
    side: Side,
    price: PriceTicks,
    quantity: QuantityLots,
    now: TimestampNs,
) -> Order {
    let pick = usize::from(numbers / 32);
    let times = [
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Ioc,
        TimeInForce::Fok,
        TimeInForce::Gtd,
    ];
    let time_in_force = times[pick % times.len()];
    let ends = time_in_force == TimeInForce::Gtd;
    let preventions =
        [SelfTradePrevention::CancelTaker, SelfTradePrevention::CancelMaker, SelfTradePrevention::CancelBoth];
    Order {
        id,
        account: AccountId((pick / 30) as u32 % 8),
        price,
        quantity,
        expires_at: TimestampNs(if ends { now.0 + 90 * SECOND_NS } else { 0 }),
        side,
        order_type: OrderType::Limit,
        time_in_force,
        self_trade: preventions[pick / 10 % 3],
    }
}

/// One thing that a feed said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Trade(TradePrint),
    Depth { instrument: InstrumentId, seq: Sequence, prev_seq: Sequence, changes: Vec<LevelChange> },
    Candle(InstrumentId, Interval, Candle),
}

/// Everything that a feed said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record(pub Vec<Said>);

impl Record {
    /// The updates of an instrument, in a form that a consumer can be given.
    pub fn updates(&self, of: InstrumentId) -> Vec<DepthUpdate<'_>> {
        self.0
            .iter()
            .filter_map(|said| match said {
                Said::Depth { instrument, seq, prev_seq, changes } if *instrument == of => {
                    Some(DepthUpdate { instrument: of, seq: *seq, prev_seq: *prev_seq, changes })
                }
                _ => None,
            })
            .collect()
    }

    pub fn prints(&self, of: InstrumentId) -> Vec<TradePrint> {
        let print = |said: &Said| match said {
            Said::Trade(print) if print.instrument == of => Some(*print),
            _ => None,
        };
        self.0.iter().filter_map(print).collect()
    }

    pub fn closed(&self, of: InstrumentId, interval: Interval) -> Vec<Candle> {
        let candle = |said: &Said| match said {
            Said::Candle(instrument, length, candle) if *instrument == of && *length == interval => {
                Some(*candle)
            }
            _ => None,
        };
        self.0.iter().filter_map(candle).collect()
    }
}

impl FeedSink for Record {
    fn trade(&mut self, print: &TradePrint) {
        self.0.push(Said::Trade(*print));
    }

    fn depth(&mut self, update: &DepthUpdate<'_>) {
        let DepthUpdate { instrument, seq, prev_seq, changes } = *update;
        self.0.push(Said::Depth { instrument, seq, prev_seq, changes: changes.to_vec() });
    }

    fn candle(&mut self, instrument: InstrumentId, interval: Interval, candle: &Candle) {
        self.0.push(Said::Candle(instrument, interval, *candle));
    }
}

/// Runs a whole stream through a feed, with every command ended at once.
pub fn play(numbers: &[Numbers], mut after_each: impl FnMut(&Venue, &Feed, &Record)) -> (Feed, Record) {
    let (mut venue, listing) = Venue::new();
    let (mut feed, mut record) = (Feed::new(), Record::default());
    take(&mut feed, &listing, &mut record);
    for &step in numbers {
        let events = venue.step(step);
        take(&mut feed, &events, &mut record);
        after_each(&venue, &feed, &record);
    }
    (feed, record)
}

/// Gives a feed the events of one command.
pub fn take(feed: &mut Feed, events: &[(EventHeader, Event)], record: &mut Record) {
    for (header, event) in events {
        feed.apply(header, event, record).unwrap();
    }
    feed.end_command(record);
}
