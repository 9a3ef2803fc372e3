//! Groups of fields: the structs that commands and events carry.
//!
//! Not responsible for headers and kinds. A newcomer needs to know one thing: the order of the fields here is the order of
//! the bytes and the order in which they are tested, and `_ N` is N reserved bytes before the field that they align.

use super::cursor::{Reader, Writer};
use super::field::{Field, row_of};
use super::{Malformed, Row};
use crate::{
    AccountId, AccountTier, AssetId, FeeRate, InstrumentId, InstrumentSpec, NewOrder, OrderId, OrderType,
    Price, PriceTicks, Quantity, QuantityLots, SelfTradePrevention, Side, Symbol, TimeInForce, TimestampNs,
    Trade,
};

macro_rules! record {
    ($type:ident { $($(_ $gap:literal,)? $field:ident: $kind:ty,)+ }) => {
        impl Field for $type {
            const SIZE: usize = 0 $($(+ $gap)? + <$kind as Field>::SIZE)+;
            const HOLDS: &'static str = "";
            const GROUP: &'static [Row] = &[
                $($(Row::reserved($gap),)? row_of::<$kind>(stringify!($field)),)+
            ];

            #[inline]
            fn reserved(bytes: &[u8]) -> Option<usize> {
                let mut fields = Reader::new(bytes, 0);
                $(
                    $(if let Some(offset) = fields.check_zero($gap) {
                        return Some(offset);
                    })?
                    if let Some(offset) = fields.check::<$kind>() {
                        return Some(offset);
                    }
                )+
                None
            }

            #[inline]
            fn get(bytes: &[u8]) -> Result<Self, Malformed> {
                let mut fields = Reader::new(bytes, 0);
                $(
                    $(fields.skip($gap);)?
                    let $field = fields.take::<$kind>()?;
                )+
                Ok(Self { $($field),+ })
            }

            #[inline]
            fn put(&self, bytes: &mut [u8]) {
                let mut fields = Writer::new(bytes, 0);
                $(
                    $(fields.skip($gap);)?
                    fields.put::<$kind>(&self.$field);
                )+
            }
        }
    };
}

record! {
    NewOrder {
        side: Side,
        order_type: OrderType,
        time_in_force: TimeInForce,
        self_trade: SelfTradePrevention,
        order: OrderId,
        instrument: InstrumentId,
        account: AccountId,
        price: Price,
        quantity: Quantity,
        expires_at: TimestampNs,
    }
}

record! {
    AccountTier {
        open_orders_max: u32,
        fee_discount: u32,
        order_notional_max: u64,
        balance_max: u64,
    }
}

record! {
    InstrumentSpec {
        base_decimals: u8,
        _ 3, symbol: Symbol,
        instrument: InstrumentId,
        base: AssetId,
        quote: AssetId,
        maker_fee: FeeRate,
        taker_fee: FeeRate,
        price_band: u32,
        tick: Price,
        lot: Quantity,
        min_quantity: Quantity,
        max_quantity: Quantity,
        position_limit: Quantity,
        reference_price: Price,
    }
}

record! {
    Trade {
        taker_side: Side,
        _ 3, maker: OrderId,
        taker: OrderId,
        instrument: InstrumentId,
        maker_account: AccountId,
        taker_account: AccountId,
        price: PriceTicks,
        quantity: QuantityLots,
        maker_remaining: QuantityLots,
        taker_remaining: QuantityLots,
    }
}
