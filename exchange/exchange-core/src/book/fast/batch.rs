//! Commands in a row: what the next ones will touch is fetched while this one runs.

use exchange_types::{EventBuffer, OrderId, PriceTicks};

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
        self.apply_each(commands, subject, |command| *command, events);
    }

    /// Carries out commands that come in some other form, each turned into a [`BookCommand`] when its turn comes: so the
    /// processor guesses once what kind a command is, and not first when it decodes and again when it applies.
    ///
    /// `subject` says the id that a command names first and its price, or zero. It is asked ahead and had better not branch;
    /// a wrong answer costs time and nothing else.
    pub fn apply_each<T: Copy>(
        &mut self,
        commands: impl IntoIterator<Item = T>,
        subject: impl Fn(&T) -> (OrderId, PriceTicks),
        decode: impl Fn(&T) -> BookCommand,
        events: &mut EventBuffer,
    ) {
        let mut commands = commands.into_iter();
        if self.live < PREFETCH_FROM {
            for command in commands {
                self.apply(&decode(&command), events);
            }
            return;
        }
        let Some(first) = commands.next() else { return };
        let mut ring = [first; RING];
        let mut handles = [0; RING];
        self.index.prefetch(subject(&first).0.0);
        let (mut taken, mut done): (usize, usize) = (1, 0);
        loop {
            while taken < done.wrapping_add(INDEX_AHEAD) {
                let Some(command) = commands.next() else { break };
                self.index.prefetch(subject(&command).0.0);
                ring[taken % RING] = command;
                taken = taken.wrapping_add(1);
            }
            if taken == done {
                return;
            }
            let soon = done.wrapping_add(RECORD_AHEAD) % RING;
            let (id, price) = subject(&ring[soon]);
            let handle = self.index.guess(id.0);
            handles[soon] = handle;
            self.slab.prefetch(handle);
            // A new order is linked to the last one at its price.
            let head = self.ladder.near(price.0).unwrap_or(0);
            self.slab.prefetch(self.slab.get(head).prev);

            let next = self.slab.get(handles[done.wrapping_add(QUEUE_AHEAD) % RING]);
            self.slab.prefetch(next.next);
            self.slab.prefetch(next.prev);

            self.apply(&decode(&ring[done % RING]), events);
            done = done.wrapping_add(1);
        }
    }
}

/// The id that a command names first, and its price or zero. The same for all kinds, so that looking ahead never waits for a
/// branch: the id of a new order is not there yet, which costs a look at an empty place and nothing more.
#[inline]
fn subject(command: &BookCommand) -> (OrderId, PriceTicks) {
    match command {
        BookCommand::Submit(order) => (order.id, order.price),
        BookCommand::Cancel { order, .. } | BookCommand::Reduce { order, .. } => (*order, PriceTicks(0)),
        BookCommand::Replace { order, price, .. } => (*order, *price),
    }
}
