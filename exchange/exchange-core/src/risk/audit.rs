//! The full recount: everything that is kept step by step is counted again from nothing and compared.
//!
//! It changes nothing. A newcomer needs to know one thing: the engine runs these at checkpoints and stops at the first
//! [`Violation`]; a snapshot that has one is refused.

use exchange_types::{InstrumentId, PriceTicks, Side};

use super::Risk;
use super::ledger::Sums;
use super::orders::NONE;
use super::settle::reservation;
use crate::book::{OrderBook, RestingOrder};
use crate::mixer::mix;

/// A rule that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct Violation {
    /// The rule, as it should be.
    pub rule: &'static str,
}

/// Memory for recounts, kept so that they allocate nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    /// What the orders say of each balance: reserved and incoming.
    cells: Vec<(u64, u64)>,
    /// How many orders each account has.
    orders: Vec<u32>,
    /// What the balances of each asset sum up to.
    sums: Vec<Sums>,
}

/// What an order in a book adds to the digest of all orders in all books. The digest is a sum, so that the books can be
/// walked in their order and the table of risk in its own: equal sums are equal orders, without looking any of them up.
#[must_use]
pub fn resting_digest(instrument: InstrumentId, order: &RestingOrder) -> u64 {
    mix([
        order.id.0,
        u64::from(order.account.0) << 32 | u64::from(instrument.0),
        u64::from(order.price.0) << 32 | u64::from(order.remaining.0),
        order.expires_at.0 ^ (order.side as u64) << 62 ^ (order.self_trade as u64) << 60,
    ])
}

fn hold(rule: &'static str, holds: bool) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { rule }) }
}

impl Risk {
    /// How many balances a recount looks at.
    #[must_use]
    pub fn balances(&self) -> usize {
        self.ledger.cells().len()
    }

    /// Counts all balances again.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn audit_balances(&mut self) -> Result<(), Violation> {
        self.ledger.recount(&mut self.recount.sums);
        for (totals, sums) in self.ledger.totals().iter().zip(&self.recount.sums) {
            hold("the balances of an asset sum up to what is held of it", sums.held == totals.held.into())?;
            let reserved = sums.reserved == totals.reserved.into();
            hold("what is reserved of an asset is the sum over accounts", reserved)?;
            hold("what is held and the fees are deposits minus withdrawals", totals.is_conserved())?;
        }
        Ok(())
    }

    /// Takes the digests of balances and accounts again.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn audit_digests(&self) -> Result<(), Violation> {
        let balances = self.ledger.recounted_digest() == self.ledger.digest();
        hold("the digest of balances is that of what is there", balances)?;
        let accounts = self.accounts.recounted_digest() == self.accounts.digest();
        hold("the digest of accounts is that of what is there", accounts)
    }

    /// Counts all remembered requests again.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn audit_requests(&self) -> Result<(), Violation> {
        hold("the requests that are remembered are found, counted, and in order", self.requests.is_sound())
    }

    /// Counts all orders again, and what they reserve, and returns what the books must say of them: see [`resting_digest`].
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn audit_orders(&mut self) -> Result<u64, Violation> {
        let mut scratch = std::mem::take(&mut self.recount);
        let result = self.audit_orders_in(&mut scratch);
        self.recount = scratch;
        result
    }

    fn audit_orders_in(&self, scratch: &mut Scratch) -> Result<u64, Violation> {
        scratch.cells.clear();
        scratch.cells.resize(self.ledger.cells().len(), (0, 0));
        scratch.orders.clear();
        scratch.orders.resize(self.accounts.len(), 0);
        let (mut live, mut digest, mut resting) = (0_usize, 0_u64, 0_u64);
        for record in self.orders.iter() {
            let market = &self.markets[record.instrument().0 as usize];
            hold("a live order has something left", record.remaining.0 > 0)?;
            hold("an order has reserved what it may cost", record.reserved == reservation(market, record))?;
            live = live.wrapping_add(1);
            digest = digest.wrapping_add(record.mixed());
            resting = resting.wrapping_add(resting_digest(record.instrument(), &record.resting()));
            let length = &mut scratch.orders[record.account.0 as usize];
            *length = length.wrapping_add(1);
            let asset = match record.side {
                Side::Sell => market.base(),
                Side::Buy => {
                    let cell = &mut scratch.cells[self.ledger.place(record.account, market.base())];
                    cell.1 = cell.1.wrapping_add(market.base_quantity(record.remaining));
                    market.quote()
                }
            };
            let cell = &mut scratch.cells[self.ledger.place(record.account, asset)];
            // Bound: wrapping would need a sum above 2^64, which the comparison below then tells from what is kept.
            cell.0 = cell.0.wrapping_add(record.reserved);
        }
        hold("the table counts its orders", live == self.orders.live())?;
        hold("the digest of orders is that of what is there", digest == self.orders.digest())?;
        let lists = self.accounts.iter().zip(&scratch.orders);
        hold(
            "an account's list has all of its orders",
            lists.into_iter().all(|(account, orders)| account.orders.length == *orders),
        )?;
        let mut cells = self.ledger.cells().iter().zip(&scratch.cells);
        hold(
            "what is reserved and awaited is what the orders say",
            cells.all(|(cell, orders)| (cell.reserved, cell.incoming) == *orders),
        )?;
        Ok(resting)
    }

    /// Compares the orders of a book with the records of its instrument, one by one and in the order of their priority, and
    /// returns how many there are.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn audit_book<B: OrderBook>(&self, instrument: InstrumentId, book: &B) -> Result<usize, Violation> {
        let (mut seen, mut same, mut in_order) = (0_usize, true, true);
        let mut before = (Side::Buy, PriceTicks(0), 0_u64);
        book.visit(&mut |order| {
            let number = self.orders.find(order.id);
            let record = self.orders.get(number);
            same &= number != NONE && record.resting() == *order && record.instrument() == instrument;
            let here = (order.side, order.price, record.arrival);
            in_order &= before < here;
            before = here;
            seen = seen.wrapping_add(1);
        });
        hold("an order in a book is the order that risk knows", same)?;
        hold("orders of one price stand in the order of their arrival", in_order)?;
        hold("a book counts its orders", seen == book.live_orders())?;
        Ok(seen)
    }
}
