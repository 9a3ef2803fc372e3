//! The one subscription of the gateway to market data.
//!
//! A task of its own reads the connection and hands batches of messages to the hub. **When the hub does not take them, the reader
//! waits**, market data cuts the connection when its ring has gone by, and everybody begins again with a first message.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use exchange_service::net::{self, Address, Backoff, Client, Link};
use tokio::sync::mpsc;

use super::topic::Item;

/// How many batches wait for the hub at most.
pub(super) const BATCHES_MAX: usize = 32;

/// How many messages one batch has at most.
const BATCH_ITEMS_MAX: usize = 512;

/// What comes of the feed.
#[derive(Debug)]
pub(super) enum FeedEvent {
    /// It comes from now on.
    Begun,
    /// Messages, in order.
    Items(Vec<Item>),
    /// It has broken off: messages are missing from now on.
    Lost(String),
}

/// Follows the feed for ever, as long as somebody listens. `subscriptions`: how many there are; without any nothing is read.
pub(super) async fn follow(
    client: Client,
    address: Address,
    subscriptions: Arc<AtomicUsize>,
    events: mpsc::Sender<FeedEvent>,
) {
    let mut backoff = Backoff::default();
    loop {
        let lost = match client.stream(&address, net::FEED).await {
            Err(error) => error.to_string(),
            Ok(link) => {
                backoff.reset();
                if events.send(FeedEvent::Begun).await.is_err() {
                    return;
                }
                match read(link, &subscriptions, &events).await {
                    Ok(()) => return,
                    Err(error) => format!("{address}: {error}"),
                }
            }
        };
        if events.send(FeedEvent::Lost(lost)).await.is_err() {
            return;
        }
        backoff.wait().await;
    }
}

/// `Ok`: nobody listens any more.
async fn read(link: Link, subscriptions: &AtomicUsize, events: &mpsc::Sender<FeedEvent>) -> io::Result<()> {
    let Link { mut reader, writer, position: mut last, .. } = link;
    let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
    let listen = async {
        loop {
            reader.fill().await?;
            let mut items = Vec::new();
            let mut any = false;
            while items.len() < BATCH_ITEMS_MAX
                && let Some(frame) = reader.ready()
            {
                any = true;
                let (sequence, body) = frame.item().ok_or_else(|| invalid("a frame that is no item"))?;
                if sequence != last + 1 {
                    return Err(invalid(&format!("item {sequence} came after {last}")));
                }
                last = sequence;
                if subscriptions.load(Ordering::Relaxed) > 0 {
                    items.push(Item::read(body).map_err(invalid)?);
                }
            }
            if !any {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
            }
            if !items.is_empty() && events.send(FeedEvent::Items(items)).await.is_err() {
                return Ok(());
            }
        }
    };
    tokio::select! {
        ended = listen => ended,
        error = writer.stay_alive() => Err(error),
        () = events.closed() => Ok(()),
    }
}
