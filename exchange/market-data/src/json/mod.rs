//! Market data as JSON: what `GET` answers and what a WebSocket client gets.
//!
//! Not responsible for when something is said. A newcomer needs to know one thing: the texts are written by hand into one buffer,
//! because ten thousand of them a second go out, and `tests/golden` holds a sample of each.
//!
//! Prices, quantities and sums are decimal strings in whole units, ids and sequence numbers are strings of digits, counts are
//! numbers, and every time stands there twice: `time` as RFC 3339, `time_ns` in nanoseconds since 1970 as a string.

mod market;
mod message;
mod number;

pub(crate) use market::{CandleState, Wording, interval, put_text, put_times};
pub(crate) use message::{put_candle, put_depth, put_statistics, put_trade};
pub(crate) use number::put_number;
