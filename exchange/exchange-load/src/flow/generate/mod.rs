//! The generator of order flow: four mixes, dense or opaque ids, the same stream for the same seed on every machine.
//!
//! It is not a model of a market, only of what a book's speed depends on: how many orders live, how far from the best price
//! they stand, which of them go. A newcomer needs to know one thing: the generator runs the plain matcher beside it, so it
//! knows which orders are alive, and it steers towards the mix's number of live orders.

mod live;
mod mix;

pub use mix::Mix;

use std::collections::VecDeque;

use exchange_types::{AccountId, OrderId, PriceTicks, QuantityLots, Side};

use self::live::Live;
use self::mix::{Kind, Plan};
use super::random::{Distances, Random, scrambled};
use super::{Flow, Header, Operation, Record};
use crate::naive::NaiveBook;

/// How orders are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// 1, 2, 3 ... in the order of arrival, as an engine would assign them.
    Dense,
    /// The same, scrambled by a bijection.
    Opaque,
}

/// Where all prices lie, the reference price starts, and how far it may walk from there.
const LOWEST_PRICE: u32 = 8_000;
const HIGHEST_PRICE: u32 = 12_000;
const MIDDLE_PRICE: u32 = 10_000;
const WALK_MAX: u32 = 1_500;
const ACCOUNTS: u32 = 50;
const ORDER_LOTS_MAX: u32 = 100;
/// How much a deep aggressive order asks for at most.
const SWEEP_LOTS_MAX: u64 = 300;
const SWEEP_LEVELS_MAX: u64 = 5;
/// From how many of the newest orders a recent one is picked.
const RECENT: usize = 64;

/// Makes a stream. `operations` replaces the mix's number of operations, which come after the prefill.
#[must_use]
pub fn generate(mix: Mix, ids: Ids, seed: u64, operations: Option<u64>) -> Flow {
    let plan = mix.plan();
    let operations = operations.unwrap_or(plan.operations);
    let mut generator = Generator::new(plan, seed);
    for _ in 0..plan.prefill {
        let record = generator.passive(Operation::Limit);
        generator.emit(record);
    }
    for _ in 0..operations {
        let record = generator.next();
        generator.emit(record);
    }
    let mut flow = Flow {
        header: Header {
            self_trade_prevention: plan.self_trade_prevention,
            prefill: plan.prefill,
            lowest_price: LOWEST_PRICE as i32,
            highest_price: HIGHEST_PRICE as i32,
            highest_id: generator.newest,
            seed,
            peak_live: generator.peak as u64,
        },
        records: generator.records,
    };
    if ids == Ids::Opaque {
        flow.header.highest_id = 0;
        for record in &mut flow.records {
            // Zero means "no id" and is its own image.
            record.order = OrderId(scrambled(record.order.0));
            record.new_order = OrderId(scrambled(record.new_order.0));
        }
    }
    flow
}

struct Generator {
    plan: &'static Plan,
    random: Random,
    distances: Distances,
    book: NaiveBook,
    live: Live,
    recent: VecDeque<OrderId>,
    reference: u32,
    /// The newest id; ids are dense until the end.
    newest: u64,
    peak: usize,
    records: Vec<Record>,
}

impl Generator {
    fn new(plan: &'static Plan, seed: u64) -> Self {
        Self {
            plan,
            random: Random::new(seed),
            distances: Distances::new(plan.mean_distance, (HIGHEST_PRICE - LOWEST_PRICE) as usize),
            book: NaiveBook::new(plan.self_trade_prevention),
            live: Live::default(),
            recent: VecDeque::with_capacity(RECENT),
            reference: MIDDLE_PRICE,
            newest: 0,
            peak: 0,
            records: Vec::new(),
        }
    }

    fn next(&mut self) -> Record {
        self.walk();
        let mut kind = self.plan.draw(&mut self.random);
        // Fills depend on the stream, so the mix alone would not hold the number of live orders: near the target it does,
        // and beyond 1 per cent from it an add becomes a cancel or the reverse.
        let (live, target) = (self.live.len() as u64, self.plan.prefill);
        let slack = target / 100;
        if kind == Kind::Add && live > target + slack {
            kind = Kind::Cancel;
        } else if kind == Kind::Cancel && live + slack < target {
            kind = Kind::Add;
        }
        match kind {
            Kind::Add => self.passive(Operation::Limit),
            Kind::PostOnly if self.random.per_cent(30) => self.aggressive(Operation::PostOnly),
            Kind::PostOnly => self.passive(Operation::PostOnly),
            Kind::Cancel => self.cancel(),
            Kind::DeadCancel => self.dead_cancel(),
            Kind::Replace => self.replace(),
            Kind::Reduce => self.reduce(),
            Kind::Aggressive => self.aggressive(Operation::Limit),
            Kind::ImmediateOrCancel => self.aggressive(Operation::ImmediateOrCancel),
            Kind::Market => Record { price: PriceTicks(0), ..self.aggressive(Operation::Market) },
            Kind::FillOrKill => self.aggressive(Operation::FillOrKill),
        }
    }

    /// Applies a record to the plain matcher and keeps account of who is alive.
    fn emit(&mut self, record: Record) {
        let (live, mut taker_left) = (&mut self.live, record.quantity.0);
        self.book.apply(&record, &mut |fill| {
            taker_left -= fill.quantity.0;
            if fill.maker_filled {
                live.remove(fill.maker);
            }
        });
        let created = match record.operation {
            Operation::Replace => record.new_order,
            _ => record.order,
        };
        match record.operation {
            Operation::Cancel | Operation::Replace => self.live.remove(record.order),
            Operation::Reduce if self.book.order(record.order).is_none() => self.live.remove(record.order),
            _ => {}
        }
        let creates = record.operation.submits() || record.operation == Operation::Replace;
        if creates && taker_left > 0 && self.book.contains(created) {
            self.live.insert(created);
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(created);
        }
        self.peak = self.peak.max(self.live.len());
        self.records.push(record);
    }

    /// Moves the reference price: a step now and then, a jump rarely, always inside its bounds.
    fn walk(&mut self) {
        let (low, high) = (MIDDLE_PRICE - WALK_MAX, MIDDLE_PRICE + WALK_MAX);
        if self.random.one_in(self.plan.step_every) {
            let up = self.random.one_in(2);
            self.reference = if up { self.reference + 1 } else { self.reference - 1 }.clamp(low, high);
        }
        if self.plan.jump_every != 0 && self.random.one_in(self.plan.jump_every) {
            let jump = self.random.between(50, 500);
            let up = self.random.one_in(2);
            self.reference = if up { self.reference + jump } else { self.reference - jump }.clamp(low, high);
        }
    }

    /// A new order at some distance from the reference price that does not cross.
    fn passive(&mut self, operation: Operation) -> Record {
        let side = self.side();
        let price = self.passive_price(side);
        let quantity = self.random.between(1, ORDER_LOTS_MAX);
        self.submission(operation, side, price, quantity)
    }

    fn passive_price(&mut self, side: Side) -> u32 {
        let distance = self.distances.draw(&mut self.random);
        let opposite = self.book.best(side.opposite()).map(|best| best.0);
        match side {
            Side::Buy => {
                let highest = opposite.map_or(HIGHEST_PRICE, |best| best - 1);
                self.reference.saturating_sub(distance).min(highest).max(LOWEST_PRICE)
            }
            Side::Sell => {
                let lowest = opposite.map_or(LOWEST_PRICE, |best| best + 1);
                (self.reference + distance).max(lowest).min(HIGHEST_PRICE)
            }
        }
    }

    /// A new order that takes: mostly up to a hundred lots at the best price, else what stands in the first few levels.
    fn aggressive(&mut self, operation: Operation) -> Record {
        let side = self.aggressive_side();
        let Some(best) = self.book.best(side.opposite()) else { return self.passive(operation) };
        if self.random.per_cent(90) {
            let quantity = self.random.between(1, ORDER_LOTS_MAX);
            return self.submission(operation, side, best.0, quantity);
        }
        let levels = 1 + self.random.below(SWEEP_LEVELS_MAX) as usize;
        let (mut price, mut depth) = (best, 0);
        for (level, volume) in self.book.depth(side.opposite()).take(levels) {
            price = level;
            depth += volume;
        }
        self.submission(operation, side, price.0, depth.min(SWEEP_LOTS_MAX) as u32)
    }

    /// Either side; but where the book's middle is off the reference price, three times in four the side that brings it back.
    fn aggressive_side(&mut self) -> Side {
        let side = self.side();
        let (Some(bid), Some(ask)) = (self.book.best(Side::Buy), self.book.best(Side::Sell)) else {
            return side;
        };
        let (doubled_middle, doubled_reference) = (bid.0 + ask.0, 2 * self.reference);
        let towards = if doubled_middle < doubled_reference { Side::Buy } else { Side::Sell };
        let off = doubled_middle.abs_diff(doubled_reference) > 4;
        if off && self.random.one_in(2) { towards } else { side }
    }

    fn submission(&mut self, operation: Operation, side: Side, price: u32, quantity: u32) -> Record {
        self.newest += 1;
        Record {
            order: OrderId(self.newest),
            new_order: OrderId(0),
            price: PriceTicks(price),
            quantity: QuantityLots(quantity),
            account: AccountId(self.random.between(1, ACCOUNTS)),
            operation,
            side,
        }
    }

    fn cancel(&mut self) -> Record {
        match self.victim() {
            Some(order) => self.amendment(Operation::Cancel, order),
            None => self.passive(Operation::Limit),
        }
    }

    /// A cancel of an order that is gone, or of one that never was.
    fn dead_cancel(&mut self) -> Record {
        let order = if self.random.one_in(2) {
            OrderId(self.newest + 1_000_000 + self.random.below(1_000_000))
        } else {
            OrderId(1 + self.random.below(self.newest))
        };
        if self.live.contains(order) { self.cancel() } else { self.amendment(Operation::Cancel, order) }
    }

    fn replace(&mut self) -> Record {
        let Some(order) = self.victim() else { return self.passive(Operation::Limit) };
        let record = self.amendment(Operation::Replace, order);
        let best = self.book.best(record.side.opposite());
        let price = match best {
            Some(best) if self.plan.crossing_replaces && self.random.per_cent(20) => best.0,
            _ => self.passive_price(record.side),
        };
        self.newest += 1;
        Record {
            new_order: OrderId(self.newest),
            price: PriceTicks(price),
            quantity: QuantityLots(self.random.between(1, ORDER_LOTS_MAX)),
            ..record
        }
    }

    fn reduce(&mut self) -> Record {
        let Some(order) = self.victim() else { return self.passive(Operation::Limit) };
        let remaining = self.book.order(order).map_or(1, |(_, remaining)| remaining.0);
        // A tenth more than there is: now and then a reduction takes everything, or more.
        let by = self.random.between(1, remaining + remaining / 10 + 1);
        Record { quantity: QuantityLots(by), ..self.amendment(Operation::Reduce, order) }
    }

    /// A live order to cancel or change.
    fn victim(&mut self) -> Option<OrderId> {
        if self.random.per_cent(self.plan.recent_per_cent) {
            // A recent order may be gone already; a few more tries find one that is not.
            for _ in 0..4 {
                let index = self.random.below(self.recent.len() as u64) as usize;
                if let Some(order) = self.recent.get(index).filter(|order| self.live.contains(**order)) {
                    return Some(*order);
                }
            }
        }
        self.live.pick(&mut self.random)
    }

    /// A record that names a resting order and carries its side, as files do.
    fn amendment(&mut self, operation: Operation, order: OrderId) -> Record {
        Record {
            order,
            new_order: OrderId(0),
            price: PriceTicks(0),
            quantity: QuantityLots(0),
            account: AccountId(self.random.between(1, ACCOUNTS)),
            operation,
            side: self.book.order(order).map_or(Side::Buy, |(side, _)| side),
        }
    }

    fn side(&mut self) -> Side {
        if self.random.one_in(2) { Side::Buy } else { Side::Sell }
    }
}
