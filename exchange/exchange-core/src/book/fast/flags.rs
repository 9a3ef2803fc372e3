//! The last word of a record: what of an order needs only some bits.

use exchange_types::{SelfTradePrevention, Side};

const SELL: u32 = 1;
const SELF_TRADE_SHIFT: u32 = 1;
const EXPIRES: u32 = 1 << 3;

#[inline]
pub(super) fn pack(side: Side, self_trade: SelfTradePrevention, expires: bool) -> u32 {
    side as u32 | (self_trade as u32) << SELF_TRADE_SHIFT | (u32::from(expires) * EXPIRES)
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
    flags & EXPIRES != 0
}
