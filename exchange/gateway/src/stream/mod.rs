//! The WebSocket `/v1/stream`: market data and an account's own orders, live.
//!
//! Not responsible for making messages of market data: they come as text, and the same bytes go to everybody. A newcomer needs to
//! know one thing: every subscription begins with a first message that says how things stand, and what follows continues it without
//! a gap and without a repetition; where that cannot be kept up, there is a new first message.
//!
//! # What a client says
//!
//! | message | |
//! |---|---|
//! | `{"op":"subscribe","channel":"depth","market":"BTC-USD"}` | `depth`, `trades`, `statistics`, `candles` (with `interval`), `orders` (without `market`) |
//! | `{"op":"unsubscribe",...}` | likewise; a message that was under way may still come |
//! | `{"op":"authenticate","token":"..."}` | for browsers, which cannot set `Authorization` at the upgrade |
//! | `{"op":"cancel_on_disconnect","enabled":true}` | when the connection ends, all orders of the account are cancelled; not where the gateway is [killed](dead_man) |
//! | `{"op":"ping"}` | |
//!
//! # What it is told
//!
//! | type | |
//! |---|---|
//! | `subscribed`, `unsubscribed`, `authenticated`, `cancel_on_disconnect`, `pong` | it is done |
//! | `depth_snapshot`, then `depth` | every `depth` has the `sequence` of the message before it as `previous`; a quantity of "0" ends a level |
//! | `trades`, then `trade` | the last hundred, newest first; then each one, by growing `id` |
//! | `candles`, then `candle` | the last 500, newest first; then each change of the last |
//! | `statistics` | of 24 hours |
//! | `order`, `balance`, `account` | what happened to the account, each once; `sequence` and `index` grow |
//! | `error` | a stable `code` and a `detail`; nothing has changed |
//!
//! # How it ends
//!
//! 1001: the gateway ends. 1008: too slow, silent, or too many errors, as the reason says. 1009: a message of more than 4 KiB.
//! 1002: not a message.

mod dead_man;
mod feed;
mod hub;
mod meters;
mod protocol;
mod room;
mod session;
mod sessions;
mod settings;
mod topic;
mod updates;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_service::health::Health;
use exchange_service::http::PeerAddress;
use exchange_service::markets::Markets;
use exchange_service::metrics::Metrics;
use exchange_service::net::Client;
use exchange_service::stop::Stop;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::api::App;
use crate::auth::{Identity, Verifier, bearer};
use crate::clock::Clock;
use crate::limits::{Class, Limiter};
use crate::link::Venue;
use crate::problem::{Code, Problem};
use crate::upstream::{Target, Upstreams};
use hub::{Hub, Order};
use meters::StreamMeters;
use session::Session;
use sessions::Sessions;

pub use settings::{Origins, StreamSettings};

/// Where the stream is.
pub const PATH: &str = "/v1/stream";

/// The part of the gateway's health that says whether live market data comes.
pub const FEED_PART: &str = hub::PART;

/// What a client may send at once before its messages are even looked at, in bytes. Longer ones than
/// [`MESSAGE_BYTES_MAX`](protocol::MESSAGE_BYTES_MAX) are answered; longer ones than this break the connection.
const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Bytes that are read of a connection at once: messages of clients are short.
const READ_BYTES: usize = 4 * 1024;

/// Bytes that are gathered before they are written.
const WRITE_BYTES: usize = 32 * 1024;

/// What the stream needs of the service around it.
#[derive(Debug)]
pub struct Around {
    /// Opens the feed.
    pub client: Client,
    /// Queries, and where market data is.
    pub upstreams: Upstreams,
    /// Who asks.
    pub verifier: Verifier,
    /// An account's own orders.
    pub venue: Venue,
    /// How often somebody may ask.
    pub limiter: Limiter,
    /// Names and decimals.
    pub markets: Markets,
    /// What it counts.
    pub metrics: Metrics,
    /// Where it says how it is.
    pub health: Health,
    /// When to end.
    pub stop: Stop,
}

/// The stream. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Streams {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: StreamSettings,
    clock: Clock,
    verifier: Verifier,
    venue: Venue,
    limiter: Limiter,
    markets: Arc<Markets>,
    meters: StreamMeters,
    sessions: Sessions,
    orders: mpsc::Sender<Order>,
    stop: Stop,
}

/// The tasks of the stream; they end when this is dropped.
#[derive(Debug)]
pub struct StreamTasks {
    tasks: [JoinHandle<()>; 2],
}

impl Drop for StreamTasks {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Streams {
    /// Subscribes to market data's feed and takes clients.
    #[must_use]
    pub fn open(settings: StreamSettings, around: Around) -> (Self, StreamTasks) {
        let meters = StreamMeters::new(&around.metrics);
        let markets = Arc::new(around.markets);
        let subscriptions = Arc::new(AtomicUsize::new(0));
        let (orders, to_hub) = mpsc::channel(hub::ORDERS_MAX);
        let (events, from_feed) = mpsc::channel(feed::BATCHES_MAX);
        let hub = Hub::new(
            Arc::clone(&markets),
            around.upstreams.clone(),
            around.health.clone(),
            meters.clone(),
            settings.slow_max,
            Arc::clone(&subscriptions),
        );
        // Orders can be traded without live market data, so a gateway is ready without it.
        around.health.healthy(FEED_PART);
        let address = around.upstreams.address(Target::MarketData).clone();
        let tasks = [
            tokio::spawn(hub.run(to_hub, from_feed)),
            tokio::spawn(feed::follow(around.client, address, subscriptions, events)),
        ];
        let inner = Inner {
            sessions: Sessions::new(&settings, meters.clone()),
            settings,
            clock: Clock::default(),
            verifier: around.verifier,
            venue: around.venue,
            limiter: around.limiter,
            markets,
            meters,
            orders,
            stop: around.stop,
        };
        (Self { inner: Arc::new(inner) }, StreamTasks { tasks })
    }

    /// The path of the stream.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new().route(PATH, get(upgrade)).with_state(self.clone())
    }

    /// Waits until all connections have ended, and what is to be done at their end is done. They end by themselves when the
    /// service stops; the link to the venue must not end before them.
    pub async fn drained(&self) {
        self.inner.sessions.empty().await;
    }
}

/// The paths of this part; [`api::router`](crate::api::router) adds them.
pub fn routes<S: Clone + Send + Sync + 'static>(app: &Arc<App>) -> Router<S> {
    app.streams.routes()
}

async fn upgrade(State(streams): State<Streams>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let inner = &streams.inner;
    let peer =
        parts.extensions.get::<PeerAddress>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let address = inner.limiter.client(peer, &parts.headers);
    let (identity, allowance) = match inner.admit(address, &parts.headers) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal,
    };
    let answer = async {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
        let upgrade = upgrade
            .map_err(|rejection| Problem::new(Code::UPGRADE_REQUIRED).detail(rejection.body_text()))?;
        if inner.stop.is_stopped() {
            return Err(Problem::new(Code::BUSY).detail("the gateway ends").retry_after(1));
        }
        let mut place = inner.sessions.enter(address)?;
        if let Some(account) = identity.as_ref().and_then(|identity| identity.account) {
            place.account(account)?;
        }
        let session = Session::new(Arc::clone(inner), place, address, identity);
        Ok(upgrade
            .max_message_size(FRAME_BYTES_MAX)
            .max_frame_size(FRAME_BYTES_MAX)
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(WRITE_BYTES)
            .on_upgrade(|socket| session.run(socket)))
    };
    let mut response = answer.await.unwrap_or_else(Problem::into_response);
    allowance.write(response.headers_mut());
    response
}

type Admitted = (Option<Arc<Identity>>, crate::limits::Allowance);

impl Inner {
    #[expect(clippy::result_large_err, reason = "the error is the answer")]
    /// As the gate of the other routes, with the origin before the token.
    fn admit(&self, address: IpAddr, headers: &HeaderMap) -> Result<Admitted, Response> {
        let allowance = self.limiter.admit_peer(address).map_err(IntoResponse::into_response)?;
        if !self.settings.origins.allow(headers) {
            let mut response = Problem::new(Code::ORIGIN_FORBIDDEN).into_response();
            // No token helps.
            response.headers_mut().remove(WWW_AUTHENTICATE);
            allowance.write(response.headers_mut());
            return Err(response);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let identity = bearer(headers)
            .and_then(|token| token.map(|token| self.verifier.verify(token, now)).transpose())
            .map_err(|problem| {
                let mut response = problem.into_response();
                allowance.write(response.headers_mut());
                response
            })?;
        let admitted = self.limiter.admit(Class::MarketData, address, identity.as_deref());
        admitted.map(|allowance| (identity, allowance)).map_err(IntoResponse::into_response)
    }
}
