//! A small language for scenarios.
//!
//! A command is a line. Prices are ticks, quantities lots, times nanoseconds:
//!
//! ```text
//! buy ann 1: 10 @ 100              order 1 of ann, good till cancelled
//! sell bob 2: 5 @ 101 ioc          or fok, post-only, until 30; cancel-maker or cancel-both for self-trade prevention
//! sell bob 3: 5 at market          or: at market fok
//! cancel 1                         cancel 1 in a mass cancel
//! reduce 1 by 3
//! replace 1 with 9: 10 @ 101
//! time 30                          orders until 30 or before end
//! ```
//!
//! What is expected begins with the book, the highest price first and inside a price the oldest order first, and goes on
//! after a line of dashes with all events. In a trade `left` is what is left of the taker, then of the maker.

use exchange_core::book::index::{DenseIndex, OpaqueIndex};
use exchange_core::book::{BookCommand, FastBook, Order, OrderBook, ReferenceBook, RestingOrder};
use exchange_types::{
    AccountId, CancelCause, Event, EventBuffer, InstrumentId, OrderId, OrderType, PriceTicks, QuantityLots,
    SelfTradePrevention, Side, TimeInForce, TimestampNs,
};

const INSTRUMENT: InstrumentId = InstrumentId(7);
const NAMES: [&str; 5] = ["nobody", "ann", "bob", "cid", "dee"];

/// Runs a scenario through every book and holds the outcome against what is expected, without regard to indentation.
#[track_caller]
pub(crate) fn check(commands: &str, expected: &str) {
    let expected = lines(expected).join("\n");
    let outcome = run(&mut ReferenceBook::new(INSTRUMENT), commands);
    assert_eq!(outcome, expected, "reference book\nfound:\n{outcome}\n");
    let outcome = run(&mut FastBook::new(INSTRUMENT, DenseIndex::default(), 0), commands);
    assert_eq!(outcome, expected, "fast book, dense ids\nfound:\n{outcome}\n");
    let outcome = run(&mut FastBook::new(INSTRUMENT, OpaqueIndex::default(), 0), commands);
    assert_eq!(outcome, expected, "fast book, opaque ids\nfound:\n{outcome}\n");
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

fn run(book: &mut impl OrderBook, commands: &str) -> String {
    let mut events = EventBuffer::new();
    for line in lines(commands) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["time", now] => book.expire(TimestampNs(now.parse().unwrap()), &mut events),
            _ => book.apply(&command(&words), &mut events),
        }
    }
    let mut outcome = ladder(book);
    outcome.push("---".to_owned());
    outcome.extend(events.iter().map(event_line));
    outcome.join("\n")
}

fn command(words: &[&str]) -> BookCommand {
    let id = |word: &str| OrderId(word.trim_end_matches(':').parse().unwrap());
    let quantity = |word: &str| QuantityLots(word.parse().unwrap());
    let price = |word: &str| PriceTicks(word.parse().unwrap());
    match *words {
        ["cancel", order] => BookCommand::Cancel { order: id(order), cause: CancelCause::Requested },
        ["cancel", order, "in", "a", "mass", "cancel"] => {
            BookCommand::Cancel { order: id(order), cause: CancelCause::MassCancel }
        }
        ["reduce", order, "by", by] => BookCommand::Reduce { order: id(order), by: quantity(by) },
        ["replace", order, "with", new, lots, "@", ticks] => BookCommand::Replace {
            order: id(order),
            new_order: id(new),
            price: price(ticks),
            quantity: quantity(lots),
        },
        [side @ ("buy" | "sell"), name, order, lots, ref rest @ ..] => {
            let side = if side == "buy" { Side::Buy } else { Side::Sell };
            let account = NAMES.iter().position(|one| *one == name).expect("a name of the list");
            let plain = Order {
                id: id(order),
                account: AccountId(u32::try_from(account).unwrap()),
                price: PriceTicks(0),
                quantity: quantity(lots),
                expires_at: TimestampNs(0),
                side,
                order_type: OrderType::Limit,
                time_in_force: TimeInForce::Gtc,
                self_trade: SelfTradePrevention::CancelTaker,
            };
            let order = match *rest {
                ["@", ticks, ref terms @ ..] => with_terms(Order { price: price(ticks), ..plain }, terms),
                ["at", "market", ref terms @ ..] => {
                    let any = if side == Side::Buy { PriceTicks::HIGHEST } else { PriceTicks::LOWEST };
                    let time_in_force = TimeInForce::Ioc;
                    with_terms(
                        Order { price: any, order_type: OrderType::Market, time_in_force, ..plain },
                        terms,
                    )
                }
                _ => panic!("no price in {words:?}"),
            };
            BookCommand::Submit(order)
        }
        _ => panic!("not a command: {words:?}"),
    }
}

fn with_terms(mut order: Order, mut terms: &[&str]) -> Order {
    loop {
        terms = match *terms {
            [] => return order,
            ["ioc", ref rest @ ..] => {
                order.time_in_force = TimeInForce::Ioc;
                rest
            }
            ["fok", ref rest @ ..] => {
                order.time_in_force = TimeInForce::Fok;
                rest
            }
            ["until", time, ref rest @ ..] => {
                order.time_in_force = TimeInForce::Gtd;
                order.expires_at = TimestampNs(time.parse().unwrap());
                rest
            }
            ["post-only", ref rest @ ..] => {
                order.order_type = OrderType::PostOnly;
                rest
            }
            ["cancel-maker", ref rest @ ..] => {
                order.self_trade = SelfTradePrevention::CancelMaker;
                rest
            }
            ["cancel-both", ref rest @ ..] => {
                order.self_trade = SelfTradePrevention::CancelBoth;
                rest
            }
            _ => panic!("not a term: {terms:?}"),
        };
    }
}

/// The book, a line for each price, the highest first.
fn ladder(book: &impl OrderBook) -> Vec<String> {
    let mut levels: Vec<(Side, PriceTicks, Vec<String>)> = Vec::new();
    book.visit(&mut |order| match levels.last_mut() {
        Some((side, price, orders)) if (*side, *price) == (order.side, order.price) => {
            orders.push(resting(order));
        }
        _ => levels.push((order.side, order.price, vec![resting(order)])),
    });
    if levels.is_empty() {
        return vec!["empty".to_owned()];
    }
    let line = |(side, price, orders): &(Side, PriceTicks, Vec<String>)| {
        let side = if *side == Side::Buy { "bid" } else { "ask" };
        format!("{side} {} | {}", price.0, orders.join(", "))
    };
    levels.iter().rev().map(line).collect()
}

fn resting(order: &RestingOrder) -> String {
    let mut text = format!("{} {}: {}", name(order.account), order.id, order.remaining.0);
    if order.expires_at != TimestampNs(0) {
        text.push_str(&format!(" until {}", order.expires_at));
    }
    match order.self_trade {
        SelfTradePrevention::CancelTaker => {}
        SelfTradePrevention::CancelMaker => text.push_str(" cancel-maker"),
        SelfTradePrevention::CancelBoth => text.push_str(" cancel-both"),
    }
    text
}

fn event_line(event: &Event) -> String {
    let side_word = |side: Side| if side == Side::Buy { "buy" } else { "sell" };
    let instrument = match *event {
        Event::Trade(trade) => trade.instrument,
        Event::Rested { instrument, .. }
        | Event::Cancelled { instrument, .. }
        | Event::Reduced { instrument, .. }
        | Event::Rejected { instrument, .. } => instrument,
        _ => panic!("a book does not say {event:?}"),
    };
    assert_eq!(instrument, INSTRUMENT, "{event:?}");
    match *event {
        Event::Trade(trade) => {
            let (verb, from) = if trade.taker_side == Side::Buy { ("buys", "from") } else { ("sells", "to") };
            format!(
                "{} {} {verb} {} @ {} {from} {} {}, left {} and {}",
                name(trade.taker_account),
                trade.taker,
                trade.quantity.0,
                trade.price.0,
                name(trade.maker_account),
                trade.maker,
                trade.taker_remaining.0,
                trade.maker_remaining.0
            )
        }
        Event::Rested { order, account, side, price, quantity, .. } => {
            format!("{} {order} rests: {} {} @ {}", name(account), side_word(side), quantity.0, price.0)
        }
        Event::Cancelled { order, account, side, price, quantity, cause, rested, .. } => {
            let what = if rested { "cancelled" } else { "dropped" };
            let price = match price {
                PriceTicks::HIGHEST | PriceTicks::LOWEST => "any price".to_owned(),
                PriceTicks(ticks) => ticks.to_string(),
            };
            let (name, side, quantity) = (name(account), side_word(side), quantity.0);
            format!("{name} {order} {what}: {side} {quantity} @ {price}, {}", cause_words(cause))
        }
        Event::Reduced { order, account, side, price, by, remaining, .. } => {
            let (name, side, left) = (name(account), side_word(side), remaining.0);
            format!("{name} {order} reduced by {}: {side} {left} @ {}", by.0, price.0)
        }
        Event::Rejected { order, account, reason, .. } => {
            format!("{} {order} rejected: {}", name(account), reason.name())
        }
        _ => panic!("a book does not say {event:?}"),
    }
}

fn name(account: AccountId) -> &'static str {
    NAMES[account.0 as usize]
}

const fn cause_words(cause: CancelCause) -> &'static str {
    match cause {
        CancelCause::Requested => "requested",
        CancelCause::MassCancel => "mass cancel",
        CancelCause::Replaced => "replaced",
        CancelCause::Reduced => "reduced",
        CancelCause::Immediate => "immediate",
        CancelCause::SelfTrade => "self-trade",
        CancelCause::Expired => "expired",
        CancelCause::Killed => "killed",
    }
}
