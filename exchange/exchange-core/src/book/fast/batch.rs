//! Commands in a row: what the next ones will touch is fetched while this one runs.

use exchange_types::{EventBuffer, OrderId, PriceTicks};

use super::{FastBook, IdIndex};
use crate::book::{BookCommand, OrderBook};

/// Live orders from which fetching ahead pays. Below it the records are in the cache anyway, and the looks ahead only cost.
const PREFETCH_FROM: usize = 1 << 16;

/// How many commands ahead the place of an id is fetched, then the record it names, then the neighbours in its queue. Each
/// step needs what the one before it fetched, which takes the time of some three commands to arrive from memory.
const INDEX_AHEAD: usize = 12;
const RECORD_AHEAD: usize = 8;
const QUEUE_AHEAD: usize = 4;

/// Handles that are remembered between the second step and the third.
const HANDLES: usize = 16;

impl<I: IdIndex> FastBook<I> {
    /// Carries out commands that stand in a row in some form, exactly as [`apply`](OrderBook::apply) for each of them would.
    /// Each is turned into a [`BookCommand`] when its turn comes: so the processor decides only once, and not first when it
    /// decodes and again when it applies, what kind a command is.
    /// `command` is called once for each, in order, when the one before it is done. Whether to look ahead is decided once for the
    /// whole row, by the orders that live at its start.
    ///
    /// `subject` says the id that a command names first and its price, or zero. It is asked ahead and should not branch; a
    /// wrong answer costs time and nothing else.
    pub fn apply_each<T>(
        &mut self,
        queue: &[T],
        subject: impl Fn(&T) -> (OrderId, PriceTicks),
        mut command: impl FnMut(&T) -> BookCommand,
        events: &mut EventBuffer,
    ) {
        if self.live < PREFETCH_FROM {
            for each in queue {
                self.apply(&command(each), events);
            }
            return;
        }
        for each in queue.iter().take(INDEX_AHEAD) {
            self.index.prefetch(subject(each).0.0);
        }
        let mut handles = [0; HANDLES];
        for (at, each) in queue.iter().enumerate() {
            if let Some(each) = queue.get(at.wrapping_add(INDEX_AHEAD)) {
                self.index.prefetch(subject(each).0.0);
            }
            if let Some(each) = queue.get(at.wrapping_add(RECORD_AHEAD)) {
                let (id, price) = subject(each);
                let handle = self.index.guess(id.0);
                handles[at.wrapping_add(RECORD_AHEAD) % HANDLES] = handle;
                self.slab.prefetch(handle);
                // A new order is linked to the last one at its price.
                let head = self.ladder.near(price.0).unwrap_or(0);
                self.slab.prefetch(self.slab.get(head).prev);
            }
            let soon = self.slab.get(handles[at.wrapping_add(QUEUE_AHEAD) % HANDLES]);
            self.slab.prefetch(soon.next);
            self.slab.prefetch(soon.prev);
            self.apply(&command(each), events);
        }
    }
}
