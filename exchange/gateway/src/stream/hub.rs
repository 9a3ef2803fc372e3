//! Fans the feed out to clients.
//!
//! Not responsible for connections: a client is a queue. A newcomer needs to know one thing: this task owns who follows what, and it
//! never waits for a client. **When the queue of a client is full, its topics go stale**: it gets nothing more of them, and once
//! half of the queue is free a new first message of each. If the queue stays full, or fills again soon after, the client is told to
//! go ([`Doom`]): it will not catch up.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use exchange_service::health::Health;
use exchange_service::markets::Markets;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::feed::FeedEvent;
use super::meters::StreamMeters;
use super::protocol::Notice;
use super::room::{ClientId, Room, Sent};
use super::topic::{First, Item, Topic};
use crate::upstream::{Target, UpstreamError, Upstreams};

/// The part of the gateway's health that this is.
pub(super) const PART: &str = "feed";

/// How many orders wait for the hub at most. **When there are as many, clients wait**, and with them what they send next.
pub(super) const ORDERS_MAX: usize = 256;

/// How often the hub looks at clients that were too slow.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whoever is too slow again within this time of having been forgiven will not catch up.
const FORGIVEN_FOR: Duration = Duration::from_secs(10);

/// The longest pause before a first message is asked for again.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(1);

/// The client was too slow and has to go.
#[derive(Debug)]
pub(super) struct Doom;

/// What clients want of the hub.
#[derive(Debug)]
pub(super) enum Order {
    /// There is a new client.
    Join {
        /// Its number, never used before.
        client: ClientId,
        /// Where its messages go.
        queue: mpsc::Sender<Utf8Bytes>,
        /// How it is told to go.
        doom: oneshot::Sender<Doom>,
    },
    /// It wants to follow a topic.
    Follow(ClientId, Topic),
    /// It does not want to any more.
    Unfollow(ClientId, Topic),
    /// It is gone.
    Leave(ClientId),
}

#[derive(Debug)]
struct Client {
    queue: mpsc::Sender<Utf8Bytes>,
    doom: Option<oneshot::Sender<Doom>>,
    topics: BTreeSet<Topic>,
    /// Since when its queue is full.
    stale_since: Option<Instant>,
    forgiven_at: Option<Instant>,
}

/// What came of a question for a first message, with its number.
type Fetched = (Topic, u64, Result<First, UpstreamError>);

/// The task.
#[derive(Debug)]
pub(super) struct Hub {
    markets: Arc<Markets>,
    upstreams: Upstreams,
    health: Health,
    meters: StreamMeters,
    slow_max: Duration,
    subscriptions: Arc<AtomicUsize>,
    clients: HashMap<ClientId, Client>,
    rooms: HashMap<Topic, Room>,
    stale: BTreeSet<ClientId>,
    fetches: JoinSet<Fetched>,
    /// How many questions for first messages there have been.
    questions: u64,
    connected: bool,
}

impl Hub {
    pub(super) fn new(
        markets: Arc<Markets>,
        upstreams: Upstreams,
        health: Health,
        meters: StreamMeters,
        slow_max: Duration,
        subscriptions: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            markets,
            upstreams,
            health,
            meters,
            slow_max,
            subscriptions,
            clients: HashMap::new(),
            rooms: HashMap::new(),
            stale: BTreeSet::new(),
            fetches: JoinSet::new(),
            questions: 0,
            connected: false,
        }
    }

    /// Runs until nobody can give orders any more.
    pub(super) async fn run(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        mut feed: mpsc::Receiver<FeedEvent>,
    ) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased; // orders are few and somebody waits for them; the feed is never at an end
                order = orders.recv() => match order {
                    Some(order) => self.order(order),
                    None => return,
                },
                Some(fetched) = self.fetches.join_next() => match fetched {
                    Ok((topic, question, result)) => self.fetched(topic, question, result),
                    // A fetch is neither aborted nor does it panic; if one did, its room would wait for ever.
                    Err(error) => tracing::error!(%error, "a first message was not fetched"),
                },
                _ = look.tick(), if !self.stale.is_empty() => self.look_at_stale(),
                event = feed.recv() => match event {
                    Some(event) => self.event(event),
                    None => return,
                },
            }
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Join { client, queue, doom } => {
                let client_entry = Client {
                    queue,
                    doom: Some(doom),
                    topics: BTreeSet::new(),
                    stale_since: None,
                    forgiven_at: None,
                };
                self.clients.insert(client, client_entry);
            }
            Order::Follow(client, topic) => {
                let Some(entry) = self.clients.get_mut(&client) else { return };
                if !entry.topics.insert(topic) {
                    return;
                }
                self.subscriptions.fetch_add(1, Ordering::Relaxed);
                self.rooms.entry(topic).or_default().join(client);
                if !self.connected {
                    self.tell_waiting(topic, "market data is not connected at the moment");
                }
                self.ask(topic);
            }
            Order::Unfollow(client, topic) => self.unfollow(client, topic),
            Order::Leave(client) => {
                let topics = self.clients.get(&client).map(|entry| entry.topics.clone()).unwrap_or_default();
                topics.into_iter().for_each(|topic| self.unfollow(client, topic));
                self.clients.remove(&client);
                self.stale.remove(&client);
            }
        }
        self.meters
            .subscriptions
            .set(i64::try_from(self.subscriptions.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
    }

    fn unfollow(&mut self, client: ClientId, topic: Topic) {
        let Some(entry) = self.clients.get_mut(&client) else { return };
        if !entry.topics.remove(&topic) {
            return;
        }
        self.subscriptions.fetch_sub(1, Ordering::Relaxed);
        if let Some(room) = self.rooms.get_mut(&topic) {
            room.leave(client);
            if room.is_empty() {
                self.rooms.remove(&topic);
            }
        }
    }

    fn event(&mut self, event: FeedEvent) {
        match event {
            FeedEvent::Begun => {
                self.connected = true;
                self.health.healthy(PART);
                self.meters.feeds.inc();
                let topics: Vec<Topic> = self.rooms.keys().copied().collect();
                topics.into_iter().for_each(|topic| self.ask(topic));
            }
            FeedEvent::Items(items) => items.iter().for_each(|item| self.item(item)),
            FeedEvent::Lost(reason) => {
                self.health.degraded(PART, format!("no live market data: {reason}"));
                if std::mem::take(&mut self.connected) {
                    let topics: Vec<Topic> = self.rooms.keys().copied().collect();
                    for topic in topics {
                        if let Some(room) = self.rooms.get_mut(&topic) {
                            room.begin_again();
                        }
                        self.tell_waiting(topic, "market data was interrupted; a new first message follows");
                    }
                }
            }
        }
    }

    fn item(&mut self, item: &Item) {
        let Some(room) = self.rooms.get_mut(&item.topic) else { return };
        let mut sender = Sender { clients: &mut self.clients, stale: &mut self.stale, meters: &self.meters };
        room.item(item, |client, item| sender.send(client, &item.text));
        self.ask(item.topic);
    }

    /// Asks for the first message of a topic if somebody waits for it and it is not on its way.
    fn ask(&mut self, topic: Topic) {
        let Some(room) = self.rooms.get_mut(&topic) else { return };
        if !self.connected || !room.needs_first() {
            return;
        }
        let Some(path) = topic.path(&self.markets) else { return };
        self.questions += 1;
        let question = self.questions;
        room.asked(question);
        self.meters.fetches.inc();
        let pause = match room.attempts {
            0 => Duration::ZERO,
            attempts => (Duration::from_millis(20) * (1 << attempts.min(8))).min(ASK_AGAIN_MAX),
        };
        let upstreams = self.upstreams.clone();
        self.fetches.spawn(async move {
            tokio::time::sleep(pause).await;
            let answer = upstreams.get_bytes(Target::MarketData, &path).await;
            let first = answer.and_then(|answer| {
                topic.first(&answer).map_err(|reason| UpstreamError::Unexpected {
                    target: Target::MarketData,
                    reason: reason.into(),
                })
            });
            (topic, question, first)
        });
    }

    fn fetched(&mut self, topic: Topic, question: u64, result: Result<First, UpstreamError>) {
        let Some(room) = self.rooms.get_mut(&topic) else { return };
        match result {
            Ok(first) => {
                let sender = std::cell::RefCell::new(Sender {
                    clients: &mut self.clients,
                    stale: &mut self.stale,
                    meters: &self.meters,
                });
                let used = room.first(
                    question,
                    &first,
                    |client, first| sender.borrow_mut().send(client, &first.text),
                    |client, item| sender.borrow_mut().send(client, &item.text),
                );
                if used.is_err() {
                    // Not an error by itself: the feed broke off meanwhile, or the answer is of another instance of market data.
                    room.attempts = room.attempts.saturating_add(1);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "no first message");
                let reason = "market data does not answer; the first message follows when it does";
                let untold = room.failed(question);
                self.tell(untold, topic, reason);
            }
        }
        self.ask(topic);
    }

    fn tell_waiting(&mut self, topic: Topic, detail: &str) {
        let untold = self.rooms.get_mut(&topic).map(Room::untold).unwrap_or_default();
        self.tell(untold, topic, detail);
    }

    fn tell(&mut self, clients: Vec<ClientId>, topic: Topic, detail: &str) {
        if clients.is_empty() {
            return;
        }
        let text = Notice::error("market-data-unavailable", detail).of(topic, &self.markets).text();
        for client in clients {
            // Whoever has no room for it is too slow anyway, which the next message finds out.
            if let Some(entry) = self.clients.get(&client) {
                drop(entry.queue.try_send(text.clone()));
            }
        }
    }

    /// Forgives clients that have made room, and gives up those that have not.
    fn look_at_stale(&mut self) {
        let now = Instant::now();
        for client in self.stale.clone() {
            let Some(entry) = self.clients.get_mut(&client) else {
                self.stale.remove(&client);
                continue;
            };
            let since = entry.stale_since.unwrap_or(now);
            let again = entry.forgiven_at.is_some_and(|at| since.duration_since(at) < FORGIVEN_FOR);
            if again || now.duration_since(since) >= self.slow_max {
                self.meters.too_slow.inc();
                self.stale.remove(&client);
                if let Some(doom) = entry.doom.take() {
                    // A client that is gone has its leave on its way.
                    drop(doom.send(Doom));
                }
                continue;
            }
            if entry.queue.capacity() * 2 < entry.queue.max_capacity() {
                continue;
            }
            self.stale.remove(&client);
            entry.stale_since = None;
            entry.forgiven_at = Some(now);
            self.meters.conflations.inc();
            for topic in entry.topics.clone() {
                if let Some(room) = self.rooms.get_mut(&topic) {
                    room.take_back(client);
                }
                self.ask(topic);
            }
        }
    }
}

/// Puts messages into queues.
struct Sender<'a> {
    clients: &'a mut HashMap<ClientId, Client>,
    stale: &'a mut BTreeSet<ClientId>,
    meters: &'a StreamMeters,
}

impl Sender<'_> {
    fn send(&mut self, client: ClientId, text: &Utf8Bytes) -> Sent {
        let Some(entry) = self.clients.get_mut(&client) else { return Sent::Full };
        match entry.queue.try_send(text.clone()) {
            Ok(()) => Sent::Queued,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.meters.dropped.inc();
                entry.stale_since.get_or_insert_with(Instant::now);
                self.stale.insert(client);
                Sent::Full
            }
            // Its leave is on its way.
            Err(mpsc::error::TrySendError::Closed(_)) => Sent::Full,
        }
    }
}
