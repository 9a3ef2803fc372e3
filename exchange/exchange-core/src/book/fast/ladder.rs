//! Which prices have orders: a window of 4,096 prices with a two-level bitmap, and an ordered map for the far tail.
//!
//! A *level* is named by the handle of its queue's head. Inside the window that is the distance from the window's base, so no
//! table is needed; outside, the ordered map has it. One ladder serves both sides, because no price has both bids and asks.
//! Where the window lies changes the speed of the book and nothing else.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Prices in the window: 64 words of 64 bits, and one word that says which of them are not zero.
pub(super) const WINDOW: u32 = 4096;

/// Orders that may rest outside the window before it moves, beside one for each level in it.
const FAR_ORDERS_MIN: u32 = 64;

/// The levels of a book.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    /// The lowest price of the window. Invariant: at most `u32::MAX - WINDOW`, so that no price in the window overflows.
    base: u32,
    /// Which words are not zero.
    summary: u64,
    /// Which prices of the window have orders.
    words: [u64; 64],
    /// Levels in the window.
    near_levels: u32,
    /// The levels outside the window by price.
    far: BTreeMap<u32, u32>,
    /// Orders that came to rest outside the window since it last moved.
    far_orders: u32,
}

impl Ladder {
    pub(super) fn new() -> Self {
        Self { base: 0, summary: 0, words: [0; 64], near_levels: 0, far: BTreeMap::new(), far_orders: 0 }
    }

    /// The level of a price inside the window.
    #[inline]
    pub(super) fn near(&self, price: u32) -> Option<u32> {
        let offset = price.wrapping_sub(self.base);
        (offset < WINDOW).then_some(offset)
    }

    /// The level of a price that has orders.
    #[inline]
    pub(super) fn occupied(&self, price: u32) -> u32 {
        match self.near(price) {
            Some(level) => level,
            None => self.far_level(price),
        }
    }

    #[cold]
    fn far_level(&self, price: u32) -> u32 {
        // Invariant: a price with orders is inside the window or in the map.
        self.far.get(&price).copied().expect("a price with orders outside the window is in the map")
    }

    /// Whether a price outside the window has a level.
    pub(super) fn far(&self, price: u32) -> Option<u32> {
        self.far.get(&price).copied()
    }

    /// Notes that a near level has orders now.
    #[inline]
    pub(super) fn set(&mut self, level: u32) {
        let word = (level >> 6) as usize & 63;
        self.words[word] |= 1 << (level & 63);
        self.summary |= 1 << word;
        // Bound: at most one for each price of the window, because a level is set when its first order comes.
        self.near_levels = self.near_levels.wrapping_add(1);
    }

    /// Notes that a near level has no orders any more.
    #[inline]
    pub(super) fn clear(&mut self, level: u32) {
        let word = (level >> 6) as usize & 63;
        self.words[word] &= !(1 << (level & 63));
        self.summary &= !(u64::from(self.words[word] == 0) << word);
        // Bound: a level that is cleared was set.
        self.near_levels = self.near_levels.wrapping_sub(1);
    }

    /// Notes that a far price has orders now, in the queue with this head.
    pub(super) fn set_far(&mut self, price: u32, level: u32) {
        self.far.insert(price, level);
    }

    /// Notes that a far price has no orders any more.
    pub(super) fn clear_far(&mut self, price: u32) {
        self.far.remove(&price);
    }

    /// The next higher price with orders.
    #[inline]
    pub(super) fn above(&self, price: u32) -> Option<u32> {
        if let Some(level) = self.near(price) {
            let word = (level >> 6) as usize & 63;
            let here = self.words[word] & (!1 << (level & 63));
            if here != 0 {
                return Some(self.price(word, here.trailing_zeros()));
            }
            let words = self.summary & (!1 << word);
            if words != 0 {
                let word = words.trailing_zeros() as usize;
                return Some(self.price(word, self.words[word & 63].trailing_zeros()));
            }
        }
        self.far_above(price)
    }

    /// The next lower price with orders.
    #[inline]
    pub(super) fn below(&self, price: u32) -> Option<u32> {
        if let Some(level) = self.near(price) {
            let word = (level >> 6) as usize & 63;
            // A power of two less one: it never wraps.
            let here = self.words[word] & (1_u64 << (level & 63)).wrapping_sub(1);
            if here != 0 {
                return Some(self.price(word, here.ilog2()));
            }
            let words = self.summary & (1_u64 << word).wrapping_sub(1);
            if words != 0 {
                let word = words.ilog2() as usize;
                return Some(self.price(word, self.words[word & 63].ilog2()));
            }
        }
        self.far_below(price)
    }

    /// The price of a bit. Bound: the window ends below `u32::MAX`.
    #[inline]
    fn price(&self, word: usize, bit: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64 words")]
        let offset = ((word as u32) << 6) | bit;
        self.base.wrapping_add(offset)
    }

    #[cold]
    fn far_above(&self, price: u32) -> Option<u32> {
        let far = self.far.range((Bound::Excluded(price), Bound::Unbounded)).next();
        let far = far.map(|(price, _)| *price);
        // From below the window its lowest level is next, unless the map has a lower one.
        let near = (price < self.base).then(|| self.lowest_near()).flatten();
        match (near, far) {
            (Some(near), Some(far)) => Some(near.min(far)),
            (near, far) => near.or(far),
        }
    }

    #[cold]
    fn far_below(&self, price: u32) -> Option<u32> {
        let far = self.far.range(..price).next_back().map(|(price, _)| *price);
        let above_window = price > self.base && self.near(price).is_none();
        let near = above_window.then(|| self.highest_near()).flatten();
        match (near, far) {
            (Some(near), Some(far)) => Some(near.max(far)),
            (near, far) => near.or(far),
        }
    }

    fn lowest_near(&self) -> Option<u32> {
        let word = (self.summary != 0).then(|| self.summary.trailing_zeros() as usize)?;
        Some(self.price(word, self.words[word & 63].trailing_zeros()))
    }

    fn highest_near(&self) -> Option<u32> {
        let word = self.summary.checked_ilog2()? as usize;
        Some(self.price(word, self.words[word & 63].ilog2()))
    }

    /// All prices with orders, ascending, with their levels.
    pub(super) fn levels(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        // No order rests at price 0, so the next above it is the lowest there is.
        let mut price = self.above(0);
        std::iter::from_fn(move || {
            let here = price?;
            price = self.above(here);
            Some((here, self.occupied(here)))
        })
    }

    /// Counts an order that is about to rest outside the window. True where the window had better move to it first.
    ///
    /// What moving costs is paid for. The levels that leave the window are fewer than the far orders since it last moved. A level
    /// that enters it was opened by a far order, or left the window in a move that was paid for. So all moves together take
    /// fewer than three levels over the border for each order that came to rest outside the window, wherever that order came.
    pub(super) fn should_move(&mut self) -> bool {
        self.far_orders = self.far_orders.saturating_add(1);
        self.near_levels == 0 || self.far_orders > self.near_levels.saturating_add(FAR_ORDERS_MIN)
    }

    /// The lowest level inside the window, and its price: the next one that has to leave before the window moves.
    pub(super) fn next_to_leave(&self) -> Option<(u32, u32)> {
        let price = self.lowest_near()?;
        Some((price, self.near(price)?))
    }

    /// Lays the window, which is empty, around `price`.
    pub(super) fn move_to(&mut self, price: u32) {
        self.far_orders = 0;
        self.base = price.saturating_sub(WINDOW / 2).min(u32::MAX - WINDOW);
    }

    /// The lowest price inside the window that the map still has, its level there, and its level in the window.
    pub(super) fn next_to_enter(&self) -> Option<(u32, u32, u32)> {
        let (price, level) = self.far.range(self.base..).next()?;
        Some((*price, *level, self.near(*price)?))
    }

    /// Whether a near level has orders.
    pub(super) fn is_set(&self, level: u32) -> bool {
        self.words[(level >> 6) as usize & 63] >> (level & 63) & 1 != 0
    }

    /// Asserts that the bitmap, its summary, the counts and the map agree.
    pub(super) fn audit(&self) {
        let set = self.words.iter().map(|word| word.count_ones()).fold(0, u32::saturating_add);
        assert_eq!(self.near_levels, set, "the count of near levels is that of the bits");
        for (word, bits) in self.words.iter().enumerate() {
            assert_eq!(
                self.summary >> word & 1 != 0,
                *bits != 0,
                "the summary knows the words that are not zero"
            );
        }
        assert!(self.base <= u32::MAX - WINDOW, "the window ends below the highest number");
        for (price, level) in &self.far {
            assert!(self.near(*price).is_none(), "a price in the map is outside the window: {price}");
            assert!(*level >= WINDOW, "the head of a far level is not that of a near one: {price}");
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        // A node of the map has room for eleven entries of eight bytes; on average it is more than half full.
        size_of::<Self>().saturating_add(self.far.len().saturating_mul(16))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use exchange_types::PriceTicks;
    use proptest::prelude::*;

    use super::*;

    const HIGHEST: u32 = PriceTicks::HIGHEST.0;

    /// A ladder beside the set of prices it should equal, with made-up heads for far levels.
    struct Pair {
        ladder: Ladder,
        prices: BTreeSet<u32>,
        /// Levels that went over the border of the window.
        moved: u32,
    }

    impl Pair {
        fn at(price: u32) -> Self {
            let mut ladder = Ladder::new();
            ladder.move_to(price);
            Self { ladder, prices: BTreeSet::new(), moved: 0 }
        }

        fn head(price: u32) -> u32 {
            WINDOW + price % 1_000_000
        }

        fn toggle(&mut self, price: u32) {
            let add = self.prices.insert(price);
            if !add {
                self.prices.remove(&price);
            }
            match (self.ladder.near(price), add) {
                (Some(level), true) => self.ladder.set(level),
                (Some(level), false) => self.ladder.clear(level),
                (None, true) => self.ladder.set_far(price, Self::head(price)),
                (None, false) => self.ladder.clear_far(price),
            }
        }

        fn move_to(&mut self, price: u32) {
            while let Some((price, level)) = self.ladder.next_to_leave() {
                self.ladder.clear(level);
                self.ladder.set_far(price, Self::head(price));
                self.moved += 1;
            }
            self.ladder.move_to(price);
            while let Some((price, head, level)) = self.ladder.next_to_enter() {
                assert_eq!(head, Self::head(price));
                self.ladder.clear_far(price);
                self.ladder.set(level);
                self.moved += 1;
            }
        }

        fn check(&self) {
            self.ladder.audit();
            let levels: Vec<u32> = self.ladder.levels().map(|(price, _)| price).collect();
            assert_eq!(levels, self.prices.iter().copied().collect::<Vec<_>>());
            let base = self.ladder.base;
            let border = [base, base + 1, base + WINDOW - 1, base + WINDOW, base.saturating_sub(1)];
            let border = border.into_iter().filter(|price| *price <= HIGHEST);
            for price in self.prices.iter().copied().chain(border).chain([1, 2, HIGHEST - 1, HIGHEST]) {
                assert_eq!(
                    self.ladder.above(price),
                    self.prices.range(price + 1..).next().copied(),
                    "{price}"
                );
                assert_eq!(
                    self.ladder.below(price),
                    self.prices.range(..price).next_back().copied(),
                    "{price}"
                );
            }
        }
    }

    /// Prices that lie at the ends of the range, at the borders of windows, and anywhere.
    fn price() -> impl Strategy<Value = u32> {
        prop_oneof![
            1..200_u32,
            WINDOW - 70..WINDOW + 70,
            2 * WINDOW - 70..2 * WINDOW + 70,
            HIGHEST - WINDOW - 70..=HIGHEST - WINDOW + 70,
            HIGHEST - 200..=HIGHEST,
            1..=HIGHEST,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_ladder_is_an_ordered_set_of_prices(
            start in price(),
            steps in prop::collection::vec((0_u8..10, price()), 1..200),
        ) {
            let mut pair = Pair::at(start);
            for (kind, price) in steps {
                if kind == 0 { pair.move_to(price) } else { pair.toggle(price) }
                pair.check();
            }
        }

        #[test]
        fn moves_cost_fewer_than_three_levels_for_each_far_order(
            bursts in prop::collection::vec((0_u32..4, 1_u32..400, 1_u32..6_000, any::<bool>()), 1..60),
        ) {
            let mut pair = Pair::at(1);
            let mut far_orders = 0;
            for (region, orders, spread, leave) in bursts {
                for order in 0..orders {
                    let price = 1 + region * 50_000 + order * 97 % spread;
                    if pair.ladder.near(price).is_none() {
                        far_orders += 1;
                        if pair.ladder.should_move() {
                            pair.move_to(price);
                        }
                    }
                    if !pair.prices.contains(&price) {
                        pair.toggle(price);
                    }
                    if leave && order % 3 != 0 {
                        pair.toggle(price);
                    }
                }
                prop_assert!(pair.moved <= 3 * far_orders, "{} moved, {} far orders", pair.moved, far_orders);
            }
            pair.check();
        }
    }

    #[test]
    fn a_window_holds_the_price_it_moves_to() {
        for price in (1..5_000).chain(HIGHEST - 5_000..=HIGHEST).chain([u32::MAX / 2]) {
            let ladder = Pair::at(price).ladder;
            assert!(ladder.near(price).is_some(), "{price}");
            assert_eq!(ladder.near(u32::MAX), None);
        }
    }

    #[test]
    fn every_bit_of_the_window_is_found_from_both_sides() {
        for start in [1, 1_000_000, HIGHEST] {
            let mut pair = Pair::at(start);
            for level in 0..WINDOW {
                let price = pair.ladder.base + level;
                pair.ladder.set(level);
                assert_eq!(pair.ladder.above(price.saturating_sub(1)), (price > 0).then_some(price));
                assert_eq!(pair.ladder.above(pair.ladder.base), (level > 0).then_some(price));
                assert_eq!(pair.ladder.below(price + 1), Some(price));
                assert_eq!((pair.ladder.above(price), pair.ladder.below(price)), (None, None));
                pair.ladder.clear(level);
            }
            pair.check();
        }
    }
}
