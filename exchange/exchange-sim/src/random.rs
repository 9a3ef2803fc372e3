//! The one source of chance: a seeded generator of integers (xoshiro256**, seeded by splitmix64).
//!
//! It is not for secrets. A newcomer needs to know one thing: nothing else in this crate may be random, so a seed names a
//! whole run, and separate concerns draw from separate [`Random::fork`]s, so that one more draw in one place does not shift
//! every other.

/// A generator whose whole future follows from its seed.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The generator of this seed. All seeds are good ones, zero too.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut counter = seed;
        Self { state: std::array::from_fn(|_| splitmix64(&mut counter)) }
    }

    /// A generator of its own for one concern.
    pub fn fork(&mut self) -> Self {
        Self::new(self.bits())
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number below `bound`, each alike; zero where the bound is zero. The bias of 2^-64 times the bound is of no interest.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(bound);
        (product >> 64) as u64
    }

    /// An index into something of this length.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True in this many cases of a thousand.
    pub fn permille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }

    /// A number whose size is as likely to be of one magnitude as of another, from `low` to `high`, both included; `low`
    /// must not be zero. Rates and sizes drawn like this reach their extremes often.
    pub fn magnitude(&mut self, low: u64, high: u64) -> u64 {
        let bits = self.range(u64::from(low.ilog2()), u64::from(high.max(low).ilog2()));
        let bottom = low.max(1 << bits);
        let top = high.min((1_u64 << bits) | ((1_u64 << bits) - 1));
        self.range(bottom, top.max(bottom))
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.index(items.len())) }
    }

    /// The index of one of these weights, each as often as its weight says; `None` where all are zero.
    pub fn weighted(&mut self, weights: &[u32]) -> Option<usize> {
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (index, weight) in weights.iter().enumerate() {
            if left < u64::from(*weight) {
                return Some(index);
            }
            left -= u64::from(*weight);
        }
        None
    }

    /// A geometric distance: 0 most often, its mean about `mean`.
    pub fn geometric(&mut self, mean: u64) -> u64 {
        let mut distance = 0;
        while distance < mean * 20 && self.below(mean + 1) != 0 {
            distance += 1;
        }
        distance
    }
}

fn splitmix64(counter: &mut u64) -> u64 {
    *counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *counter;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_seeding_matches_the_published_vector() {
        // The first outputs of splitmix64 for the seed 1234567, as its author gives them.
        let mut counter = 1_234_567;
        assert_eq!(super::splitmix64(&mut counter), 6_457_827_717_110_365_317);
        assert_eq!(super::splitmix64(&mut counter), 3_203_168_211_198_807_973);
    }

    #[test]
    fn draws_stay_inside_their_bounds() {
        let mut random = Random::new(7);
        for _ in 0..10_000 {
            assert!((3..=9).contains(&random.range(3, 9)));
            assert!((5..=5_000).contains(&random.magnitude(5, 5_000)));
            assert_ne!(random.weighted(&[1, 0, 3]), Some(1));
        }
        assert_eq!(random.weighted(&[0, 0]), None);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn every_value_of_a_small_range_is_drawn() {
        let mut random = Random::new(0);
        let mut seen = [0_u32; 8];
        for _ in 0..8_000 {
            seen[random.index(8)] += 1;
        }
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    }
}
