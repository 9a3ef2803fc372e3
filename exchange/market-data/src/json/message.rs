//! The messages of the stream, each as the text that a client gets.

use exchange_core::feed::{Candle, Interval, Statistics, TradePrint};
use exchange_types::{PriceTicks, TradingState};

use super::market::{CandleState, Wording, put_text, state_name};
use super::number::put_number;

/// A price and what stands there now, in lots.
type Level = (PriceTicks, u64);

/// What has changed in the depth since `previous`.
pub(crate) fn put_depth(
    out: &mut Vec<u8>,
    market: &Wording,
    [previous, sequence]: [u64; 2],
    bids: impl Iterator<Item = Level>,
    asks: impl Iterator<Item = Level>,
) {
    put_text(out, "{\"type\":\"depth\",\"market\":\"", &market.symbol);
    out.extend_from_slice(b",\"previous\":\"");
    put_number(out, previous);
    out.extend_from_slice(b"\",\"sequence\":\"");
    put_number(out, sequence);
    out.extend_from_slice(b"\",\"bids\":");
    market.put_levels(out, bids);
    out.extend_from_slice(b",\"asks\":");
    market.put_levels(out, asks);
    out.push(b'}');
}

/// Something traded.
pub(crate) fn put_trade(out: &mut Vec<u8>, market: &Wording, print: &TradePrint) {
    put_text(out, "{\"type\":\"trade\",\"market\":\"", &market.symbol);
    out.push(b',');
    market.put_trade(out, print);
    out.push(b'}');
}

/// A candle has changed, or is over. The interval stands before the market, so that who passes the message on can tell it from
/// the first bytes.
pub(crate) fn put_candle(
    out: &mut Vec<u8>,
    market: &Wording,
    interval: Interval,
    candle: &Candle,
    state: CandleState,
) {
    put_text(out, "{\"type\":\"candle\",\"interval\":\"", interval.name());
    put_text(out, ",\"market\":\"", &market.symbol);
    out.push(b',');
    market.put_candle(out, candle, state);
    out.push(b'}');
}

/// The statistics have changed, or what may happen in the market.
pub(crate) fn put_statistics(
    out: &mut Vec<u8>,
    market: &Wording,
    state: TradingState,
    statistics: &Statistics,
) {
    put_text(out, "{\"type\":\"statistics\",\"market\":\"", &market.symbol);
    put_text(out, ",\"state\":\"", state_name(state));
    out.push(b',');
    market.put_statistics(out, statistics);
    out.push(b'}');
}
