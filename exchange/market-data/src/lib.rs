//! Market data: depth, trades, candles and statistics for whoever watches.
//!
//! Not responsible for deciding anything: it folds the outcomes that matching publishes, which are durable, and knows no order and
//! no account. A newcomer needs to know one thing: there is one [`Feed`](exchange_core::feed::Feed), one task owns it, and whatever
//! that task says (an answer, a message of the stream) is of one moment.
//!
//! | path | what |
//! |---|---|
//! | `GET /internal/markets`, `/internal/markets/{symbol}` | parameters, state, statistics of 24 hours |
//! | `GET /internal/markets/{symbol}/depth?limit=` | levels of both sides, best first; 1 to 10,000 of each, or `all` |
//! | `GET /internal/markets/{symbol}/trades?limit=` | the last trades, newest first; 1 to 1,000 |
//! | `GET /internal/markets/{symbol}/candles?interval=&limit=` | candles, newest first, the open one with them |
//! | `GET /internal/stream/feed?after=&linger_us=`, upgraded | every message that a client may want, each encoded once |
//!
//! An item of the stream is the instrument's number (`u32`, little-endian), the [`Channel`] (one byte), and the message as the JSON
//! text that clients get. A candle's text begins with its type and its interval, so that it can be passed on unread.
//!
//! # What is coalesced
//!
//! Trades are all told, one by one, and so are candles when they close. Depth is told once for each instrument and *batch* of
//! outcomes: one outcome where there is little to do, as many as one to two milliseconds bring where there is much. The message
//! says of each level that changed what it is now; `previous` is the `sequence` of the message before it, and the `sequence` of an
//! answer to `depth` is that of the last message before the answer. Open candles and statistics are told at most every 100 ms.
//! Who reads too slowly for the ring is cut off and begins again with an answer to `depth`.

mod answer;
mod follow;
mod json;
mod meters;
mod owner;
mod problem;
mod routes;
mod told;
mod venue;

use std::net::SocketAddr;
use std::time::Duration;

use exchange_service::config::Environment;
use exchange_service::http::{self, Limits};
use exchange_service::markets::Markets;
use exchange_service::net::{Address, Client};
use exchange_service::service::{Frame, Service, ServiceError};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::json::Wording;
use crate::meters::Meters;
use crate::owner::Owner;
use crate::routes::Desk;

pub use routes::MARKETS;
pub use venue::Channel;

/// The service.
#[derive(Debug)]
pub struct MarketData;

/// What it reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where snapshots and old outcomes are.
    pub persistence: Address,
    /// Where new outcomes are.
    pub matching: Address,
    /// Names and decimals.
    pub markets: Markets,
    /// How long matching may gather outcomes before it sends them.
    pub linger: Duration,
    /// How much time lies between two messages about open candles or statistics of an instrument, at least.
    pub slow_every: Duration,
    /// Bytes of messages kept for readers that are slow or come back.
    pub ring_bytes: usize,
    /// How far behind the present the last outcome may be before the service calls itself degraded.
    pub lag_max: Duration,
}

impl Service for MarketData {
    const NAME: &'static str = "market-data";
    const PARTS: &'static [&'static str] = &[owner::FEED, owner::OUTCOMES, owner::MARKETS];
    type Settings = Settings;

    fn settings(environment: &mut Environment) -> Settings {
        Settings {
            listen: environment.listen("MARKET_DATA_LISTEN", "127.0.0.1:8082"),
            persistence: environment.persistence(),
            matching: environment.matching_engine(),
            markets: environment.markets(),
            linger: environment.or(
                "MARKET_DATA_LINGER",
                "2ms",
                "how long outcomes may be gathered before market data gets them: longer means fewer, later messages",
            ),
            slow_every: environment.or(
                "MARKET_DATA_INTERVAL",
                "100ms",
                "time between two messages about open candles or statistics of a market, at least",
            ),
            ring_bytes: environment.or(
                "MARKET_DATA_RING_BYTES",
                "8388608",
                "bytes of market data messages kept for readers that are slow or come back",
            ),
            lag_max: environment.or(
                "MARKET_DATA_LAG_MAX",
                "5s",
                "how far behind the present market data may be before it calls itself degraded",
            ),
        }
    }

    fn listen(settings: &Settings) -> SocketAddr {
        settings.listen
    }

    async fn run(settings: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
        let meters = Meters::new(&frame.metrics);
        let (sender, questions) = mpsc::channel(routes::QUESTIONS_MAX);
        let desk = Desk { questions: sender, meters: meters.clone() };
        let routes =
            http::common_routes(frame.health.clone(), frame.metrics.clone()).merge(routes::routes(desk));
        let routes = routes::with_fallbacks(routes);
        let owner = Owner {
            markets: settings
                .markets
                .markets
                .iter()
                .map(|m| Wording::new(m, &settings.markets.assets))
                .collect(),
            persistence: settings.persistence,
            matching: settings.matching,
            linger: settings.linger,
            slow_every: settings.slow_every,
            ring_bytes: settings.ring_bytes,
            lag_max: settings.lag_max,
            client: Client::new(),
            frame: frame.clone(),
            meters,
            questions,
        };
        // The owner answers until the last request is through; then nobody can ask, and it is dropped with the streams' ring.
        tokio::select! {
            biased; // the owner ends only when nobody can ask any more
            () = http::serve(listener, routes, Limits::default(), frame.stop) => Ok(()),
            () = owner.run() => Err(ServiceError::new("the owner of the feed has ended")),
        }
    }
}
