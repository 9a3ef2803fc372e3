//! A venue that stands in for matching and persistence: real outcomes of a real engine, served as those two serve them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_core::feed::{Candle, DepthUpdate, EventHeader, Feed, FeedSink, Interval, TradePrint};
use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine};
use exchange_load::engine::Traffic;
use exchange_service::http::{self, Limits};
use exchange_service::net::{
    self, Address, Chunk, Resume, Ring, RingSource, Upgrade, frame, refuse_too_old, serve_ring,
};
use exchange_service::stop::Stop;
use exchange_types::{
    Command, CommandHeader, Event, EventBuffer, InstrumentId, Sequence, Side, TimestampNs, decode_frame,
    encode_outcome,
};
use tokio::net::TcpListener;

/// The levels of both sides: price in ticks and lots, best first.
pub type Levels = [Vec<(u32, u64)>; 2];

/// Bytes of outcomes that the ring of this matching keeps.
const RING_BYTES: usize = 64 * 1024;

/// What the two services have.
#[derive(Default)]
struct Kept {
    /// Every outcome there was.
    archive: Vec<Vec<u8>>,
    /// The snapshot that is given; `None`: there is none.
    snapshot: Option<Vec<u8>>,
    ring: Option<RingSource>,
    /// How often each stream was opened.
    opened: BTreeMap<&'static str, u64>,
}

type Shared = Arc<Mutex<Kept>>;

/// The venue.
pub struct Venue {
    engine: FastEngine,
    /// What market data has to be at every moment.
    pub feed: Feed,
    ring: Ring,
    kept: Shared,
    events: EventBuffer,
    /// Commands to come, and what is still to be read of them.
    log: Vec<u8>,
    at: usize,
    /// Added to the times of the log.
    start_ns: u64,
    /// The depth after each update, by instrument and sequence.
    pub history: BTreeMap<(u32, u64), Levels>,
    /// Every trade, in order.
    pub trades: Vec<TradePrint>,
    pub address: Address,
    stop: Stop,
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Takes down what the feed says.
struct Notes<'a> {
    trades: &'a mut Vec<TradePrint>,
    touched: Vec<(u32, u64)>,
}

impl FeedSink for Notes<'_> {
    fn trade(&mut self, print: &TradePrint) {
        self.trades.push(*print);
    }

    fn depth(&mut self, update: &DepthUpdate<'_>) {
        self.touched.push((update.instrument.0, update.seq.0));
    }

    fn candle(&mut self, _: InstrumentId, _: Interval, _: &Candle) {}
}

/// The present by the clock of this machine.
pub fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

impl Venue {
    /// A venue where nothing has happened, whose clock begins at `start_ns`.
    pub async fn new(start_ns: u64) -> Self {
        let ring = Ring::new(0, RING_BYTES);
        let kept = Shared::default();
        kept.lock().unwrap().ring = Some(ring.source());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let stop = Stop::new();
        let routes = Router::new()
            .route(net::OUTCOMES, get(outcomes))
            .route(net::ARCHIVE, get(archive))
            .route("/internal/snapshot/feed", get(snapshot))
            .with_state(Arc::clone(&kept));
        tokio::spawn(http::serve(listener, routes, Limits::default(), stop.clone()));
        Self {
            engine: Engine::new(BookMaker::fast()),
            feed: Feed::new(),
            ring,
            kept,
            events: EventBuffer::new(),
            log: Vec::new(),
            at: 0,
            start_ns,
            history: BTreeMap::new(),
            trades: Vec::new(),
            address,
            stop,
        }
    }

    /// A venue with random traffic to come on two instruments.
    pub async fn with_traffic(seed: u64, commands: usize) -> Self {
        let traffic =
            Traffic { live_orders: 120, accounts: 8, instruments: 2, commands, mean_distance: 8, seed };
        let scene = traffic.generate().unwrap();
        let mut venue = Self::new(now_ns()).await;
        venue.log = scene.opening.bytes;
        venue.log.extend_from_slice(&scene.measured.bytes);
        venue
    }

    /// Whether there is more to come.
    pub fn has_more(&self) -> bool {
        self.at < self.log.len()
    }

    /// The next commands of the log happen, and their outcomes are published at once.
    pub fn step(&mut self, commands: usize) {
        let mut items = Items::default();
        for _ in 0..commands {
            if !self.has_more() {
                break;
            }
            let log = std::mem::take(&mut self.log);
            let frame = decode_frame(&log[self.at..]).unwrap();
            self.at += frame.bytes();
            self.events.clear();
            self.engine.apply_encoded(&frame.header.command(), frame.payload, &mut self.events);
            self.log = log;
            self.publish(&mut items);
        }
        self.push(items);
    }

    /// A command happens at a time after the start.
    pub fn command(&mut self, after: Duration, command: &Command) {
        let sequence = self.engine.sequence().next();
        let time = TimestampNs(after.as_nanos() as u64);
        self.events.clear();
        self.engine.apply(&CommandHeader { sequence, time }, command, &mut self.events);
        let rejected = self.events.iter().find(|event| matches!(event, Event::Rejected { .. }));
        assert_eq!(rejected, None, "{command:?}");
        let mut items = Items::default();
        self.publish(&mut items);
        self.push(items);
    }

    /// An item that is not the next outcome goes out.
    pub fn push_raw(&self, body: &[u8]) {
        let mut items = Items::default();
        items.put(self.ring.position() + 1, body);
        self.push(items);
    }

    fn publish(&mut self, items: &mut Items) {
        let mut header = self.engine.outcome(&self.events);
        header.time.0 += self.start_ns;
        let mut notes = Notes { trades: &mut self.trades, touched: Vec::new() };
        for (number, event) in (header.first_event..).zip(&self.events) {
            let header =
                EventHeader { sequence: Sequence(number), command: header.sequence, time: header.time };
            self.feed.apply(&header, event, &mut notes).unwrap();
        }
        self.feed.end_command(&mut notes);
        for (instrument, sequence) in notes.touched {
            let levels = self.levels(instrument);
            self.history.insert((instrument, sequence), levels);
        }
        let mut outcome = Vec::new();
        encode_outcome(&header, &self.events, &mut outcome);
        items.put(header.sequence.0, &outcome);
        self.kept.lock().unwrap().archive.push(outcome);
    }

    fn push(&self, items: Items) {
        if let Some((first, last)) = items.range {
            self.ring.push(Chunk { first, last, frames: items.frames.into() });
        }
    }

    /// What stands in the book of an instrument.
    pub fn levels(&self, instrument: u32) -> Levels {
        [Side::Buy, Side::Sell].map(|side| {
            let levels = self.feed.levels(InstrumentId(instrument), side);
            levels.map(|level| (level.price.0, level.quantity)).collect()
        })
    }

    /// From now on persistence gives the feed as it is now.
    pub fn take_snapshot(&self) {
        self.give_snapshot(self.feed.snapshot().unwrap());
    }

    /// From now on persistence gives these bytes.
    pub fn give_snapshot(&self, bytes: Vec<u8>) {
        self.kept.lock().unwrap().snapshot = Some(bytes);
    }

    /// The last command.
    pub fn position(&self) -> u64 {
        self.engine.sequence().0
    }

    /// How often a stream was opened.
    pub fn opened(&self, path: &str) -> u64 {
        self.kept.lock().unwrap().opened.get(path).copied().unwrap_or(0)
    }
}

#[derive(Default)]
struct Items {
    frames: Vec<u8>,
    range: Option<(u64, u64)>,
}

impl Items {
    fn put(&mut self, sequence: u64, body: &[u8]) {
        frame::put_item(&mut self.frames, sequence, |out| out.extend_from_slice(body));
        self.range = Some((self.range.map_or(sequence, |(first, _)| first), sequence));
    }
}

async fn outcomes(State(kept): State<Shared>, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let ring = {
        let mut kept = kept.lock().unwrap();
        *kept.opened.entry(net::OUTCOMES).or_default() += 1;
        kept.ring.clone().unwrap()
    };
    let position = ring.position();
    let after = resume.after.unwrap_or(position);
    if after + 1 < ring.oldest() {
        return refuse_too_old(net::TooOld { wanted: after + 1, oldest: ring.oldest() });
    }
    let reader = ring.reader(after);
    let linger = Duration::from_micros(resume.linger_us);
    upgrade.accept(position, 1, move |link| serve_ring(reader, link, linger))
}

async fn archive(State(kept): State<Shared>, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let after = resume.after.unwrap_or(0);
    let (frames, position) = {
        let mut kept = kept.lock().unwrap();
        *kept.opened.entry(net::ARCHIVE).or_default() += 1;
        let mut frames = Vec::new();
        for (sequence, outcome) in (1..).zip(&kept.archive).skip(after as usize) {
            frame::put_item(&mut frames, sequence, |out| out.extend_from_slice(outcome));
        }
        frame::put_frame(&mut frames, net::END, |_| {});
        (frames, kept.archive.len() as u64)
    };
    upgrade.accept(position, 1, move |link| async move { link.writer.send(&frames).await })
}

async fn snapshot(State(kept): State<Shared>) -> Response {
    let snapshot = kept.lock().unwrap().snapshot.clone();
    snapshot.map_or(StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}
