//! A server of the page and of markets that are made up, which tests can take away, silence and rob of messages.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use crate::market::Market;

/// Time between two steps of a market: a hundred a second.
const STEP: Duration = Duration::from_millis(10);

/// Messages that a connection may be behind. **One that is further behind misses messages**, and the page has to notice.
const BEHIND_MAX: usize = 4_096;

#[derive(Clone)]
struct Said {
    market: &'static str,
    channel: &'static str,
    text: String,
}

struct Shared {
    markets: Mutex<Vec<Market>>,
    said: broadcast::Sender<Said>,
    /// Counts up when all connections are to be cut.
    cut: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    /// Nothing is said, not even to those who ask.
    silent: AtomicBool,
    /// So many messages about depth are lost.
    lost: AtomicU64,
    snapshots: AtomicU64,
    orders: Mutex<Vec<Value>>,
}

/// The server, on a thread of its own.
pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
    }
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

impl Server {
    pub fn start() -> Self {
        let markets =
            vec![Market::new("BTC-USD", 6_412_350, now_ns()), Market::new("ETH-USD", 318_025, now_ns())];
        let shared = Arc::new(Shared {
            markets: Mutex::new(markets),
            said: broadcast::Sender::new(BEHIND_MAX),
            cut: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            silent: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            snapshots: AtomicU64::new(0),
            orders: Mutex::default(),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/v1/markets", get(markets_list))
            .route("/v1/accounts/{id}", get(account))
            .route("/v1/orders", get(orders).post(order))
            .route("/v1/orders/{id}", delete(cancel))
            .route("/v1/stream", get(stream))
            .with_state(Arc::clone(&shared))
            .merge(gateway::page::routes());
        let (trader, mut stopped) = (Arc::clone(&shared), shared.stop.subscribe());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    ended = axum::serve(listener, routes) => ended.unwrap(),
                    () = trade(trader) => {}
                    _ = stopped.changed() => {}
                }
            });
        });
        Self { address, shared }
    }

    /// The best prices of a market now.
    pub fn best(&self, market: usize) -> [String; 2] {
        self.shared.markets.lock().unwrap()[market].best()
    }

    /// How many snapshots of depth were asked for.
    pub fn snapshots(&self) -> u64 {
        self.shared.snapshots.load(Ordering::Relaxed)
    }

    /// The next messages about depth get lost.
    pub fn lose(&self, messages: u64) {
        self.shared.lost.store(messages, Ordering::Relaxed);
    }

    /// Every connection is cut.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|cut| *cut += 1);
    }

    /// From now on connections say nothing, or something again.
    pub fn silence(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::Relaxed);
    }
}

/// The markets go on.
async fn trade(shared: Arc<Shared>) {
    let mut every = tokio::time::interval(STEP);
    loop {
        every.tick().await;
        if shared.silent.load(Ordering::Relaxed) {
            continue;
        }
        let mut markets = shared.markets.lock().unwrap();
        for market in markets.iter_mut() {
            for (channel, json) in market.step(now_ns()) {
                let losing = channel == "depth"
                    && shared
                        .lost
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |lost| lost.checked_sub(1))
                        .is_ok();
                if !losing {
                    // Nobody may be there.
                    drop(shared.said.send(Said { market: market.symbol, channel, text: json.to_string() }));
                }
            }
        }
    }
}

type App = State<Arc<Shared>>;

/// What a market says; `None`: nothing, or there is no such market, as in a subscription to orders.
fn with_market<T>(shared: &Shared, symbol: &str, take: impl FnOnce(&Market) -> Option<T>) -> Option<T> {
    let markets = shared.markets.lock().unwrap();
    take(markets.iter().find(|market| market.symbol == symbol)?)
}

async fn markets_list(State(shared): App) -> Json<Value> {
    let markets: Vec<Value> = shared.markets.lock().unwrap().iter().map(Market::overview).collect();
    Json(json!({ "markets": markets }))
}

async fn account(Path(id): Path<String>, headers: HeaderMap) -> Json<Value> {
    assert!(headers["authorization"].to_str().unwrap().starts_with("Bearer "));
    Json(json!({ "account": id, "tier": "standard", "state": "open", "sequence": "1", "balances": [
        { "asset": "BTC", "total": "2.5", "available": "2.25", "reserved": "0.25" },
        { "asset": "USD", "total": "100000", "available": "87500.5", "reserved": "12499.5" },
    ] }))
}

async fn orders(State(shared): App) -> Json<Value> {
    Json(json!({ "orders": *shared.orders.lock().unwrap() }))
}

async fn order(State(shared): App, Json(order): Json<Value>) -> Json<Value> {
    let mut orders = shared.orders.lock().unwrap();
    let mut order = order;
    order["id"] = (4_711 + orders.len()).to_string().into();
    order["status"] = "open".into();
    order["remaining"] = order["quantity"].clone();
    orders.push(order.clone());
    Json(order)
}

async fn cancel(State(shared): App, Path(id): Path<String>) -> Json<Value> {
    let mut orders = shared.orders.lock().unwrap();
    orders.retain(|order| order["id"] != id);
    Json(json!({ "id": id, "status": "cancelled" }))
}

async fn stream(State(shared): App, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| async move { drop(talk(&shared, socket).await) })
}

async fn talk(shared: &Shared, mut socket: WebSocket) -> Result<(), axum::Error> {
    let mut said = shared.said.subscribe();
    let mut cut = shared.cut.subscribe();
    let mut subscribed: BTreeSet<(String, String)> = BTreeSet::new();
    loop {
        tokio::select! {
            biased; // a cut is a cut
            _ = cut.changed() => return Ok(()),
            message = socket.recv() => {
                let Some(message) = message else { return Ok(()) };
                let Message::Text(text) = message? else { continue };
                if shared.silent.load(Ordering::Relaxed) {
                    continue;
                }
                let request: Value = serde_json::from_str(&text).unwrap();
                let word = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
                let key = (word("market"), word("channel"));
                match request["op"].as_str().unwrap() {
                    "ping" => socket.send(Message::text(r#"{"type":"pong"}"#)).await?,
                    "subscribe" => {
                        let interval = word("interval");
                        let first = with_market(shared, &key.0, |market| match key.1.as_str() {
                            "depth" => Some(market.snapshot()),
                            "trades" => Some(market.trades(100)),
                            "candles" => Some(market.candles(&interval)),
                            "statistics" => Some(market.statistics()),
                            _ => None,
                        });
                        if key.1 == "depth" {
                            shared.snapshots.fetch_add(1, Ordering::Relaxed);
                        }
                        if let Some(first) = first {
                            socket.send(Message::text(first.to_string())).await?;
                        }
                        subscribed.insert(key);
                    }
                    "unsubscribe" => drop(subscribed.remove(&key)),
                    "authenticate" => {}
                    other => panic!("{other}"),
                }
            }
            said = said.recv() => {
                let Ok(Said { market, channel, text }) = said else { continue };
                if subscribed.contains(&(market.to_owned(), channel.to_owned())) {
                    socket.send(Message::text(text)).await?;
                }
            }
        }
    }
}
