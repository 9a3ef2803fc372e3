//! A taker meets the other side of the book.

use exchange_types::{
    AccountId, CancelCause, Event, EventBuffer, OrderId, PriceTicks, QuantityLots, SelfTradePrevention, Side,
    Trade,
};

use super::{FastBook, IdIndex, Order, flags};

impl<I: IdIndex> FastBook<I> {
    /// The best price of the side that `taker` trades with, if `taker` reaches it.
    #[inline]
    fn reachable(&self, side: Side, limit: PriceTicks) -> Option<u32> {
        match side {
            Side::Buy => (self.best_ask <= limit.0).then_some(self.best_ask),
            Side::Sell => (self.best_bid >= limit.0 && self.best_bid != 0).then_some(self.best_bid),
        }
    }

    /// Matches a taker against the book. Returns what is left of it, and whether it met an order of its own account that
    /// ends it.
    pub(super) fn take(&mut self, taker: &Order, events: &mut EventBuffer) -> (u32, bool) {
        let mut remaining = taker.quantity.0;
        while let Some(price) = self.reachable(taker.side, taker.price) {
            let head = self.ladder.occupied(price);
            let stopped;
            (remaining, stopped) = self.take_level(taker, remaining, price, head, events);
            if remaining == 0 || stopped {
                return (remaining, stopped);
            }
        }
        (remaining, false)
    }

    #[inline]
    fn take_level(
        &mut self,
        taker: &Order,
        mut remaining: u32,
        price: u32,
        head: u32,
        events: &mut EventBuffer,
    ) -> (u32, bool) {
        let mut stopped = false;
        let mut handle = self.slab.get(head).next;
        while handle != head {
            let maker = *self.slab.get(handle);
            if maker.account == taker.account.0 {
                stopped = taker.self_trade != SelfTradePrevention::CancelMaker;
                if taker.self_trade == SelfTradePrevention::CancelTaker {
                    break;
                }
                self.cancelled(&maker, CancelCause::SelfTrade, events);
            } else {
                // Bound: the lesser of the two can be taken off both.
                let quantity = maker.remaining.min(remaining);
                let maker_remaining = maker.remaining.wrapping_sub(quantity);
                remaining = remaining.wrapping_sub(quantity);
                events.push_with(|| {
                    Event::Trade(Trade {
                        maker: OrderId(maker.id),
                        taker: taker.id,
                        instrument: self.instrument,
                        maker_account: AccountId(maker.account),
                        taker_account: taker.account,
                        price: PriceTicks(price),
                        quantity: QuantityLots(quantity),
                        maker_remaining: QuantityLots(maker_remaining),
                        taker_remaining: QuantityLots(remaining),
                        taker_side: taker.side,
                    })
                });
                if maker_remaining > 0 {
                    self.slab.get_mut(handle).remaining = maker_remaining;
                    break;
                }
            }
            // The maker is done. It was the first of its queue; the head is linked to the new first one below.
            self.index.remove(maker.id, handle);
            self.slab.free(handle);
            // Bound: the maker was counted.
            self.live = self.live.wrapping_sub(1);
            if flags::expires(maker.flags) {
                self.forget_expiry(OrderId(maker.id));
            }
            handle = maker.next;
            // The next fill is there: what it will touch is fetched now.
            let front = self.slab.get(handle);
            self.slab.prefetch(front.next);
            self.index.prefetch(front.id);
            if remaining == 0 || stopped {
                break;
            }
        }
        self.slab.get_mut(head).next = handle;
        self.slab.get_mut(handle).prev = head;
        if handle == head {
            self.level_emptied(taker.side.opposite(), price, head);
        }
        (remaining, stopped)
    }

    /// Whether a fill-or-kill order could be filled whole: it counts what [`take`](Self::take) would trade.
    #[cold]
    pub(super) fn fillable(&self, taker: &Order) -> bool {
        let mut wanted = taker.quantity.0;
        let mut price = self.reachable(taker.side, taker.price);
        while let Some(here) = price {
            let head = self.ladder.occupied(here);
            let mut handle = self.slab.get(head).next;
            while handle != head {
                let maker = self.slab.get(handle);
                if maker.account != taker.account.0 {
                    wanted = wanted.saturating_sub(maker.remaining);
                    if wanted == 0 {
                        return true;
                    }
                } else if taker.self_trade != SelfTradePrevention::CancelMaker {
                    return false;
                }
                handle = maker.next;
            }
            price = match taker.side {
                Side::Buy => self.ladder.above(here).filter(|price| *price <= taker.price.0),
                Side::Sell => self.ladder.below(here).filter(|price| *price >= taker.price.0),
            };
        }
        false
    }
}
