//! Commands in a row: what the next ones will touch is fetched while this one runs.

use exchange_types::{EventBuffer, Side};
use prefetch_index::prefetch_index;

use super::{FastBook, IdIndex};
use crate::book::{BookCommand, OrderBook};

/// Live orders from which fetching ahead pays. Below it the records are in the cache anyway, and the looks ahead only cost.
const PREFETCH_FROM: usize = 1 << 16;

/// How many commands ahead the place of an id is fetched, then the record it names, then the neighbours in its queue. Each
/// step needs what the one before it fetched, which takes the time of some three commands to arrive from memory.
const INDEX_AHEAD: usize = 12;
const RECORD_AHEAD: usize = 8;
const QUEUE_AHEAD: usize = 4;

impl<I: IdIndex> FastBook<I> {
    /// Carries out commands in their order, exactly as [`apply`](OrderBook::apply) for each of them would.
    pub fn apply_all(&mut self, commands: &[BookCommand], events: &mut EventBuffer) {
        if self.live < PREFETCH_FROM {
            for command in commands {
                self.apply(command, events);
            }
            return;
        }
        for command in commands.iter().take(INDEX_AHEAD) {
            self.prefetch_index(command);
        }
        for (at, command) in commands.iter().enumerate() {
            if let Some(command) = commands.get(at.wrapping_add(INDEX_AHEAD)) {
                self.prefetch_index(command);
            }
            if let Some(command) = commands.get(at.wrapping_add(RECORD_AHEAD)) {
                self.prefetch_record(command);
            }
            if let Some(command) = commands.get(at.wrapping_add(QUEUE_AHEAD)) {
                self.prefetch_queue(command);
            }
            self.apply(command, events);
        }
    }

    #[inline]
    fn prefetch_index(&self, command: &BookCommand) {
        match command {
            BookCommand::Submit(order) => self.index.prefetch(order.id.0),
            BookCommand::Cancel { order, .. } | BookCommand::Reduce { order, .. } => {
                self.index.prefetch(order.0)
            }
            BookCommand::Replace { order, new_order, .. } => {
                self.index.prefetch(order.0);
                self.index.prefetch(new_order.0);
            }
        }
    }

    #[inline]
    fn prefetch_record(&self, command: &BookCommand) {
        let handle = match command {
            BookCommand::Submit(order) => {
                if self.crosses(order) {
                    let best = match order.side {
                        Side::Buy => self.best_ask,
                        Side::Sell => self.best_bid,
                    };
                    self.ladder.near(best).map_or(0, |head| self.slab.get(head).next)
                } else {
                    self.ladder.near(order.price.0).map_or(0, |head| self.slab.get(head).prev)
                }
            }
            BookCommand::Cancel { order, .. }
            | BookCommand::Reduce { order, .. }
            | BookCommand::Replace { order, .. } => self.index.guess(order.0),
        };
        prefetch_index(self.slab.records(), handle as usize);
    }

    #[inline]
    fn prefetch_queue(&self, command: &BookCommand) {
        let (BookCommand::Cancel { order, .. } | BookCommand::Replace { order, .. }) = command else {
            return;
        };
        let record = self.slab.get(self.index.guess(order.0));
        prefetch_index(self.slab.records(), record.next as usize);
        prefetch_index(self.slab.records(), record.prev as usize);
    }
}
