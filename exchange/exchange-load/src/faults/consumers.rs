//! Those who follow streams while services die: a gap or a repetition is a fault, a break is not.
//!
//! Not responsible for what the streams say; that is compared with the log when all is over. A newcomer needs to know one thing:
//! a consumer resumes by the sequence of the last item it has, as any consumer of the venue does.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use exchange_service::net::{Address, Client, FEED, OutcomeStream};
use serde_json::Value;

use crate::client::Target;
use crate::client::stream::{Depth, Stream};

/// How long a consumer waits before it comes back.
const PAUSE: Duration = Duration::from_millis(20);

/// The market of the books that are rebuilt.
const MARKET: &str = "BTC-USD";

/// What the consumers have seen. They run on one thread.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The digest of each outcome; that of command 1 comes first.
    pub(super) outcomes: RefCell<Vec<u64>>,
    /// Changes of the book that came over the public stream, and how often that stream was opened.
    pub(super) depth_messages: Cell<u64>,
    pub(super) depth_streams: Cell<u64>,
    /// The same of market data's own stream.
    pub(super) feed_items: Cell<u64>,
    pub(super) feed_streams: Cell<u64>,
    pub(super) violations: RefCell<Vec<String>>,
}

/// What an outcome is remembered as.
pub(super) fn digest(outcome: &[u8]) -> u64 {
    // The same in every process: this hasher has no random keys.
    let mut hasher = DefaultHasher::new();
    hasher.write(outcome);
    hasher.finish()
}

/// Follows all outcomes, from the first one on.
pub(super) async fn outcomes(seen: Rc<Seen>, matching: Address, archive: Address) {
    let mut stream = OutcomeStream::new(Client::new(), matching, archive, Some(0), 0);
    loop {
        let result = stream
            .next(|sequence, outcome| {
                let mut outcomes = seen.outcomes.borrow_mut();
                if sequence == outcomes.len() as u64 + 1 {
                    outcomes.push(digest(outcome));
                } else {
                    let text = format!("outcome {sequence} came after {}", outcomes.len());
                    seen.violations.borrow_mut().push(text);
                }
            })
            .await;
        if let Err(error) = result {
            seen.violations.borrow_mut().push(format!("the stream of outcomes: {error}"));
            return;
        }
    }
}

/// Rebuilds the book from the public stream, over and over.
pub(super) async fn book(seen: Rc<Seen>, gateway: Target) {
    let mut last = 0;
    loop {
        match book_once(&seen, &gateway, &mut last).await {
            Ok(()) => {}
            Err(Ended::Broken) => tokio::time::sleep(PAUSE).await,
            Err(Ended::Wrong(error)) => {
                seen.violations.borrow_mut().push(format!("the public stream of a book: {error:#}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Why a stream ended.
enum Ended {
    /// A service died: come back.
    Broken,
    /// It said something that it must not say.
    Wrong(anyhow::Error),
}

impl From<anyhow::Error> for Ended {
    fn from(error: anyhow::Error) -> Self {
        Self::Wrong(error)
    }
}

async fn book_once(seen: &Seen, gateway: &Target, last: &mut u64) -> Result<(), Ended> {
    let mut stream = Stream::open(gateway).await.map_err(|_| Ended::Broken)?;
    stream.subscribe("depth", MARKET).await.map_err(|_| Ended::Broken)?;
    let mut depth: Option<Depth> = None;
    loop {
        let message = match stream.next().await {
            Ok(Some(message)) => message,
            Ok(None) | Err(_) => return Err(Ended::Broken),
        };
        match (message["type"].as_str(), &mut depth) {
            // A second one begins the book anew; a gateway whose upstream was away sends it.
            (Some("depth_snapshot"), _) => {
                let snapshot = Depth::of_snapshot(&message)?;
                if snapshot.sequence < *last {
                    let text = format!("a book at {} came after one at {last}", snapshot.sequence);
                    return Err(Ended::Wrong(anyhow::anyhow!(text)));
                }
                seen.depth_streams.set(seen.depth_streams.get() + 1);
                *last = snapshot.sequence;
                depth = Some(snapshot);
            }
            (Some("depth"), Some(depth)) => {
                depth.follow(&message)?;
                *last = depth.sequence;
                seen.depth_messages.set(seen.depth_messages.get() + 1);
            }
            (Some("depth"), None) => return Err(anyhow::anyhow!("a change came before the book").into()),
            // The gateway says that its upstream is away; the connection may end or a new snapshot may come.
            _ => {}
        }
    }
}

/// Follows market data's own stream.
pub(super) async fn feed(seen: Rc<Seen>, market_data: Address) {
    loop {
        if let Err(error) = feed_once(&seen, &market_data).await {
            seen.violations.borrow_mut().push(format!("the stream of market data: {error:#}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn feed_once(seen: &Seen, market_data: &Address) -> Result<()> {
    let Ok(mut link) = Client::new().stream(market_data, FEED).await else { return Ok(()) };
    let _alive = AbortOnDrop(tokio::spawn(link.writer.stay_alive()));
    seen.feed_streams.set(seen.feed_streams.get() + 1);
    let mut last: Option<u64> = None;
    let mut books: BTreeMap<u32, String> = BTreeMap::new();
    while let Ok(Some(frame)) = link.reader.next().await {
        let Some((sequence, body)) = frame.item() else { continue };
        if let Some(last) = last.replace(sequence) {
            ensure!(sequence == last + 1, "item {sequence} came after {last}");
        }
        let (instrument, rest) = body.split_first_chunk::<4>().context("an item is cut short")?;
        let (channel, json) = rest.split_first().context("an item is cut short")?;
        let message: Value = serde_json::from_slice(json).context("an item is not JSON")?;
        seen.feed_items.set(seen.feed_items.get() + 1);
        if *channel != 0 {
            continue;
        }
        let instrument = u32::from_le_bytes(*instrument);
        let (previous, sequence) = (message["previous"].as_str(), message["sequence"].as_str());
        let Some(sequence) = sequence else { bail!("a depth message has no sequence: {message}") };
        if let (Some(last), Some(previous)) = (books.get(&instrument), previous) {
            ensure!(last == previous, "a depth message follows {previous}, the last one was {last}");
        }
        books.insert(instrument, sequence.to_owned());
    }
    Ok(())
}

struct AbortOnDrop(tokio::task::JoinHandle<std::io::Error>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
