//! A market that is made up: a walk at random, with a book around it. It says what market data says, in the same words.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

/// Hundredths of the quote asset.
type Price = u64;
/// Ten-thousandths of the base asset.
type Lots = u64;

const LEVELS: u64 = 60;
const SECOND_NS: u64 = 1_000_000_000;

/// One candle.
#[derive(Debug, Clone, Copy)]
struct Candle {
    start: u64,
    prices: [Price; 4],
    lots: Lots,
}

/// The market.
pub struct Market {
    pub symbol: &'static str,
    middle: Price,
    pub sequence: u64,
    trade: u64,
    sides: [BTreeMap<Price, Lots>; 2],
    trades: VecDeque<Value>,
    /// Of one minute, the open one last.
    candles: Vec<Candle>,
    first: Price,
    seed: u64,
}

fn price(price: Price) -> String {
    format!("{}.{:02}", price / 100, price % 100).trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn quantity(lots: Lots) -> String {
    let text = format!("{}.{:04}", lots / 10_000, lots % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Market {
    /// A market with a past, at a time.
    pub fn new(symbol: &'static str, middle: Price, now_ns: u64) -> Self {
        let mut market = Self {
            symbol,
            middle,
            sequence: 1_000,
            trade: 5_000,
            sides: [BTreeMap::new(), BTreeMap::new()],
            trades: VecDeque::new(),
            candles: Vec::new(),
            first: middle,
            seed: middle,
        };
        let minute = 60 * SECOND_NS;
        for back in (1..240).rev() {
            for _ in 0..12 {
                market.walk();
                let lots = 1 + market.random(9_000);
                market.trade_at(market.middle, lots, now_ns / minute * minute - back * minute);
            }
        }
        for back in (0..80).rev() {
            market.walk();
            let lots = 1 + market.random(20_000);
            market.trade_at(market.middle, lots, now_ns - back * SECOND_NS / 3);
        }
        market.update(|_| {});
        market
    }

    fn random(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    fn walk(&mut self) {
        let step = self.random(self.first / 8_000 + 3);
        let up = self.random(2) == 0;
        self.middle = if up { self.middle + step } else { self.middle - step };
    }

    /// Something happens: the messages that say it, the depth's last.
    pub fn step(&mut self, now_ns: u64) -> Vec<(&'static str, Value)> {
        let mut messages = Vec::new();
        if self.random(3) == 0 {
            self.walk();
            let lots = 1 + self.random(15_000);
            messages.push(("trades", self.trade_at(self.middle, lots, now_ns)));
            messages.push(("candles", self.candle_message()));
        }
        let depth = self.update(|_| {});
        messages.push(("statistics", self.statistics()));
        messages.push(("depth", depth));
        messages
    }

    fn trade_at(&mut self, at: Price, lots: Lots, time_ns: u64) -> Value {
        self.trade += 1;
        let side = if self.random(2) == 0 { "buy" } else { "sell" };
        let trade = json!({
            "id": self.trade.to_string(), "price": price(at), "quantity": quantity(lots), "taker_side": side,
            "time": "", "time_ns": time_ns.to_string(),
        });
        self.trades.push_front(trade.clone());
        self.trades.truncate(200);
        let start = time_ns / (60 * SECOND_NS) * (60 * SECOND_NS);
        match self.candles.last_mut().filter(|candle| candle.start == start) {
            Some(candle) => {
                let [open, high, low, _] = candle.prices;
                candle.prices = [open, high.max(at), low.min(at), at];
                candle.lots += lots;
            }
            None => self.candles.push(Candle { start, prices: [at; 4], lots }),
        }
        self.message("trade", trade)
    }

    /// Changes levels around the middle and gives the message, whose levels are those that changed.
    fn update(&mut self, also: impl FnOnce(&mut Self)) -> Value {
        also(self);
        let before = self.sides.clone();
        let middle = self.middle;
        self.sides[0].retain(|price, _| *price < middle && *price > middle - 4 * LEVELS);
        self.sides[1].retain(|price, _| *price > middle && *price < middle + 4 * LEVELS);
        for _ in 0..6 {
            let away = 1 + self.random(LEVELS) * self.random(3).min(1) + self.random(LEVELS);
            let lots = self.random(6) * self.random(8_000) + self.random(2) * away * 60;
            let side = self.random(2) as usize;
            let price = if side == 0 { middle - away } else { middle + away };
            if lots == 0 {
                self.sides[side].remove(&price)
            } else {
                self.sides[side].insert(price, lots)
            };
        }
        for at in 1..=LEVELS {
            let (bid, ask) = (middle - at, middle + at);
            let more = [self.random(5_000) + 40 * at, self.random(5_000) + 40 * at];
            if self.sides[0].len() < LEVELS as usize {
                self.sides[0].entry(bid).or_insert(more[0]);
            }
            if self.sides[1].len() < LEVELS as usize {
                self.sides[1].entry(ask).or_insert(more[1]);
            }
        }
        let changes = |side: usize| -> Vec<[String; 2]> {
            let (old, new) = (&before[side], &self.sides[side]);
            let gone = old.keys().filter(|at| !new.contains_key(at)).map(|at| [price(*at), "0".into()]);
            let now = new.iter().filter(|(at, lots)| old.get(at) != Some(lots));
            gone.chain(now.map(|(at, lots)| [price(*at), quantity(*lots)])).collect()
        };
        let previous = self.sequence;
        self.sequence += 3;
        let levels = json!({
            "previous": previous.to_string(), "sequence": self.sequence.to_string(),
            "bids": changes(0), "asks": changes(1),
        });
        self.message("depth", levels)
    }

    /// The whole depth.
    pub fn snapshot(&self) -> Value {
        let levels = |side: usize| -> Vec<[String; 2]> {
            let levels = self.sides[side].iter().map(|(at, lots)| [price(*at), quantity(*lots)]);
            if side == 0 { levels.rev().collect() } else { levels.collect() }
        };
        let json = json!({ "sequence": self.sequence.to_string(), "bids": levels(0), "asks": levels(1) });
        self.message("depth_snapshot", json)
    }

    /// The best price of each side as the page shows it.
    pub fn best(&self) -> [String; 2] {
        let text = |price: Option<&Price>| price.map(|price| format!("{}.{:02}", price / 100, price % 100));
        [text(self.sides[0].keys().next_back()).unwrap(), text(self.sides[1].keys().next()).unwrap()]
    }

    fn candle_json(candle: &Candle) -> Value {
        let [open, high, low, close] = candle.prices.map(price);
        json!({
            "start": "", "start_ns": candle.start.to_string(), "open": open, "high": high, "low": low,
            "close": close, "volume": quantity(candle.lots), "quote_volume": "0", "trades": 1, "closed": false,
        })
    }

    fn candle_message(&self) -> Value {
        let mut candle = Self::candle_json(self.candles.last().unwrap());
        candle["interval"] = "1m".into();
        self.message("candle", candle)
    }

    fn statistics_json(&self) -> Value {
        let highest = self.candles.iter().map(|candle| candle.prices[1]).max().unwrap();
        let lowest = self.candles.iter().map(|candle| candle.prices[2]).min().unwrap();
        let lots: Lots = self.candles.iter().map(|candle| candle.lots).sum();
        let sign = if self.middle < self.first { "-" } else { "" };
        json!({
            "last_price": price(self.middle), "open": price(self.first), "high": price(highest),
            "low": price(lowest), "change": format!("{sign}{}", price(self.middle.abs_diff(self.first))),
            "volume": quantity(lots), "quote_volume": quantity(lots * (self.middle / 100)),
            "trades": self.trade - 5_000,
        })
    }

    /// The statistics.
    pub fn statistics(&self) -> Value {
        let mut statistics = self.statistics_json();
        statistics["state"] = "open".into();
        self.message("statistics", statistics)
    }

    fn message(&self, kind: &str, mut members: Value) -> Value {
        members["type"] = kind.into();
        members["market"] = self.symbol.into();
        members
    }

    /// The market as a list of markets has it.
    pub fn overview(&self) -> Value {
        let (base, quote) = self.symbol.split_once('-').unwrap();
        json!({
            "market": self.symbol, "base": base, "quote": quote, "tick": "0.01", "lot": "0.0001",
            "state": "open", "statistics": self.statistics_json(),
        })
    }

    /// The last trades.
    pub fn trades(&self, limit: usize) -> Value {
        self.message("trades", json!({ "trades": self.trades.iter().take(limit).collect::<Vec<_>>() }))
    }

    /// The candles, newest first.
    pub fn candles(&self, interval: &str) -> Value {
        let minutes: u64 = if interval == "5m" { 5 } else { 1 };
        let every = self.candles.iter().rev().step_by(minutes as usize);
        let candles: Vec<Value> = every
            .map(|candle| {
                let length = 60 * SECOND_NS * minutes;
                Self::candle_json(&Candle { start: candle.start / length * length, ..*candle })
            })
            .collect();
        self.message("candles", json!({ "interval": interval, "candles": candles }))
    }
}
