//! A small language for scenarios: a line is an event or a question, and what the feed says is text again.
//!
//! An event is `COMMAND TIME WHAT`, for example `2 09:30:00.5 rests buy 100 x 5`. A question begins with `?`, ends the
//! command, and is about instrument 0.

use std::fmt::Write as _;

use exchange_core::feed::{Candle, DepthUpdate, EventHeader, Feed, FeedSink, Interval, Level, TradePrint};
use exchange_types::{
    AccountId, CancelCause, Event, InstrumentId, OrderId, PriceTicks, QuantityLots, Sequence, Side,
    TimestampNs, Trade,
};

const INSTRUMENT: InstrumentId = InstrumentId(0);
const SECOND_NS: u64 = 1_000_000_000;

/// What the feed said, a line each.
#[derive(Default)]
pub struct Lines(pub String);

impl FeedSink for Lines {
    fn trade(&mut self, print: &TradePrint) {
        let (id, price, quantity) = (print.id, print.price.0, print.quantity.0);
        let side = side_name(print.taker_side);
        writeln!(self.0, "trade {id}: {side} {price} x {quantity} at {}", clock(print.time)).unwrap();
    }

    fn depth(&mut self, update: &DepthUpdate<'_>) {
        write!(self.0, "depth {} after {}:", update.seq, update.prev_seq).unwrap();
        for change in update.changes {
            let (side, price) = (side_name(change.side), change.price.0);
            write!(self.0, " {side} {price} x {} in {}", change.quantity, change.orders).unwrap();
        }
        self.0.push('\n');
    }

    fn candle(&mut self, _: InstrumentId, interval: Interval, candle: &Candle) {
        writeln!(self.0, "closed {}", candle_text(interval, candle)).unwrap();
    }
}

/// Runs a scenario with one instrument, which is listed by event 1.
pub fn run(scenario: &str) -> String {
    let mut feed = Feed::new();
    let mut lines = Lines::default();
    let listed = Event::InstrumentListed { instrument: INSTRUMENT };
    let header = EventHeader { sequence: Sequence(1), command: Sequence(1), time: TimestampNs(0) };
    feed.apply(&header, &listed, &mut lines).unwrap();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(question) = line.strip_prefix("? ") {
            feed.end_command(&mut lines);
            answer(&feed, question, &mut lines.0);
            continue;
        }
        let mut words = line.split_whitespace();
        let command = Sequence(words.next().unwrap().parse().unwrap());
        let time = parse_clock(words.next().unwrap());
        let event = parse_event(&words.collect::<Vec<_>>());
        let header = EventHeader { sequence: feed.sequence().next(), command, time };
        if let Err(error) = feed.apply(&header, &event, &mut lines) {
            writeln!(lines.0, "refused: {error}").unwrap();
        }
    }
    feed.end_command(&mut lines);
    lines.0
}

/// Checks what a scenario says, line by line, without regard to indentation.
#[track_caller]
pub fn check(scenario: &str, expected: &str) {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect()
    };
    assert_eq!(lines(&run(scenario)), lines(expected), "scenario:\n{scenario}");
}

fn answer(feed: &Feed, question: &str, lines: &mut String) {
    if question == "book" {
        let levels = |side| -> String {
            let text = |level: Level| format!(" {} x {} in {}", level.price.0, level.quantity, level.orders);
            feed.levels(INSTRUMENT, side).map(text).collect::<Vec<_>>().join(",")
        };
        writeln!(lines, "bids{}", levels(Side::Buy)).unwrap();
        writeln!(lines, "asks{}", levels(Side::Sell)).unwrap();
    } else if question == "day" {
        let day = feed.statistics(INSTRUMENT).unwrap();
        let price = |price: Option<PriceTicks>| price.map_or("-".into(), |price| price.0.to_string());
        writeln!(
            lines,
            "last {} open {} high {} low {} change {} volume {} notional {} trades {}",
            price(day.last_price),
            price(day.open),
            price(day.high),
            price(day.low),
            day.change_ticks,
            day.volume,
            day.notional,
            day.trades
        )
        .unwrap();
    } else if question == "trades" {
        for print in feed.trades(INSTRUMENT) {
            writeln!(lines, "recent {}: {} x {}", print.id, print.price.0, print.quantity.0).unwrap();
        }
    } else {
        let interval = Interval::ALL.into_iter().find(|interval| interval.name() == question).unwrap();
        for candle in feed.candles(INSTRUMENT, interval) {
            let open = feed.open_candle(INSTRUMENT, interval) == Some(candle);
            let state = if open { "open" } else { "closed" };
            writeln!(lines, "{state} {}", candle_text(interval, candle)).unwrap();
        }
    }
}

fn parse_event(words: &[&str]) -> Event {
    let (order, account, instrument) = (OrderId(1), AccountId(1), INSTRUMENT);
    let side = |word: &str| if word == "buy" { Side::Buy } else { Side::Sell };
    let price = |word: &str| PriceTicks(word.parse().unwrap());
    let lots = |word: &str| QuantityLots(word.parse().unwrap());
    match *words {
        ["rests", way, at, "x", many] => {
            let (side, price, quantity) = (side(way), price(at), lots(many));
            Event::Rested { order, instrument, account, side, price, quantity }
        }
        ["leaves", way, at, "x", many] | ["drops", way, at, "x", many] => Event::Cancelled {
            order,
            instrument,
            account,
            side: side(way),
            price: price(at),
            quantity: lots(many),
            cause: CancelCause::Requested,
            rested: words[0] == "leaves",
        },
        ["shrinks", way, at, "by", by, "to", left] => Event::Reduced {
            order,
            instrument,
            account,
            side: side(way),
            price: price(at),
            by: lots(by),
            remaining: lots(left),
        },
        ["taker", way, at, "x", many, "leaves", left] => Event::Trade(Trade {
            maker: order,
            taker: OrderId(2),
            instrument,
            maker_account: account,
            taker_account: AccountId(2),
            price: price(at),
            quantity: lots(many),
            maker_remaining: lots(left),
            taker_remaining: QuantityLots(0),
            taker_side: side(way),
        }),
        ["ticks"] => Event::Ticked,
        _ => panic!("a scenario says {words:?}"),
    }
}

fn side_name(side: Side) -> &'static str {
    if side == Side::Buy { "buy" } else { "sell" }
}

fn candle_text(interval: Interval, candle: &Candle) -> String {
    let [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close].map(|price| price.0);
    let (name, start) = (interval.name(), clock(candle.start));
    let (volume, notional, trades) = (candle.volume, candle.notional, candle.trades);
    format!("{name} {start} {open} {high} {low} {close} volume {volume} notional {notional} trades {trades}")
}

/// `[DAYd]HH:MM:SS[.TENTHS]`
fn parse_clock(text: &str) -> TimestampNs {
    let (days, text) = text.split_once('d').map_or((0, text), |(days, rest)| (days.parse().unwrap(), rest));
    let (text, tenths) =
        text.split_once('.').map_or((text, 0), |(rest, tenths)| (rest, tenths.parse::<u64>().unwrap()));
    let sexagesimal = text.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().unwrap());
    TimestampNs((days * 86_400 + sexagesimal) * SECOND_NS + tenths * SECOND_NS / 10)
}

fn clock(time: TimestampNs) -> String {
    let tenths = time.0 % SECOND_NS * 10 / SECOND_NS;
    let seconds = time.0 / SECOND_NS;
    let (day, hour, minute, second) =
        (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let day = if day == 0 { String::new() } else { format!("{day}d") };
    let tenths = if tenths == 0 { String::new() } else { format!(".{tenths}") };
    format!("{day}{hour:02}:{minute:02}:{second:02}{tenths}")
}
