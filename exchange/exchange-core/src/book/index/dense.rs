//! Ids that were handed out in order: a vector of pages.

use prefetch_index::prefetch_index;

use super::{IdIndex, Vacancy};

/// Ids on one page. A page of 16 KiB is small enough to be given back when the last old order on it ends, and large enough
/// that its place in the directory costs four thousandths of a byte for each id.
const PAGE_IDS: usize = 4096;
const PAGE_BITS: u32 = PAGE_IDS.trailing_zeros();

/// How far an id may be ahead of the highest one so far, in pages: 16 million ids. An id from nowhere would make the
/// directory as long as it is large.
const JUMP_PAGES: usize = 4096;

/// Closed pages at the start of the directory that are worth moving the rest for.
const CLOSED_MIN: usize = 64;

/// An index for ids that are handed out in ascending order, from 1 or from anywhere.
///
/// A lookup is two loads. Pages on which no id lives any more are given back, and so is the directory below the oldest id
/// that lives: memory goes with the ids that live and the span they lie in. An id below that span is not accepted.
#[derive(Debug, Clone, Default)]
pub struct DenseIndex {
    pages: Vec<Page>,
    /// The number of the first page of the directory.
    first: usize,
    /// How many pages at the start of the directory are closed, at least.
    closed: usize,
    allocated: usize,
    spare: Option<Box<[u32]>>,
}

#[derive(Debug, Clone, Default)]
struct Page {
    /// Empty where no id of the page lives.
    handles: Box<[u32]>,
    live: u32,
}

#[inline]
fn page_of(id: u64) -> usize {
    (id >> PAGE_BITS) as usize
}

impl IdIndex for DenseIndex {
    /// The page's place in the directory, and the id's on the page.
    type Place = (usize, usize);

    #[inline]
    fn find(&self, id: u64, _is_it: impl Fn(u32) -> bool) -> Option<(u32, (usize, usize))> {
        let (page, offset) = self.place(id);
        let handle = self.pages.get(page)?.handles.get(offset).copied()?;
        (handle != 0).then_some((handle, (page, offset)))
    }

    #[inline]
    fn vacancy(&self, id: u64, _is_it: impl Fn(u32) -> bool) -> Vacancy<(usize, usize)> {
        let (page, offset) = self.place(id);
        match self.pages.get(page).and_then(|page| page.handles.get(offset)) {
            Some(0) => Vacancy::Free((page, offset)),
            Some(_) => Vacancy::Taken,
            None if self.accepts(page) => Vacancy::Free((page, offset)),
            None => Vacancy::OutOfRange,
        }
    }

    #[inline]
    fn fill(&mut self, place: (usize, usize), id: u64, handle: u32) {
        let (page, offset) = match self.pages.get(place.0) {
            Some(open) if open.live > 0 => place,
            _ => self.open(id),
        };
        let page = &mut self.pages[page];
        page.handles[offset] = handle;
        page.live = page.live.wrapping_add(1);
    }

    #[inline]
    fn vacate(&mut self, (number, offset): (usize, usize)) {
        let page = &mut self.pages[number];
        page.handles[offset] = 0;
        page.live = page.live.wrapping_sub(1);
        if page.live == 0 {
            self.close(number);
        }
    }

    #[inline]
    fn remove(&mut self, id: u64, _handle: u32) {
        self.vacate(self.place(id));
    }

    #[inline]
    fn prefetch(&self, id: u64) {
        let (page, offset) = self.place(id);
        if let Some(page) = self.pages.get(page) {
            prefetch_index(&page.handles, offset);
        }
    }

    #[inline]
    fn guess(&self, id: u64) -> u32 {
        let (page, offset) = self.place(id);
        self.pages.get(page).and_then(|page| page.handles.get(offset)).copied().unwrap_or(0)
    }

    fn memory_bytes(&self) -> usize {
        let directory = self.pages.capacity().saturating_mul(size_of::<Page>());
        directory.saturating_add(self.allocated.saturating_mul(PAGE_IDS * size_of::<u32>()))
    }
}

impl DenseIndex {
    /// The place of an id in the directory and on its page. An id below the directory wraps round to far beyond its end.
    #[inline]
    fn place(&self, id: u64) -> (usize, usize) {
        #[expect(clippy::cast_possible_truncation, reason = "masked to less than the ids of a page")]
        let offset = id as usize & (PAGE_IDS - 1);
        (page_of(id).wrapping_sub(self.first), offset)
    }

    /// Whether a page may be opened at this place in the directory.
    #[cold]
    fn accepts(&self, page: usize) -> bool {
        page < self.pages.len().wrapping_add(JUMP_PAGES) || self.pages.is_empty()
    }

    /// Makes sure that the page of `id` is there, and returns the id's place.
    #[cold]
    fn open(&mut self, id: u64) -> (usize, usize) {
        if self.pages.is_empty() {
            self.first = page_of(id);
        }
        let (page, offset) = self.place(id);
        assert!(self.accepts(page), "the id {id} is one the index accepts");
        if page >= self.pages.len() {
            self.pages.resize_with(page.saturating_add(1), Page::default);
        }
        self.closed = self.closed.min(page);
        if self.pages[page].handles.is_empty() {
            // Invariant: a page that was closed is zeroed, because each id on it was removed.
            self.pages[page].handles = self.spare.take().unwrap_or_else(|| {
                self.allocated = self.allocated.saturating_add(1);
                vec![0; PAGE_IDS].into_boxed_slice()
            });
        }
        (page, offset)
    }

    /// Takes a page away on which no id lives. One is kept at hand, so that a book that is nearly empty does not allocate at
    /// every order.
    #[cold]
    fn close(&mut self, page: usize) {
        let handles = std::mem::take(&mut self.pages[page].handles);
        if self.spare.replace(handles).is_some() {
            self.allocated = self.allocated.saturating_sub(1);
        }
        if page != self.closed {
            return;
        }
        let closed = self.pages[page..].iter().take_while(|page| page.live == 0).count();
        self.closed = page.saturating_add(closed);
        // Moving the rest of the directory is paid for by the pages that go.
        if self.closed >= CLOSED_MIN && self.closed >= self.pages.len() / 2 {
            self.pages.drain(..self.closed);
            self.first = self.first.saturating_add(self.closed);
            self.closed = 0;
        }
    }
}
