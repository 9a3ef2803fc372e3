//! What can be followed, and how its messages hang together.

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use exchange_service::markets::Markets;
use exchange_types::InstrumentId;

/// The length of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Interval(u8);

impl Interval {
    /// The names of all lengths, as market data has them.
    pub(super) const NAMES: [&str; 5] = ["1s", "1m", "5m", "1h", "1d"];
    /// A minute.
    pub(super) const MINUTE: Self = Self(1);

    pub(super) fn named(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        u8::try_from(at).ok().map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES[usize::from(self.0)]
    }
}

/// A kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Channel {
    Depth,
    Trades,
    Candles(Interval),
    Statistics,
}

impl Channel {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Trades => "trades",
            Self::Candles(_) => "candles",
            Self::Statistics => "statistics",
        }
    }
}

/// What can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Topic {
    pub(super) instrument: InstrumentId,
    pub(super) channel: Channel,
}

/// How a message follows on the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It continues the message whose place was `previous`, and no other.
    Chained { previous: u64, at: u64 },
    /// It comes after everything with a lower number.
    Numbered { at: u64 },
    /// It replaces what was said before.
    Latest,
}

/// What becomes of a message for somebody who has had everything up to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It comes next; the place is now this one.
    Send(u64),
    /// It is contained in what was sent.
    Skip,
    /// Something is missing before it.
    Gap,
}

impl Place {
    pub(super) fn after(self, last: u64) -> Next {
        match self {
            Self::Chained { at, .. } | Self::Numbered { at } if at <= last => Next::Skip,
            Self::Chained { previous, .. } if previous != last => Next::Gap,
            Self::Chained { at, .. } | Self::Numbered { at } => Next::Send(at),
            Self::Latest => Next::Send(last),
        }
    }
}

/// A message of market data, as clients get it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) topic: Topic,
    pub(super) place: Place,
    pub(super) text: Utf8Bytes,
}

/// How far into a message its numbers stand, at most: type and market come before them.
const HEAD_BYTES: usize = 160;

impl Item {
    /// Reads the body of an item of the feed: instrument, channel, text.
    ///
    /// # Errors
    /// What it is instead.
    pub(super) fn read(body: &[u8]) -> Result<Self, &'static str> {
        let (instrument, rest) = body.split_first_chunk::<4>().ok_or("an item without an instrument")?;
        let (channel, text) = rest.split_first().ok_or("an item without a channel")?;
        let (channel, place) = match channel {
            0 => {
                let previous = number(text, "\"previous\":\"").ok_or("depth without its predecessor")?;
                let at = number(text, "\"sequence\":\"").ok_or("depth without its sequence")?;
                (Channel::Depth, Place::Chained { previous, at })
            }
            1 => {
                let at = number(text, "\"id\":\"").ok_or("a trade without its id")?;
                (Channel::Trades, Place::Numbered { at })
            }
            2 => {
                let name = field(text, "\"interval\":\"").ok_or("a candle without its interval")?;
                let interval = Interval::named(name).ok_or("a candle of an unknown interval")?;
                (Channel::Candles(interval), Place::Latest)
            }
            3 => (Channel::Statistics, Place::Latest),
            _ => return Err("an item of an unknown channel"),
        };
        let topic = Topic { instrument: InstrumentId(u32::from_le_bytes(*instrument)), channel };
        let text =
            Utf8Bytes::try_from(Bytes::copy_from_slice(text)).map_err(|_| "a text that is not UTF-8")?;
        Ok(Self { topic, place, text })
    }
}

/// What somebody gets first who follows a topic, and the place that it has.
#[derive(Debug, Clone)]
pub(super) struct First {
    pub(super) text: Utf8Bytes,
    pub(super) place: u64,
}

impl Topic {
    /// Where market data answers what somebody gets first.
    pub(super) fn path(self, markets: &Markets) -> Option<String> {
        let symbol = markets.market(self.instrument)?.instrument.spec().symbol;
        Some(match self.channel {
            Channel::Depth => format!("/internal/markets/{symbol}/depth?limit=all"),
            Channel::Trades => format!("/internal/markets/{symbol}/trades?limit=100"),
            Channel::Candles(interval) => {
                format!("/internal/markets/{symbol}/candles?interval={}&limit=500", interval.name())
            }
            Channel::Statistics => format!("/internal/markets/{symbol}"),
        })
    }

    /// Makes the first message of the answer to [`path`](Self::path).
    pub(super) fn first(self, answer: &[u8]) -> Result<First, &'static str> {
        let (kind, place) = match self.channel {
            Channel::Depth => {
                let place = number(answer, "\"sequence\":\"").ok_or("a depth without a sequence")?;
                ("depth_snapshot", place)
            }
            // The newest stands first.
            Channel::Trades => ("trades", number(answer, "\"id\":\"").unwrap_or(0)),
            Channel::Candles(_) => ("candles", 0),
            Channel::Statistics => return statistics(answer),
        };
        let members =
            answer.strip_prefix(b"{\"market\"").ok_or("an answer that does not begin with its market")?;
        let text = [b"{\"type\":\"", kind.as_bytes(), b"\",\"market\"", members].concat();
        Ok(First { text: utf8(text)?, place })
    }
}

fn statistics(answer: &[u8]) -> Result<First, &'static str> {
    #[derive(serde::Deserialize)]
    struct Market {
        market: String,
        statistics: serde_json::Map<String, serde_json::Value>,
    }
    let market: Market = serde_json::from_slice(answer).map_err(|_| "a market without statistics")?;
    let mut message = market.statistics;
    message.insert("type".into(), "statistics".into());
    message.insert("market".into(), market.market.into());
    let text = serde_json::to_vec(&message).map_err(|_| "statistics that cannot be written")?;
    Ok(First { text: utf8(text)?, place: 0 })
}

fn utf8(text: Vec<u8>) -> Result<Utf8Bytes, &'static str> {
    Utf8Bytes::try_from(text).map_err(|_| "a text that is not UTF-8")
}

/// The text behind `name`, up to the next quote. Our own services write what is read here, so it is not parsed as a whole.
fn field<'a>(text: &'a [u8], name: &str) -> Option<&'a str> {
    let head = &text[..text.len().min(HEAD_BYTES)];
    let start = head.windows(name.len()).position(|window| window == name.as_bytes())? + name.len();
    let rest = &head[start..];
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}

fn number(text: &[u8], name: &str) -> Option<u64> {
    field(text, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use exchange_service::markets::Markets;
    use exchange_types::InstrumentId;

    use super::{Channel, Interval, Item, Next, Place, Topic};

    fn item(instrument: u32, channel: u8, text: &str) -> Result<Item, &'static str> {
        let mut body = instrument.to_le_bytes().to_vec();
        body.push(channel);
        body.extend_from_slice(text.as_bytes());
        Item::read(&body)
    }

    #[test]
    fn items_of_the_feed_are_read() {
        let depth =
            r#"{"type":"depth","market":"BTC-USD","previous":"7","sequence":"12","bids":[],"asks":[]}"#;
        let read = item(3, 0, depth).unwrap();
        assert_eq!(read.topic, Topic { instrument: InstrumentId(3), channel: Channel::Depth });
        assert_eq!((read.place, read.text.as_str()), (Place::Chained { previous: 7, at: 12 }, depth));
        let trade = r#"{"type":"trade","market":"BTC-USD","id":"99","price":"1"}"#;
        assert_eq!(item(0, 1, trade).unwrap().place, Place::Numbered { at: 99 });
        let candle = r#"{"type":"candle","interval":"5m","market":"BTC-USD"}"#;
        let interval = Interval::named("5m").unwrap();
        assert_eq!(item(0, 2, candle).unwrap().topic.channel, Channel::Candles(interval));
        assert_eq!(item(0, 3, "{}").unwrap().place, Place::Latest);
    }

    #[test]
    fn what_is_no_item_is_refused() {
        assert!(Item::read(&[]).is_err() && Item::read(&[0; 4]).is_err());
        for (channel, text) in
            [(0, "{}"), (0, r#"{"previous":"x","sequence":"1"}"#), (1, ""), (2, "{}"), (9, "{}")]
        {
            assert!(item(0, channel, text).is_err(), "{channel} {text}");
        }
        assert!(Item::read(&[0, 0, 0, 0, 3, 0xff]).is_err());
    }

    #[test]
    fn first_messages_are_made_of_answers() {
        let markets = Markets::embedded();
        let topic = |channel| Topic { instrument: InstrumentId(0), channel };
        let depth = topic(Channel::Depth);
        assert_eq!(depth.path(&markets).unwrap(), "/internal/markets/BTC-USD/depth?limit=all");
        let first = depth.first(br#"{"market":"BTC-USD","sequence":"5","bids":[],"asks":[]}"#).unwrap();
        assert_eq!(
            first.text.as_str(),
            r#"{"type":"depth_snapshot","market":"BTC-USD","sequence":"5","bids":[],"asks":[]}"#
        );
        assert_eq!(first.place, 5);
        let trades = topic(Channel::Trades);
        assert_eq!(
            trades.first(br#"{"market":"BTC-USD","trades":[{"id":"9"},{"id":"8"}]}"#).unwrap().place,
            9
        );
        assert_eq!(trades.first(br#"{"market":"BTC-USD","trades":[]}"#).unwrap().place, 0);
        let overview = br#"{"market":"BTC-USD","state":"open","statistics":{"trades":3}}"#;
        let first = topic(Channel::Statistics).first(overview).unwrap();
        assert_eq!(first.text.as_str(), r#"{"market":"BTC-USD","trades":3,"type":"statistics"}"#);
        for answer in ["", "{}", "[1]"] {
            assert!(depth.first(answer.as_bytes()).is_err(), "{answer}");
        }
    }

    #[test]
    fn a_chain_has_no_gap_and_no_repetition() {
        let link = |previous, at| Place::Chained { previous, at };
        assert_eq!(link(5, 9).after(5), Next::Send(9));
        assert_eq!(link(5, 9).after(9), Next::Skip);
        assert_eq!(link(5, 9).after(20), Next::Skip);
        assert_eq!(link(5, 9).after(4), Next::Gap);
        assert_eq!(link(5, 9).after(7), Next::Gap, "a place inside a message is none of the chain");
        assert_eq!(Place::Numbered { at: 3 }.after(2), Next::Send(3));
        assert_eq!(Place::Numbered { at: 3 }.after(3), Next::Skip);
        assert_eq!(Place::Latest.after(7), Next::Send(7));
    }
}
