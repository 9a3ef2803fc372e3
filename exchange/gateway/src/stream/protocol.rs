//! What a client says, and what it is told that does not come from the venue.

use axum::extract::ws::Utf8Bytes;
use exchange_service::markets::Markets;
use serde::{Deserialize, Serialize};

use super::topic::{Channel, Interval, Topic};
use crate::problem::Problem;

/// The longest message of a client, in bytes.
pub(super) const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    /// To follow a part of the market's data.
    Subscribe(Topic),
    /// To follow it no more.
    Unsubscribe(Topic),
    /// To follow its own orders.
    SubscribeOrders,
    /// To follow them no more.
    UnsubscribeOrders,
    /// To be known.
    Authenticate(String),
    /// That its orders are cancelled when the connection ends, or not any more.
    CancelOnDisconnect(bool),
    /// An answer.
    Ping,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    op: String,
    channel: Option<String>,
    market: Option<String>,
    interval: Option<String>,
    token: Option<String>,
    enabled: Option<bool>,
}

/// Why something is not done. The connection goes on and nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Never changes its meaning.
    pub(super) code: &'static str,
    pub(super) detail: String,
    /// Milliseconds after which it makes sense to try again.
    pub(super) retry_after_ms: Option<u64>,
}

impl Fault {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after_ms: None }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code.name,
            detail: problem.detail.clone().into_owned(),
            retry_after_ms: problem.retry_after.map(|seconds| u64::from(seconds) * 1_000),
        }
    }
}

/// Reads a message of a client.
pub(super) fn parse(text: &str, markets: &Markets) -> Result<Operation, Fault> {
    let malformed = |detail: String| Fault::new("malformed-message", detail);
    let message: Message =
        serde_json::from_str(text).map_err(|error| malformed(shown(&error.to_string())))?;
    let op = message.op.as_str();
    // A field that the operation does not have is most likely meant for another.
    let has = |fields: [bool; 5]| {
        let given = [
            message.channel.is_some(),
            message.market.is_some(),
            message.interval.is_some(),
            message.token.is_some(),
            message.enabled.is_some(),
        ];
        let names = ["channel", "market", "interval", "token", "enabled"];
        match names.iter().zip(given).zip(fields).find(|((_, given), allowed)| *given && !allowed) {
            Some(((name, _), _)) => Err(malformed(format!("`{op}` has no `{name}`"))),
            None => Ok(()),
        }
    };
    let missing = |name: &str| malformed(format!("`{op}` needs `{name}`"));
    match op {
        "subscribe" | "unsubscribe" => {
            has([true, true, true, false, false])?;
            let channel = message.channel.as_deref().ok_or_else(|| missing("channel"))?;
            let subscribe = op == "subscribe";
            if channel == "orders" {
                if message.market.is_some() || message.interval.is_some() {
                    return Err(malformed("the channel `orders` has no `market` and no `interval`".into()));
                }
                let operations = [Operation::UnsubscribeOrders, Operation::SubscribeOrders];
                let [unsubscribe, subscribe_orders] = operations;
                return Ok(if subscribe { subscribe_orders } else { unsubscribe });
            }
            let market = message.market.as_deref();
            let topic = topic(channel, market, message.interval.as_deref(), markets)?;
            Ok(if subscribe { Operation::Subscribe(topic) } else { Operation::Unsubscribe(topic) })
        }
        "authenticate" => {
            has([false, false, false, true, false])?;
            message.token.map(Operation::Authenticate).ok_or_else(|| missing("token"))
        }
        "cancel_on_disconnect" => {
            has([false, false, false, false, true])?;
            message.enabled.map(Operation::CancelOnDisconnect).ok_or_else(|| missing("enabled"))
        }
        "ping" => has([false; 5]).map(|()| Operation::Ping),
        other => Err(Fault::new("unknown-op", format!("found `{}`", shown(other)))),
    }
}

fn topic(
    channel: &str,
    market: Option<&str>,
    interval: Option<&str>,
    markets: &Markets,
) -> Result<Topic, Fault> {
    let malformed = |detail: &str| Fault::new("malformed-message", detail);
    let channel = match (channel, interval) {
        ("candles", None) => Channel::Candles(Interval::MINUTE),
        ("candles", Some(name)) => {
            let unknown = || {
                let names = Interval::NAMES.join("`, `");
                Fault::new("unknown-interval", format!("found `{}`, expected one of `{names}`", shown(name)))
            };
            Channel::Candles(Interval::named(name).ok_or_else(unknown)?)
        }
        ("depth" | "trades" | "statistics", Some(_)) => {
            return Err(malformed("only the channel `candles` has an `interval`"));
        }
        ("depth", None) => Channel::Depth,
        ("trades", None) => Channel::Trades,
        ("statistics", None) => Channel::Statistics,
        (other, _) => {
            let expected = "expected `depth`, `trades`, `candles`, `statistics` or `orders`";
            return Err(Fault::new("unknown-channel", format!("found `{}`, {expected}", shown(other))));
        }
    };
    let symbol = market.ok_or_else(|| malformed("the channel needs a `market`"))?;
    let found = markets.by_symbol(symbol);
    let market = found.ok_or_else(|| Fault::new("unknown-market", format!("found `{}`", shown(symbol))))?;
    Ok(Topic { instrument: market.id(), channel })
}

/// A text of a client, fit to be shown: not long, and without control characters.
fn shown(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 80;
    text.chars().take(SHOWN_CHARACTERS).flat_map(char::escape_debug).collect()
}

/// What a client is told.
#[derive(Debug, Default, Serialize)]
pub(super) struct Notice<'a> {
    pub(super) r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) market: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) interval: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// Everything behind this position comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence: Option<String>,
    /// When a token ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enabled: Option<bool>,
}

impl<'a> Notice<'a> {
    pub(super) fn new(r#type: &'a str) -> Self {
        Self { r#type, ..Self::default() }
    }

    pub(super) fn error(code: &'a str, detail: &'a str) -> Self {
        Self { code: Some(code), detail: Some(detail), ..Self::new("error") }
    }

    /// About a part of the market's data.
    pub(super) fn of(mut self, topic: Topic, markets: &'a Markets) -> Self {
        self.channel = Some(topic.channel.name());
        self.market = markets.market(topic.instrument).map(|market| market.instrument.spec().symbol.as_str());
        if let Channel::Candles(interval) = topic.channel {
            self.interval = Some(interval.name());
        }
        self
    }

    pub(super) fn text(&self) -> Utf8Bytes {
        // Texts and numbers: there is nothing in it that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use exchange_service::markets::Markets;
    use exchange_types::InstrumentId;

    use super::{Operation, parse};
    use crate::stream::topic::{Channel, Interval, Topic};

    fn read(text: &str) -> Result<Operation, &'static str> {
        parse(text, &Markets::embedded()).map_err(|fault| fault.code)
    }

    #[test]
    fn operations_are_read() {
        let topic = |channel| Topic { instrument: InstrumentId(0), channel };
        for (text, expected) in [
            (
                r#"{"op":"subscribe","channel":"depth","market":"BTC-USD"}"#,
                Operation::Subscribe(topic(Channel::Depth)),
            ),
            (
                r#"{"op":"unsubscribe","channel":"candles","market":"BTC-USD","interval":"1h"}"#,
                Operation::Unsubscribe(topic(Channel::Candles(Interval::named("1h").unwrap()))),
            ),
            (
                r#"{"op":"subscribe","channel":"candles","market":"BTC-USD"}"#,
                Operation::Subscribe(topic(Channel::Candles(Interval::MINUTE))),
            ),
            (r#" { "channel" : "orders" , "op" : "subscribe" } "#, Operation::SubscribeOrders),
            (r#"{"op":"unsubscribe","channel":"orders"}"#, Operation::UnsubscribeOrders),
            (r#"{"op":"authenticate","token":"a.b.c"}"#, Operation::Authenticate("a.b.c".into())),
            (r#"{"op":"cancel_on_disconnect","enabled":true}"#, Operation::CancelOnDisconnect(true)),
            (r#"{"op":"ping"}"#, Operation::Ping),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_stable_code() {
        for (text, code) in [
            ("", "malformed-message"),
            ("[]", "malformed-message"),
            ("{}", "malformed-message"),
            (r#"{"op":7}"#, "malformed-message"),
            (r#"{"op":"ping","extra":1}"#, "malformed-message"),
            (r#"{"op":"ping","token":"a"}"#, "malformed-message"),
            (r#"{"op":"ping"}{"op":"ping"}"#, "malformed-message"),
            (r#"{"op":"ping","op":"ping"}"#, "malformed-message"),
            (r#"{"op":"subscribe"}"#, "malformed-message"),
            (r#"{"op":"subscribe","channel":"depth"}"#, "malformed-message"),
            (r#"{"op":"subscribe","channel":"orders","market":"BTC-USD"}"#, "malformed-message"),
            (
                r#"{"op":"subscribe","channel":"depth","market":"BTC-USD","interval":"1m"}"#,
                "malformed-message",
            ),
            (r#"{"op":"authenticate"}"#, "malformed-message"),
            (r#"{"op":"cancel_on_disconnect","enabled":"yes"}"#, "malformed-message"),
            (r#"{"op":"launch"}"#, "unknown-op"),
            (r#"{"op":"subscribe","channel":"gossip","market":"BTC-USD"}"#, "unknown-channel"),
            (r#"{"op":"subscribe","channel":"depth","market":"DOGE-USD"}"#, "unknown-market"),
            (
                r#"{"op":"subscribe","channel":"candles","market":"BTC-USD","interval":"2m"}"#,
                "unknown-interval",
            ),
        ] {
            assert_eq!(read(text), Err(code), "{text}");
        }
    }

    #[test]
    fn what_is_shown_again_is_short_and_plain() {
        let text = format!(r#"{{"op":"{}\u0007"}}"#, "x".repeat(3_000));
        let fault = parse(&text, &Markets::embedded()).unwrap_err();
        assert!(fault.detail.len() < 120, "{}", fault.detail);
    }
}
