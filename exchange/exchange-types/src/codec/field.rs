//! What can stand in a message: numbers, choices, names.
//!
//! Not responsible for where it stands. A newcomer needs to know one thing: a choice is decoded by a list of its numbers,
//! and any other number is the reason that belongs to that choice.

use super::cursor::{after, first_set};
use super::{Malformed, Row};
use crate::{
    AccountId, Amount, AssetId, CancelCause, FeeRate, InstrumentId, OrderId, OrderType, Price, PriceTicks,
    Quantity, QuantityLots, RejectReason, RequestId, Scope, SelfTradePrevention, Sequence, Side, Symbol,
    TimeInForce, TimestampNs, TradingState,
};

/// A value with a fixed place in a message.
pub(crate) trait Field: Sized {
    /// Its length in bytes. Every slice below has exactly this length.
    const SIZE: usize;
    /// What may stand there, in words.
    const HOLDS: &'static str;
    /// Its own fields, if it is a group.
    const GROUP: &'static [Row] = &[];

    /// Where the first of its reserved bytes stands that is not zero.
    #[inline]
    fn reserved(_bytes: &[u8]) -> Option<usize> {
        None
    }

    /// Reads it. Reserved bytes have been checked before.
    fn get(bytes: &[u8]) -> Result<Self, Malformed>;

    /// Writes it. The bytes are zero before.
    fn put(&self, bytes: &mut [u8]);
}

/// How a field stands in the table of its message.
pub(crate) const fn row_of<T: Field>(name: &'static str) -> Row {
    Row::grouped(name, T::SIZE, T::HOLDS, T::GROUP)
}

#[inline]
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

macro_rules! numbers {
    ($($type:ty = $inner:ty, $holds:literal;)+) => {$(
        impl Field for $type {
            const SIZE: usize = size_of::<$inner>();
            const HOLDS: &'static str = concat!(stringify!($inner), $holds);

            #[inline]
            fn get(bytes: &[u8]) -> Result<Self, Malformed> {
                Ok(Self(<$inner>::from_le_bytes(array(bytes))))
            }

            #[inline]
            fn put(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.0.to_le_bytes());
            }
        }
    )+};
}

numbers! {
    InstrumentId = u32, "";
    AssetId = u32, "";
    AccountId = u32, "";
    OrderId = u64, "";
    RequestId = u64, ", who waits for the answer";
    Sequence = u64, ", position in the log";
    TimestampNs = u64, ", nanoseconds since the Unix epoch";
    Price = u64, ", minor units of quote for one whole unit of base";
    Quantity = u64, ", minor units of base";
    Amount = u64, ", minor units of the asset";
    PriceTicks = u32, ", ticks";
    QuantityLots = u32, ", lots";
    FeeRate = u32, ", millionths of the notional";
}

macro_rules! plain {
    ($($type:ty),+) => {$(
        impl Field for $type {
            const SIZE: usize = size_of::<$type>();
            const HOLDS: &'static str = stringify!($type);

            #[inline]
            fn get(bytes: &[u8]) -> Result<Self, Malformed> {
                Ok(<$type>::from_le_bytes(array(bytes)))
            }

            #[inline]
            fn put(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        }
    )+};
}

plain!(u8, u32, u64);

macro_rules! choices {
    ($($type:ty, $reason:ident {
        $number:literal ($($value:tt)+) $text:literal,
        $($more:literal ($($more_value:tt)+) $more_text:literal,)+
    })+) => {$(
        impl Field for $type {
            const SIZE: usize = 1;
            const HOLDS: &'static str = concat!($number, " ", $text $(, ", ", $more, " ", $more_text)+);

            #[inline]
            fn get(bytes: &[u8]) -> Result<Self, Malformed> {
                match bytes[0] {
                    $number => Ok($($value)+),
                    $($more => Ok($($more_value)+),)+
                    _ => Err(Malformed { reason: RejectReason::$reason, offset: 0 }),
                }
            }

            #[inline]
            fn put(&self, bytes: &mut [u8]) {
                bytes[0] = match self {
                    $($value)+ => $number,
                    $($($more_value)+ => $more,)+
                };
            }
        }
    )+};
}

choices! {
    Side, MalformedSide {
        0 (Self::Buy) "buy",
        1 (Self::Sell) "sell",
    }
    Option<Side>, MalformedSide {
        0 (Some(Side::Buy)) "buy",
        1 (Some(Side::Sell)) "sell",
        2 (None) "both",
    }
    OrderType, MalformedOrderType {
        0 (Self::Limit) "limit",
        1 (Self::Market) "market",
        2 (Self::PostOnly) "post-only",
    }
    TimeInForce, MalformedTimeInForce {
        0 (Self::Gtc) "GTC",
        1 (Self::Ioc) "IOC",
        2 (Self::Fok) "FOK",
        3 (Self::Gtd) "GTD",
    }
    SelfTradePrevention, MalformedSelfTrade {
        0 (Self::CancelTaker) "cancel taker",
        1 (Self::CancelMaker) "cancel maker",
        2 (Self::CancelBoth) "cancel both",
    }
    TradingState, MalformedTradingState {
        0 (Self::Open) "open",
        1 (Self::Halted) "halted",
        2 (Self::Killed) "killed",
    }
    CancelCause, MalformedCause {
        0 (Self::Requested) "requested",
        1 (Self::MassCancel) "mass cancel",
        2 (Self::Replaced) "replaced",
        3 (Self::Reduced) "reduced",
        4 (Self::Immediate) "immediate",
        5 (Self::SelfTrade) "self-trade",
        6 (Self::Expired) "expired",
        7 (Self::Killed) "killed",
    }
    bool, MalformedFlag {
        0 (false) "no",
        1 (true) "yes",
    }
}

/// A kind in the first byte and an id in the last four; with kind 0 there is no id, and its bytes are reserved too.
macro_rules! scopes {
    ($($type:ty, $holds:literal { 0 ($($nothing:tt)+), $($kind:literal ($($variant:tt)+) $id:ident,)+ })+) => {$(
        impl Field for $type {
            const SIZE: usize = 8;
            const HOLDS: &'static str = $holds;

            #[inline]
            fn reserved(bytes: &[u8]) -> Option<usize> {
                let end = if bytes[0] == 0 { 8 } else { 4 };
                first_set(&bytes[1..end]).map(|index| after(1, index))
            }

            #[inline]
            fn get(bytes: &[u8]) -> Result<Self, Malformed> {
                let id = u32::from_le_bytes(array(&bytes[4..]));
                match bytes[0] {
                    0 => Ok($($nothing)+),
                    $($kind => Ok($($variant)+($id(id))),)+
                    _ => Err(Malformed { reason: RejectReason::MalformedScope, offset: 0 }),
                }
            }

            #[inline]
            fn put(&self, bytes: &mut [u8]) {
                match self {
                    $($nothing)+ => {}
                    $($($variant)+(id) => {
                        bytes[0] = $kind;
                        id.put(&mut bytes[4..]);
                    })+
                }
            }
        }
    )+};
}

scopes! {
    Scope, "u8: 0 venue, 1 instrument, 2 account; 3 zero bytes; u32: which one, zero for the venue" {
        0 (Self::Venue),
        1 (Self::Instrument) InstrumentId,
        2 (Self::Account) AccountId,
    }
    Option<InstrumentId>, "u8: 0 everywhere, 1 instrument; 3 zero bytes; u32: which one, zero for everywhere" {
        0 (None),
        1 (Some) InstrumentId,
    }
}

impl Field for RejectReason {
    const SIZE: usize = 2;
    const HOLDS: &'static str = "u16, the number of a reject reason";

    #[inline]
    fn get(bytes: &[u8]) -> Result<Self, Malformed> {
        let code = u16::from_le_bytes(array(bytes));
        Self::from_code(code).ok_or(Malformed { reason: Self::MalformedReason, offset: 0 })
    }

    #[inline]
    fn put(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.code().to_le_bytes());
    }
}

impl Field for Symbol {
    const SIZE: usize = Self::BYTES_MAX;
    const HOLDS: &'static str = "1 to 16 upper-case letters, digits and dashes, then zeros";

    fn get(bytes: &[u8]) -> Result<Self, Malformed> {
        let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let (text, padding) = bytes.split_at(length);
        let bad = text.iter().position(|byte| !Self::allows(*byte));
        let stray = || first_set(padding).map(|index| after(length, index));
        let malformed = |offset| Malformed { reason: RejectReason::MalformedText, offset };
        match bad.or_else(stray) {
            Some(offset) => Err(malformed(offset)),
            None => std::str::from_utf8(text).ok().and_then(|text| Self::new(text).ok()).ok_or(malformed(0)),
        }
    }

    fn put(&self, bytes: &mut [u8]) {
        for (slot, byte) in bytes.iter_mut().zip(self.as_str().bytes()) {
            *slot = byte;
        }
    }
}

/// Only a listing is boxed, and listings are rare.
impl<T: Field> Field for Box<T> {
    const SIZE: usize = T::SIZE;
    const HOLDS: &'static str = T::HOLDS;
    const GROUP: &'static [Row] = T::GROUP;

    fn reserved(bytes: &[u8]) -> Option<usize> {
        T::reserved(bytes)
    }

    fn get(bytes: &[u8]) -> Result<Self, Malformed> {
        T::get(bytes).map(Self::new)
    }

    fn put(&self, bytes: &mut [u8]) {
        T::put(self, bytes);
    }
}
