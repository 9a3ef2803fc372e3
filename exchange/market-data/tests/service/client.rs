//! A client: it has only what the service says.

use std::collections::BTreeMap;

use exchange_service::net::{FEED, Link};
use serde_json::Value;

use crate::service::{DEADLINE, Running};
use crate::venue::{Levels, Venue};

/// The markets of the embedded file, by number.
pub const SYMBOLS: [&str; 2] = ["BTC-USD", "ETH-USD"];

/// One tick and one lot of both, in the last decimal place that a text may have.
const TICK: (u64, u32) = (1, 2);
const LOT: (u64, u32) = (1, 4);

/// The book of one market, by decimal texts.
#[derive(Default)]
struct Book {
    sequence: u64,
    sides: [BTreeMap<u32, u64>; 2],
}

/// A client's books, made of answers and messages.
pub struct Watcher {
    pub link: Link,
    books: BTreeMap<u32, Book>,
    /// Ids of the trades it was told of.
    pub trades: Vec<u64>,
    /// The number of the last message.
    pub position: u64,
    /// Depth messages that were applied, and messages of each channel.
    pub applied: u64,
    pub channels: [u64; 4],
}

/// What a decimal text is in units.
pub fn units(text: &str, (unit, decimals): (u64, u32)) -> u64 {
    let value = exchange_service::markets::parse_decimal(text, decimals as u8).unwrap();
    assert_eq!(value % unit, 0);
    value / unit
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

impl Watcher {
    /// Follows the stream from now on, and gets the depth of both markets.
    pub async fn new(service: &Running) -> Self {
        Self::after(service, None).await.unwrap()
    }

    /// Follows the stream behind a message.
    pub async fn after(service: &Running, after: Option<u64>) -> Result<Self, u16> {
        let after = after.map_or(String::new(), |after| format!("?after={after}"));
        let opened = service.client.stream(&service.address, &format!("{FEED}{after}")).await;
        let link = opened.map_err(|error| error.status().expect("it is there").as_u16())?;
        let position = link.position;
        let mut watcher =
            Self { link, books: BTreeMap::new(), trades: Vec::new(), position, applied: 0, channels: [0; 4] };
        for number in [0, 1] {
            watcher.take_snapshot(service, number).await;
        }
        Ok(watcher)
    }

    async fn take_snapshot(&mut self, service: &Running, instrument: u32) {
        let symbol = SYMBOLS[instrument as usize];
        let answer = service.get(&format!("/internal/markets/{symbol}/depth?limit=all")).await;
        let json = answer.json();
        let mut book = Book { sequence: number(&json["sequence"]), ..Book::default() };
        for (side, name) in ["bids", "asks"].into_iter().enumerate() {
            for level in json[name].as_array().unwrap() {
                let (price, lots) = level_of(level);
                assert!(lots > 0 && book.sides[side].insert(price, lots).is_none(), "{json}");
            }
        }
        self.books.insert(instrument, book);
    }

    /// Reads until the depth of both markets is that of the venue now. False: the connection was cut.
    pub async fn catch_up(&mut self, venue: &Venue) -> bool {
        let reading = async {
            while !self.is_up_to_date(venue) {
                if !self.read(venue).await {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(DEADLINE, reading).await.expect("messages come")
    }

    fn is_up_to_date(&self, venue: &Venue) -> bool {
        let traded = venue.trades.last().map(|print| print.id.0);
        let told = traded.is_none() || self.trades.last().copied() == traded || self.trades.is_empty();
        told && [0, 1].into_iter().all(|instrument| self.levels(instrument) == venue.levels(instrument))
    }

    /// Reads one message. False: the connection is gone.
    pub async fn read(&mut self, venue: &Venue) -> bool {
        let Ok(Some(frame)) = self.link.reader.next().await else { return false };
        let (sequence, body) = frame.item().expect("an item");
        assert_eq!(sequence, self.position + 1, "no gap and no repetition");
        self.position = sequence;
        let (instrument, rest) = body.split_first_chunk::<4>().unwrap();
        let instrument = u32::from_le_bytes(*instrument);
        let json: Value = serde_json::from_slice(&rest[1..]).unwrap();
        assert_eq!(json["market"], SYMBOLS[instrument as usize]);
        self.channels[rest[0] as usize] += 1;
        let types = ["depth", "trade", "candle", "statistics"];
        assert_eq!(json["type"], types[rest[0] as usize]);
        match rest[0] {
            0 => self.apply(instrument, &json, venue),
            1 => self.trades.push(number(&json["id"])),
            2 => {
                let start = format!("{{\"type\":\"candle\",\"interval\":{}", json["interval"]);
                assert!(rest[1..].starts_with(start.as_bytes()), "it can be routed unread");
            }
            _ => {}
        }
        true
    }

    /// A change of depth, which is either contained already or the next one.
    fn apply(&mut self, instrument: u32, json: &Value, venue: &Venue) {
        let Some(book) = self.books.get_mut(&instrument) else { return };
        let (previous, sequence) = (number(&json["previous"]), number(&json["sequence"]));
        if sequence <= book.sequence {
            return;
        }
        assert_eq!(previous, book.sequence, "the chain has no gap");
        book.sequence = sequence;
        for (side, name) in ["bids", "asks"].into_iter().enumerate() {
            for level in json[name].as_array().unwrap() {
                let (price, lots) = level_of(level);
                let before = if lots == 0 {
                    book.sides[side].remove(&price)
                } else {
                    book.sides[side].insert(price, lots)
                };
                assert_ne!(before.unwrap_or(0), lots, "only what has changed is told: {json}");
            }
        }
        self.applied += 1;
        let expected = venue.history.get(&(instrument, sequence)).expect("the venue had this sequence");
        assert_eq!(&self.levels(instrument), expected, "the book at {sequence}");
    }

    /// The book as the client has it.
    pub fn levels(&self, instrument: u32) -> Levels {
        let Some(Book { sides: [bids, asks], .. }) = self.books.get(&instrument) else {
            return Levels::default();
        };
        let pair = |(price, lots): (&u32, &u64)| (*price, *lots);
        [bids.iter().rev().map(pair).collect(), asks.iter().map(pair).collect()]
    }
}

fn level_of(level: &Value) -> (u32, u64) {
    let price = units(level[0].as_str().unwrap(), TICK);
    (price as u32, units(level[1].as_str().unwrap(), LOT))
}

impl Watcher {
    /// The status with which the stream is refused.
    pub async fn after_status(service: &Running) -> Option<u16> {
        let opened = service.client.stream(&service.address, FEED).await;
        opened.err().and_then(|error| error.status()).map(|status| status.as_u16())
    }
}
