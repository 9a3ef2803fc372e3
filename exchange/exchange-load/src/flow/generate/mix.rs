//! The four mixes, as shares of a thousand.

use crate::flow::random::Random;

/// Which kind of stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// w1: 10,000 live orders close to the best price.
    Touch,
    /// w2: a million live orders, hundreds in each level.
    Deep,
    /// w3: 3,000 live orders, most cancels hit a recent one, orders are replaced, the price jumps.
    Itch,
    /// w4: every operation, self-trade prevention, ids that are not alive. For correctness.
    All,
}

/// What the generator can be asked for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Add,
    Cancel,
    DeadCancel,
    Replace,
    Reduce,
    Aggressive,
    ImmediateOrCancel,
    Market,
    FillOrKill,
    PostOnly,
}

/// A mix in numbers.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) operations: u64,
    /// Records that build the book, and the number of live orders to keep.
    pub(super) prefill: u64,
    /// Of a passive order from the reference price, in ticks.
    pub(super) mean_distance: u64,
    /// The reference price steps once in so many operations.
    pub(super) step_every: u64,
    /// It jumps once in so many; zero: never.
    pub(super) jump_every: u64,
    /// How many of a hundred cancels and changes hit one of the newest orders.
    pub(super) recent_per_cent: u64,
    pub(super) crossing_replaces: bool,
    pub(super) self_trade_prevention: bool,
    /// Shares of a thousand.
    shares: &'static [(Kind, u64)],
}

impl Plan {
    pub(super) fn draw(&self, random: &mut Random) -> Kind {
        let mut point = random.below(1_000);
        for (kind, share) in self.shares {
            if point < *share {
                return *kind;
            }
            point -= share;
        }
        Kind::Add
    }
}

const TOUCH: Plan = Plan {
    operations: 5_000_000,
    prefill: 10_000,
    mean_distance: 12,
    // An order lives for about 26,000 operations, in which the price moves somewhat farther than they stand from it.
    step_every: 64,
    jump_every: 0,
    recent_per_cent: 0,
    crossing_replaces: false,
    self_trade_prevention: false,
    shares: &[(Kind::Add, 520), (Kind::Cancel, 380), (Kind::Aggressive, 100)],
};

const DEEP: Plan = Plan {
    prefill: 1_000_000,
    mean_distance: 400,
    step_every: 32,
    shares: &[(Kind::Add, 510), (Kind::Cancel, 390), (Kind::Aggressive, 100)],
    ..TOUCH
};

const ITCH: Plan = Plan {
    prefill: 3_000,
    mean_distance: 12,
    step_every: 64,
    jump_every: 100_000,
    recent_per_cent: 80,
    shares: &[
        (Kind::Add, 458),
        (Kind::Cancel, 362),
        (Kind::Replace, 110),
        (Kind::ImmediateOrCancel, 40),
        (Kind::Aggressive, 30),
    ],
    ..TOUCH
};

const ALL: Plan = Plan {
    operations: 500_000,
    prefill: 1_000,
    mean_distance: 12,
    step_every: 32,
    jump_every: 20_000,
    recent_per_cent: 20,
    crossing_replaces: true,
    self_trade_prevention: true,
    shares: &[
        (Kind::Add, 400),
        (Kind::Cancel, 200),
        (Kind::DeadCancel, 20),
        (Kind::Replace, 80),
        (Kind::Reduce, 80),
        (Kind::Aggressive, 60),
        (Kind::ImmediateOrCancel, 50),
        (Kind::Market, 30),
        (Kind::FillOrKill, 40),
        (Kind::PostOnly, 40),
    ],
};

impl Mix {
    /// All mixes.
    pub const ALL: [Self; 4] = [Self::Touch, Self::Deep, Self::Itch, Self::All];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Touch => "touch",
            Self::Deep => "deep",
            Self::Itch => "itch",
            Self::All => "all",
        }
    }

    pub(super) const fn plan(self) -> &'static Plan {
        match self {
            Self::Touch => &TOUCH,
            Self::Deep => &DEEP,
            Self::Itch => &ITCH,
            Self::All => &ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mix;

    #[test]
    fn the_shares_of_a_mix_sum_to_a_thousand() {
        for mix in Mix::ALL {
            let sum: u64 = mix.plan().shares.iter().map(|(_, share)| share).sum();
            assert_eq!(sum, 1_000, "{}", mix.name());
        }
    }
}
