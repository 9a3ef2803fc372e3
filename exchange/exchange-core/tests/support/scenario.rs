//! Scenarios as a trader writes them down: commands, what happened, who has what.
//!
//! A line is a command, or it says what the command before must have done:
//!
//! ```text
//! market BTC-USD taker 2500        one lot at one tick costs one; what is not said is zero or without limit
//! account alice                    tier 0 unless it says `tier 1`
//! deposit alice USD 1000
//! buy alice 1: 10 @ 100 gtc        order 1, ten lots at 100 ticks
//!   = rested 1: 10 @ 100           an event; several lines are several events, in order
//!   | alice USD 0 + 1000           free and reserved
//! ```
//!
//! `under 7 buy alice ...` is the command under the idempotency key 7, and `repeated 9` says that it came as command 9. A fact may
//! also be `state alice: halted`, of an account, a market or the `venue`.
//!
//! A command without a `=` line must not be rejected. After every command everything is counted again.

use std::collections::BTreeMap;

use exchange_types::{
    AccountId, AccountTier, Amount, AssetId, CancelCause, Command, Event, FeeRate, InstrumentId, NewOrder,
    OrderId, OrderType, Price, Quantity, Scope, SelfTradePrevention, Side, TimeInForce, TimestampNs,
    TradingState,
};

use super::{GENEROUS, Venue, plain_spec};

/// Runs a scenario.
pub fn check(scenario: &str) {
    let mut table = Table::new();
    let mut lines = scenario.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let happened = table.command(line);
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with('=')) {
            expected.push(line.trim_start_matches('=').trim().to_owned());
        }
        if expected.is_empty() {
            assert!(!happened.iter().any(|event| event.starts_with("rejected")), "`{line}`: {happened:?}");
        } else {
            assert_eq!(happened, expected, "after `{line}`");
        }
        while let Some(fact) = lines.next_if(|line| line.starts_with('|')) {
            let fact = fact.trim_start_matches('|').trim();
            assert_eq!(table.fact(fact), fact, "after `{line}`");
        }
    }
}

/// The venue, and the names that the scenario uses.
struct Table {
    venue: Venue,
    accounts: BTreeMap<String, AccountId>,
    assets: BTreeMap<String, AssetId>,
    markets: BTreeMap<String, InstrumentId>,
    first_market: Option<InstrumentId>,
}

impl Table {
    fn new() -> Self {
        let mut venue = Venue::new();
        venue.apply(&Command::DefineTier { tier: 0, limits: GENEROUS });
        Self {
            venue,
            accounts: BTreeMap::new(),
            assets: BTreeMap::new(),
            markets: BTreeMap::new(),
            first_market: None,
        }
    }

    /// Carries out a command and writes down what happened.
    fn command(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split([' ', ':']).filter(|word| !word.is_empty()).collect();
        let (key, words) = match &words[..] {
            ["under", key, words @ ..] => (Some(number(key)), words),
            words => (None, words),
        };
        let command = match *words {
            ["at", time] => {
                self.venue.now = TimestampNs(number(time));
                Command::Tick
            }
            ["market", name, ref terms @ ..] => self.list(name, terms),
            ["tier", tier, ref terms @ ..] => define_tier(tier, terms),
            ["account", name] => self.open(name, 0),
            ["account", name, "tier", tier] => self.open(name, number(tier) as u8),
            ["move", name, "to", "tier", tier] => {
                Command::SetAccountTier { account: self.accounts[name], tier: number(tier) as u8 }
            }
            ["deposit", name, asset, amount] => Command::Deposit {
                account: self.accounts[name],
                asset: self.assets[asset],
                amount: Amount(number(amount)),
            },
            ["withdraw", name, asset, amount] => Command::Withdraw {
                account: self.accounts[name],
                asset: self.assets[asset],
                amount: Amount(number(amount)),
            },
            ["buy", name, order, quantity, "@", price, ref terms @ ..] => {
                self.order(Side::Buy, name, order, quantity, price, terms)
            }
            ["sell", name, order, quantity, "@", price, ref terms @ ..] => {
                self.order(Side::Sell, name, order, quantity, price, terms)
            }
            ["cancel", name, order] => Command::CancelOrder {
                instrument: self.market(),
                account: self.accounts[name],
                order: OrderId(number(order)),
            },
            ["reduce", name, order, "by", quantity] => Command::ReduceOrder {
                instrument: self.market(),
                account: self.accounts[name],
                order: OrderId(number(order)),
                by: Quantity(number(quantity)),
            },
            ["replace", name, order, "with", new_order, quantity, "@", price] => Command::ReplaceOrder {
                instrument: self.market(),
                account: self.accounts[name],
                order: OrderId(number(order)),
                new_order: OrderId(number(new_order)),
                price: Price(number(price)),
                quantity: Quantity(number(quantity)),
            },
            ["cancel-all", name] => {
                Command::MassCancel { account: self.accounts[name], instrument: None, side: None }
            }
            ["cancel-all", name, market] => Command::MassCancel {
                account: self.accounts[name],
                instrument: Some(self.markets[market]),
                side: None,
            },
            ["cancel-all", name, market, side] => Command::MassCancel {
                account: self.accounts[name],
                instrument: (market != "everywhere").then(|| self.markets[market]),
                side: Some(if side == "buys" { Side::Buy } else { Side::Sell }),
            },
            [state @ ("open" | "halt" | "kill"), ref scope @ ..] => Command::SetTradingState {
                scope: match scope {
                    ["venue"] => Scope::Venue,
                    [name] if self.markets.contains_key(*name) => Scope::Instrument(self.markets[*name]),
                    [name] => Scope::Account(self.accounts[*name]),
                    _ => panic!("no scope in `{line}`"),
                },
                state: match state {
                    "open" => TradingState::Open,
                    "halt" => TradingState::Halted,
                    _ => TradingState::Killed,
                },
            },
            _ => panic!("no command: `{line}`"),
        };
        let events = match key {
            Some(key) => self.venue.ask_under(key.into(), &command),
            None => self.venue.apply(&command),
        };
        self.venue.audit();
        events.iter().map(written).collect()
    }

    /// The market of the scenario, where it has only one.
    fn market(&self) -> InstrumentId {
        self.first_market.expect("a market is listed first")
    }

    fn asset(&mut self, name: &str) -> u32 {
        let next = AssetId(self.assets.len() as u32);
        self.assets.entry(name.to_owned()).or_insert(next).0
    }

    fn list(&mut self, name: &str, terms: &[&str]) -> Command {
        let (base, quote) = name.split_once('-').expect("a market is named BASE-QUOTE");
        let (base, quote) = (self.asset(base), self.asset(quote));
        let instrument = self.markets.len() as u32;
        let mut spec = plain_spec(instrument, name, base, quote);
        for (term, value) in pairs(terms) {
            match term {
                "maker" => spec.maker_fee = FeeRate(value as u32),
                "taker" => spec.taker_fee = FeeRate(value as u32),
                "band" => spec.price_band = value as u32,
                "position" => spec.position_limit = Quantity(value),
                "reference" => spec.reference_price = Price(value),
                "lot" => {
                    spec.lot = Quantity(value);
                    spec.min_quantity = Quantity(value);
                    spec.max_quantity = Quantity(value * 1_000_000);
                }
                "tick" => spec.tick = Price(value),
                _ => panic!("no term of a market: `{term}`"),
            }
        }
        self.markets.insert(name.to_owned(), InstrumentId(instrument));
        self.first_market.get_or_insert(InstrumentId(instrument));
        Command::ListInstrument(Box::new(spec))
    }

    fn open(&mut self, name: &str, tier: u8) -> Command {
        let account = AccountId(self.accounts.len() as u32);
        self.accounts.insert(name.to_owned(), account);
        Command::OpenAccount { account, tier }
    }

    fn order(
        &self,
        side: Side,
        name: &str,
        order: &str,
        quantity: &str,
        price: &str,
        terms: &[&str],
    ) -> Command {
        let market = price == "market";
        let mut new = NewOrder {
            instrument: self.market(),
            account: self.accounts[name],
            order: OrderId(number(order)),
            side,
            order_type: if market { OrderType::Market } else { OrderType::Limit },
            time_in_force: if market { TimeInForce::Ioc } else { TimeInForce::Gtc },
            self_trade: SelfTradePrevention::CancelTaker,
            price: Price(if market { 0 } else { number(price) }),
            quantity: Quantity(number(quantity)),
            expires_at: TimestampNs(0),
        };
        let mut terms = terms.iter();
        while let Some(term) = terms.next() {
            match *term {
                "gtc" => {}
                "ioc" => new.time_in_force = TimeInForce::Ioc,
                "fok" => new.time_in_force = TimeInForce::Fok,
                "post-only" => new.order_type = OrderType::PostOnly,
                "until" => {
                    new.time_in_force = TimeInForce::Gtd;
                    new.expires_at = TimestampNs(number(terms.next().expect("`until` names a time")));
                }
                "cancel-maker" => new.self_trade = SelfTradePrevention::CancelMaker,
                "cancel-both" => new.self_trade = SelfTradePrevention::CancelBoth,
                "in" => new.instrument = self.markets[*terms.next().expect("`in` names a market")],
                other => panic!("no term of an order: `{other}`"),
            }
        }
        Command::NewOrder(new)
    }

    /// What is true of the subject of a fact, written as the fact is.
    fn fact(&self, fact: &str) -> String {
        let words: Vec<&str> = fact.split([' ', ':']).filter(|word| !word.is_empty()).collect();
        let risk = self.venue.fast.risk();
        match words[..] {
            ["fees", asset, ..] => format!("fees {asset} {}", risk.fees(self.assets[asset]).unwrap()),
            ["order", order, ..] => match risk.order(OrderId(number(order))) {
                Some(open) => format!(
                    "order {order}: {} {} @ {}, reserved {}",
                    word_of(open.side),
                    open.remaining.0,
                    open.price.0,
                    open.reserved
                ),
                None => format!("order {order}: gone"),
            },
            ["state", name, ..] => {
                let state = match (self.accounts.get(name), self.markets.get(name)) {
                    (Some(account), _) => risk.account(*account).unwrap().state,
                    (None, Some(market)) => risk.instrument_state(*market).unwrap(),
                    (None, None) => risk.venue_state(),
                };
                format!("state {name}: {}", format!("{state:?}").to_lowercase())
            }
            ["tier", "of", name, ..] => {
                format!("tier of {name}: {}", risk.account(self.accounts[name]).unwrap().tier)
            }
            ["orders", name, ..] => {
                let orders = risk.orders_of(self.accounts[name]);
                let ids: Vec<String> = orders.map(|open| open.order.to_string()).collect();
                format!("orders {name}: {}", if ids.is_empty() { "none".to_owned() } else { ids.join(" ") })
            }
            [name, asset, ..] => {
                let balance = risk.balance(self.accounts[name], self.assets[asset]).unwrap();
                format!("{name} {asset} {} + {}", balance.free, balance.reserved)
            }
            _ => panic!("no fact: `{fact}`"),
        }
    }
}

fn define_tier(tier: &str, terms: &[&str]) -> Command {
    let mut limits: AccountTier = GENEROUS;
    for (term, value) in pairs(terms) {
        match term {
            "orders" => limits.open_orders_max = value as u32,
            "notional" => limits.order_notional_max = value,
            "balance" => limits.balance_max = value,
            "discount" => limits.fee_discount = value as u32,
            _ => panic!("no term of a tier: `{term}`"),
        }
    }
    Command::DefineTier { tier: number(tier) as u8, limits }
}

fn pairs<'a>(terms: &'a [&str]) -> impl Iterator<Item = (&'a str, u64)> {
    terms.chunks(2).map(|pair| (pair[0], number(pair[1])))
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| panic!("`{word}` is a number"))
}

fn word_of(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// An event as scenarios write it.
fn written(event: &Event) -> String {
    match event {
        Event::Trade(trade) => {
            format!("trade {} with {}: {} @ {}", trade.taker, trade.maker, trade.quantity.0, trade.price.0)
        }
        Event::Rested { order, price, quantity, .. } => {
            format!("rested {order}: {} @ {}", quantity.0, price.0)
        }
        Event::Cancelled { order, quantity, cause, rested, .. } => {
            let verb = if *rested { "cancelled" } else { "dropped" };
            format!("{verb} {order}: {}, {}", quantity.0, cause_of(*cause))
        }
        Event::Reduced { order, by, remaining, .. } => {
            format!("reduced {order}: by {} to {}", by.0, remaining.0)
        }
        Event::Rejected { order, reason, .. } => format!("rejected {order}: {}", reason.name()),
        Event::TradingStateSet { .. } => "trading state set".to_owned(),
        Event::Ticked => "time passed".to_owned(),
        Event::Repeated { original, .. } => format!("repeated {original}"),
        other => format!("{other:?}"),
    }
}

fn cause_of(cause: CancelCause) -> &'static str {
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
