//! Events as messages: what the journal of events and market data carry.
//!
//! Not responsible for an event's own sequence number, which stands in the frame around it. A newcomer needs to know one
//! thing: every message names the command that caused the event, so that an answer finds the request it belongs to.

use super::cursor::{Reader, Writer};
use super::field::{Field, row_of};
use super::message::{COMMON_BYTES, messages};
use super::{FORMAT_VERSION, Malformed, MessageLayout, Row};
use crate::{
    AccountId, Amount, AssetId, CancelCause, Event, InstrumentId, OrderId, PriceTicks, QuantityLots,
    RejectReason, Scope, Sequence, Side, Trade, TradingState,
};

/// What every event begins with.
pub const EVENT_HEADER_ROWS: &[Row] = &[
    Row::new("version", 1, "u8: 1"),
    Row::new("kind", 1, "u8, 128 to 191"),
    Row::reserved(2),
    row_of::<Sequence>("command"),
];

/// The layout of every kind of event, by ascending kind.
pub const EVENT_LAYOUTS: &[MessageLayout] = LAYOUTS;

/// What stands before the fields: the common bytes and the sequence number of the command.
const HEADER_BYTES: usize = COMMON_BYTES + Sequence::SIZE;

/// Appends an event's message; `command` is the position in the log of the command that caused it.
#[inline]
pub fn encode_event(command: Sequence, event: &Event, out: &mut Vec<u8>) {
    encode(event, out, |header| command.put(header));
}

/// Reads a message as an event and the position in the log of the command that caused it. It must end where the bytes end.
///
/// # Errors
/// The first thing that is wrong, in the documented order of reasons, and where it stands.
#[inline]
pub fn decode_event(bytes: &[u8]) -> Result<(Sequence, Event), Malformed> {
    let event = decode(bytes)?;
    let command = Reader::new(bytes, COMMON_BYTES).take::<Sequence>()?;
    Ok((command, event))
}

messages! {
    Event, header HEADER_BYTES;
    129 = Trade(trade) [trade: Trade; _ 4];
    130 = Rested { order, instrument, account, side, price, quantity } [
        side: Side,
        _ 3, order: OrderId,
        instrument: InstrumentId,
        account: AccountId,
        price: PriceTicks,
        quantity: QuantityLots
    ];
    131 = Cancelled { order, instrument, account, side, price, quantity, cause, rested } [
        side: Side,
        cause: CancelCause,
        rested: bool,
        _ 1, order: OrderId,
        instrument: InstrumentId,
        account: AccountId,
        price: PriceTicks,
        quantity: QuantityLots
    ];
    132 = Reduced { order, instrument, account, side, price, by, remaining } [
        side: Side,
        _ 3, order: OrderId,
        instrument: InstrumentId,
        account: AccountId,
        price: PriceTicks,
        by: QuantityLots,
        remaining: QuantityLots; _ 4];
    133 = Rejected { order, instrument, account, reason } [
        reason: RejectReason,
        _ 2, order: OrderId,
        instrument: InstrumentId,
        account: AccountId
    ];
    134 = Deposited { account, asset, amount } [
        _ 4, account: AccountId,
        asset: AssetId,
        amount: Amount
    ];
    135 = Withdrawn { account, asset, amount } [
        _ 4, account: AccountId,
        asset: AssetId,
        amount: Amount
    ];
    136 = AccountTierSet { account, tier } [
        tier: u8,
        _ 3, account: AccountId; _ 4];
    137 = TierDefined { tier } [tier: u8; _ 3];
    138 = InstrumentListed { instrument } [instrument: InstrumentId];
    139 = TradingStateSet { scope, state } [
        _ 4, scope: Scope,
        state: TradingState; _ 7];
    140 = Checkpoint { events, state_hash } [
        _ 4, events: u64,
        state_hash: u64
    ];
    141 = Ticked {} [; _ 4];
    142 = Repeated { account, original } [
        account: AccountId,
        original: Sequence
    ];
}
