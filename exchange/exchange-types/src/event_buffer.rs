//! Where state machines put what happened: a buffer the caller owns and empties.

use std::ops::Deref;

use crate::Event;

/// Events in order, in memory that is allocated once.
///
/// It is a vector whose slots are always filled, so that an event is written straight into its place. `Vec::push` builds a
/// value of this size on the stack and copies it, which costs a fifth of the time of a small book.
#[derive(Debug, Clone, Default)]
pub struct EventBuffer {
    slots: Vec<Event>,
    length: usize,
}

/// What an unused slot holds; nobody sees it.
const UNUSED: Event = Event::TierDefined { tier: 0 };

/// Slots of the first allocation: more events than all but the largest sweeps cause.
const SLOTS_MIN: usize = 256;

impl EventBuffer {
    /// An empty buffer, which allocates at the first event.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Vec::new(), length: 0 }
    }

    /// An empty buffer with room for this many events.
    #[must_use]
    pub fn with_capacity(events: usize) -> Self {
        Self { slots: vec![UNUSED; events], length: 0 }
    }

    /// Appends an event.
    #[inline(always)]
    pub fn push(&mut self, event: Event) {
        self.push_with(|| event);
    }

    /// Appends the event that `make` returns, which is made in its place.
    #[inline(always)]
    pub fn push_with(&mut self, make: impl FnOnce() -> Event) {
        if self.length >= self.slots.len() {
            self.grow();
        }
        let slot = &mut self.slots[self.length];
        *slot = make();
        self.length = self.length.wrapping_add(1);
    }

    /// Forgets all events and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Forgets all but the first `length` events.
    #[inline]
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.slots.resize(self.slots.len().saturating_mul(2).max(SLOTS_MIN), UNUSED);
    }
}

impl Deref for EventBuffer {
    type Target = [Event];

    #[inline]
    fn deref(&self) -> &[Event] {
        &self.slots[..self.length]
    }
}

impl<'buffer> IntoIterator for &'buffer EventBuffer {
    type Item = &'buffer Event;
    type IntoIter = std::slice::Iter<'buffer, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for EventBuffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for EventBuffer {}
