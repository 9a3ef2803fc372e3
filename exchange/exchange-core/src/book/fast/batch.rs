//! Commands in a row: what the next ones will touch is fetched while this one runs.

use exchange_types::{CancelCause, EventBuffer, OrderId};

use super::{FastBook, IdIndex};
use crate::book::{BookCommand, OrderBook};

/// Live orders from which fetching ahead pays. Below it the records are in the cache anyway, and looking ahead only costs.
const PREFETCH_FROM: usize = 1 << 16;

/// How many commands ahead the place of an id is fetched, then the record it names, then the neighbours in its queue. Each
/// step needs what the one before it fetched, which takes the time of some three commands to arrive from memory.
const INDEX_AHEAD: usize = 12;
const RECORD_AHEAD: usize = 8;
const QUEUE_AHEAD: usize = 4;

/// Commands that wait their turn. A power of two above the farthest look ahead.
const RING: usize = 16;

impl<I: IdIndex> FastBook<I> {
    /// Carries out commands in their order, exactly as [`apply`](OrderBook::apply) for each of them would.
    pub fn apply_all(&mut self, commands: impl IntoIterator<Item = BookCommand>, events: &mut EventBuffer) {
        if self.live >= PREFETCH_FROM {
            return self.apply_ahead(commands.into_iter(), events);
        }
        for command in commands {
            self.apply(&command, events);
        }
    }

    fn apply_ahead(&mut self, mut commands: impl Iterator<Item = BookCommand>, events: &mut EventBuffer) {
        // A place in the ring that was never filled names no order.
        let nothing = BookCommand::Cancel { order: OrderId(0), cause: CancelCause::Requested };
        let mut ring = [nothing; RING];
        let mut handles = [0; RING];
        let (mut taken, mut done): (usize, usize) = (0, 0);
        loop {
            while taken < done.wrapping_add(INDEX_AHEAD) {
                let Some(command) = commands.next() else { break };
                self.index.prefetch(subject(&command).0);
                ring[taken % RING] = command;
                taken = taken.wrapping_add(1);
            }
            if taken == done {
                return;
            }
            let soon = done.wrapping_add(RECORD_AHEAD) % RING;
            let (id, price) = subject(&ring[soon]);
            let handle = self.index.guess(id);
            handles[soon] = handle;
            self.slab.prefetch(handle);
            // A new order is linked to the last one at its price.
            let head = self.ladder.near(price).unwrap_or(0);
            self.slab.prefetch(self.slab.get(head).prev);

            let next = self.slab.get(handles[done.wrapping_add(QUEUE_AHEAD) % RING]);
            self.slab.prefetch(next.next);
            self.slab.prefetch(next.prev);

            self.apply(&ring[done % RING], events);
            done = done.wrapping_add(1);
        }
    }
}

/// The id that a command names first, and its price or zero. The same for all kinds, so that looking ahead never waits for a
/// branch: the id of a new order is not there yet, which costs a look at an empty place and nothing more.
#[inline]
fn subject(command: &BookCommand) -> (u64, u32) {
    match command {
        BookCommand::Submit(order) => (order.id.0, order.price.0),
        BookCommand::Cancel { order, .. } | BookCommand::Reduce { order, .. } => (order.0, 0),
        BookCommand::Replace { order, price, .. } => (order.0, price.0),
    }
}
