//! The last word of a record: what of an order needs only some bits.
//!
//! It is not the wire's or the log's form of anything. A newcomer needs to know one thing: bit 0 is the side, bits 1 and 2 the
//! self-trade choice, bit 3 says that the order expires, and when it does stands elsewhere.

use exchange_types::{SelfTradePrevention, Side};

const SELL: u32 = 1;
const SELF_TRADE_SHIFT: u32 = 1;
const EXPIRES_SHIFT: u32 = 3;

#[inline]
pub(super) fn pack(side: Side, self_trade: SelfTradePrevention, expires: bool) -> u32 {
    side as u32 | (self_trade as u32) << SELF_TRADE_SHIFT | u32::from(expires) << EXPIRES_SHIFT
}

#[inline]
pub(super) fn side(flags: u32) -> Side {
    if flags & SELL == 0 { Side::Buy } else { Side::Sell }
}

#[inline]
pub(super) fn self_trade(flags: u32) -> SelfTradePrevention {
    match flags >> SELF_TRADE_SHIFT & 3 {
        0 => SelfTradePrevention::CancelTaker,
        1 => SelfTradePrevention::CancelMaker,
        _ => SelfTradePrevention::CancelBoth,
    }
}

#[inline]
pub(super) fn expires(flags: u32) -> bool {
    flags >> EXPIRES_SHIFT & 1 != 0
}
