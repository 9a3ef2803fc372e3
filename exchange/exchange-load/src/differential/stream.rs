//! Hostile streams for the differential test: every operation, few accounts, reused and unknown ids, and prices that jump
//! from one end of the range to the other.

use std::fmt;

use exchange_core::book::{BookCommand, Order, OrderBook};
use exchange_types::{
    AccountId, CancelCause, EventBuffer, OrderId, OrderType, PriceTicks, QuantityLots, SelfTradePrevention,
    Side, TimeInForce, TimestampNs,
};

use crate::flow::{Ids, Random, scrambled};

/// One thing a book is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A command.
    Apply(BookCommand),
    /// The time is this.
    Expire(TimestampNs),
}

impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apply(command) => command.fmt(formatter),
            Self::Expire(now) => write!(formatter, "Expire({})", now.0),
        }
    }
}

impl Step {
    /// Tells a book.
    pub fn tell(&self, book: &mut impl OrderBook, events: &mut EventBuffer) {
        match self {
            Self::Apply(command) => book.apply(command, events),
            Self::Expire(now) => book.expire(*now, events),
        }
    }

    /// The order it names first.
    #[must_use]
    pub const fn order(&self) -> Option<OrderId> {
        match self {
            Self::Apply(BookCommand::Submit(order)) => Some(order.id),
            Self::Apply(
                BookCommand::Cancel { order, .. }
                | BookCommand::Reduce { order, .. }
                | BookCommand::Replace { order, .. },
            ) => Some(*order),
            Self::Expire(_) => None,
        }
    }
}

/// Where prices come from for a while.
#[derive(Debug, Clone, Copy)]
enum Pattern {
    /// Close around a price that stays.
    Near,
    /// Close around a price that moves on with every order: by little, or so fast that a window of prices is crossed in a
    /// few steps.
    Drift { up: bool, step: u32 },
    /// Close around a price that jumps anywhere now and then.
    Jump,
    /// By turns at the lowest and the highest prices there are.
    Extremes,
    /// Anywhere, small and large prices equally often.
    Anywhere,
    /// Just at the edges of windows of 4,096 prices.
    Edges,
}

const PATTERNS: u64 = 7;
/// Steps of one case, and of one pattern inside it.
const STEPS: (u32, u32) = (200, 1_500);
const PATTERN_STEPS: (u32, u32) = (20, 300);
/// Few, so that many orders meet one of their own account.
const ACCOUNTS: u32 = 4;
/// Ids that are used again or asked for after their end come from so many back.
const ID_MEMORY: u64 = 512;

/// The steps of a seed.
#[must_use]
pub fn steps(seed: u64, ids: Ids) -> Vec<Step> {
    let mut random = Random::new(scrambled(seed ^ 0x0062_6f6f_6b73));
    let length = random.between(STEPS.0, STEPS.1);
    // From a handful of orders, where sides empty all the time, to as many as accumulate.
    let keep_per_cent = [5, 20, 40, 60, 85][random.below(5) as usize];
    let mut stream = Stream {
        pattern: Pattern::Near,
        pattern_left: 0,
        middle: 10_000,
        spread: 8,
        newest: 1,
        now: 1,
        keep_per_cent,
        ids,
        random,
    };
    (0..length).map(|_| stream.step()).collect()
}

struct Stream {
    pattern: Pattern,
    pattern_left: u32,
    middle: u32,
    /// How far from the middle prices lie.
    spread: u32,
    newest: u64,
    now: u64,
    /// How many of a hundred commands create an order that may rest.
    keep_per_cent: u64,
    ids: Ids,
    random: Random,
}

impl Stream {
    fn step(&mut self) -> Step {
        if self.pattern_left == 0 {
            self.turn();
        }
        self.pattern_left -= 1;
        if self.random.per_cent(self.keep_per_cent) {
            return Step::Apply(self.submit());
        }
        match self.random.below(10) {
            0 => {
                self.now += self.random.below(40);
                Step::Expire(TimestampNs(self.now))
            }
            1..=3 => Step::Apply(BookCommand::Cancel { order: self.known(), cause: self.cause() }),
            4 => Step::Apply(BookCommand::Reduce { order: self.known(), by: self.quantity() }),
            5 | 6 => {
                let order = self.known();
                let new_order = self.new_id();
                let (price, quantity) = (self.price(), self.quantity());
                Step::Apply(BookCommand::Replace { order, new_order, price, quantity })
            }
            _ => Step::Apply(self.submit()),
        }
    }

    /// Chooses the next pattern, its length and how wide it spreads.
    fn turn(&mut self) {
        self.pattern_left = self.random.between(PATTERN_STEPS.0, PATTERN_STEPS.1);
        self.spread = [0, 1, 3, 10, 100, 5_000][self.random.below(6) as usize];
        let up = self.random.one_in(2);
        self.pattern = match self.random.below(PATTERNS) {
            0 => Pattern::Near,
            1 => Pattern::Drift { up, step: self.random.between(1, 64) },
            2 => Pattern::Jump,
            3 => Pattern::Extremes,
            4 => Pattern::Drift { up, step: self.random.between(100, 9_000) },
            5 => Pattern::Anywhere,
            _ => Pattern::Edges,
        };
        if self.random.one_in(2) {
            self.middle = self.anywhere();
        }
    }

    fn submit(&mut self) -> BookCommand {
        let id = self.new_id();
        let side = if self.random.one_in(2) { Side::Buy } else { Side::Sell };
        let (order_type, time_in_force) = match self.random.below(20) {
            0 | 1 => (OrderType::Limit, TimeInForce::Ioc),
            2..=4 => (OrderType::Limit, TimeInForce::Fok),
            5 => (OrderType::Market, TimeInForce::Ioc),
            6 => (OrderType::Market, TimeInForce::Fok),
            7 => (OrderType::PostOnly, TimeInForce::Gtc),
            8 => (OrderType::PostOnly, TimeInForce::Gtd),
            9..=11 => (OrderType::Limit, TimeInForce::Gtd),
            _ => (OrderType::Limit, TimeInForce::Gtc),
        };
        // A market order comes with a bound, which may be none at all.
        let price = match (order_type, side) {
            (OrderType::Market, Side::Buy) if self.random.one_in(2) => PriceTicks::HIGHEST,
            (OrderType::Market, Side::Sell) if self.random.one_in(2) => PriceTicks::LOWEST,
            _ => self.price(),
        };
        // Expiries close together, so that several orders end at the same time.
        let expires = time_in_force == TimeInForce::Gtd;
        let expires_at = if expires { self.now + 1 + self.random.below(30) } else { 0 };
        BookCommand::Submit(Order {
            id,
            account: AccountId(self.random.between(1, ACCOUNTS)),
            price,
            quantity: self.quantity(),
            expires_at: TimestampNs(expires_at),
            side,
            order_type,
            time_in_force,
            self_trade: match self.random.below(3) {
                0 => SelfTradePrevention::CancelTaker,
                1 => SelfTradePrevention::CancelMaker,
                _ => SelfTradePrevention::CancelBoth,
            },
        })
    }

    /// An id for a new order: mostly one that is new, sometimes one that was given out before and may be alive. Opaque ids may
    /// be any number; dense ids from nowhere are refused by their index, which is not a difference between books.
    fn new_id(&mut self) -> OrderId {
        match (self.random.below(20), self.ids) {
            (0, _) => self.recent(),
            (1, Ids::Opaque) => self.known(),
            _ => {
                self.newest += 1;
                self.named(self.newest)
            }
        }
    }

    /// An id to ask for: mostly one that was given out not long ago, sometimes one that never was.
    fn known(&mut self) -> OrderId {
        match self.random.below(40) {
            0 => OrderId(self.random.next()),
            1 => OrderId([0, u64::MAX, 1 << 32, (1 << 63) - 1][self.random.below(4) as usize]),
            _ => self.recent(),
        }
    }

    /// An id that was given out not long ago, whether or not its order still rests.
    fn recent(&mut self) -> OrderId {
        // The newest most often: those are the ones that still rest.
        let memory = ID_MEMORY >> self.random.below(8);
        let back = self.random.below(memory.min(self.newest));
        self.named(self.newest - back)
    }

    const fn named(&self, id: u64) -> OrderId {
        match self.ids {
            Ids::Dense => OrderId(id),
            Ids::Opaque => OrderId(scrambled(id)),
        }
    }

    fn cause(&mut self) -> CancelCause {
        match self.random.below(3) {
            0 => CancelCause::Requested,
            1 => CancelCause::MassCancel,
            _ => CancelCause::Killed,
        }
    }

    /// Mostly small, so that orders fill often; sometimes as large as they come, so that sums leave 32 bits.
    fn quantity(&mut self) -> QuantityLots {
        QuantityLots(match self.random.below(40) {
            0 => u32::MAX - self.random.below(3) as u32,
            1..=4 => self.random.between(50, 500),
            _ => self.random.between(1, 20),
        })
    }

    fn price(&mut self) -> PriceTicks {
        let near = |middle: u32, random: &mut Random, spread: u32| {
            let low = middle.saturating_sub(spread);
            low.saturating_add(random.below(2 * u64::from(spread) + 1) as u32)
        };
        let price = match self.pattern {
            Pattern::Near => near(self.middle, &mut self.random, self.spread),
            Pattern::Drift { up, step } => {
                self.middle =
                    if up { self.middle.saturating_add(step) } else { self.middle.saturating_sub(step) };
                near(self.middle, &mut self.random, self.spread)
            }
            Pattern::Jump => {
                if self.random.one_in(8) {
                    self.middle = self.anywhere();
                }
                near(self.middle, &mut self.random, self.spread)
            }
            Pattern::Extremes => {
                let distance = self.random.below(u64::from(self.spread) + 1) as u32;
                let low = self.random.one_in(2);
                if low { PriceTicks::LOWEST.0 + distance } else { PriceTicks::HIGHEST.0 - distance }
            }
            Pattern::Anywhere => self.anywhere(),
            Pattern::Edges => {
                // Multiples of half a window from the middle, and one tick beside them.
                let windows = self.random.below(9) as u32 * 2_048;
                let edge = self.middle.saturating_sub(8_192).saturating_add(windows);
                near(edge, &mut self.random, 1)
            }
        };
        PriceTicks(price.clamp(PriceTicks::LOWEST.0, PriceTicks::HIGHEST.0))
    }

    /// A price with a random number of digits.
    fn anywhere(&mut self) -> u32 {
        (self.random.next() >> 32) as u32 >> self.random.below(32)
    }
}
