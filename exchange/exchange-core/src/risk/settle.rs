//! What an event of matching changes: fills are paid, reservations of what is gone are released.
//!
//! Each event is compared with what risk knows of the orders in it, down to the last lot: a book that disagrees with risk
//! about an order is a bug, and trading stops there.

use exchange_types::{CancelCause, Event, OrderId, PriceTicks, QuantityLots, Side, Trade};

use super::market::Market;
use super::money::{charge, notional, reservation_of_buy};
use super::orders::{NONE, Record};
use super::{Ledger, Risk, Taking};

/// What changes hands in a fill.
struct Fill {
    lots: QuantityLots,
    /// In minor units of the base asset.
    quantity: u64,
    /// In minor units of the quote asset.
    cost: u64,
}

impl Risk {
    /// Takes in what happened in a book. Events that do not come from a book mean nothing here.
    ///
    /// # Panics
    /// If the event contradicts what risk knows: that is a bug, and trading on would lose money.
    #[inline]
    pub fn settle(&mut self, event: &Event) {
        match event {
            Event::Trade(trade) => self.settle_trade(trade),
            Event::Rested { order, price, quantity, .. } => self.settle_rested(*order, *price, *quantity),
            Event::Cancelled { order, quantity, rested: true, cause, .. } => {
                self.settle_cancelled(*order, *quantity, *cause);
            }
            Event::Cancelled { order, quantity, rested: false, .. } => {
                let taking = self.take_back(*order);
                assert!(taking.record.remaining == *quantity, "an order's rest is what risk says it is");
                self.end_reservation(&taking.record);
            }
            Event::Reduced { order, by, remaining, .. } => self.settle_reduced(*order, *by, *remaining),
            Event::Rejected { order, .. } => self.settle_rejected(*order),
            Event::Deposited { .. }
            | Event::Withdrawn { .. }
            | Event::AccountTierSet { .. }
            | Event::TierDefined { .. }
            | Event::InstrumentListed { .. }
            | Event::TradingStateSet { .. }
            | Event::Checkpoint { .. }
            | Event::Repeated { .. }
            | Event::Ticked => {}
        }
    }

    /// Ends a command: everything it did is settled, and the money is all there.
    ///
    /// # Panics
    /// If an order is still on its way, or if the conservation of an asset is broken.
    #[inline]
    pub fn assert_settled(&mut self) {
        assert!(
            self.taking.is_none(),
            "an order on its way ends by resting, trading, being dropped or rejected"
        );
        self.ledger.assert_conserved();
    }

    #[inline]
    fn settle_trade(&mut self, trade: &Trade) {
        let market = &mut self.markets[trade.instrument.0 as usize];
        let fill = Fill {
            lots: trade.quantity,
            quantity: market.base_quantity(trade.quantity),
            cost: notional(trade.quantity, trade.price, market.tick_value())
                .expect("a fill costs no more than its buyer has reserved"),
        };
        if market.last() != trade.price {
            market.traded_at(trade.price);
        }
        let taking = self.taking.as_mut().expect("a taker is an order on its way");
        let number = self.orders.find(trade.maker);
        let mut maker = *self.orders.get(number);
        let taker = &mut taking.record;
        assert!(
            taker.id == trade.taker && number != NONE && maker.ticks == trade.price,
            "a trade is between the order on its way and a resting one, at the price of the latter"
        );
        assert!(
            maker.instrument() == trade.instrument && taker.instrument() == trade.instrument,
            "a trade is between two orders of its instrument"
        );
        let maker_rate = maker.fees.maker();
        let ledger = &mut self.ledger;
        let buyer = match trade.taker_side {
            Side::Buy => {
                pay(ledger, market, taker, taking.taker_rate, &fill);
                deliver(ledger, market, &mut maker, maker_rate, &fill);
                taker.account
            }
            Side::Sell => {
                pay(ledger, market, &mut maker, maker_rate, &fill);
                deliver(ledger, market, taker, taking.taker_rate, &fill);
                maker.account
            }
        };
        // Last, because the seller has to have given it away before.
        ledger.receive(buyer, market.base(), fill.quantity, fill.quantity);
        assert!(
            maker.side != taker.side
                && maker.remaining == trade.maker_remaining
                && taker.remaining == trade.taker_remaining,
            "what a fill leaves of two orders is what risk says it leaves"
        );
        if taker.remaining.0 == 0 {
            self.taking = None;
        }
        // Invariant: an order with nothing left has nothing reserved; `pay` and `deliver` see to it.
        if maker.remaining.0 == 0 {
            self.orders.remove(number, self.accounts.list_mut(maker.account));
        } else {
            self.orders.update(number, &maker);
        }
    }

    #[inline]
    fn settle_rested(&mut self, order: OrderId, price: PriceTicks, quantity: QuantityLots) {
        let Taking { mut record, .. } = self.take_back(order);
        assert!(
            record.ticks == price && record.remaining == quantity,
            "an order rests at its limit, with what risk says is left of it"
        );
        // Bound: 2^64 orders do not arrive.
        self.arrivals = self.arrivals.wrapping_add(1);
        record.arrival = self.arrivals;
        self.orders.insert(&record, self.accounts.list_mut(record.account));
    }

    #[inline]
    fn settle_cancelled(&mut self, order: OrderId, quantity: QuantityLots, cause: CancelCause) {
        let number = self.orders.find(order);
        let record = *self.orders.get(number);
        assert!(number != NONE && record.remaining == quantity, "what is cancelled rested, as risk knows it");
        if cause == CancelCause::Replaced {
            // Its reservation ended when the replacement was admitted.
            let taking = self.taking.as_mut().expect("a replacement is on its way");
            assert!(taking.replaces == number, "the order that is replaced is the one risk gave up");
            taking.replaces = NONE;
        } else {
            self.end_reservation(&record);
        }
        self.orders.remove(number, self.accounts.list_mut(record.account));
    }

    #[inline]
    fn settle_reduced(&mut self, order: OrderId, by: QuantityLots, remaining: QuantityLots) {
        let number = self.orders.find(order);
        let mut record = *self.orders.get(number);
        assert!(
            number != NONE && record.remaining.0.checked_sub(by.0) == Some(remaining.0),
            "a reduction leaves what risk says it leaves"
        );
        let market = &self.markets[record.instrument().0 as usize];
        record.remaining = remaining;
        let keep = reservation(market, &record);
        let released =
            record.reserved.checked_sub(keep).expect("a smaller order needs no larger reservation");
        let asset = match record.side {
            Side::Sell => market.base(),
            Side::Buy => {
                let quantity = market.base_quantity(by);
                self.ledger.forgo_incoming(record.account, market.base(), quantity);
                market.quote()
            }
        };
        self.ledger.claim(asset, record.reserved, keep);
        self.ledger.release(record.account, asset, released);
        record.reserved = keep;
        self.orders.update(number, &record);
    }

    /// A book rejects an order it cannot take; nothing else that risk admits is ever rejected.
    fn settle_rejected(&mut self, order: OrderId) {
        let taking = self.take_back(order);
        self.end_reservation(&taking.record);
        if taking.replaces != NONE {
            // The replacement failed, so the old order is as it was. Its reservation was free a moment ago.
            let old = *self.orders.get(taking.replaces);
            self.begin_reservation(&old);
        }
    }

    /// Takes the order on its way out of its way.
    #[inline]
    fn take_back(&mut self, order: OrderId) -> Taking {
        let taking = self.taking.take().expect("an order that ends without resting was on its way");
        assert!(taking.record.id == order, "the order on its way is the one that was admitted");
        taking
    }
}

/// What has to be reserved for what is left of an order that was admitted.
#[inline]
pub(super) fn reservation(market: &Market, record: &Record) -> u64 {
    reservation_of(market, record)
        .expect("a part of an order needs no more than the whole, which was admitted")
}

/// What has to be reserved for what is left of an order. `None`: more than 2^64 - 1 minor units.
#[inline]
pub(super) fn reservation_of(market: &Market, record: &Record) -> Option<u64> {
    match record.side {
        Side::Sell => Some(market.base_quantity(record.remaining)),
        Side::Buy => notional(record.remaining, record.ticks, market.tick_value())
            .and_then(|rest| reservation_of_buy(rest, record.fees)),
    }
}

/// What a buyer gives in a fill.
#[inline]
fn pay(ledger: &mut Ledger, market: &Market, buyer: &mut Record, rate: u32, fill: &Fill) {
    let (fee, credit) = charge(fill.cost, rate, buyer.fees.credit());
    buyer.fees = buyer.fees.with_credit(credit);
    buyer.remaining = less(buyer.remaining, fill.lots);
    let keep = reservation(market, buyer);
    // The proof that neither of these fails is at the head of `money`.
    let spent = fill.cost.checked_add(fee).expect("a fill and its fee fit the reservation");
    let released = buyer
        .reserved
        .checked_sub(spent)
        .and_then(|left| left.checked_sub(keep))
        .expect("a reservation covers a fill, its fee and what is reserved afterwards");
    ledger.claim(market.quote(), buyer.reserved, keep);
    buyer.reserved = keep;
    ledger.spend(buyer.account, market.quote(), spent, released);
    ledger.collect(market.quote(), fee);
}

/// What a seller gives in a fill, and what it gets.
#[inline]
fn deliver(ledger: &mut Ledger, market: &Market, seller: &mut Record, rate: u32, fill: &Fill) {
    let (fee, credit) = charge(fill.cost, rate, seller.fees.credit());
    seller.fees = seller.fees.with_credit(credit);
    seller.remaining = less(seller.remaining, fill.lots);
    let keep = reservation(market, seller);
    let proceeds = fill.cost.checked_sub(fee).expect("a fee is at most the proceeds it is taken from");
    ledger.claim(market.base(), seller.reserved, keep);
    seller.reserved = keep;
    ledger.spend(seller.account, market.base(), fill.quantity, 0);
    ledger.receive(seller.account, market.quote(), proceeds, 0);
    ledger.collect(market.quote(), fee);
}

#[inline]
fn less(whole: QuantityLots, part: QuantityLots) -> QuantityLots {
    QuantityLots(whole.0.checked_sub(part.0).expect("a fill is at most what is left of an order"))
}
