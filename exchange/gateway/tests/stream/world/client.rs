//! A client that is not our code, and what it makes of the messages.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::PATIENCE;

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What comes of a connection.
#[derive(Debug)]
pub(crate) enum Said {
    Message(Value),
    /// Closed, with the code and the reason.
    Closed(u16, String),
    /// Cut without a close frame.
    Cut,
}

impl Client {
    /// The status of the answer, where it is no upgrade.
    pub(crate) async fn connect(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request =
            format!("ws://{address}/v1/stream").into_client_request().expect("the address is one");
        for (name, value) in headers {
            request.headers_mut().insert(
                HeaderName::from_bytes(name.as_bytes()).expect("the name is one"),
                HeaderValue::from_str(value).expect("the value is one"),
            );
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no connection: {error}"),
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("the connection takes it");
    }

    pub(crate) async fn subscribe(&mut self, channel: &str, market: &str) {
        self.say(&format!(r#"{{"op":"subscribe","channel":"{channel}","market":"{market}"}}"#)).await;
    }

    pub(crate) async fn next(&mut self) -> Said {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Said::Message(serde_json::from_str(&text).expect("every message is JSON"));
                    }
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return Said::Closed(u16::from(frame.code), frame.reason.to_string());
                    }
                    Some(Ok(Message::Close(None))) => {
                        return Said::Closed(u16::from(CloseCode::Status), String::new());
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Said::Cut,
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("something is said in time")
    }

    pub(crate) async fn message(&mut self) -> Value {
        match self.next().await {
            Said::Message(message) => message,
            other => panic!("expected a message, found {other:?}"),
        }
    }

    /// The next message of a type; those of other types are passed over.
    pub(crate) async fn message_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.message().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The code of the next error; other messages are passed over.
    pub(crate) async fn error(&mut self) -> String {
        let error = self.message_of("error").await;
        error["code"].as_str().expect("an error has a code").to_owned()
    }

    /// How the connection ends; messages are passed over.
    pub(crate) async fn end(&mut self) -> Said {
        loop {
            match self.next().await {
                Said::Message(_) => {}
                end => return end,
            }
        }
    }

    /// Nothing comes for a while.
    pub(crate) async fn hears_nothing(&mut self) {
        let heard = tokio::time::timeout(Duration::from_millis(100), self.next()).await;
        assert!(heard.is_err(), "expected nothing, found {heard:?}");
    }
}

/// The depth as a client rebuilds it, strictly.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Book {
    pub(crate) sequence: u64,
    pub(crate) bids: BTreeMap<String, String>,
    pub(crate) asks: BTreeMap<String, String>,
    pub(crate) snapshots: u32,
}

impl Book {
    /// Applies a message about depth, and is strict about the chain.
    pub(crate) fn apply(&mut self, message: &Value) {
        let number = |name: &str| -> u64 {
            let text = message[name].as_str().unwrap_or_else(|| panic!("{name} in {message}"));
            text.parse().expect("it is a number")
        };
        match message["type"].as_str() {
            Some("depth_snapshot") => {
                self.bids.clear();
                self.asks.clear();
                self.snapshots += 1;
            }
            Some("depth") => {
                assert!(self.snapshots > 0, "a snapshot comes first");
                assert_eq!(number("previous"), self.sequence, "no gap and no repetition");
            }
            _ => return,
        }
        self.sequence = number("sequence");
        for (name, levels) in [("bids", &mut self.bids), ("asks", &mut self.asks)] {
            for level in message[name].as_array().expect("levels") {
                let text = |at: usize| level[at].as_str().expect("text").to_owned();
                if text(1) == "0" {
                    levels.remove(&text(0));
                } else {
                    levels.insert(text(0), text(1));
                }
            }
        }
    }
}
