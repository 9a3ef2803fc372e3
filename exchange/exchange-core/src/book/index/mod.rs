//! From an order id to the place of its record: two indexes, one for each way in which ids come about.
//!
//! An index knows nothing of orders: it maps a 64-bit id to a *handle*, a `u32` that is never zero. A newcomer needs to know
//! one thing: [`DenseIndex`] is an array and wants ids that were handed out in order; [`OpaqueIndex`] takes any ids.

mod dense;
mod opaque;
#[cfg(test)]
mod tests;

pub use dense::DenseIndex;
pub use opaque::OpaqueIndex;

/// Whether an id can be added, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacancy<P> {
    /// It can, there.
    Free(P),
    /// It is there already.
    Taken,
    /// The index cannot hold it.
    OutOfRange,
}

/// A map from live ids to handles, made for one lookup in a nanosecond and for no allocation after warm-up.
///
/// Finding an id tells its place, so that removing or adding it does not look a second time. A place is good until the index
/// changes. Handles are never zero, and no two ids have the same one.
///
/// Removing ids never makes another id unacceptable: where [`vacancy`](Self::vacancy) said [`Vacancy::Free`], it says so again,
/// perhaps with another place. A taker relies on it, whose fills remove ids between its acceptance and its rest.
pub trait IdIndex {
    /// Where an id is kept.
    type Place: Copy;

    /// The handle of `id` and its place. `is_it` tells whether a handle really has this id; an index that cannot mistake one
    /// id for another need not ask.
    fn find(&self, id: u64, is_it: impl Fn(u32) -> bool) -> Option<(u32, Self::Place)>;

    /// Whether `id` can be added, and where.
    fn vacancy(&self, id: u64, is_it: impl Fn(u32) -> bool) -> Vacancy<Self::Place>;

    /// Adds an id at the place that [`vacancy`](Self::vacancy) gave for it.
    fn fill(&mut self, place: Self::Place, id: u64, handle: u32);

    /// Removes the id at the place that [`find`](Self::find) gave for it.
    fn vacate(&mut self, place: Self::Place);

    /// Removes an id that is there with this handle.
    fn remove(&mut self, id: u64, handle: u32);

    /// Starts to load what finding `id` will look at.
    fn prefetch(&self, id: u64);

    /// A handle that is probably that of `id`, or zero: for prefetching on, where a mistake costs nothing.
    fn guess(&self, id: u64) -> u32;

    /// How many ids live. It may have to count them.
    fn live_ids(&self) -> usize;

    /// Bytes allocated.
    fn memory_bytes(&self) -> usize;
}
