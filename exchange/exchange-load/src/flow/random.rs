//! The generator's randomness: splitmix64, in integers only, so that a seed gives the same stream on every machine.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        scrambled(self.0)
    }

    /// A number from 0 to `bound` - 1; 0 where `bound` is 0. The high half of the product: biased by less than 2^-32 here.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below((high - low) as u64 + 1) as u32
    }

    /// True once in `times`.
    pub const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// True in this many of a hundred cases.
    pub const fn per_cent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

/// splitmix64's finaliser: a bijection of 64-bit numbers that leaves no visible order.
#[must_use]
pub const fn scrambled(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Geometrically distributed distances, drawn from a table of 64-bit fixed-point probabilities.
#[derive(Debug, Clone)]
pub(super) struct Distances {
    /// At index `i` the probability that the distance is larger than `i + 1`, times 2^64; falling.
    beyond: Vec<u64>,
}

impl Distances {
    /// The table for this mean; distances are at least 1 and at most `longest`.
    pub(super) fn new(mean: u64, longest: usize) -> Self {
        let mut left = u64::MAX;
        let beyond = (0..longest)
            .map(|_| {
                left = (u128::from(left) * u128::from(mean - 1) / u128::from(mean)) as u64;
                left
            })
            .collect();
        Self { beyond }
    }

    /// One distance.
    pub(super) fn draw(&self, random: &mut Random) -> u32 {
        let point = random.next();
        let index = self.beyond.partition_point(|beyond| point < *beyond);
        index.min(self.beyond.len() - 1) as u32 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Distances, Random, scrambled};

    #[test]
    fn the_first_numbers_of_seed_zero_are_those_of_splitmix64() {
        let mut random = Random::new(0);
        let first = [random.next(), random.next(), random.next()];
        assert_eq!(first, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
        assert_eq!(scrambled(0), 0);
    }

    #[test]
    fn distances_have_the_mean_they_were_asked_for() {
        let mut random = Random::new(1);
        for mean in [12, 400] {
            let distances = Distances::new(mean, 1 << 14);
            let draws = 200_000;
            let sum: u64 = (0..draws).map(|_| u64::from(distances.draw(&mut random))).sum();
            let found = sum as f64 / f64::from(draws);
            assert!((found / mean as f64 - 1.0).abs() < 0.02, "mean {found}, expected {mean}");
        }
    }
}
