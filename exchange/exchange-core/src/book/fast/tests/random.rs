//! Long streams that go through regimes: calm trading, jumps of the price, and orders far from it.

use super::*;

/// A linear congruential generator; its high bits are good enough here.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(((self.0 >> 32) * u64::from(bound)) >> 32).expect("below a u32")
    }
}

struct Stream {
    random: Random,
    center: u32,
    next_id: u64,
    /// Ids that may live.
    ids: Vec<u64>,
}

impl Stream {
    fn new(seed: u64) -> Self {
        Self { random: Random(seed), center: 10_000, next_id: 0, ids: Vec::new() }
    }

    fn price(&mut self) -> u32 {
        let reach = if self.random.below(20) == 0 { 6_000 } else { 30 };
        let price = self.center.saturating_sub(reach).saturating_add(self.random.below(2 * reach));
        price.clamp(1, HIGHEST)
    }

    fn new_id(&mut self) -> u64 {
        // In order, with gaps.
        self.next_id += u64::from(1 + self.random.below(3) * self.random.below(500));
        self.ids.push(self.next_id);
        self.next_id
    }

    fn old_id(&mut self) -> u64 {
        let count = u32::try_from(self.ids.len()).expect("few");
        if count == 0 {
            return 1;
        }
        self.ids.swap_remove(self.random.below(count) as usize)
    }

    fn next(&mut self) -> Step {
        if self.random.below(700) == 0 {
            let places = [1, 40, 4_000, 10_000, 14_000, 1_000_000, u32::MAX / 2, HIGHEST - 5_000, HIGHEST];
            self.center = places[self.random.below(9) as usize];
        }
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        match self.random.below(100) {
            0..55 => {
                let mut order = order(self.new_id(), side, self.price(), 1 + self.random.below(50));
                order.account = AccountId(self.random.below(12));
                order.self_trade = [
                    SelfTradePrevention::CancelTaker,
                    SelfTradePrevention::CancelMaker,
                    SelfTradePrevention::CancelBoth,
                ][self.random.below(3) as usize];
                (order.order_type, order.time_in_force) = match self.random.below(20) {
                    0 => (OrderType::Limit, TimeInForce::Ioc),
                    1 => (OrderType::Limit, TimeInForce::Fok),
                    2 => (OrderType::Market, TimeInForce::Ioc),
                    3..6 => (OrderType::PostOnly, TimeInForce::Gtc),
                    6 => (OrderType::Limit, TimeInForce::Gtd),
                    _ => (OrderType::Limit, TimeInForce::Gtc),
                };
                order.expires_at =
                    TimestampNs(self.next_id.saturating_add(u64::from(self.random.below(100_000))));
                Step::Apply(BookCommand::Submit(order))
            }
            55..90 => Step::Apply(cancel(self.old_id())),
            90..94 => {
                let by = QuantityLots(self.random.below(30));
                Step::Apply(BookCommand::Reduce { order: OrderId(self.old_id()), by })
            }
            94..99 => {
                let (old, new) = (self.old_id(), self.new_id());
                Step::Apply(replace(old, new, self.price(), 1 + self.random.below(50)))
            }
            _ => Step::Expire(TimestampNs(self.next_id)),
        }
    }
}

fn run<I: IdIndex>(index: I, seed: u64) {
    let (mut pair, mut stream) = (Pair::new(index), Stream::new(seed));
    for _ in 0..3_000 {
        pair.step(&stream.next());
    }
    assert!(pair.fast.live_orders() > 20, "the stream leaves orders");
}

#[test]
fn a_long_stream_with_dense_ids_keeps_every_invariant() {
    (0..4).for_each(|seed| run(DenseIndex::default(), seed));
}

#[test]
fn a_long_stream_with_opaque_ids_keeps_every_invariant() {
    (4..8).for_each(|seed| run(OpaqueIndex::with_seed(seed), seed));
}

/// Looking ahead is on from some live orders, and changes nothing.
#[test]
fn commands_in_a_row_do_what_they_do_one_by_one() {
    let (mut row, mut single) = (
        FastBook::new(InstrumentId(0), OpaqueIndex::default(), 0),
        FastBook::new(InstrumentId(0), OpaqueIndex::default(), 0),
    );
    let (mut row_events, mut single_events) = (EventBuffer::new(), EventBuffer::new());
    let mut stream = Stream::new(9);
    // So many lots, and of an account of their own, that no seller of the stream takes all bids.
    let fill: Vec<BookCommand> = (0..80_000)
        .map(|id| order(u64::MAX / 2 + id, Side::Buy, 1 + (id % 5_000) as u32, 1_000_000))
        .map(|order| BookCommand::Submit(Order { account: AccountId(99), ..order }))
        .collect();
    let steps: Vec<BookCommand> = std::iter::repeat_with(|| stream.next())
        .filter_map(|step| match step {
            Step::Apply(command) => Some(command),
            Step::Expire(_) => None,
        })
        .take(20_000)
        .collect();
    for commands in [&fill[..], &steps[..1], &steps[1..14], &steps[14..]] {
        row.apply_each(commands, subject, |command| *command, &mut row_events);
        commands.iter().for_each(|command| single.apply(command, &mut single_events));
        assert!(row.live_orders() > 1 << 16, "looking ahead is on");
        assert_eq!(row_events, single_events);
        assert_eq!(row.state_hash(), single.state_hash());
        row.audit();
    }
}

/// The id that a command names first, and its price or zero.
fn subject(command: &BookCommand) -> (OrderId, PriceTicks) {
    match command {
        BookCommand::Submit(order) => (order.id, order.price),
        BookCommand::Cancel { order, .. } | BookCommand::Reduce { order, .. } => (*order, PriceTicks(0)),
        BookCommand::Replace { order, price, .. } => (*order, *price),
    }
}
