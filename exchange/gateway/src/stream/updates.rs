//! What an account is told of its own orders and balances.

use axum::extract::ws::Utf8Bytes;
use exchange_service::markets::{Market, Markets, format_decimal};
use exchange_types::{
    AccountId, AssetId, Event, InstrumentId, OrderId, PriceTicks, QuantityLots, Sequence, Side,
};
use serde::Serialize;

use crate::api::{cause_name, format_time, side_name};
use crate::link::Update;

/// A private message. `sequence` and `index` together occur once, and grow: whoever reconnects knows what it has had.
#[derive(Debug, Serialize)]
struct Message<'a> {
    r#type: &'static str,
    account: String,
    /// The command that caused it.
    sequence: String,
    /// Which of the account's messages of this command it is.
    index: u32,
    time: String,
    time_ns: String,
    event: &'static str,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Debug, Default, Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    liquidity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<String>,
}

/// Makes messages of updates, and counts them within each command.
#[derive(Debug)]
pub(super) struct Teller {
    account: AccountId,
    sequence: Sequence,
    index: u32,
}

impl Teller {
    pub(super) fn new(account: AccountId) -> Self {
        Self { account, sequence: Sequence(0), index: 0 }
    }

    /// The messages of an update: one, or two where the account traded with itself.
    pub(super) fn tell(&mut self, update: &Update, markets: &Markets, mut out: impl FnMut(Utf8Bytes)) {
        if update.sequence != self.sequence {
            (self.sequence, self.index) = (update.sequence, 0);
        }
        let mut put = |r#type, event, body: Body<'_>| {
            let message = Message {
                r#type,
                account: self.account.to_string(),
                sequence: update.sequence.to_string(),
                index: self.index,
                time: format_time(update.time),
                time_ns: update.time.to_string(),
                event,
                body,
            };
            self.index += 1;
            // Texts and numbers: there is nothing in it that JSON cannot say.
            out(serde_json::to_string(&message).unwrap_or_default().into());
        };
        let words = Words { markets };
        match update.event {
            Event::Trade(trade) => {
                let maker_side = if trade.taker_side == Side::Buy { Side::Sell } else { Side::Buy };
                let sides = [
                    (trade.maker_account, trade.maker, maker_side, "maker", trade.maker_remaining),
                    (trade.taker_account, trade.taker, trade.taker_side, "taker", trade.taker_remaining),
                ];
                for (account, order, side, liquidity, remaining) in sides {
                    if account == self.account {
                        let body = words.order(order, trade.instrument, side, trade.price, trade.quantity);
                        let remaining = words.quantity(trade.instrument, remaining);
                        put("order", "filled", Body { liquidity: Some(liquidity), remaining, ..body });
                    }
                }
            }
            Event::Rested { order, instrument, side, price, quantity, .. } => {
                put("order", "rested", words.order(order, instrument, side, price, quantity));
            }
            Event::Cancelled { order, instrument, side, price, quantity, cause, .. } => {
                let body = words.order(order, instrument, side, price, quantity);
                put("order", "cancelled", Body { cause: Some(cause_name(cause)), ..body });
            }
            Event::Reduced { order, instrument, side, price, by, remaining, .. } => {
                let body = words.order(order, instrument, side, price, by);
                put("order", "reduced", Body { remaining: words.quantity(instrument, remaining), ..body });
            }
            Event::Rejected { order, instrument, reason, .. } => {
                let body = Body {
                    order: (order.0 > 0).then(|| order.to_string()),
                    market: words.symbol(instrument),
                    reason: Some(reason.name()),
                    ..Body::default()
                };
                put("order", "rejected", body);
            }
            Event::Repeated { original, .. } => {
                put("order", "repeated", Body { original: Some(original.to_string()), ..Body::default() });
            }
            Event::Deposited { asset, amount, .. } => {
                put("balance", "deposited", words.balance(asset, amount.0.into()));
            }
            Event::Withdrawn { asset, amount, .. } => {
                put("balance", "withdrawn", words.balance(asset, amount.0.into()));
            }
            Event::AccountTierSet { tier, .. } => {
                let tier = markets.tiers.get(usize::from(tier)).map(|tier| tier.name.as_str());
                put("account", "tier-set", Body { tier, ..Body::default() });
            }
            // They concern no account, so no watch has them.
            Event::TierDefined { .. }
            | Event::InstrumentListed { .. }
            | Event::TradingStateSet { .. }
            | Event::Ticked
            | Event::Checkpoint { .. } => {}
        }
    }
}

struct Words<'a> {
    markets: &'a Markets,
}

impl<'a> Words<'a> {
    fn market(&self, instrument: InstrumentId) -> Option<&'a Market> {
        self.markets.market(instrument)
    }

    fn symbol(&self, instrument: InstrumentId) -> Option<&'a str> {
        self.market(instrument).map(|market| market.instrument.spec().symbol.as_str())
    }

    fn quantity(&self, instrument: InstrumentId, lots: QuantityLots) -> Option<String> {
        self.market(instrument).map(|market| market.quantity(lots.0.into()))
    }

    fn order(
        &self,
        order: OrderId,
        instrument: InstrumentId,
        side: Side,
        price: PriceTicks,
        lots: QuantityLots,
    ) -> Body<'a> {
        Body {
            order: Some(order.to_string()),
            market: self.symbol(instrument),
            side: Some(side_name(side)),
            price: self.market(instrument).map(|market| market.price(price)),
            quantity: self.quantity(instrument, lots),
            ..Body::default()
        }
    }

    fn balance(&self, asset: AssetId, amount: u128) -> Body<'a> {
        let asset = self.markets.assets.get(asset.0 as usize);
        Body {
            asset: asset.map(|asset| asset.name.as_str()),
            amount: asset.map(|asset| format_decimal(amount, asset.decimals)),
            ..Body::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use exchange_service::markets::Markets;
    use exchange_types::{
        AccountId, Amount, AssetId, CancelCause, Event, InstrumentId, OrderId, PriceTicks, QuantityLots,
        RejectReason, Sequence, Side, TimestampNs, Trade,
    };
    use serde_json::{Value, json};

    use super::Teller;
    use crate::link::Update;

    /// The messages of these events of one command, without what they have in common.
    fn told(events: &[Event]) -> Vec<Value> {
        let (mut teller, markets) = (Teller::new(AccountId(7)), Markets::embedded());
        let mut texts = Vec::new();
        for event in events {
            let update = Update { sequence: Sequence(12), time: TimestampNs(1_000_000_000), event: *event };
            teller.tell(&update, &markets, |text| texts.push(text));
        }
        let messages = texts.iter().enumerate().map(|(at, text)| {
            let mut message: Value = serde_json::from_str(text).unwrap();
            assert_eq!(message["index"], at);
            assert_eq!((&message["account"], &message["sequence"]), (&json!("7"), &json!("12")));
            assert_eq!(
                (&message["time"], &message["time_ns"]),
                (&json!("1970-01-01T00:00:01Z"), &json!("1000000000"))
            );
            for name in ["index", "account", "sequence", "time", "time_ns"] {
                message.as_object_mut().unwrap().remove(name);
            }
            message
        });
        messages.collect()
    }

    #[test]
    fn each_side_of_a_trade_is_told_to_its_account() {
        let trade = |maker_account, taker_account| {
            Event::Trade(Trade {
                maker: OrderId(5),
                taker: OrderId(9),
                instrument: InstrumentId(0),
                maker_account: AccountId(maker_account),
                taker_account: AccountId(taker_account),
                price: PriceTicks(6_000_001),
                quantity: QuantityLots(25),
                maker_remaining: QuantityLots(0),
                taker_remaining: QuantityLots(100),
                taker_side: Side::Buy,
            })
        };
        let maker = json!({
            "type": "order", "event": "filled", "order": "5", "market": "BTC-USD", "side": "sell",
            "liquidity": "maker", "price": "60000.01", "quantity": "0.0025", "remaining": "0",
        });
        let taker = json!({
            "type": "order", "event": "filled", "order": "9", "market": "BTC-USD", "side": "buy",
            "liquidity": "taker", "price": "60000.01", "quantity": "0.0025", "remaining": "0.01",
        });
        assert_eq!(told(&[trade(7, 8)]), std::slice::from_ref(&maker));
        assert_eq!(told(&[trade(8, 7)]), std::slice::from_ref(&taker));
        assert_eq!(told(&[trade(7, 7)]), [maker, taker]);
    }

    #[test]
    fn the_life_of_an_order_and_of_a_balance_is_told() {
        let (account, instrument, order) = (AccountId(7), InstrumentId(0), OrderId(5));
        let (side, price, quantity) = (Side::Buy, PriceTicks(100), QuantityLots(10));
        let messages = told(&[
            Event::Rested { order, instrument, account, side, price, quantity },
            Event::Reduced {
                order,
                instrument,
                account,
                side,
                price,
                by: QuantityLots(4),
                remaining: QuantityLots(6),
            },
            Event::Cancelled {
                order,
                instrument,
                account,
                side,
                price,
                quantity,
                cause: CancelCause::MassCancel,
                rested: true,
            },
            Event::Rejected { order: OrderId(0), instrument, account, reason: RejectReason::UnknownOrder },
            Event::Deposited { account, asset: AssetId(1), amount: Amount(1_500_000) },
        ]);
        let order = |event: &str, quantity: &str| {
            json!({"type": "order", "event": event, "order": "5", "market": "BTC-USD", "side": "buy",
                   "price": "1", "quantity": quantity})
        };
        let with = |mut message: Value, name: &str, value: &str| {
            message[name] = json!(value);
            message
        };
        assert_eq!(messages[0], order("rested", "0.001"));
        assert_eq!(messages[1], with(order("reduced", "0.0004"), "remaining", "0.0006"));
        assert_eq!(messages[2], with(order("cancelled", "0.001"), "cause", "mass-cancel"));
        let reason = RejectReason::UnknownOrder.name();
        assert_eq!(
            messages[3],
            json!({"type": "order", "event": "rejected", "market": "BTC-USD", "reason": reason})
        );
        assert_eq!(
            messages[4],
            json!({"type": "balance", "event": "deposited", "asset": "USD", "amount": "1.5"})
        );
    }
}
