//! What was asked and what was answered: the evidence that the log is held against.

use std::fmt;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// An order. Its quantity occurs once in its account, so that it can be found in the log without an answer.
    Order { buys: bool, price_cents: u64, quantity: u64 },
    /// The cancel of an order.
    Cancel { order: u64 },
}

/// What the answer promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// It was done: an order has this id.
    Done { order: u64 },
    /// It was refused by the venue, for this reason.
    Rejected { code: String },
    /// Nothing was done, says the gateway, and nothing will be.
    NotTaken { code: String },
    /// There was no answer, or one that promises nothing.
    Unknown { why: String },
}

/// One request, with all its repetitions.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) account: u64,
    /// The idempotency key; without one there are no repetitions.
    pub(super) key: Option<u128>,
    pub(super) asked: Asked,
    pub(super) answered: Answered,
    /// How often it was sent.
    pub(super) sent: u32,
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, key, asked, answered, sent } = self;
        write!(formatter, "account {account}, ")?;
        match asked {
            Asked::Order { buys, price_cents, quantity } => {
                let side = if *buys { "buy" } else { "sell" };
                write!(formatter, "{side} {quantity} lots at {price_cents} cents, ")?;
            }
            Asked::Cancel { order } => write!(formatter, "cancel of {order}, ")?,
        }
        match key {
            Some(key) => write!(formatter, "key {key:032x}, sent {sent} times: ")?,
            None => formatter.write_str("no key: ")?,
        }
        match answered {
            Answered::Done { order } => write!(formatter, "done as {order}"),
            Answered::Rejected { code } => write!(formatter, "rejected, {code}"),
            Answered::NotTaken { code } => write!(formatter, "not taken, {code}"),
            Answered::Unknown { why } => write!(formatter, "no promise, {why}"),
        }
    }
}
