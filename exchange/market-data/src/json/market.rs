//! What is said about one market: prices and quantities in its units, and the objects made of them.

use exchange_core::feed::{Candle, Interval, Level, Statistics, TradePrint};
use exchange_service::markets::{Asset, Market, format_decimal};
use exchange_types::{InstrumentId, PriceTicks, Side, TradingState};

use super::number::{put_decimal, put_number, put_time};

/// Decimal places of a fee rate, which is a number of millionths.
const FEE_DECIMALS: u8 = 6;

/// A market as its messages need it.
#[derive(Debug, Clone)]
pub(crate) struct Wording {
    pub(crate) instrument: InstrumentId,
    /// Its name, which needs no escaping: upper-case letters, digits and dashes.
    pub(crate) symbol: String,
    /// The members of its object that never change, without braces.
    fixed: String,
    tick: u64,
    /// Minor units of the quote asset for one lot at one tick.
    tick_value: u64,
    quote_decimals: u8,
    lot: u64,
    base_decimals: u8,
}

impl Wording {
    /// The wording of a market of the markets file.
    pub(crate) fn new(market: &Market, assets: &[Asset]) -> Self {
        let spec = market.instrument.spec();
        let name = |number: u32| assets.get(number as usize).map_or("", |asset| asset.name.as_str());
        let price = |price: u64| format_decimal(price.into(), market.quote_decimals);
        let quantity = |quantity: u64| format_decimal(quantity.into(), spec.base_decimals);
        let rate = |millionths: u32| format_decimal(millionths.into(), FEE_DECIMALS);
        // Zero is no limit and no band.
        let unless_zero = |number: u64, text: String| (number != 0).then_some(text);
        let members: [(&str, serde_json::Value); 14] = [
            ("market", spec.symbol.as_str().into()),
            ("base", name(spec.base.0).into()),
            ("quote", name(spec.quote.0).into()),
            ("base_decimals", spec.base_decimals.into()),
            ("quote_decimals", market.quote_decimals.into()),
            ("tick", price(spec.tick.0).into()),
            ("lot", quantity(spec.lot.0).into()),
            ("min_quantity", quantity(spec.min_quantity.0).into()),
            ("max_quantity", quantity(spec.max_quantity.0).into()),
            ("position_limit", unless_zero(spec.position_limit.0, quantity(spec.position_limit.0)).into()),
            ("maker_fee", rate(spec.maker_fee.0).into()),
            ("taker_fee", rate(spec.taker_fee.0).into()),
            ("price_band", unless_zero(spec.price_band.into(), rate(spec.price_band)).into()),
            ("reference_price", price(spec.reference_price.0).into()),
        ];
        let fixed: Vec<String> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        Self {
            instrument: spec.instrument,
            symbol: spec.symbol.as_str().to_owned(),
            fixed: fixed.join(","),
            tick: spec.tick.0,
            tick_value: market.instrument.tick_value(),
            quote_decimals: market.quote_decimals,
            lot: spec.lot.0,
            base_decimals: spec.base_decimals,
        }
    }

    /// The whole market. `None`: it is not listed yet.
    pub(crate) fn put_market(&self, out: &mut Vec<u8>, listed: Option<(TradingState, &Statistics)>) {
        out.push(b'{');
        out.extend_from_slice(self.fixed.as_bytes());
        let state = listed.map_or("unlisted", |(state, _)| state_name(state));
        put_text(out, ",\"state\":\"", state);
        out.extend_from_slice(b",\"statistics\":{");
        self.put_statistics(out, listed.map_or(&Statistics::default(), |(_, statistics)| statistics));
        out.extend_from_slice(b"}}");
    }

    /// The members of the statistics of 24 hours, without braces.
    pub(crate) fn put_statistics(&self, out: &mut Vec<u8>, statistics: &Statistics) {
        let level = |level: Option<Level>| level.map(|level| (level.price, level.quantity));
        let (bid, ask) = (level(statistics.best_bid), level(statistics.best_ask));
        self.put_optional_price(out, "\"last_price\":", statistics.last_price);
        self.put_optional_quantity(
            out,
            ",\"last_quantity\":",
            statistics.last_quantity.map(|lots| lots.0.into()),
        );
        match statistics.last_time {
            Some(time) => put_times(out, ",\"last_time", time.0),
            None => out.extend_from_slice(b",\"last_time\":null,\"last_time_ns\":null"),
        }
        self.put_optional_price(out, ",\"bid\":", bid.map(|(price, _)| price));
        self.put_optional_quantity(out, ",\"bid_quantity\":", bid.map(|(_, quantity)| quantity));
        self.put_optional_price(out, ",\"ask\":", ask.map(|(price, _)| price));
        self.put_optional_quantity(out, ",\"ask_quantity\":", ask.map(|(_, quantity)| quantity));
        self.put_optional_price(out, ",\"open\":", statistics.open);
        self.put_optional_price(out, ",\"high\":", statistics.high);
        self.put_optional_price(out, ",\"low\":", statistics.low);
        out.extend_from_slice(b",\"change\":\"");
        if statistics.change_ticks < 0 {
            out.push(b'-');
        }
        self.put_ticks(out, statistics.change_ticks.unsigned_abs());
        out.extend_from_slice(b"\",\"volume\":\"");
        self.put_lots(out, statistics.volume);
        out.extend_from_slice(b"\",\"quote_volume\":\"");
        self.put_notional(out, statistics.notional);
        out.extend_from_slice(b"\",\"trades\":");
        put_number(out, statistics.trades);
    }

    /// The members of a trade, without braces.
    pub(crate) fn put_trade(&self, out: &mut Vec<u8>, print: &TradePrint) {
        out.extend_from_slice(b"\"id\":\"");
        put_number(out, print.id.0);
        out.extend_from_slice(b"\",\"price\":\"");
        self.put_price(out, print.price);
        out.extend_from_slice(b"\",\"quantity\":\"");
        self.put_lots(out, print.quantity.0.into());
        let side = if print.taker_side == Side::Buy { "buy" } else { "sell" };
        put_text(out, "\",\"taker_side\":\"", side);
        put_times(out, ",\"time", print.time.0);
    }

    /// The members of a candle, without braces.
    pub(crate) fn put_candle(&self, out: &mut Vec<u8>, candle: &Candle, state: CandleState) {
        put_times(out, "\"start", candle.start.0);
        for (name, price) in [
            (",\"open\":\"", candle.open),
            ("\",\"high\":\"", candle.high),
            ("\",\"low\":\"", candle.low),
            ("\",\"close\":\"", candle.close),
        ] {
            out.extend_from_slice(name.as_bytes());
            self.put_price(out, price);
        }
        out.extend_from_slice(b"\",\"volume\":\"");
        self.put_lots(out, candle.volume);
        out.extend_from_slice(b"\",\"quote_volume\":\"");
        self.put_notional(out, candle.notional);
        out.extend_from_slice(b"\",\"trades\":");
        put_number(out, candle.trades);
        let closed: &[u8] =
            if state == CandleState::Closed { b",\"closed\":true" } else { b",\"closed\":false" };
        out.extend_from_slice(closed);
    }

    /// Levels as an array of `["price","quantity"]`.
    pub(crate) fn put_levels(&self, out: &mut Vec<u8>, levels: impl Iterator<Item = (PriceTicks, u64)>) {
        out.push(b'[');
        for (at, (price, lots)) in levels.enumerate() {
            let opening: &[u8] = if at == 0 { b"[\"" } else { b",[\"" };
            out.extend_from_slice(opening);
            self.put_price(out, price);
            out.extend_from_slice(b"\",\"");
            self.put_lots(out, lots);
            out.extend_from_slice(b"\"]");
        }
        out.push(b']');
    }

    fn put_optional_price(&self, out: &mut Vec<u8>, name: &str, price: Option<PriceTicks>) {
        put_optional(out, name, price, |out, price| self.put_price(out, price));
    }

    fn put_optional_quantity(&self, out: &mut Vec<u8>, name: &str, lots: Option<u64>) {
        put_optional(out, name, lots, |out, lots| self.put_lots(out, lots));
    }

    fn put_price(&self, out: &mut Vec<u8>, price: PriceTicks) {
        self.put_ticks(out, price.0.into());
    }

    fn put_ticks(&self, out: &mut Vec<u8>, ticks: u64) {
        put_decimal(out, u128::from(ticks) * u128::from(self.tick), self.quote_decimals);
    }

    fn put_lots(&self, out: &mut Vec<u8>, lots: u64) {
        put_decimal(out, u128::from(lots) * u128::from(self.lot), self.base_decimals);
    }

    /// A sum of ticks times lots. It stops where 128 bits end, which no day's trades reach.
    fn put_notional(&self, out: &mut Vec<u8>, notional: u128) {
        put_decimal(out, notional.saturating_mul(self.tick_value.into()), self.quote_decimals);
    }
}

/// Whether trades still go into a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CandleState {
    /// The next trade may.
    Open,
    /// Its interval is over.
    Closed,
}

/// The name of a state.
pub(super) fn state_name(state: TradingState) -> &'static str {
    match state {
        TradingState::Open => "open",
        TradingState::Halted => "halted",
        TradingState::Killed => "killed",
    }
}

/// The interval with this name.
pub(crate) fn interval(name: &str) -> Option<Interval> {
    Interval::ALL.into_iter().find(|interval| interval.name() == name)
}

/// Appends `opening`, which ends inside a string, and the rest of that string, which needs no escaping.
pub(crate) fn put_text(out: &mut Vec<u8>, opening: &str, text: &str) {
    out.extend_from_slice(opening.as_bytes());
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Appends a time twice: for people, and in nanoseconds. `name` is the opened name of the first member.
pub(crate) fn put_times(out: &mut Vec<u8>, name: &str, nanoseconds: u64) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
    put_time(out, nanoseconds);
    out.extend_from_slice(b"\",");
    // The names differ in their ends alone.
    out.extend_from_slice(name.trim_start_matches(',').as_bytes());
    out.extend_from_slice(b"_ns\":\"");
    put_number(out, nanoseconds);
    out.push(b'"');
}

fn put_optional<T>(out: &mut Vec<u8>, name: &str, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.extend_from_slice(name.as_bytes());
    match value {
        None => out.extend_from_slice(b"null"),
        Some(value) => {
            out.push(b'"');
            put(out, value);
            out.push(b'"');
        }
    }
}
