//! Which prices have orders: a window of 4,096 prices with a two-level bitmap, and an ordered map for the far tail.
//!
//! A *level* is named by the handle of its queue's head. Inside the window that is the distance from the window's base, so no
//! table is needed; outside, the ordered map has it. One ladder serves both sides, because no price has both bids and asks.
//! Where the window lies changes the speed of the book and nothing else.

use std::collections::BTreeMap;

/// Prices in the window: 64 words of 64 bits, and one word that says which of them are not zero.
pub(super) const WINDOW: u32 = 4096;

/// Orders that may rest outside the window before it moves, beside one for each level in it: moving costs as much as the
/// levels that move, so it is paid for by the orders that made it worth while.
const FAR_ORDERS_MIN: u32 = 64;

#[derive(Debug, Clone)]
pub(super) struct Ladder {
    base: u32,
    summary: u64,
    words: [u64; 64],
    /// Levels in the window.
    near: u32,
    far: BTreeMap<u32, u32>,
    /// Orders that came to rest outside the window since it last moved.
    far_orders: u32,
}

impl Ladder {
    pub(super) fn new() -> Self {
        Self { base: 0, summary: 0, words: [0; 64], near: 0, far: BTreeMap::new(), far_orders: 0 }
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
        self.near = self.near.wrapping_add(1);
    }

    /// Notes that a near level has no orders any more.
    #[inline]
    pub(super) fn clear(&mut self, level: u32) {
        let word = (level >> 6) as usize & 63;
        self.words[word] &= !(1 << (level & 63));
        self.summary &= !(u64::from(self.words[word] == 0) << word);
        self.near = self.near.wrapping_sub(1);
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
            let here = self.words[word] & ((1 << (level & 63)) - 1);
            if here != 0 {
                return Some(self.price(word, here.ilog2()));
            }
            let words = self.summary & ((1 << word) - 1);
            if words != 0 {
                let word = words.ilog2() as usize;
                return Some(self.price(word, self.words[word & 63].ilog2()));
            }
        }
        self.far_below(price)
    }

    #[inline]
    fn price(&self, word: usize, bit: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64 words")]
        let offset = ((word as u32) << 6) | bit;
        self.base.wrapping_add(offset)
    }

    #[cold]
    fn far_above(&self, price: u32) -> Option<u32> {
        let far = self.far.range((std::ops::Bound::Excluded(price), std::ops::Bound::Unbounded)).next();
        let far = far.map(|(price, _)| *price);
        // From below the window its first price is next, unless the map has a lower one.
        let near = (price < self.base && self.summary != 0).then(|| {
            let word = self.summary.trailing_zeros() as usize;
            self.price(word, self.words[word & 63].trailing_zeros())
        });
        match (near, far) {
            (Some(near), Some(far)) => Some(near.min(far)),
            (near, far) => near.or(far),
        }
    }

    #[cold]
    fn far_below(&self, price: u32) -> Option<u32> {
        let far = self.far.range(..price).next_back().map(|(price, _)| *price);
        let near = (price > self.base && self.near(price).is_none() && self.summary != 0).then(|| {
            let word = self.summary.ilog2() as usize;
            self.price(word, self.words[word & 63].ilog2())
        });
        match (near, far) {
            (Some(near), Some(far)) => Some(near.max(far)),
            (near, far) => near.or(far),
        }
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
    pub(super) fn should_move(&mut self) -> bool {
        self.far_orders = self.far_orders.saturating_add(1);
        self.near == 0 || self.far_orders > self.near.saturating_add(FAR_ORDERS_MIN)
    }

    /// Empties the window and lays it around `price`. Returns the near levels as (price, old level); the caller moves their
    /// queues and enters them, and those of [`far_in_window`](Self::far_in_window), anew.
    pub(super) fn move_to(&mut self, price: u32) -> Vec<(u32, u32)> {
        let near: Vec<(u32, u32)> = self.levels().filter(|(price, _)| self.near(*price).is_some()).collect();
        self.summary = 0;
        self.words = [0; 64];
        self.near = 0;
        self.far_orders = 0;
        self.base = price.saturating_sub(WINDOW / 2).min(u32::MAX - WINDOW);
        near
    }

    /// The far levels that lie inside the window now, taken out of the map.
    pub(super) fn far_in_window(&mut self) -> Vec<(u32, u32)> {
        let end = self.base.saturating_add(WINDOW);
        let inside: Vec<(u32, u32)> =
            self.far.range(self.base..end).map(|(price, level)| (*price, *level)).collect();
        for (price, _) in &inside {
            self.far.remove(price);
        }
        inside
    }

    pub(super) fn memory_bytes(&self) -> usize {
        // A node of the map holds up to eleven entries of eight bytes; on average it is more than half full.
        size_of::<Self>().saturating_add(self.far.len().saturating_mul(16))
    }
}
