//! The public stream over a WebSocket, and a book that is rebuilt from it.
//!
//! Not responsible for connecting again: whoever follows a stream decides what a break means. A newcomer needs to know one thing:
//! each depth message says which sequence it follows, so a gap or a repetition cannot hide.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::http::Target;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A stream that is open.
#[derive(Debug)]
pub struct Stream {
    socket: WebSocketStream<TcpStream>,
}

impl Stream {
    /// Opens `/v1/stream`.
    ///
    /// # Errors
    /// When the gateway is not there or does not upgrade the connection.
    pub async fn open(target: &Target) -> Result<Self> {
        let connect = async {
            let stream = TcpStream::connect(target.authority()).await?;
            stream.set_nodelay(true)?;
            let url = format!("ws://{}/v1/stream", target.authority());
            let (socket, _) = tokio_tungstenite::client_async(url, stream).await?;
            Ok::<_, anyhow::Error>(Self { socket })
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connect).await.context("no stream in time")?
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, message: &Value) -> Result<()> {
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    /// Subscribes to a channel of a market.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn subscribe(&mut self, channel: &str, market: &str) -> Result<()> {
        self.send(&json!({ "op": "subscribe", "channel": channel, "market": market })).await
    }

    /// Says who this is, and subscribes to the updates of his orders.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn subscribe_orders(&mut self, token: &str) -> Result<()> {
        self.send(&json!({ "op": "authenticate", "token": token })).await?;
        self.send(&json!({ "op": "subscribe", "channel": "orders" })).await
    }

    /// The next message; `None`: the connection was closed in good order.
    ///
    /// # Errors
    /// When the connection broke, or the message is not JSON.
    pub async fn next(&mut self) -> Result<Option<Value>> {
        while let Some(message) = self.socket.next().await {
            match message? {
                Message::Text(text) => {
                    return Ok(Some(serde_json::from_str(&text).context("a message is not JSON")?));
                }
                Message::Close(_) => return Ok(None),
                Message::Binary(_) => bail!("found a binary message"),
                // The library answers pings itself.
                _ => {}
            }
        }
        Ok(None)
    }
}

/// One market's depth, as its messages make it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Depth {
    /// The sequence of the last message.
    pub sequence: u64,
    /// Quantity by price, both in units of 10^-8.
    pub bids: BTreeMap<u64, u64>,
    /// As [`bids`](Self::bids).
    pub asks: BTreeMap<u64, u64>,
}

impl Depth {
    /// What a snapshot says: the first message of a subscription, or the answer to `GET depth`.
    ///
    /// # Errors
    /// When a field is missing or is not what it should be.
    pub fn of_snapshot(message: &Value) -> Result<Self> {
        let mut depth = Self { sequence: number(message, "sequence")?, ..Self::default() };
        depth.change(message)?;
        Ok(depth)
    }

    /// Carries a `depth` message on.
    ///
    /// # Errors
    /// When it does not follow the message before it.
    pub fn follow(&mut self, message: &Value) -> Result<()> {
        let (previous, sequence) = (number(message, "previous")?, number(message, "sequence")?);
        ensure!(
            previous == self.sequence,
            "a depth message follows {previous}, but the last one was {}: a gap or a repetition",
            self.sequence
        );
        ensure!(sequence > previous, "a depth message goes from {previous} to {sequence}");
        self.sequence = sequence;
        self.change(message)
    }

    fn change(&mut self, message: &Value) -> Result<()> {
        for (side, levels) in [("bids", &mut self.bids), ("asks", &mut self.asks)] {
            for level in message[side].as_array().with_context(|| format!("`{side}` is missing"))? {
                let at = |index: usize| -> Result<u64> {
                    let text = level[index].as_str().context("a level is not two texts")?;
                    decimal(text).with_context(|| format!("found `{text}`, expected a decimal"))
                };
                match (at(0)?, at(1)?) {
                    (price, 0) => {
                        levels.remove(&price);
                    }
                    (price, quantity) => {
                        levels.insert(price, quantity);
                    }
                }
            }
        }
        if let (Some((bid, _)), Some((ask, _))) = (self.bids.last_key_value(), self.asks.first_key_value()) {
            ensure!(
                bid < ask,
                "the book is crossed at sequence {}: {bid} is bid, {ask} asked",
                self.sequence
            );
        }
        Ok(())
    }
}

fn number(message: &Value, field: &str) -> Result<u64> {
    let text = message[field].as_str().with_context(|| format!("`{field}` is missing in {message}"))?;
    text.parse().with_context(|| format!("`{field}` is `{text}`"))
}

/// A decimal text in units of 10^-8.
#[must_use]
pub fn decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 8 || whole.is_empty() {
        return None;
    }
    let digits = format!("{whole}{fraction:0<8}");
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_follows_its_messages_and_notices_a_gap() {
        let snapshot = json!({ "sequence": "4", "bids": [["99.5", "1"]], "asks": [["100", "2.25"]] });
        let mut depth = Depth::of_snapshot(&snapshot).unwrap();
        let next = json!({ "previous": "4", "sequence": "7", "bids": [["99.5", "0"]], "asks": [] });
        depth.follow(&next).unwrap();
        assert_eq!((depth.bids.len(), depth.asks[&10_000_000_000], depth.sequence), (0, 225_000_000, 7));
        assert!(depth.clone().follow(&next).is_err(), "a repetition");
        let gap = json!({ "previous": "8", "sequence": "9", "bids": [], "asks": [] });
        assert!(depth.clone().follow(&gap).is_err(), "a gap");
        let crossed = json!({ "previous": "7", "sequence": "8", "bids": [["100", "1"]], "asks": [] });
        assert!(depth.follow(&crossed).is_err(), "crossed");
    }

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(decimal("0.00000001"), Some(1));
        assert_eq!(decimal("60000.05"), Some(6_000_005_000_000));
        assert_eq!(decimal("7"), Some(700_000_000));
        for wrong in ["", "1.123456789", ".5", "-1", "1e3", "1.2.3"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }
}
