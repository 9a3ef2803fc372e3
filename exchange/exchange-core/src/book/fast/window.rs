//! Orders that rest outside the ladder's window, and the window's moves.
//!
//! It does not decide when the window moves; the [`ladder`](super::ladder) does. A newcomer needs to know one thing: the head of
//! a near level is one of the slab's first records, a far level's is one that was taken for it, and a move hangs queues from
//! the one kind of head to the other.

use super::{FastBook, IdIndex};

impl<I: IdIndex> FastBook<I> {
    /// The head of the queue at a price outside the window, which may move the window there first.
    #[cold]
    pub(super) fn far_head(&mut self, price: u32) -> u32 {
        if self.ladder.should_move() {
            self.move_window(price);
            if let Some(level) = self.ladder.near(price) {
                return level;
            }
        }
        self.ladder.far(price).unwrap_or_else(|| self.new_head())
    }

    fn new_head(&mut self) -> u32 {
        let head = self.slab.take();
        let record = self.slab.get_mut(head);
        (record.next, record.prev) = (head, head);
        head
    }

    fn move_window(&mut self, price: u32) {
        // All queues leave the window before any comes in: the head that one needs may still be that of another.
        while let Some((price, level)) = self.ladder.next_to_leave() {
            let head = self.new_head();
            self.move_queue(level, head);
            self.ladder.clear(level);
            self.ladder.set_far(price, head);
        }
        self.ladder.move_to(price);
        while let Some((price, head, level)) = self.ladder.next_to_enter() {
            self.move_queue(head, level);
            self.slab.free(head);
            self.ladder.clear_far(price);
            self.ladder.set(level);
        }
    }

    /// Moves the orders of one queue, which is not empty, to another, which is.
    fn move_queue(&mut self, from: u32, to: u32) {
        let (first, last) = (self.slab.get(from).next, self.slab.get(from).prev);
        self.slab.get_mut(first).prev = to;
        self.slab.get_mut(last).next = to;
        let head = self.slab.get_mut(to);
        (head.next, head.prev) = (first, last);
        let head = self.slab.get_mut(from);
        (head.next, head.prev) = (from, from);
    }
}
