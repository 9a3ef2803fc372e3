//! One message of risk to matching as bytes, and back.
//!
//! Not responsible for whether there is such a book or order. A newcomer needs to know one thing: what decodes is a message that
//! a book takes without a panic: an order has an id, a quantity and a price at which it could rest, and an expiry exactly where
//! it is GTD.
//!
//! | kind | bytes | fields behind the kind |
//! |---|---|---|
//! | 1 listing | 16 | 3 zero bytes, instrument, reference price, 4 zero bytes |
//! | 2 submit | 40 | side, order type, time in force, self-trade choice, 3 zero bytes, instrument, account, order (8), price, quantity, expiry (8) |
//! | 3 cancel | 16 | cause, 2 zero bytes, instrument, order (8) |
//! | 4 reduce | 24 | 3 zero bytes, instrument, order (8), by how much, 4 zero bytes |
//! | 5 replace | 32 | 3 zero bytes, instrument, order (8), new order (8), price, quantity |

use exchange_types::{
    AccountId, InstrumentId, Malformed, OrderId, PriceTicks, QuantityLots, RejectReason, TimeInForce,
    TimestampNs,
};

use super::cursor::{Cursor, cause, order_type, self_trade, side, time_in_force};
use crate::book::{BookCommand, Order};
use crate::risk::{Admitted, Listing};

const LISTING: u8 = 1;
const SUBMIT: u8 = 2;
const CANCEL: u8 = 3;
const REDUCE: u8 = 4;
const REPLACE: u8 = 5;

/// The bytes of the shortest message: no more messages are believed than there are bytes for.
pub(super) const ADMITTED_BYTES_MIN: usize = 16;

/// Appends a message.
#[inline]
pub(super) fn encode_admitted(admitted: &Admitted, out: &mut Vec<u8>) {
    match admitted {
        Admitted::Book { instrument, command } => encode_book(instrument.0, command, out),
        Admitted::Listing(listing) => {
            put(out, [pair(u32::from(LISTING), listing.instrument.0), u64::from(listing.reference.0)]);
        }
    }
}

#[inline]
fn encode_book(instrument: u32, command: &BookCommand, out: &mut Vec<u8>) {
    match command {
        BookCommand::Submit(order) => {
            let kinds = [SUBMIT, order.side as u8, order.order_type as u8, order.time_in_force as u8];
            put(
                out,
                [
                    pair(u32::from_le_bytes(kinds), u32::from(order.self_trade as u8)),
                    pair(instrument, order.account.0),
                    order.id.0,
                    pair(order.price.0, order.quantity.0),
                    order.expires_at.0,
                ],
            );
        }
        BookCommand::Cancel { order, cause } => {
            let kinds = [CANCEL, *cause as u8, 0, 0];
            put(out, [pair(u32::from_le_bytes(kinds), instrument), order.0]);
        }
        BookCommand::Reduce { order, by } => {
            put(out, [pair(u32::from(REDUCE), instrument), order.0, u64::from(by.0)]);
        }
        BookCommand::Replace { order, new_order, price, quantity } => {
            put(out, [pair(u32::from(REPLACE), instrument), order.0, new_order.0, pair(price.0, quantity.0)]);
        }
    }
}

/// Two numbers of four bytes in the order of their bytes.
#[inline]
const fn pair(first: u32, second: u32) -> u64 {
    (second as u64) << 32 | first as u64
}

/// Appends words, little-endian.
#[inline]
fn put<const WORDS: usize>(out: &mut Vec<u8>, words: [u64; WORDS]) {
    out.extend_from_slice(words.map(u64::to_le_bytes).as_flattened());
}

/// Takes a message.
#[inline]
pub(super) fn decode_admitted(cursor: &mut Cursor<'_>) -> Result<Admitted, Malformed> {
    let offset = cursor.at();
    let [kind] = cursor.take()?;
    match kind {
        LISTING => decode_listing(cursor, offset),
        SUBMIT => decode_order(cursor, offset),
        CANCEL => {
            let cause = cursor.choice(RejectReason::MalformedCause, cause)?;
            cursor.zeros::<2>()?;
            let (instrument, order) = (InstrumentId(cursor.u32()?), decode_id(cursor)?);
            Ok(Admitted::Book { instrument, command: BookCommand::Cancel { order, cause } })
        }
        REDUCE => {
            cursor.zeros::<3>()?;
            let (instrument, order) = (InstrumentId(cursor.u32()?), decode_id(cursor)?);
            let by = decode_quantity(cursor)?;
            cursor.zeros::<4>()?;
            Ok(Admitted::Book { instrument, command: BookCommand::Reduce { order, by } })
        }
        REPLACE => {
            cursor.zeros::<3>()?;
            let (instrument, order) = (InstrumentId(cursor.u32()?), decode_id(cursor)?);
            let new_order = decode_id(cursor)?;
            Cursor::hold(offset, order != new_order)?;
            let (price, quantity) = (decode_price(cursor)?, decode_quantity(cursor)?);
            let command = BookCommand::Replace { order, new_order, price, quantity };
            Ok(Admitted::Book { instrument, command })
        }
        _ => Err(Malformed { reason: RejectReason::UnknownCommand, offset }),
    }
}

fn decode_listing(cursor: &mut Cursor<'_>, offset: usize) -> Result<Admitted, Malformed> {
    cursor.zeros::<3>()?;
    let instrument = InstrumentId(cursor.u32()?);
    let reference = PriceTicks(cursor.u32()?);
    cursor.zeros::<4>()?;
    Cursor::hold(offset, is_price(reference))?;
    Ok(Admitted::Listing(Listing { instrument, reference }))
}

#[inline]
fn decode_order(cursor: &mut Cursor<'_>, offset: usize) -> Result<Admitted, Malformed> {
    let side = cursor.choice(RejectReason::MalformedSide, side)?;
    let order_type = cursor.choice(RejectReason::MalformedOrderType, order_type)?;
    let time_in_force = cursor.choice(RejectReason::MalformedTimeInForce, time_in_force)?;
    let self_trade = cursor.choice(RejectReason::MalformedSelfTrade, self_trade)?;
    cursor.zeros::<3>()?;
    let (instrument, account) = (InstrumentId(cursor.u32()?), AccountId(cursor.u32()?));
    let (id, price) = (decode_id(cursor)?, decode_price(cursor)?);
    let quantity = decode_quantity(cursor)?;
    let expires_at = TimestampNs(cursor.u64()?);
    Cursor::hold(offset, (time_in_force == TimeInForce::Gtd) == (expires_at.0 != 0))?;
    let order =
        Order { id, account, price, quantity, expires_at, side, order_type, time_in_force, self_trade };
    Ok(Admitted::Book { instrument, command: BookCommand::Submit(order) })
}

#[inline]
fn decode_id(cursor: &mut Cursor<'_>) -> Result<OrderId, Malformed> {
    let (offset, id) = (cursor.at(), OrderId(cursor.u64()?));
    Cursor::hold(offset, id.0 != 0).map(|()| id)
}

#[inline]
fn decode_price(cursor: &mut Cursor<'_>) -> Result<PriceTicks, Malformed> {
    let (offset, price) = (cursor.at(), PriceTicks(cursor.u32()?));
    Cursor::hold(offset, is_price(price)).map(|()| price)
}

#[inline]
fn decode_quantity(cursor: &mut Cursor<'_>) -> Result<QuantityLots, Malformed> {
    let (offset, quantity) = (cursor.at(), QuantityLots(cursor.u32()?));
    Cursor::hold(offset, quantity.0 != 0).map(|()| quantity)
}

fn is_price(price: PriceTicks) -> bool {
    (PriceTicks::LOWEST..=PriceTicks::HIGHEST).contains(&price)
}
