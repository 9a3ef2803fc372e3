//! Taking numbers and choices out of a message, front to back.
//!
//! Not responsible for what they mean. A newcomer needs to know one thing: bytes that end too early, and bytes that say what
//! cannot be, are an error with their place, and never a panic.

use exchange_types::{
    CancelCause, Malformed, OrderType, RejectReason, SelfTradePrevention, Side, TimeInForce,
};

/// Where in the bytes the next field begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    #[inline]
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The bytes from here on.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let Some(taken) = self.rest().first_chunk::<N>() else {
            return Err(Malformed { reason: RejectReason::WrongLength, offset: self.bytes.len() });
        };
        // Bound: a position inside the bytes.
        self.at = self.at.wrapping_add(N);
        Ok(*taken)
    }

    #[inline]
    pub(super) fn skip(&mut self, bytes: usize) {
        // Bound: the caller has seen that there are so many.
        self.at = self.at.wrapping_add(bytes);
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.take().map(u32::from_le_bytes)
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.take().map(u64::from_le_bytes)
    }

    /// Reserved bytes.
    #[inline]
    pub(super) fn zeros<const N: usize>(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        match self.take::<N>()?.iter().position(|byte| *byte != 0) {
            None => Ok(()),
            Some(index) => {
                let offset = start.wrapping_add(index);
                Err(Malformed { reason: RejectReason::ReservedNotZero, offset })
            }
        }
    }

    /// What `choose` makes of the next byte.
    #[inline]
    pub(super) fn choice<T>(
        &mut self,
        reason: RejectReason,
        choose: impl FnOnce(u8) -> Option<T>,
    ) -> Result<T, Malformed> {
        let offset = self.at;
        let [byte] = self.take()?;
        choose(byte).ok_or(Malformed { reason, offset })
    }

    /// Refuses what begins at `offset` unless it is possible.
    #[inline]
    pub(super) const fn hold(offset: usize, holds: bool) -> Result<(), Malformed> {
        if holds { Ok(()) } else { Err(Malformed { reason: RejectReason::MalformedParts, offset }) }
    }
}

pub(super) fn side(byte: u8) -> Option<Side> {
    [Side::Buy, Side::Sell].into_iter().find(|side| *side as u8 == byte)
}

pub(super) fn order_type(byte: u8) -> Option<OrderType> {
    [OrderType::Limit, OrderType::Market, OrderType::PostOnly].into_iter().find(|kind| *kind as u8 == byte)
}

pub(super) fn time_in_force(byte: u8) -> Option<TimeInForce> {
    use TimeInForce::{Fok, Gtc, Gtd, Ioc};
    [Gtc, Ioc, Fok, Gtd].into_iter().find(|time| *time as u8 == byte)
}

pub(super) fn self_trade(byte: u8) -> Option<SelfTradePrevention> {
    use SelfTradePrevention::{CancelBoth, CancelMaker, CancelTaker};
    [CancelTaker, CancelMaker, CancelBoth].into_iter().find(|choice| *choice as u8 == byte)
}

/// The causes for which risk has an order cancelled; the others are the book's own.
pub(super) fn cause(byte: u8) -> Option<CancelCause> {
    use CancelCause::{Killed, MassCancel, Requested};
    [Requested, MassCancel, Killed].into_iter().find(|cause| *cause as u8 == byte)
}
