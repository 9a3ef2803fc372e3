//! Market data, played: a book that a test changes, its queries and its feed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_service::http::{Limits, serve};
use exchange_service::net::{self, Chunk, Resume, Ring, Upgrade, frame, serve_ring};
use exchange_service::stop::Stop;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::client::Book;

#[derive(Clone)]
pub(crate) struct Market {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<Served>>,
    /// Grows to cut all feeds.
    cut: watch::Sender<u32>,
    /// Queries are answered with 503.
    pub(crate) silent: Arc<AtomicBool>,
    /// Depth queries there have been.
    pub(crate) depth_queries: Arc<AtomicU32>,
}

struct Served {
    ring: Ring,
    position: u64,
    sequence: u64,
    bids: BTreeMap<String, String>,
    asks: BTreeMap<String, String>,
    trades: Vec<String>,
}

impl Served {
    fn tell(&mut self, channel: u8, text: &str) {
        self.position += 1;
        let mut frames = Vec::new();
        frame::put_item(&mut frames, self.position, |out| {
            out.extend_from_slice(&0_u32.to_le_bytes());
            out.push(channel);
            out.extend_from_slice(text.as_bytes());
        });
        let at = self.position;
        self.ring.push(Chunk { first: at, last: at, frames: frames.into() });
    }
}

impl Market {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let served = Served {
            ring: Ring::new(0, 256 * 1024 * 1024),
            position: 0,
            sequence: 0,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            trades: Vec::new(),
        };
        let market = Self {
            address,
            state: Arc::new(Mutex::new(served)),
            cut: watch::Sender::new(0),
            silent: Arc::default(),
            depth_queries: Arc::default(),
        };
        let routes = Router::new()
            .route(net::FEED, get(feed))
            .route("/internal/markets/{symbol}", get(overview))
            .route("/internal/markets/{symbol}/depth", get(depth))
            .route("/internal/markets/{symbol}/trades", get(trades))
            .route("/internal/markets/{symbol}/candles", get(candles))
            .with_state(market.clone());
        tokio::spawn(serve(listener, routes, Limits::default(), Stop::new()));
        market
    }

    fn with<T>(&self, act: impl FnOnce(&mut Served) -> T) -> T {
        act(&mut self.state.lock().expect("no test panics under the lock"))
    }

    /// Sets a level; "0" ends it.
    pub(crate) fn set(&self, side: &str, price: &str, quantity: &str) {
        self.set_padded(side, price, quantity, 0);
    }

    /// The same in a message that is so many bytes longer.
    pub(crate) fn set_padded(&self, side: &str, price: &str, quantity: &str, padding: usize) {
        self.with(|served| {
            let previous = served.sequence;
            served.sequence += 3;
            let sequence = served.sequence;
            let levels = if side == "bids" { &mut served.bids } else { &mut served.asks };
            if quantity == "0" {
                levels.remove(price);
            } else {
                levels.insert(price.to_owned(), quantity.to_owned());
            }
            let level = format!(r#"["{price}","{quantity}"]"#);
            let (bids, asks) = if side == "bids" { (level.as_str(), "") } else { ("", level.as_str()) };
            let text = format!(
                r#"{{"type":"depth","market":"BTC-USD","previous":"{previous}","sequence":"{sequence}","bids":[{bids}],"asks":[{asks}],"padding":"{:padding$}"}}"#,
                ""
            );
            served.tell(0, &text);
        });
    }

    pub(crate) fn trade(&self) -> u64 {
        self.with(|served| {
            served.sequence += 1;
            let id = served.sequence;
            let members = format!(r#""id":"{id}","price":"1","quantity":"2""#);
            served.tell(1, &format!(r#"{{"type":"trade","market":"BTC-USD",{members}}}"#));
            served.trades.insert(0, format!("{{{members}}}"));
            id
        })
    }

    pub(crate) fn candle(&self, interval: &str) {
        let text = format!(r#"{{"type":"candle","interval":"{interval}","market":"BTC-USD","close":"7"}}"#);
        self.with(|served| served.tell(2, &text));
    }

    pub(crate) fn statistics(&self) {
        self.with(|served| served.tell(3, r#"{"type":"statistics","market":"BTC-USD","trades":9}"#));
    }

    /// Cuts the feed; what is told until it is followed again is lost to the gateway.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|cut| *cut += 1);
    }

    /// The depth as it is.
    pub(crate) fn book(&self) -> Book {
        self.with(|served| Book {
            sequence: served.sequence,
            bids: served.bids.clone(),
            asks: served.asks.clone(),
            snapshots: 0,
        })
    }
}

async fn feed(State(market): State<Market>, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let mut cut = market.cut.subscribe();
    let source = market.with(|served| served.ring.source());
    let after = resume.after.unwrap_or_else(|| source.position());
    let reader = source.reader(after);
    upgrade.accept(after, 0, move |link| async move {
        tokio::select! {
            ended = serve_ring(reader, link, Duration::ZERO) => ended,
            _ = cut.changed() => Ok(()),
        }
    })
}

fn answer(market: &Market, make: impl FnOnce(&Served) -> String) -> Response {
    if market.silent.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    market.with(|served| make(served)).into_response()
}

async fn depth(State(market): State<Market>, Path(symbol): Path<String>) -> Response {
    market.depth_queries.fetch_add(1, Ordering::Relaxed);
    let answer = answer(&market, |served| {
        let levels = |levels: &BTreeMap<String, String>| {
            levels.iter().fold(String::new(), |mut text, (price, quantity)| {
                let comma = if text.is_empty() { "" } else { "," };
                write!(text, r#"{comma}["{price}","{quantity}"]"#).expect("a text takes it");
                text
            })
        };
        let (sequence, bids, asks) = (served.sequence, levels(&served.bids), levels(&served.asks));
        format!(r#"{{"market":"{symbol}","sequence":"{sequence}","bids":[{bids}],"asks":[{asks}]}}"#)
    });
    // The answer is made, and takes its time.
    tokio::time::sleep(Duration::from_millis(5)).await;
    answer
}

async fn trades(State(market): State<Market>, Path(symbol): Path<String>) -> Response {
    answer(&market, |served| format!(r#"{{"market":"{symbol}","trades":[{}]}}"#, served.trades.join(",")))
}

async fn candles(State(market): State<Market>, Path(symbol): Path<String>) -> Response {
    answer(&market, |_| format!(r#"{{"market":"{symbol}","interval":"1m","candles":[]}}"#))
}

async fn overview(State(market): State<Market>, Path(symbol): Path<String>) -> Response {
    answer(&market, |_| format!(r#"{{"market":"{symbol}","state":"open","statistics":{{"trades":1}}}}"#))
}
