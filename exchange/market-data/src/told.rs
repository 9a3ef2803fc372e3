//! What has been told about the depth: the book as whoever follows the stream has it.
//!
//! Not responsible for the depth itself: that is the feed's. A newcomer needs to know one thing: the updates of one instrument in
//! one batch of outcomes become one message, which says of every level that is not what it was told to be what it is now. A level
//! that came and went in between is not mentioned, and a batch after which everything is as it was makes no message; so the
//! `sequence` that a snapshot must carry is that of the last *message*, and it is kept here.

use std::collections::BTreeMap;

use exchange_core::feed::{DepthSnapshot, DepthUpdate};
use exchange_types::{PriceTicks, Side};

/// The depth of one instrument as it was told, and what has come since.
#[derive(Debug, Default)]
pub(crate) struct ToldDepth {
    sequence: u64,
    bids: BTreeMap<PriceTicks, u64>,
    asks: BTreeMap<PriceTicks, u64>,
    /// Changes that have not been told, in the order in which they came.
    pending: Vec<(Side, PriceTicks, u64)>,
    pending_sequence: u64,
}

impl ToldDepth {
    /// A depth that begins with a snapshot.
    pub(crate) fn new(snapshot: &DepthSnapshot) -> Self {
        let of = |levels: &[exchange_core::feed::Level]| {
            levels.iter().map(|level| (level.price, level.quantity)).collect()
        };
        Self {
            sequence: snapshot.seq.0,
            bids: of(&snapshot.bids),
            asks: of(&snapshot.asks),
            pending: Vec::new(),
            pending_sequence: 0,
        }
    }

    /// The `sequence` of the last message.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The levels of a side, best first.
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = (PriceTicks, u64)> + '_ {
        // One of the two is empty, so that both sides have one type of iterator.
        let (up, down) = match side {
            Side::Buy => (None, Some(self.bids.iter().rev())),
            Side::Sell => (Some(self.asks.iter()), None),
        };
        let levels = up.into_iter().flatten().chain(down.into_iter().flatten());
        levels.map(|(price, quantity)| (*price, *quantity))
    }

    /// Takes an update in. True: it is the first since the last message.
    pub(crate) fn take(&mut self, update: &DepthUpdate<'_>) -> bool {
        let first = self.pending.is_empty();
        let changes = update.changes.iter().map(|change| (change.side, change.price, change.quantity));
        self.pending.extend(changes);
        self.pending_sequence = update.seq.0;
        first
    }

    /// Ends a batch: gives the sequences of the message before and of this one, and where bids end and asks begin among the
    /// changes, which [`changes`](Self::changes) then has, the best level of each side first. `None`: there is nothing to tell.
    pub(crate) fn tell(&mut self) -> Option<[u64; 2]> {
        // Of each level the last change is what holds; a stable sort keeps their order.
        self.pending.sort_by_key(|&(side, price, _)| rank(side, price));
        self.pending.reverse();
        self.pending.dedup_by_key(|&mut (side, price, _)| rank(side, price));
        self.pending.reverse();
        let (bids, asks) = (&mut self.bids, &mut self.asks);
        self.pending.retain(|&(side, price, quantity)| {
            let levels = if side == Side::Buy { &mut *bids } else { &mut *asks };
            let before = if quantity == 0 { levels.remove(&price) } else { levels.insert(price, quantity) };
            before.unwrap_or(0) != quantity
        });
        if self.pending.is_empty() {
            return None;
        }
        let previous = std::mem::replace(&mut self.sequence, self.pending_sequence);
        Some([previous, self.sequence])
    }

    /// The changes of one side that [`tell`](Self::tell) has found.
    pub(crate) fn changes(&self, side: Side) -> impl Iterator<Item = (PriceTicks, u64)> + '_ {
        let asks = self.pending.partition_point(|(side, _, _)| *side == Side::Buy);
        let (bids, asks) = self.pending.split_at(asks);
        let changes = if side == Side::Buy { bids } else { asks };
        changes.iter().map(|&(_, price, quantity)| (price, quantity))
    }

    /// Forgets the changes that were told.
    pub(crate) fn told(&mut self) {
        self.pending.clear();
    }
}

/// Bids before asks, the best first.
fn rank(side: Side, price: PriceTicks) -> (bool, u32) {
    match side {
        Side::Buy => (false, !price.0),
        Side::Sell => (true, price.0),
    }
}

#[cfg(test)]
mod tests {
    use exchange_core::feed::LevelChange;
    use exchange_types::{InstrumentId, Sequence};

    use super::*;

    fn update(told: &mut ToldDepth, seq: u64, changes: &[(Side, u32, u64)]) {
        let changes: Vec<LevelChange> = changes
            .iter()
            .map(|&(side, price, quantity)| LevelChange {
                side,
                price: PriceTicks(price),
                quantity,
                orders: u32::from(quantity > 0),
            })
            .collect();
        let (instrument, prev_seq) = (InstrumentId(0), Sequence(0));
        told.take(&DepthUpdate { instrument, seq: Sequence(seq), prev_seq, changes: &changes });
    }

    fn said(told: &mut ToldDepth) -> Option<(u64, u64, String)> {
        let [previous, sequence] = told.tell()?;
        let text = |side| told.changes(side).map(|(price, lots)| format!(" {}x{lots}", price.0)).collect();
        let (bids, asks): (String, String) = (text(Side::Buy), text(Side::Sell));
        told.told();
        Some((previous, sequence, format!("bids{bids} asks{asks}")))
    }

    #[test]
    fn the_updates_of_a_batch_are_one_message_with_each_level_once() {
        let mut told = ToldDepth::default();
        update(&mut told, 3, &[(Side::Sell, 102, 5), (Side::Buy, 100, 1)]);
        update(&mut told, 5, &[(Side::Buy, 100, 7), (Side::Buy, 101, 2), (Side::Sell, 101, 1)]);
        assert_eq!(said(&mut told), Some((0, 5, "bids 101x2 100x7 asks 101x1 102x5".into())));
        update(&mut told, 9, &[(Side::Buy, 101, 0)]);
        assert_eq!(said(&mut told), Some((5, 9, "bids 101x0 asks".into())));
        assert_eq!(told.levels(Side::Buy).collect::<Vec<_>>(), [(PriceTicks(100), 7)]);
    }

    #[test]
    fn what_came_and_went_within_a_batch_is_not_mentioned() {
        let mut told = ToldDepth::default();
        update(&mut told, 1, &[(Side::Buy, 100, 7)]);
        assert!(said(&mut told).is_some());
        update(&mut told, 2, &[(Side::Buy, 100, 9), (Side::Sell, 105, 1)]);
        update(&mut told, 4, &[(Side::Buy, 100, 7), (Side::Sell, 105, 0)]);
        assert_eq!(said(&mut told), None);
        assert_eq!(told.sequence(), 1, "a snapshot goes on with the next message");
        update(&mut told, 6, &[(Side::Sell, 105, 3)]);
        assert_eq!(said(&mut told), Some((1, 6, "bids asks 105x3".into())));
    }
}
