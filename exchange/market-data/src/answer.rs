//! What `GET` answers, made of the feed between two batches.
//!
//! Not responsible for reading requests. A newcomer needs to know one thing: all answers are made by the task that owns the feed,
//! between two batches, so each is of one moment, and a depth's `sequence` is that of the last depth message before it.

use exchange_core::feed::Interval;
use exchange_types::Side;

use crate::json::{CandleState, Wording, put_number, put_text, put_times};
use crate::venue::Venue;

/// What is asked about the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// All markets.
    Markets,
    /// Something about one of them.
    Market {
        /// Its symbol.
        symbol: String,
        /// What.
        topic: Topic,
    },
}

/// What is asked about a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Its parameters, state and statistics.
    Overview,
    /// So many levels of each side.
    Depth {
        /// How many at most.
        levels: usize,
    },
    /// So many trades.
    Trades {
        /// How many at most.
        limit: usize,
    },
    /// So many candles.
    Candles {
        /// Of which length.
        interval: Interval,
        /// How many at most.
        limit: usize,
    },
}

impl Venue {
    /// The answer as JSON. `None`: there is no such market.
    pub(crate) fn answer(&self, ask: &Ask) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(1_024);
        match ask {
            Ask::Markets => self.put_markets(&mut out),
            Ask::Market { symbol, topic } => {
                let market = self.markets().iter().find(|market| market.symbol == *symbol)?;
                self.put_topic(&mut out, market, *topic);
            }
        }
        Some(out)
    }

    fn put_markets(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"markets\":[");
        for (at, market) in self.markets().iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.put_market(out, market);
        }
        out.extend_from_slice(b"]}");
    }

    fn put_market(&self, out: &mut Vec<u8>, market: &Wording) {
        let state = self.feed().state(market.instrument);
        let statistics = self.feed().statistics(market.instrument);
        market.put_market(out, state.zip(statistics.as_ref()));
    }

    fn put_topic(&self, out: &mut Vec<u8>, market: &Wording, topic: Topic) {
        if topic == Topic::Overview {
            return self.put_market(out, market);
        }
        put_text(out, "{\"market\":\"", &market.symbol);
        match topic {
            Topic::Overview => {}
            Topic::Depth { levels } => self.put_depth(out, market, levels),
            Topic::Trades { limit } => {
                out.extend_from_slice(b",\"trades\":");
                let trades = self.feed().trades(market.instrument).take(limit);
                put_objects(out, trades, |out, print| market.put_trade(out, print));
            }
            Topic::Candles { interval, limit } => {
                put_text(out, ",\"interval\":\"", interval.name());
                out.extend_from_slice(b",\"candles\":");
                let open = self.feed().open_candle(market.instrument, interval).map(|candle| candle.start);
                let candles = self.feed().candles(market.instrument, interval).take(limit);
                put_objects(out, candles, |out, candle| {
                    let is_open = open == Some(candle.start);
                    let state = if is_open { CandleState::Open } else { CandleState::Closed };
                    market.put_candle(out, candle, state);
                });
            }
        }
        out.push(b'}');
    }

    fn put_depth(&self, out: &mut Vec<u8>, market: &Wording, levels: usize) {
        let told = self.told(market.instrument);
        out.extend_from_slice(b",\"sequence\":\"");
        put_number(out, told.map_or(0, |told| told.sequence()));
        out.push(b'"');
        put_times(out, ",\"time", self.feed().now().0);
        for (name, side) in [(",\"bids\":", Side::Buy), (",\"asks\":", Side::Sell)] {
            out.extend_from_slice(name.as_bytes());
            market.put_levels(out, told.into_iter().flat_map(|told| told.levels(side)).take(levels));
        }
    }
}

/// An array of objects whose members `put` writes.
fn put_objects<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, put: impl Fn(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, item) in items.enumerate() {
        let opening: &[u8] = if at == 0 { b"{" } else { b",{" };
        out.extend_from_slice(opening);
        put(out, item);
        out.push(b'}');
    }
    out.push(b']');
}
