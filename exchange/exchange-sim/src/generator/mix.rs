//! How often a run asks for what.

use crate::random::Random;

/// What a trader may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraderOperation {
    /// A limit order that is meant to rest.
    Passive,
    /// A limit order that is meant to trade.
    Aggressive,
    /// An order that trades at once or not at all.
    Immediate,
    /// An order that trades whole or not at all.
    FillOrKill,
    /// A market order.
    Market,
    /// An order that must not trade at once.
    PostOnly,
    /// An order that ends by itself.
    GoodTillDate,
    /// An order far away from the market.
    FarAway,
    /// Cancel one order.
    Cancel,
    /// Cancel many orders.
    MassCancel,
    /// Make an order smaller.
    Reduce,
    /// Replace an order.
    Replace,
    /// Put money in.
    Deposit,
    /// Take money out.
    Withdraw,
    /// An order or a cancel that is wrong in one field.
    Wrong,
    /// Bytes that are no command.
    Malformed,
}

impl TraderOperation {
    /// All of them, with how often each is asked by default.
    const USUAL: [(Self, u32); 16] = [
        (Self::Passive, 400),
        (Self::Aggressive, 120),
        (Self::Immediate, 40),
        (Self::FillOrKill, 25),
        (Self::Market, 25),
        (Self::PostOnly, 60),
        (Self::GoodTillDate, 60),
        (Self::FarAway, 10),
        (Self::Cancel, 180),
        (Self::MassCancel, 6),
        (Self::Reduce, 40),
        (Self::Replace, 60),
        (Self::Deposit, 15),
        (Self::Withdraw, 15),
        (Self::Wrong, 40),
        (Self::Malformed, 10),
    ];
}

/// How often a run asks for what.
#[derive(Debug, Clone)]
pub struct Mix {
    weights: Vec<u32>,
    /// How many of a thousand commands are the administrator's.
    pub administration: u64,
    /// How many of a thousand of the administrator's commands stop or open some part of the venue.
    pub trading_states: u64,
    /// Ids in arrival order, or opaque ones.
    pub dense_ids: bool,
    /// How many of a thousand orders leave their id to the venue.
    pub unnamed: u64,
    /// How many of a thousand requests come under an idempotency key.
    pub keyed: u64,
    /// Mean distance of a passive order from the middle, in ticks.
    pub distance_ticks: u64,
    /// The largest order of the usual ones, in lots.
    pub lots_max: u64,
    /// The longest life of a GTD order, in ns.
    pub life_max_ns: u64,
}

impl Mix {
    /// The mix of a run: each operation is left out, as usual, or frequent.
    #[must_use]
    pub fn new(random: &mut Random) -> Self {
        let mut weights: Vec<u32> = TraderOperation::USUAL
            .iter()
            .map(|(_, usual)| match random.below(5) {
                0 => 0,
                1 => usual * 5,
                _ => *usual,
            })
            .collect();
        // Without orders that rest there is nothing to do for most of the others.
        weights[0] = weights[0].max(200);
        Self {
            weights,
            administration: random.magnitude(5, 80),
            trading_states: random.below(300),
            dense_ids: random.permille(500),
            unnamed: random.below(3) * 300,
            keyed: random.below(4) * 200,
            distance_ticks: random.magnitude(1, 200),
            lots_max: random.magnitude(2, 400),
            life_max_ns: random.magnitude(1_000_000, 1_000_000_000),
        }
    }

    /// What a trader asks next.
    pub fn draw(&self, random: &mut Random) -> TraderOperation {
        let index = random.weighted(&self.weights).unwrap_or(0);
        TraderOperation::USUAL[index].0
    }
}
