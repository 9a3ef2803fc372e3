//! From an order id to the place of its record: two indexes, one for each way in which ids come about.
//!
//! An index knows nothing of orders: it maps a 64-bit id to a *handle*, a `u32` that is never zero. A newcomer needs to know
//! one thing: [`DenseIndex`] is an array and wants ids that were handed out in order; [`OpaqueIndex`] takes any ids.

mod dense;
mod opaque;

pub use dense::DenseIndex;
pub use opaque::OpaqueIndex;

/// A map from live ids to handles, made for one lookup in a nanosecond and for no allocation after warm-up.
pub trait IdIndex {
    /// The handle of `id`, or zero. `is_it` tells whether a candidate handle really has this id; an index that stores ids, or
    /// places them unambiguously, need not ask.
    fn get(&self, id: u64, is_it: impl Fn(u32) -> bool) -> u32;

    /// Whether [`insert`](Self::insert) can take this id at all.
    fn accepts(&self, id: u64) -> bool;

    /// Adds an id that is not there, with a handle that is not zero and that no other id has.
    ///
    /// # Panics
    /// If the index does not [accept](Self::accepts) the id.
    fn insert(&mut self, id: u64, handle: u32);

    /// Removes an id that is there with this handle.
    fn remove(&mut self, id: u64, handle: u32);

    /// Starts to load what [`get`](Self::get) will look at.
    fn prefetch(&self, id: u64);

    /// A handle that is probably that of `id`, or zero: for prefetching on, where a mistake costs nothing.
    fn guess(&self, id: u64) -> u32;

    /// Bytes allocated.
    fn memory_bytes(&self) -> usize;
}
