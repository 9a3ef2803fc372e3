//! Ids of which nothing is known: open addressing with linear probing and backward-shift deletion.

use prefetch_index::prefetch_index;

use super::{IdIndex, Vacancy};

/// An index for any 64-bit ids.
///
/// A slot is eight bytes: 32 bits of the id's hash and the handle. The hash says where the entry belongs, so that deleting
/// one can move the entries behind it back (no tombstones), and it tells nearly all other ids apart without a look at the
/// record. At most five eighths of the slots are taken, in a small index a quarter: there memory is cheap, and the fewer
/// slots are taken, the better a processor predicts that the first look finds the id.
///
/// The order of the slots depends on the seed and shows nowhere. A venue that takes ids from strangers gives each process a
/// seed they cannot know, so that nobody can choose ids that all belong to one slot.
#[derive(Debug, Clone)]
pub struct OpaqueIndex {
    slots: Vec<u64>,
    /// 32 minus the number of bits that choose a slot: a tag is shifted down by it. The number of slots is a power of two.
    shift: u32,
    live: usize,
    seed: u64,
}

/// Slots of the largest small index: 512 KiB, half of a common second-level cache.
const SLOTS_SMALL: usize = 1 << 16;

/// Slots of an empty index: two cache lines.
const SLOTS_MIN: usize = 16;

/// What is left of the bits of a tag when one of the slots of an empty index is chosen.
const SHIFT_MAX: u32 = u32::BITS - SLOTS_MIN.trailing_zeros();

impl Default for OpaqueIndex {
    fn default() -> Self {
        Self::with_seed(0)
    }
}

impl OpaqueIndex {
    /// An empty index whose order of slots depends on `seed`.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { slots: vec![0; SLOTS_MIN], shift: SHIFT_MAX, live: 0, seed }
    }

    /// Makes room for this many ids, so that none of them makes the index grow.
    ///
    /// # Panics
    /// For more than five eighths of 2^32 ids, which no book can hold.
    pub fn reserve(&mut self, ids: usize) {
        while self.room() <= ids {
            self.grow();
        }
    }

    /// The number of ids at which it grows.
    #[inline(always)]
    fn room(&self) -> usize {
        let eighths = if self.slots.len() <= SLOTS_SMALL { 2 } else { 5 };
        (self.slots.len() / 8).wrapping_mul(eighths)
    }

    #[inline(always)]
    pub(super) fn tag(&self, id: u64) -> u32 {
        // A folded multiplication: both halves of the product depend on all bits of the id.
        let product = u128::from(id ^ self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the halves of the product are folded on purpose"
        )]
        let tag = ((product >> 64) as u64 ^ product as u64) >> 32;
        tag as u32
    }

    #[inline(always)]
    fn home(&self, tag: u32) -> usize {
        (tag >> self.shift) as usize
    }

    #[inline(always)]
    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }

    #[cold]
    fn grow(&mut self) {
        let doubled = self.slots.len().saturating_mul(2);
        // Invariant: a tag has 32 bits, so there are at most 2^32 slots; handles run out first.
        assert!(self.shift > 0, "an index has at most 2^32 slots");
        let old = std::mem::replace(&mut self.slots, vec![0; doubled]);
        self.shift = self.shift.saturating_sub(1);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            self.put(slot);
        }
    }

    fn put(&mut self, entry: u64) {
        let mask = self.mask();
        let mut at = self.home(tag_of(entry));
        while self.slots[at & mask] != 0 {
            at = at.wrapping_add(1);
        }
        self.slots[at & mask] = entry;
    }

    /// Follows the run of taken slots from the home of `tag`: the entry that is it and its slot, or zero and the first empty
    /// slot.
    #[inline(always)]
    fn probe(&self, tag: u32, is_it: impl Fn(u32) -> bool) -> (u64, usize) {
        let mask = self.mask();
        let mut at = self.home(tag) & mask;
        // Invariant: at least three eighths of the slots are empty, so every probe ends.
        loop {
            let entry = self.slots[at];
            if entry == 0 || (tag_of(entry) == tag && is_it(handle_of(entry))) {
                return (entry, at);
            }
            at = at.wrapping_add(1) & mask;
        }
    }
}

#[inline]
fn tag_of(entry: u64) -> u32 {
    (entry >> 32) as u32
}

#[inline]
fn handle_of(entry: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half of an entry is its handle")]
    let handle = entry as u32;
    handle
}

impl IdIndex for OpaqueIndex {
    type Place = usize;

    #[inline(always)]
    fn find(&self, id: u64, is_it: impl Fn(u32) -> bool) -> Option<(u32, usize)> {
        let (entry, at) = self.probe(self.tag(id), is_it);
        (entry != 0).then(|| (handle_of(entry), at))
    }

    #[inline(always)]
    fn vacancy(&self, id: u64, is_it: impl Fn(u32) -> bool) -> Vacancy<usize> {
        let (entry, at) = self.probe(self.tag(id), is_it);
        if entry == 0 { Vacancy::Free(at) } else { Vacancy::Taken }
    }

    #[inline(always)]
    fn fill(&mut self, place: usize, id: u64, handle: u32) {
        // Invariant: a handle is not zero, so an entry is not either.
        self.slots[place] = u64::from(self.tag(id)) << 32 | u64::from(handle);
        // Bound: fewer than the slots, because the index grows first.
        self.live = self.live.wrapping_add(1);
        if self.live >= self.room() {
            self.grow();
        }
    }

    #[inline(always)]
    fn vacate(&mut self, place: usize) {
        let mask = self.mask();
        // Bound: the id that goes was counted.
        self.live = self.live.wrapping_sub(1);
        // Entries behind the hole move into it unless that would put them before the slot they belong to.
        let mut hole = place;
        let mut next = hole;
        loop {
            next = next.wrapping_add(1) & mask;
            let entry = self.slots[next];
            if entry == 0 {
                break;
            }
            let from_home = next.wrapping_sub(self.home(tag_of(entry))) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = entry;
                hole = next;
            }
        }
        self.slots[hole] = 0;
    }

    #[inline(always)]
    fn remove(&mut self, id: u64, handle: u32) {
        let (entry, at) = self.probe(self.tag(id), |candidate| candidate == handle);
        assert!(entry != 0, "an id that is removed is there");
        self.vacate(at);
    }

    #[inline(always)]
    fn prefetch(&self, id: u64) {
        prefetch_index(&self.slots, self.home(self.tag(id)));
    }

    #[inline(always)]
    fn guess(&self, id: u64) -> u32 {
        // The first two places, without a branch: three quarters of the ids are in the first.
        let tag = self.tag(id);
        let home = self.home(tag);
        let (first, second) =
            (self.slots[home & self.mask()], self.slots[home.wrapping_add(1) & self.mask()]);
        handle_of(if tag_of(first) == tag { first } else { second })
    }

    fn live_ids(&self) -> usize {
        self.live
    }

    fn memory_bytes(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<u64>())
    }
}
