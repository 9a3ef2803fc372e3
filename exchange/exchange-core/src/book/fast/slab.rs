//! The records of resting orders, in one vector, with `u32` handles in place of pointers.
//!
//! It does not know which records are linked to which. A newcomer needs to know one thing: a record that was given back is the
//! next one that is taken, for an order or for the head of a level alike, with whatever it held before.

use prefetch_index::prefetch_index;

/// One resting order, or the head of one price level's queue. Two fit a cache line and none straddles one.
///
/// The orders of a level are a circular list through its head, so that an order leaves its queue without a look at the level
/// and without a branch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C, align(32))]
pub(super) struct Record {
    pub(super) id: u64,
    /// The order behind this one; in the head of a level, the first.
    pub(super) next: u32,
    /// The order ahead of this one; in the head of a level, the last.
    pub(super) prev: u32,
    pub(super) remaining: u32,
    pub(super) price: u32,
    pub(super) account: u32,
    /// Side, self-trade choice, whether it has an expiry: see [`super::flags`].
    pub(super) flags: u32,
}

const _: () = assert!(size_of::<Record>() == 32);

/// The records. A handle is an index; handle 0 is the head of a level and so never names an order.
#[derive(Debug, Clone)]
pub(super) struct Slab {
    records: Vec<Record>,
    /// The first free record, linked by `next`; zero: none.
    free: u32,
}

impl Slab {
    /// A slab whose first `heads` records are empty levels, with room for `orders` more.
    pub(super) fn new(heads: u32, orders: usize) -> Self {
        let mut records = Vec::with_capacity((heads as usize).saturating_add(orders));
        records.extend((0..heads).map(|head| Record { next: head, prev: head, ..Record::default() }));
        Self { records, free: 0 }
    }

    /// The record with this handle. Invariant: handles come from [`take`](Self::take), and the vector never shrinks.
    #[inline]
    pub(super) fn get(&self, handle: u32) -> &Record {
        &self.records[handle as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, handle: u32) -> &mut Record {
        &mut self.records[handle as usize]
    }

    /// Takes a record, whose fields the caller sets. The last one that was freed is taken first: it is still in the cache.
    #[inline]
    pub(super) fn take(&mut self) -> u32 {
        let handle = self.free;
        if handle == 0 {
            return self.push();
        }
        self.free = self.records[handle as usize].next;
        handle
    }

    /// Gives a record back.
    #[inline]
    pub(super) fn free(&mut self, handle: u32) {
        self.records[handle as usize].next = self.free;
        self.free = handle;
    }

    #[cold]
    fn push(&mut self) -> u32 {
        let length = self.records.len();
        if length == self.records.capacity() {
            // An eighth at a time: doubling would leave a large book with half of its memory unused.
            self.records.reserve_exact((length / 8).saturating_add(1024));
        }
        self.records.push(Record::default());
        // Bound: a book holds at most `ORDERS_MAX` orders, 2^26, with at most one far head for each, and two windows of heads.
        #[expect(clippy::cast_possible_truncation, reason = "a slab has fewer than 2^28 records")]
        let handle = length as u32;
        handle
    }

    /// Starts to load a record.
    #[inline]
    pub(super) fn prefetch(&self, handle: u32) {
        prefetch_index(&self.records, handle as usize);
    }

    /// How many records there are: heads, orders and free ones.
    pub(super) fn records(&self) -> usize {
        self.records.len()
    }

    /// The free records, the next one to be taken first.
    pub(super) fn free_records(&self) -> impl Iterator<Item = u32> + '_ {
        let next = |handle: u32| (handle != 0).then_some(handle);
        std::iter::successors(next(self.free), move |handle| next(self.get(*handle).next))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.records.capacity().saturating_mul(size_of::<Record>())
    }
}
