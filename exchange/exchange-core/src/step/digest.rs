//! The digest of events: what two folds of the same log compare.
//!
//! It is not a checksum of bytes: it is taken from the values, and costs less than writing them. A newcomer needs to know one
//! thing: every field of every event counts, and so does the order.

use exchange_types::{Event, Scope};

use crate::mixer::mix;

/// The digest of some events, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsDigest(u64);

impl EventsDigest {
    /// The digest of no events.
    #[must_use]
    pub const fn new() -> Self {
        Self(0x5bf0_3635_dee5_f2c3)
    }

    /// Takes the next event in.
    #[inline]
    pub fn add(&mut self, event: &Event) {
        // A bijection of what there was for each event, so that a difference stays one.
        self.0 = (self.0.rotate_left(23) ^ mix(words(event))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The digest.
    #[inline]
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl Default for EventsDigest {
    fn default() -> Self {
        Self::new()
    }
}

/// The digest of these events.
#[inline]
#[must_use]
pub fn digest_of(events: &[Event]) -> u64 {
    let mut digest = EventsDigest::new();
    for event in events {
        digest.add(event);
    }
    digest.value()
}

#[inline]
fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// All fields, behind a number that is the kind's own.
#[inline]
fn words(event: &Event) -> [u64; 6] {
    let kind = |kind: u8| u64::from(head(kind, 0, 0, false));
    match *event {
        Event::Trade(trade) => [
            trade.maker.0,
            trade.taker.0,
            pair(trade.maker_account.0, trade.taker_account.0),
            pair(trade.price.0, trade.quantity.0),
            pair(trade.maker_remaining.0, trade.taker_remaining.0),
            pair(trade.instrument.0, head(129, trade.taker_side as u8, 0, false)),
        ],
        Event::Rested { order, instrument, account, side, price, quantity } => [
            order.0,
            0,
            u64::from(account.0),
            pair(price.0, quantity.0),
            0,
            pair(instrument.0, head(130, side as u8, 0, false)),
        ],
        Event::Cancelled { order, instrument, account, side, price, quantity, cause, rested } => [
            order.0,
            0,
            u64::from(account.0),
            pair(price.0, quantity.0),
            0,
            pair(instrument.0, head(131, side as u8, cause as u8, rested)),
        ],
        Event::Reduced { order, instrument, account, side, price, by, remaining } => [
            order.0,
            0,
            u64::from(account.0),
            pair(price.0, by.0),
            u64::from(remaining.0),
            pair(instrument.0, head(132, side as u8, 0, false)),
        ],
        Event::Rejected { order, instrument, account, reason } => {
            let kind = pair(instrument.0, head(133, 0, 0, false));
            [order.0, 0, u64::from(account.0), u64::from(reason.code()), 0, kind]
        }
        Event::Deposited { account, asset, amount } => {
            [amount.0, 0, pair(account.0, asset.0), 0, 0, kind(134)]
        }
        Event::Withdrawn { account, asset, amount } => {
            [amount.0, 0, pair(account.0, asset.0), 0, 0, kind(135)]
        }
        Event::AccountTierSet { account, tier } => [pair(account.0, u32::from(tier)), 0, 0, 0, 0, kind(136)],
        Event::TierDefined { tier } => [u64::from(tier), 0, 0, 0, 0, kind(137)],
        Event::InstrumentListed { instrument } => [u64::from(instrument.0), 0, 0, 0, 0, kind(138)],
        Event::TradingStateSet { scope, state } => {
            let (which, id) = match scope {
                Scope::Venue => (0, 0),
                Scope::Instrument(instrument) => (1, instrument.0),
                Scope::Account(account) => (2, account.0),
            };
            [pair(which, id), state as u64, 0, 0, 0, kind(139)]
        }
        Event::Checkpoint { events, state_hash } => [events, state_hash, 0, 0, 0, kind(140)],
        Event::Ticked => [0, 0, 0, 0, 0, kind(141)],
        Event::Repeated { account, original } => [u64::from(account.0), original.0, 0, 0, 0, kind(142)],
    }
}

/// The kind and the small fields of an event in one word.
#[inline]
fn head(kind: u8, side: u8, cause: u8, rested: bool) -> u32 {
    u32::from_le_bytes([kind, side, cause, u8::from(rested)])
}
