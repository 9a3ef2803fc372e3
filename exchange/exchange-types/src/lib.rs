//! The words of the exchange: ids, prices in ticks, quantities in lots, instruments, commands, events, reject reasons.
//!
//! Nothing here decides anything: risk and matching are `exchange-core`, files and sockets are `exchange-service`.
//! A newcomer needs to know one thing: a *command* asks and carries prices and quantities in the units a client writes;
//! an *event* has happened and carries ticks and lots. All numbers are integers.

#![warn(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails"))]

pub mod codec;
mod command;
mod event;
mod event_buffer;
mod header;
mod id;
mod instrument;
mod number;
mod order;
mod reason;
mod request;

pub use codec::{
    Malformed, decode_command, decode_event, decode_file_header, decode_frame, decode_outcome,
    decode_outcome_header, decode_request, encode_command, encode_event, encode_file_header, encode_frame,
    encode_frame_with, encode_outcome, encode_request, peek_request_id,
};
pub use command::{Command, NewOrder, Scope, TradingState};
pub use event::{CancelCause, Event, Trade};
pub use event_buffer::EventBuffer;
pub use header::CommandHeader;
pub use id::{AccountId, AssetId, Epoch, InstrumentId, OrderId, RequestId, Sequence, TimestampNs};
pub use instrument::{AccountTier, FeeRate, Instrument, InstrumentError, InstrumentSpec, Symbol};
pub use number::{Amount, Price, PriceTicks, Quantity, QuantityLots};
pub use order::{OrderType, SelfTradePrevention, Side, TimeInForce};
pub use reason::RejectReason;
pub use request::{IdempotencyKey, OutcomeHeader, Request, RequestHead};
