//! A warm book allocates nothing.
//!
//! What is exempt, and so not in these streams: GTD orders, whose expiries are in ordered maps; prices outside the ladder's
//! window, whose levels are too; and the warm-up itself, in which the slab, the index and the event buffer grow to what the
//! stream needs. A dense index allocates a page whenever the ids that live lie in a longer span than ever before, or than was
//! reserved.

use exchange_core::book::index::{DenseIndex, IdIndex, OpaqueIndex};
use exchange_core::book::{BookCommand, FastBook, Order, OrderBook};
use exchange_types::{
    AccountId, CancelCause, EventBuffer, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    SelfTradePrevention, Side, TimeInForce, TimestampNs,
};

/// A linear congruential generator; its high bits are good enough here.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(((self.0 >> 32) * u64::from(bound)) >> 32).expect("below a u32")
    }
}

/// Commands of all kinds that keep a book at a steady size.
struct Stream {
    random: Random,
    last_id: u64,
    /// Turns the number of an order into its id.
    id_of: fn(u64) -> u64,
    /// Ids that may live. Its capacity is that of the start, so that the stream allocates nothing either.
    ids: Vec<u64>,
}

/// Orders that a book of this stream has, about.
const LIVE: usize = 10_000;

impl Stream {
    fn new(id_of: fn(u64) -> u64) -> Self {
        Self { random: Random(1), last_id: 0, id_of, ids: Vec::with_capacity(2 * LIVE) }
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        let id = (self.id_of)(self.last_id);
        self.ids.push(id);
        id
    }

    fn old_id(&mut self) -> u64 {
        let at = self.random.below(u32::try_from(self.ids.len()).expect("few"));
        self.ids.swap_remove(at as usize)
    }

    /// Prices in a band of 3,000 ticks, bids mostly below asks.
    fn price(&mut self, side: Side) -> PriceTicks {
        let distance = self.random.below(1_500);
        PriceTicks(if side == Side::Buy { 10_040 - distance } else { 9_960 + distance })
    }

    fn next(&mut self) -> BookCommand {
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let shape = self.random.below(100);
        if self.ids.len() > LIVE {
            return match shape {
                0..20 => BookCommand::Reduce {
                    order: OrderId(self.ids[shape as usize]),
                    by: QuantityLots(1 + self.random.below(20)),
                },
                20..40 => BookCommand::Replace {
                    order: OrderId(self.old_id()),
                    new_order: OrderId(self.new_id()),
                    price: self.price(side),
                    quantity: QuantityLots(1 + self.random.below(100)),
                },
                _ => BookCommand::Cancel { order: OrderId(self.old_id()), cause: CancelCause::Requested },
            };
        }
        let (order_type, time_in_force) = match shape {
            0..5 => (OrderType::Limit, TimeInForce::Ioc),
            5..8 => (OrderType::Limit, TimeInForce::Fok),
            8..11 => (OrderType::Market, TimeInForce::Ioc),
            11..20 => (OrderType::PostOnly, TimeInForce::Gtc),
            _ => (OrderType::Limit, TimeInForce::Gtc),
        };
        BookCommand::Submit(Order {
            id: OrderId(self.new_id()),
            account: AccountId(self.random.below(20)),
            price: self.price(side),
            quantity: QuantityLots(1 + self.random.below(100)),
            expires_at: TimestampNs(0),
            side,
            order_type,
            time_in_force,
            self_trade: [
                SelfTradePrevention::CancelTaker,
                SelfTradePrevention::CancelMaker,
                SelfTradePrevention::CancelBoth,
            ][shape as usize % 3],
        })
    }
}

fn check<I: IdIndex>(index: I, id_of: fn(u64) -> u64) {
    let mut book = FastBook::new(InstrumentId(0), index, 0);
    let mut events = EventBuffer::with_capacity(4_096);
    let mut stream = Stream::new(id_of);
    let mut happened = 0;
    let mut run = |commands: u32| {
        for _ in 0..commands {
            book.apply(&stream.next(), &mut events);
            happened += events.len();
            events.clear();
        }
    };
    let warm_up = allocation_counter::measure(|| run(1_000_000));
    assert!(warm_up.count_total > 0, "allocations are counted: {warm_up:?}");
    let warm = allocation_counter::measure(|| run(2_000_000));
    assert_eq!(warm.count_total, 0, "{warm:?}");
    assert!(happened > 2_000_000, "something happened: {happened}");
    assert!(book.live_orders() > LIVE / 4, "orders rest: {}", book.live_orders());
    book.audit();
}

#[test]
fn a_warm_book_with_dense_ids_allocates_nothing() {
    // An order of this stream lives for 10,000 others on average, and none of three million for thirty times as many.
    let mut index = DenseIndex::default();
    index.reserve(30 * LIVE);
    check(index, |number| number);
}

#[test]
fn a_warm_book_with_opaque_ids_allocates_nothing() {
    // A multiplication by an odd number is a bijection, so no id comes twice.
    check(OpaqueIndex::with_seed(3), |number| number.wrapping_mul(0xd134_2543_de82_ef95));
}
