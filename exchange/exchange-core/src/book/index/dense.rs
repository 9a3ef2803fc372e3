//! Ids that were handed out in order: a vector of pages.

use prefetch_index::prefetch_index;

use super::{IdIndex, Vacancy};

/// Ids on one page. A page of 16 KiB is small enough to be given back when the last old order on it ends, and large enough
/// that its place in the directory costs six thousandths of a byte for each id.
const PAGE_IDS: usize = 4096;
const PAGE_BITS: u32 = PAGE_IDS.trailing_zeros();
const PAGE_BYTES: usize = PAGE_IDS * size_of::<u32>();

/// How far an id may be ahead of the highest page so far, in pages: 16 million ids. An id from nowhere would make the
/// directory as long as it is large; so it costs at most 96 KiB.
const JUMP_PAGES: usize = 4096;

/// Most pages from the oldest id that lives to the newest: 68 billion ids, with a directory of 384 MiB.
const SPAN_PAGES_MAX: usize = 1 << 24;

/// Empty pages that are kept at hand, if no room was reserved: more than the number of pages in use goes up and down by in a
/// book of steady size.
const SPARE_MIN: usize = 16;

/// An index for ids that are handed out in ascending order, from 1 or from anywhere.
///
/// A lookup is two loads. Pages on which no id lives any more are given back, and so is the directory below the oldest id
/// that lives: memory goes with the ids that live and the span they lie in. An id below the directory, or too far above it,
/// is not accepted, unless no id lives at all.
///
/// Only adding an id moves the directory; removing does not, so that an id that was accepted stays so.
#[derive(Debug, Clone)]
pub struct DenseIndex {
    /// The directory.
    pages: Vec<Page>,
    /// The number of the first page of the directory.
    first: u64,
    /// Pages on which an id lives.
    open: usize,
    /// Pages with no id, all zero.
    spare: Vec<Box<[u32]>>,
    /// Most pages that are kept there.
    spare_max: usize,
}

#[derive(Debug, Clone, Default)]
struct Page {
    /// The handles by id; zero: that id does not live. Empty where no id of the page lives.
    handles: Box<[u32]>,
    live: u32,
}

impl Default for DenseIndex {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            first: 0,
            open: 0,
            spare: Vec::with_capacity(SPARE_MIN),
            spare_max: SPARE_MIN,
        }
    }
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
        // Bound: at most one for each id of a page.
        page.live = page.live.wrapping_add(1);
    }

    #[inline]
    fn vacate(&mut self, (number, offset): (usize, usize)) {
        let page = &mut self.pages[number];
        page.handles[offset] = 0;
        // Bound: the id that goes was counted.
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

    fn live_ids(&self) -> usize {
        self.pages.iter().fold(0, |live, page| live.saturating_add(page.live as usize))
    }

    fn memory_bytes(&self) -> usize {
        let directory = self.pages.capacity().saturating_mul(size_of::<Page>());
        let pages = self.open.saturating_add(self.spare.len());
        directory.saturating_add(pages.saturating_mul(PAGE_BYTES))
    }
}

impl DenseIndex {
    /// Makes room for ids that lie in a span of this many, so that nothing is allocated while those that live do.
    ///
    /// Without it the index allocates a page when more are in use than ever before, which in a book of steady size becomes
    /// seldom, but has no last time.
    pub fn reserve(&mut self, span: usize) {
        // A span begins on one page and ends on another. Twice as many fit the directory, half of which may be closed.
        let pages = (span / PAGE_IDS).saturating_add(2);
        self.pages.reserve(pages.saturating_mul(2));
        self.spare_max = self.spare_max.max(pages);
        self.spare.reserve(self.spare_max);
        while self.open.saturating_add(self.spare.len()) < pages {
            self.spare.push(empty_page());
        }
    }

    /// The place of an id in the directory and on its page. An id below the directory wraps round to far beyond its end.
    #[inline]
    fn place(&self, id: u64) -> (usize, usize) {
        #[expect(clippy::cast_possible_truncation, reason = "masked to less than the ids of a page")]
        let offset = id as usize & (PAGE_IDS - 1);
        let page = page_of(id).wrapping_sub(self.first);
        (usize::try_from(page).unwrap_or(usize::MAX), offset)
    }

    /// Whether a page may be opened at this place in the directory.
    #[cold]
    fn accepts(&self, page: usize) -> bool {
        page < reach(self.pages.len()) || self.open == 0
    }

    /// Makes sure that the page of `id` is there, and returns the id's place.
    #[cold]
    fn open(&mut self, id: u64) -> (usize, usize) {
        let (page, _) = self.place(id);
        if page >= reach(self.pages.len()) {
            assert!(self.open == 0, "the id {id} is one the index accepts");
            self.pages.clear();
            self.first = page_of(id);
        } else if page >= self.pages.capacity() {
            self.forget_closed();
        }
        let (page, offset) = self.place(id);
        if page >= self.pages.len() {
            self.pages.resize_with(page.saturating_add(1), Page::default);
        }
        if self.pages[page].handles.is_empty() {
            // Invariant: a spare page is zeroed, because each id on it was removed.
            self.pages[page].handles = self.spare.pop().unwrap_or_else(empty_page);
            self.open = self.open.saturating_add(1);
        }
        (page, offset)
    }

    /// Drops the start of the directory, where no id lives, if that is half of it.
    ///
    /// Only a directory that is full does this, in place of growing. A look at all of it costs no more than growing would, and
    /// after it half of the directory is empty; so nobody can make it happen often by adding and removing the same ids.
    fn forget_closed(&mut self) {
        let closed = self.pages.iter().take_while(|page| page.live == 0).count();
        if closed >= self.pages.len() / 2 {
            self.pages.drain(..closed);
            self.first = self.first.saturating_add(closed as u64);
        }
    }

    /// Takes a page away on which no id lives. Some are kept, so that a book of steady size allocates nothing.
    #[cold]
    fn close(&mut self, page: usize) {
        let handles = std::mem::take(&mut self.pages[page].handles);
        self.open = self.open.saturating_sub(1);
        if self.spare.len() < self.spare_max {
            self.spare.push(handles);
        }
    }
}

fn empty_page() -> Box<[u32]> {
    vec![0; PAGE_IDS].into_boxed_slice()
}

/// The number of an id's page.
#[inline]
const fn page_of(id: u64) -> u64 {
    id >> PAGE_BITS
}

/// The first place beyond a directory of this length at which no page may be opened.
fn reach(pages: usize) -> usize {
    pages.saturating_add(JUMP_PAGES).min(SPAN_PAGES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(index: &mut DenseIndex, id: u64, handle: u32) {
        match index.vacancy(id, |_| true) {
            Vacancy::Free(place) => index.fill(place, id, handle),
            other => panic!("id {id}: {other:?}"),
        }
    }

    fn handle_of(index: &DenseIndex, id: u64) -> Option<u32> {
        index.find(id, |_| true).map(|(handle, _)| handle)
    }

    /// The first id of a page.
    fn on_page(page: usize) -> u64 {
        page as u64 * PAGE_IDS as u64
    }

    #[test]
    fn ids_from_the_ends_of_the_range_are_found_again() {
        for id in [0, 1, u64::MAX - 1, u64::MAX] {
            let mut index = DenseIndex::default();
            add(&mut index, id, 7);
            assert_eq!(handle_of(&index, id), Some(7));
            assert_eq!(index.vacancy(id, |_| true), Vacancy::Taken);
            assert_eq!(index.vacancy(id ^ (1 << 63), |_| true), Vacancy::OutOfRange);
            assert_eq!(handle_of(&index, id ^ (1 << 63)), None);
            index.remove(id, 7);
            assert_eq!(handle_of(&index, id), None);
        }
    }

    #[test]
    fn an_empty_index_accepts_any_id_again() {
        let mut index = DenseIndex::default();
        add(&mut index, 5, 1);
        assert_eq!(index.vacancy(u64::MAX, |_| true), Vacancy::OutOfRange);
        index.remove(5, 1);
        add(&mut index, u64::MAX, 2);
        assert_eq!(index.vacancy(5, |_| true), Vacancy::OutOfRange);
        index.remove(u64::MAX, 2);
        add(&mut index, 5, 3);
        assert_eq!(handle_of(&index, 5), Some(3));
        assert_eq!(handle_of(&index, u64::MAX), None);
    }

    #[test]
    fn an_id_may_jump_ahead_by_a_bounded_number_of_pages() {
        let mut index = DenseIndex::default();
        add(&mut index, 1, 1);
        assert_eq!(index.vacancy(on_page(JUMP_PAGES + 1), |_| true), Vacancy::OutOfRange);
        add(&mut index, on_page(JUMP_PAGES + 1) - 1, 2);
        assert!(index.memory_bytes() <= 2 * PAGE_BYTES + 2 * JUMP_PAGES * size_of::<Page>());
        assert_eq!(reach(SPAN_PAGES_MAX - 1), SPAN_PAGES_MAX);
        assert_eq!(reach(SPAN_PAGES_MAX), SPAN_PAGES_MAX);
    }

    #[test]
    fn removing_ids_never_makes_another_id_unacceptable() {
        let mut index = DenseIndex::default();
        // The page of the late id is the first of the directory, and all pages near it close.
        for page in 0..300 {
            add(&mut index, on_page(page), 1);
        }
        for page in 0..299 {
            index.remove(on_page(page), 1);
            assert!(matches!(index.vacancy(5, |_| true), Vacancy::Free(_)), "after page {page}");
        }
        add(&mut index, 5, 2);
        assert_eq!(handle_of(&index, 5), Some(2));
    }

    #[test]
    fn the_directory_follows_a_span_that_moves() {
        let mut index = DenseIndex::default();
        for page in 0..10_000 {
            // Every third page is never opened, at the start of the span too.
            if page % 3 != 2 {
                add(&mut index, on_page(page), 1);
            }
            if page >= 20 && (page - 20) % 3 != 2 {
                index.remove(on_page(page - 20), 1);
            }
            assert!(index.pages.capacity() <= 64, "page {page}: {}", index.pages.capacity());
        }
        assert_eq!(index.live_ids(), 13);
        assert!(index.memory_bytes() <= (14 + SPARE_MIN) * PAGE_BYTES + 64 * size_of::<Page>());
    }

    #[test]
    fn pages_without_ids_are_given_back() {
        let mut index = DenseIndex::default();
        let ids = 100 * PAGE_IDS as u64;
        for id in 0..ids {
            add(&mut index, id, 1);
        }
        assert!(index.memory_bytes() >= 100 * PAGE_BYTES);
        for id in 0..ids {
            index.remove(id, 1);
        }
        assert_eq!(index.live_ids(), 0);
        assert!(index.memory_bytes() <= SPARE_MIN * PAGE_BYTES + 256 * size_of::<Page>());
    }
}
