//! Commands as messages: the payload of a record of the log, and what a client's request becomes.
//!
//! Not responsible for whether a command makes sense: an order for nothing decodes, and risk rejects it. A newcomer needs to
//! know one thing: kinds of commands are below 128 and kinds of events are not, so neither is ever read as the other.

use super::cursor::{Reader, Writer};
use super::field::{Field, row_of};
use super::message::{COMMON_BYTES, messages};
use super::{FORMAT_VERSION, Malformed, MessageLayout, Row};
use crate::{
    AccountId, AccountTier, Amount, AssetId, Command, InstrumentId, InstrumentSpec, NewOrder, OrderId, Price,
    Quantity, RejectReason, Scope, Side, TradingState,
};

/// What every command begins with.
pub const COMMAND_HEADER_ROWS: &[Row] =
    &[Row::new("version", 1, "u8: 1"), Row::new("kind", 1, "u8, 1 to 127"), Row::reserved(2)];

/// The layout of every kind of command, by ascending kind.
pub const COMMAND_LAYOUTS: &[MessageLayout] = LAYOUTS;

/// Appends a command's message.
#[inline]
pub fn encode_command(command: &Command, out: &mut Vec<u8>) {
    encode(command, out, |_| {});
}

/// Reads a message as a command. It must end where the bytes end.
///
/// # Errors
/// The first thing that is wrong, in the documented order of reasons, and where it stands.
#[inline]
pub fn decode_command(bytes: &[u8]) -> Result<Command, Malformed> {
    decode(bytes)
}

messages! {
    Command, header COMMON_BYTES;
    1 = NewOrder(order) [order: NewOrder];
    2 = CancelOrder { instrument, account, order } [
        _ 4, order: OrderId,
        instrument: InstrumentId,
        account: AccountId
    ];
    3 = MassCancel { account, instrument, side } [
        side: Option<Side>,
        _ 3, instrument: Option<InstrumentId>,
        account: AccountId; _ 4];
    4 = ReduceOrder { instrument, account, order, by } [
        _ 4, order: OrderId,
        instrument: InstrumentId,
        account: AccountId,
        by: Quantity
    ];
    5 = ReplaceOrder { instrument, account, order, new_order, price, quantity } [
        _ 4, order: OrderId,
        instrument: InstrumentId,
        account: AccountId,
        new_order: OrderId,
        price: Price,
        quantity: Quantity
    ];
    6 = Deposit { account, asset, amount } [
        _ 4, account: AccountId,
        asset: AssetId,
        amount: Amount
    ];
    7 = Withdraw { account, asset, amount } [
        _ 4, account: AccountId,
        asset: AssetId,
        amount: Amount
    ];
    8 = OpenAccount { account, tier } [
        tier: u8,
        _ 3, account: AccountId; _ 4];
    9 = SetAccountTier { account, tier } [
        tier: u8,
        _ 3, account: AccountId; _ 4];
    10 = DefineTier { tier, limits } [
        tier: u8,
        _ 3, limits: AccountTier
    ];
    11 = ListInstrument(spec) [spec: Box<InstrumentSpec>];
    12 = SetTradingState { scope, state } [
        _ 4, scope: Scope,
        state: TradingState; _ 7];
    13 = Tick {} [; _ 4];
}
