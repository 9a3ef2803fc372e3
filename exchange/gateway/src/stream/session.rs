//! One connection: what its client says, what it is told, and how it ends.
//!
//! One task does all of it, so messages go out in the order in which they are made. While it writes to a client that does not read,
//! it does nothing else; the queue behind it fills, and the [hub](super::hub) decides when that is too slow.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use exchange_types::AccountId;
use futures_util::{FutureExt, SinkExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Inner;
use super::dead_man;
use super::hub::{Doom, Order};
use super::protocol::{Fault, MESSAGE_BYTES_MAX, Notice, Operation, parse};
use super::sessions::Place;
use super::topic::Topic;
use super::updates::Teller;
use crate::auth::{Access, Identity};
use crate::clock::nanos;
use crate::limits::{Class, Quota};
use crate::link::{Update, Watch, WatchEnd};
use crate::problem::{Code, Problem};

/// How many messages go out with one write, at most.
const WRITE_MESSAGES_MAX: usize = 64;

/// Errors that a client may make in a minute before it is closed: a person who tries things out makes some.
const FAULTS_A_MINUTE: u32 = 20;

/// How long the end of a connection may take: the last message, and the client's answer to it.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client has closed it, or it broke.
    Gone,
    /// The gateway ends.
    Drain,
    /// The client does not keep up.
    TooSlow,
    /// The client says nothing.
    Silent,
    /// The client makes too many errors.
    TooManyErrors,
    /// A message is longer than any.
    TooLong,
    /// A message is not UTF-8, or breaks the rules of WebSocket.
    Broken,
}

impl End {
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::Drain => (close_code::AWAY, "the gateway ends"),
            Self::TooSlow => (close_code::POLICY, "too slow"),
            Self::Silent => (close_code::POLICY, "silent for too long"),
            Self::TooManyErrors => (close_code::POLICY, "too many errors"),
            Self::TooLong => (close_code::SIZE, "message too long"),
            Self::Broken => (close_code::PROTOCOL, "not a message"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

/// A connection.
pub(super) struct Session {
    pub(super) streams: Arc<Inner>,
    pub(super) place: Place,
    pub(super) address: IpAddr,
    pub(super) identity: Option<Arc<Identity>>,
    topics: HashSet<Topic>,
    orders: Option<(Watch, Teller)>,
    /// Whose orders are cancelled at the end.
    armed: Option<AccountId>,
    messages: Bucket,
    faults: Bucket,
    heard: Instant,
    pinged: Instant,
}

/// A token bucket of this connection alone.
struct Bucket {
    quota: Quota,
    full_at: u64,
}

impl Bucket {
    fn new(tokens: u32, period: Duration, burst: u32) -> Self {
        Self { quota: Quota::new(tokens, nanos(period), burst, 1_000), full_at: 0 }
    }

    /// Takes a token; the milliseconds until there is one, where there is none.
    fn take(&mut self, now: u64) -> Result<(), u64> {
        let wait = self.quota.take(&mut self.full_at, now, 1).wait;
        if wait == 0 { Ok(()) } else { Err(wait.div_ceil(1_000_000)) }
    }
}

/// What has happened.
enum Event {
    Heard(Option<Result<Message, axum::Error>>),
    Update(Result<Update, WatchEnd>),
    Queued(usize),
    Time,
}

impl Session {
    pub(super) fn new(
        streams: Arc<Inner>,
        place: Place,
        address: IpAddr,
        identity: Option<Arc<Identity>>,
    ) -> Self {
        let rate = streams.settings.messages_per_second;
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        Self {
            streams,
            place,
            address,
            identity,
            topics: HashSet::new(),
            orders: None,
            armed: None,
            messages: Bucket::new(rate, Duration::from_secs(1), rate.saturating_mul(2)),
            faults: Bucket::new(FAULTS_A_MINUTE, minute, FAULTS_A_MINUTE),
            heard: now,
            pinged: now,
        }
    }

    /// From the first message to the last.
    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let streams = Arc::clone(&self.streams);
        let (queue, mut queued) = mpsc::channel(streams.settings.queue_max);
        let (doom, mut doomed) = oneshot::channel();
        let client = self.place.number;
        // The hub ends with the gateway only.
        drop(streams.orders.send(Order::Join { client, queue, doom }).await);
        let end = {
            let work = self.work(&mut socket, &mut queued);
            tokio::select! {
                biased;
                () = streams.stop.stopped() => End::Drain,
                Ok(Doom) = &mut doomed => End::TooSlow,
                end = work => end,
            }
        };
        drop(queued);
        drop(streams.orders.send(Order::Leave(client)).await);
        // Before the farewell, which a client that does not read delays.
        let cancelling = async {
            if let Some(account) = self.armed {
                dead_man::cancel_all(&streams.venue, account, &streams.meters).await;
            }
        };
        tokio::join!(cancelling, close(socket, end));
        tracing::debug!(client, ?end, "a stream has ended");
    }

    async fn work(&mut self, socket: &mut WebSocket, queued: &mut mpsc::Receiver<Utf8Bytes>) -> End {
        let mut batch: Vec<Utf8Bytes> = Vec::with_capacity(WRITE_MESSAGES_MAX);
        loop {
            let deadline = self.next_deadline();
            let event = tokio::select! {
                biased; // what a client asks comes before what it is told; what concerns its money before the market's data
                message = socket.recv() => Event::Heard(message),
                update = next_update(&mut self.orders) => Event::Update(update),
                count = queued.recv_many(&mut batch, WRITE_MESSAGES_MAX) => Event::Queued(count),
                () = tokio::time::sleep_until(deadline) => Event::Time,
            };
            let mut ping = false;
            let end = match event {
                Event::Heard(message) => self.heard(message, &mut batch).await,
                Event::Update(update) => self.update(update, &mut batch),
                // The hub has gone with the gateway.
                Event::Queued(0) => Some(End::Drain),
                Event::Queued(_) => None,
                Event::Time => self.time(&mut batch, &mut ping),
            };
            let sent =
                tokio::time::timeout(self.streams.settings.idle_max, self.send(socket, &mut batch, ping))
                    .await;
            match (sent, end) {
                (_, Some(end)) => return end,
                (Ok(Ok(())), None) => {}
                (Ok(Err(_)), None) => return End::Gone,
                (Err(_), None) => return End::TooSlow,
            }
        }
    }

    async fn send(
        &self,
        socket: &mut WebSocket,
        batch: &mut Vec<Utf8Bytes>,
        ping: bool,
    ) -> Result<(), axum::Error> {
        if ping {
            socket.feed(Message::Ping(bytes::Bytes::new())).await?;
        }
        let count = batch.len() as u64;
        for text in batch.drain(..) {
            socket.feed(Message::Text(text)).await?;
        }
        self.streams.meters.sent.inc_by(count);
        socket.flush().await
    }

    /// When something is due that nobody says.
    fn next_deadline(&self) -> Instant {
        let settings = &self.streams.settings;
        let idle = self.heard + settings.idle_max;
        let ping = self.pinged.max(self.heard) + settings.ping_every;
        let expiry = self.identity.as_ref().map_or(idle, |identity| {
            let left = identity.expires_at.saturating_mul(1_000_000_000).saturating_sub(now_ns());
            Instant::now() + Duration::from_nanos(left)
        });
        idle.min(ping).min(expiry)
    }

    fn time(&mut self, batch: &mut Vec<Utf8Bytes>, ping: &mut bool) -> Option<End> {
        let settings = &self.streams.settings;
        let now = Instant::now();
        if now >= self.heard + settings.idle_max {
            return Some(End::Silent);
        }
        if now >= self.pinged.max(self.heard) + settings.ping_every {
            *ping = true;
            self.pinged = now;
        }
        let expired = |identity: &Arc<Identity>| identity.expires_at <= now_ns() / 1_000_000_000;
        if self.identity.as_ref().is_some_and(expired) {
            self.identity = None;
            self.orders = None;
            let detail = "the token has expired: nothing private comes any more; authenticate again";
            batch.push(Notice::error(Code::TOKEN_EXPIRED.name, detail).text());
        }
        None
    }

    fn update(&mut self, update: Result<Update, WatchEnd>, batch: &mut Vec<Utf8Bytes>) -> Option<End> {
        let mut next = Some(update);
        while let Some(update) = next.take() {
            let Some((watch, teller)) = &mut self.orders else { return None };
            match update {
                Ok(update) => teller.tell(&update, &self.streams.markets, |text| batch.push(text)),
                Err(WatchEnd::TooSlow) => return Some(End::TooSlow),
                Err(WatchEnd::Ended) => {
                    self.orders = None;
                    let detail = "the gateway has lost its place: subscribe again, and look at your orders";
                    let notice =
                        Notice { channel: Some("orders"), ..Notice::error("orders-interrupted", detail) };
                    batch.push(notice.text());
                    return None;
                }
            }
            if batch.len() < WRITE_MESSAGES_MAX {
                next = watch.next().now_or_never();
            }
        }
        None
    }

    async fn heard(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
        batch: &mut Vec<Utf8Bytes>,
    ) -> Option<End> {
        let text = match message {
            None | Some(Ok(Message::Close(_))) => return Some(End::Gone),
            // Text that is not UTF-8, frames that are none, a connection that broke: the first two are told.
            Some(Err(_)) => return Some(End::Broken),
            Some(Ok(Message::Text(text))) => Some(text),
            Some(Ok(Message::Binary(_))) => None,
            // Pings are answered below this. They count like messages, so that nobody keeps the gateway busy with them.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                self.heard = Instant::now();
                let too_many =
                    self.messages.take(self.now()).is_err() && self.faults.take(self.now()).is_err();
                return too_many.then_some(End::TooManyErrors);
            }
        };
        self.heard = Instant::now();
        self.streams.meters.received.inc();
        let done = match text {
            Some(text) if text.len() > MESSAGE_BYTES_MAX => return Some(End::TooLong),
            _ if let Err(retry_after_ms) = self.messages.take(self.now()) => Err(Fault {
                retry_after_ms: Some(retry_after_ms),
                ..Fault::new(
                    Code::RATE_LIMITED.name,
                    "messages come faster than this connection may send them",
                )
            }),
            None => Err(Fault::new("malformed-message", "expected text, found bytes")),
            Some(text) => match parse(text.as_str(), &self.streams.markets) {
                Ok(operation) => self.operate(operation, batch).await,
                Err(fault) => Err(fault),
            },
        };
        let fault = done.err()?;
        self.streams.meters.faults.get_or_create(&[("code", fault.code)]).inc();
        batch.push(
            Notice { retry_after_ms: fault.retry_after_ms, ..Notice::error(fault.code, &fault.detail) }
                .text(),
        );
        self.faults.take(self.now()).is_err().then_some(End::TooManyErrors)
    }

    async fn operate(&mut self, operation: Operation, batch: &mut Vec<Utf8Bytes>) -> Result<(), Fault> {
        let streams = Arc::clone(&self.streams);
        let client = self.place.number;
        match operation {
            Operation::Ping => batch.push(Notice::new("pong").text()),
            Operation::Subscribe(topic) => {
                self.admit(Class::MarketData)?;
                if self.topics.contains(&topic) {
                    return Err(Fault::new("already-subscribed", "this is subscribed already"));
                }
                self.check_room()?;
                self.topics.insert(topic);
                batch.push(Notice::new("subscribed").of(topic, &streams.markets).text());
                drop(streams.orders.send(Order::Follow(client, topic)).await);
            }
            Operation::Unsubscribe(topic) => {
                if !self.topics.remove(&topic) {
                    return Err(Fault::new("not-subscribed", "this is not subscribed"));
                }
                drop(streams.orders.send(Order::Unfollow(client, topic)).await);
                batch.push(Notice::new("unsubscribed").of(topic, &streams.markets).text());
            }
            Operation::SubscribeOrders => {
                self.admit(Class::Account)?;
                let account = self.account(Access::Read)?;
                if self.orders.is_some() {
                    return Err(Fault::new("already-subscribed", "this is subscribed already"));
                }
                self.check_room()?;
                let watch = streams.venue.watch(account);
                batch.push(
                    Notice {
                        channel: Some("orders"),
                        account: Some(account.to_string()),
                        sequence: Some(watch.after.to_string()),
                        ..Notice::new("subscribed")
                    }
                    .text(),
                );
                self.orders = Some((watch, Teller::new(account)));
            }
            Operation::UnsubscribeOrders => {
                if self.orders.take().is_none() {
                    return Err(Fault::new("not-subscribed", "this is not subscribed"));
                }
                batch.push(Notice { channel: Some("orders"), ..Notice::new("unsubscribed") }.text());
            }
            Operation::Authenticate(token) => self.authenticate(&token, batch)?,
            Operation::CancelOnDisconnect(enabled) => {
                self.admit(Class::Account)?;
                let account = self.account(Access::Trade)?;
                self.armed = enabled.then_some(account);
                let account = Some(account.to_string());
                let notice =
                    Notice { enabled: Some(enabled), account, ..Notice::new("cancel_on_disconnect") };
                batch.push(notice.text());
            }
        }
        Ok(())
    }

    fn authenticate(&mut self, token: &str, batch: &mut Vec<Utf8Bytes>) -> Result<(), Fault> {
        self.streams.limiter.admit_peer(self.address).map_err(|refused| Fault::from(*refused.problem))?;
        let identity = self.streams.verifier.verify(token, now_ns() / 1_000_000_000).map_err(Fault::from)?;
        // What a connection is armed for, or follows, stays one account's.
        let bound = self.armed.or(self.identity.as_ref().and_then(|identity| identity.account));
        if bound.is_some() && bound != identity.account {
            let detail = "this connection is another account's; open one for each account";
            return Err(Fault::new(Code::ACCOUNT_FORBIDDEN.name, detail));
        }
        if let Some(account) = identity.account {
            self.place.account(account).map_err(Fault::from)?;
        }
        let account =
            Some(identity.account.map_or_else(|| "admin".to_owned(), |account| account.to_string()));
        let expires_at = Some(identity.expires_at);
        batch.push(Notice { account, expires_at, ..Notice::new("authenticated") }.text());
        self.identity = Some(identity);
        Ok(())
    }

    fn account(&self, access: Access) -> Result<AccountId, Fault> {
        access.check(self.identity.as_deref()).map_err(Fault::from)?;
        let account = self.identity.as_ref().and_then(|identity| identity.account);
        account.ok_or_else(|| {
            Problem::new(Code::ACCOUNT_FORBIDDEN)
                .detail("expected a token of an account, not of `admin`")
                .into()
        })
    }

    fn admit(&self, class: Class) -> Result<(), Fault> {
        let admitted = self.streams.limiter.admit(class, self.address, self.identity.as_deref());
        admitted.map(drop).map_err(|refused| Fault::from(*refused.problem))
    }

    fn check_room(&self) -> Result<(), Fault> {
        let max = self.streams.settings.subscriptions_max;
        if self.topics.len() + usize::from(self.orders.is_some()) < max {
            return Ok(());
        }
        Err(Fault::new("too-many-subscriptions", format!("expected at most {max}")))
    }

    fn now(&self) -> u64 {
        self.streams.clock.now()
    }
}

/// The next update of the account; never, where none is followed.
async fn next_update(orders: &mut Option<(Watch, Teller)>) -> Result<Update, WatchEnd> {
    match orders {
        Some((watch, _)) => watch.next().await,
        None => std::future::pending().await,
    }
}

/// Says why, and waits a moment for the client's answer, so that what was said last is not lost with the connection.
async fn close(mut socket: WebSocket, end: End) {
    let farewell = async {
        if let Some(frame) = end.frame()
            && socket.send(Message::Close(Some(frame))).await.is_err()
        {
            return;
        }
        while let Some(Ok(_)) = socket.recv().await {}
    };
    drop(tokio::time::timeout(CLOSE_MAX, farewell).await);
}

fn now_ns() -> u64 {
    nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
