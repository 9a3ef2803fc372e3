//! How matching comes by the book of an instrument that is listed.

use crate::book::index::OpaqueIndex;
use crate::book::{FastBook, ReferenceBook};
use crate::risk::Listing;

/// Makes empty books.
#[derive(Debug, Clone, Copy)]
pub struct BookMaker<B> {
    make: fn(&Listing, u64) -> B,
    seed: u64,
}

/// Orders a new book has room for without growing: a few hundred kilobytes, so that a venue of a thousand quiet instruments
/// stays small. A busy book has soon grown to its size.
const ORDERS_AT_FIRST: usize = 4_096;

impl<B> BookMaker<B> {
    /// Makes books with `make`, which is given the instrument and the seed.
    #[must_use]
    pub const fn new(make: fn(&Listing, u64) -> B) -> Self {
        Self { make, seed: 0 }
    }

    /// The same with a seed for the order of slots in indexes of ids, which shows nowhere. A venue that takes ids from
    /// strangers picks one that they cannot know, so that nobody can choose ids that all collide.
    #[must_use]
    pub const fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn make(&self, listing: &Listing) -> B {
        (self.make)(listing, self.seed)
    }
}

impl BookMaker<ReferenceBook> {
    /// Makes the books one can read.
    #[must_use]
    pub const fn reference() -> Self {
        Self::new(|listing, _| ReferenceBook::new(listing.instrument))
    }
}

impl BookMaker<FastBook<OpaqueIndex>> {
    /// Makes the books that run, for ids of any kind.
    #[must_use]
    pub const fn fast() -> Self {
        Self::new(|listing, seed| {
            FastBook::new(listing.instrument, OpaqueIndex::with_seed(seed), ORDERS_AT_FIRST)
        })
    }
}
