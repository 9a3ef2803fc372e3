//! Matching: the books of all instruments, and what risk has admitted carried out in them.
//!
//! It knows no money and no accounts beyond their numbers; [`risk`](crate::risk) has decided before. A newcomer needs to know
//! one thing: it takes [`Admitted`] messages in the order in which risk made them and answers with events, and nothing
//! else passes between the two.

mod maker;

pub use maker::BookMaker;

use exchange_types::{EventBuffer, InstrumentId, OrderId, TimeInForce, TimestampNs};

use crate::book::{BookCommand, OrderBook};
use crate::risk::{Admitted, INSTRUMENTS_MAX, Risk, Violation, resting_digest};

/// All books of a venue.
#[derive(Debug, Clone)]
pub struct Matching<B> {
    books: Vec<B>,
    maker: BookMaker<B>,
    /// No order ends before this: most commands look no further.
    next_expiry: TimestampNs,
}

impl<B: OrderBook> Matching<B> {
    /// No books yet; `maker` will make them.
    #[must_use]
    pub fn new(maker: BookMaker<B>) -> Self {
        Self { books: Vec::new(), maker, next_expiry: TimestampNs(u64::MAX) }
    }

    /// Carries out one message and appends what happened.
    ///
    /// # Panics
    /// If the message names an instrument that no message has listed, or lists one out of turn: risk admits no such thing.
    #[inline]
    pub fn apply(&mut self, admitted: &Admitted, events: &mut EventBuffer) {
        match admitted {
            Admitted::Book { instrument, command } => {
                // A replacement ends when the order does that it replaces, so only a submission can end sooner than all others.
                if let BookCommand::Submit(order) = command
                    && order.time_in_force == TimeInForce::Gtd
                {
                    self.next_expiry = self.next_expiry.min(order.expires_at);
                }
                self.books[instrument.0 as usize].apply(command, events);
            }
            Admitted::Listing(listing) => {
                assert!(
                    listing.instrument.0 as usize == self.books.len(),
                    "instruments are listed in the order of their numbers"
                );
                self.books.push(self.maker.make(listing));
            }
        }
    }

    /// Whether [`apply`](Self::apply) takes this message: whether there is such a book, or it is the next one.
    #[inline]
    pub(crate) fn can_apply(&self, admitted: &Admitted) -> bool {
        match admitted {
            Admitted::Book { instrument, .. } => (instrument.0 as usize) < self.books.len(),
            Admitted::Listing(listing) => {
                let next = self.books.len();
                listing.instrument.0 as usize == next && next < INSTRUMENTS_MAX
            }
        }
    }

    /// Cancels all orders whose time is up: by instrument, inside one by (expiry, id).
    #[inline]
    pub fn expire(&mut self, now: TimestampNs, events: &mut EventBuffer) {
        if now >= self.next_expiry {
            self.expire_due(now, events);
        }
    }

    #[cold]
    fn expire_due(&mut self, now: TimestampNs, events: &mut EventBuffer) {
        let mut next = TimestampNs(u64::MAX);
        for book in &mut self.books {
            book.expire(now, events);
            next = next.min(book.next_expiry());
        }
        self.next_expiry = next;
    }

    /// Starts to load the place of an order in its book: see [`OrderBook::prefetch_place`].
    #[inline]
    pub(crate) fn prefetch_place(&self, instrument: InstrumentId, order: OrderId) {
        if let Some(book) = self.books.get(instrument.0 as usize) {
            book.prefetch_place(order);
        }
    }

    /// Starts to load an order of a book: see [`OrderBook::prefetch_order`].
    #[inline]
    pub(crate) fn prefetch_order(&self, instrument: InstrumentId, order: OrderId) {
        if let Some(book) = self.books.get(instrument.0 as usize) {
            book.prefetch_order(order);
        }
    }

    /// The book of an instrument.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> Option<&B> {
        self.books.get(instrument.0 as usize)
    }

    /// All books in the order of their instruments.
    pub fn books(&self) -> impl ExactSizeIterator<Item = (InstrumentId, &B)> {
        // Bound: there are fewer instruments than 2^32.
        let number = |at: usize| InstrumentId(u32::try_from(at).unwrap_or(u32::MAX));
        self.books.iter().enumerate().map(move |(at, book)| (number(at), book))
    }

    /// The digest of all orders in all books, in no order: see [`resting_digest`].
    #[must_use]
    pub fn orders_digest(&self) -> u64 {
        let mut digest = 0_u64;
        for (instrument, book) in self.books() {
            book.visit(&mut |order| digest = digest.wrapping_add(resting_digest(instrument, order)));
        }
        digest
    }

    /// Compares all books with the orders that risk knows.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn audit(&self, risk: &Risk) -> Result<(), Violation> {
        let mut orders = 0_usize;
        for (instrument, book) in self.books() {
            orders = orders.saturating_add(risk.audit_book(instrument, book)?);
        }
        if orders == risk.live_orders() {
            Ok(())
        } else {
            Err(Violation { rule: "an order that risk knows is in a book" })
        }
    }
}
