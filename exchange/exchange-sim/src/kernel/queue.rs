//! Virtual time: what happens next.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::random::Random;

/// Something that is due at a time.
#[derive(Debug)]
struct Due<T> {
    at_ns: u64,
    /// Chance decides between things that are due at the same time, so that no order is taken for granted.
    lot: u64,
    number: u64,
    what: T,
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    /// The earliest is the greatest, because the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_ns, other.lot, other.number).cmp(&(self.at_ns, self.lot, self.number))
    }
}

/// Everything that is due, and the time it is.
#[derive(Debug)]
pub struct Queue<T> {
    now_ns: u64,
    due: BinaryHeap<Due<T>>,
    random: Random,
    number: u64,
}

impl<T> Queue<T> {
    /// Nothing is due, and it is this time.
    #[must_use]
    pub fn new(now_ns: u64, random: Random) -> Self {
        Self { now_ns, due: BinaryHeap::new(), random, number: 0 }
    }

    /// What time it is.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Lets something happen at a time, at once where that has passed.
    pub fn at(&mut self, at_ns: u64, what: T) {
        let (lot, number) = (self.random.bits(), self.number);
        self.number += 1;
        self.due.push(Due { at_ns: at_ns.max(self.now_ns), lot, number, what });
    }

    /// Lets something happen so much later.
    pub fn after(&mut self, ns: u64, what: T) {
        self.at(self.now_ns.saturating_add(ns), what);
    }

    /// What happens next. Time goes on to when that is.
    pub fn take_next(&mut self) -> Option<T> {
        let due = self.due.pop()?;
        self.now_ns = due.at_ns;
        Some(due.what)
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;
    use crate::random::Random;

    #[test]
    fn time_goes_forward_and_things_happen_when_they_are_due() {
        let mut queue = Queue::new(10, Random::new(1));
        queue.after(30, "c");
        queue.at(5, "a");
        queue.after(20, "b");
        assert_eq!((queue.take_next(), queue.now_ns()), (Some("a"), 10));
        assert_eq!((queue.take_next(), queue.now_ns()), (Some("b"), 30));
        assert_eq!((queue.take_next(), queue.now_ns()), (Some("c"), 40));
        assert_eq!(queue.take_next(), None);
    }

    #[test]
    fn what_is_due_at_the_same_time_happens_in_any_order() {
        let first = |seed| {
            let mut queue = Queue::new(0, Random::new(seed));
            queue.at(1, 'a');
            queue.at(1, 'b');
            queue.take_next()
        };
        assert!((0..20).any(|seed| first(seed) == Some('a')));
        assert!((0..20).any(|seed| first(seed) == Some('b')));
    }
}
