//! Persistence, risk engine, matching engine and market data as one server with a real engine inside, which can be told to lose,
//! to hold back and to refuse.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use exchange_core::FastEngine;
use exchange_core::matching::BookMaker;
use exchange_service::http::{self, Limits};
use exchange_service::net::{
    self, COMMAND, Chunk, Link, REFUSED, Resume, Ring, Unavailable, Upgrade, frame, refuse_too_old,
    serve_ring,
};
use exchange_service::stop::Stop;
use exchange_types::{
    AccountId, AssetId, Command, CommandHeader, EventBuffer, OrderId, OutcomeHeader, Request, Side,
    TimestampNs, decode_request, encode_outcome,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the venue does with the next commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Carries them out and tells.
    Normal,
    /// Carries them out and keeps the outcomes for itself, until it is normal again.
    Hold,
    /// Loses them before the log.
    Lose,
    /// Refuses them.
    Refuse(Unavailable),
}

pub(crate) struct Venue {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
    stop: Stop,
    tasks: Vec<JoinHandle<()>>,
}

struct Inner {
    state: Mutex<Kept>,
    /// Ends submit streams.
    cut: Notify,
}

struct Kept {
    engine: FastEngine,
    behaviour: Behaviour,
    ring: Ring,
    /// Encoded outcomes by sequence.
    outcomes: BTreeMap<u64, Vec<u8>>,
    /// Up to where outcomes are told.
    told: u64,
    requests: HashMap<u64, u64>,
    /// Commands that came, whatever became of them.
    seen: u64,
    /// The newest stream of each session.
    streams: HashMap<u32, u64>,
    ticking: bool,
    resolve: bool,
}

impl Kept {
    fn carry_out(&mut self, request: &Request) {
        let sequence = self.engine.sequence().next();
        let time = TimestampNs(1_800_000_000_000_000_000 + sequence.0 * 1_000);
        let mut events = EventBuffer::new();
        self.engine.apply_request(&CommandHeader { sequence, time }, request, &mut events);
        let header = OutcomeHeader {
            sequence,
            time,
            request: request.id,
            first_event: 0,
            events: events.len().try_into().unwrap(),
        };
        let mut outcome = Vec::new();
        encode_outcome(&header, &events, &mut outcome);
        self.outcomes.insert(sequence.0, outcome);
        self.requests.insert(request.id.0, sequence.0);
        self.tell();
    }

    fn tell(&mut self) {
        if self.behaviour == Behaviour::Hold {
            return;
        }
        while let Some(outcome) = self.outcomes.get(&(self.told + 1)) {
            self.told += 1;
            let mut frames = Vec::new();
            frame::put_item(&mut frames, self.told, |out| out.extend_from_slice(outcome));
            self.ring.push(Chunk { first: self.told, last: self.told, frames: frames.into() });
        }
    }
}

impl Venue {
    pub(crate) async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), None).await
    }

    async fn start_at(address: SocketAddr, kept: Option<Arc<Inner>>) -> Self {
        let inner = kept.unwrap_or_else(|| {
            let kept = Kept {
                engine: FastEngine::new(BookMaker::fast()),
                behaviour: Behaviour::Normal,
                ring: Ring::new(0, 16 * 1024 * 1024),
                outcomes: BTreeMap::new(),
                told: 0,
                requests: HashMap::new(),
                seen: 0,
                streams: HashMap::new(),
                ticking: true,
                resolve: true,
            };
            Arc::new(Inner { state: Mutex::new(kept), cut: Notify::new() })
        });
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Stop::new();
        let limits = Limits { drain: Duration::ZERO, ..Limits::default() };
        let server = tokio::spawn(http::serve(listener, routes(&inner), limits, stop.clone()));
        let ticking = tokio::spawn(tick(Arc::clone(&inner)));
        Self { address, inner, stop, tasks: vec![server, ticking] }
    }

    /// Dies and comes back at the same address with everything it had.
    pub(crate) async fn restart(self) -> Self {
        let (address, inner) = (self.address, Arc::clone(&self.inner));
        self.die().await;
        Self::start_at(address, Some(inner)).await
    }

    pub(crate) async fn die(mut self) {
        self.stop.stop();
        self.inner.cut.notify_waiters();
        let mut tasks = std::mem::take(&mut self.tasks).into_iter();
        tasks.next().unwrap().await.unwrap();
        tasks.for_each(|task| task.abort());
    }

    fn kept<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> T {
        with(&mut self.inner.state.lock().unwrap())
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.kept(|kept| {
            kept.behaviour = behaviour;
            kept.tell();
        });
    }

    /// Nothing comes of its own accord any more.
    pub(crate) fn stop_ticking(&self) {
        self.kept(|kept| kept.ticking = false);
    }

    /// Whether it says what became of requests.
    pub(crate) fn answer_resolve(&self, resolve: bool) {
        self.kept(|kept| kept.resolve = resolve);
    }

    /// Ends the submit stream.
    pub(crate) fn cut(&self) {
        self.inner.cut.notify_waiters();
    }

    /// Commands that came, whatever became of them.
    pub(crate) fn seen(&self) -> u64 {
        self.kept(|kept| kept.seen)
    }

    /// Commands that were carried out.
    pub(crate) fn logged(&self) -> u64 {
        self.kept(|kept| kept.requests.keys().filter(|request| **request != 0).count() as u64)
    }

    /// Carries out a command that no gateway sent.
    pub(crate) fn command(&self, command: Command) {
        self.kept(|kept| kept.carry_out(&command.into()));
    }

    pub(crate) fn free(&self, account: u32, asset: u32) -> u64 {
        self.kept(|kept| {
            kept.engine.risk().balance(AccountId(account), AssetId(asset)).map_or(0, |balance| balance.free)
        })
    }
}

async fn tick(inner: Arc<Inner>) {
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut kept = inner.state.lock().unwrap();
        if kept.ticking {
            kept.carry_out(&Command::Tick.into());
        }
    }
}

fn routes(inner: &Arc<Inner>) -> Router {
    Router::new()
        .route(net::SUBMIT, get(submit))
        .route(net::OUTCOMES, get(outcomes))
        .route("/internal/resolve", post(resolve))
        .route("/internal/outcomes/{sequence}", get(outcome))
        .route("/internal/venue", get(venue))
        .route("/internal/accounts/{account}", get(account))
        .route("/internal/orders/{order}", get(order))
        .route("/internal/orders", get(orders))
        .route("/internal/trades", get(trades))
        .route(net::FEED, get(feed))
        .route("/internal/markets", get(markets))
        .route("/internal/markets/{symbol}", get(markets))
        .route("/internal/markets/{symbol}/{part}", get(markets))
        .with_state(Arc::clone(inner))
}

type Shared = State<Arc<Inner>>;

#[derive(serde::Deserialize)]
struct Submit {
    session: u32,
}

async fn submit(
    State(inner): Shared,
    Query(Submit { session }): Query<Submit>,
    upgrade: Upgrade,
) -> Response {
    let stream = {
        let mut kept = inner.state.lock().unwrap();
        let stream = kept.streams.entry(session).or_default();
        *stream += 1;
        *stream
    };
    upgrade.accept(0, 0, move |link| async move {
        let cut = inner.cut.notified();
        tokio::select! {
            () = cut => Ok(()),
            ended = take(&inner, (session, stream), link) => ended,
        }
    })
}

async fn take(inner: &Inner, (session, stream): (u32, u64), link: Link) -> std::io::Result<()> {
    let Link { mut reader, writer, .. } = link;
    let mut alive = tokio::time::interval(frame::ALIVE_EVERY);
    loop {
        tokio::select! {
            filled = reader.fill() => filled?,
            _ = alive.tick() => {
                writer.send_alive().await?;
                continue;
            }
        }
        let mut refused = Vec::new();
        let mut any = false;
        while let Some(found) = reader.ready() {
            any = true;
            assert_eq!(found.kind, COMMAND);
            let request = decode_request(found.payload).unwrap();
            let mut kept = inner.state.lock().unwrap();
            if kept.streams[&session] != stream {
                return Ok(());
            }
            kept.seen += 1;
            match kept.behaviour {
                Behaviour::Normal | Behaviour::Hold => kept.carry_out(&request),
                Behaviour::Lose => {}
                Behaviour::Refuse(reason) => frame::put_frame(&mut refused, REFUSED, |out| {
                    out.extend_from_slice(&request.id.0.to_le_bytes());
                    out.push(reason as u8);
                }),
            }
        }
        if !any {
            return Ok(());
        }
        writer.send(&refused).await?;
    }
}

async fn outcomes(State(inner): Shared, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let source = inner.state.lock().unwrap().ring.source();
    let after = resume.after.unwrap_or(source.position());
    if after + 1 < source.oldest() {
        return refuse_too_old(net::TooOld { wanted: after + 1, oldest: source.oldest() });
    }
    let (position, reader) = (source.position(), source.reader(after));
    upgrade.accept(position, 0, move |link| serve_ring(reader, link, Duration::ZERO))
}

/// Live market data, of which there is none.
async fn feed(upgrade: Upgrade) -> Response {
    upgrade.accept(0, 0, |link| async move {
        let ring = Ring::new(0, 0);
        serve_ring(ring.source().reader(0), link, Duration::ZERO).await
    })
}

async fn resolve(State(inner): Shared, Json(question): Json<Value>) -> Response {
    let kept = inner.state.lock().unwrap();
    if !kept.resolve {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let after = question["after"].as_u64().unwrap();
    let asked = question["requests"].as_array().unwrap().iter().map(|request| request.as_u64().unwrap());
    let found: Vec<(u64, u64)> = asked
        .filter_map(|request| Some((request, *kept.requests.get(&request)?)))
        .filter(|(_, sequence)| *sequence > after)
        .collect();
    Json(json!({ "found": found, "position": kept.engine.sequence().0 })).into_response()
}

async fn outcome(State(inner): Shared, Path(sequence): Path<u64>) -> Response {
    let kept = inner.state.lock().unwrap();
    match kept.outcomes.get(&sequence) {
        Some(outcome) => Bytes::from(outcome.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn venue(State(inner): Shared) -> Json<Value> {
    let kept = inner.state.lock().unwrap();
    let risk = kept.engine.risk();
    let tiers: Vec<Value> = (0..=u8::MAX)
        .map_while(|tier| risk.tier(tier))
        .map(|tier| {
            json!({
                "open_orders_max": tier.open_orders_max, "fee_discount_ppm": tier.fee_discount,
                "order_notional_max": tier.order_notional_max, "balance_max": tier.balance_max,
            })
        })
        .collect();
    let instruments: Vec<Value> = risk
        .instruments()
        .map(|instrument| {
            let spec = instrument.spec();
            json!({
                "symbol": spec.symbol.as_str(), "base": spec.base.0, "quote": spec.quote.0,
                "base_decimals": spec.base_decimals, "tick": spec.tick.0, "lot": spec.lot.0,
                "min_quantity": spec.min_quantity.0, "max_quantity": spec.max_quantity.0,
                "position_limit": spec.position_limit.0, "maker_fee_ppm": spec.maker_fee.0,
                "taker_fee_ppm": spec.taker_fee.0, "price_band_ppm": spec.price_band,
                "reference_price": spec.reference_price.0,
            })
        })
        .collect();
    Json(json!({ "accounts": risk.accounts(), "tiers": tiers, "instruments": instruments }))
}

async fn account(State(inner): Shared, Path(account): Path<u32>) -> Response {
    let kept = inner.state.lock().unwrap();
    let risk = kept.engine.risk();
    let Some(status) = risk.account(AccountId(account)) else { return StatusCode::NOT_FOUND.into_response() };
    let balances: Vec<Value> = (0_u32..)
        .take(risk.assets())
        .filter_map(|asset| Some((asset, risk.balance(AccountId(account), AssetId(asset))?)))
        .map(|(asset, balance)| json!({ "asset": asset, "free": balance.free, "reserved": balance.reserved }))
        .collect();
    let sequence = kept.engine.sequence().0;
    Json(json!({ "sequence": sequence, "tier": status.tier, "state": "open", "balances": balances }))
        .into_response()
}

/// An order as risk engine and history have it.
fn order_json(order: &exchange_core::risk::OpenOrder) -> Value {
    json!({
        "order": order.order.0, "account": order.account.0, "instrument": order.instrument.0,
        "side": if order.side == Side::Buy { "buy" } else { "sell" }, "type": "limit", "time_in_force": "gtc",
        "status": "open", "price": u64::from(order.price.0) * 10_000, "quantity": 200_000_000, "filled_lots": 10_000,
        "remaining_lots": order.remaining.0, "filled_notional": u64::from(order.price.0) * 10_000,
        "cancel_cause": null, "reject_reason": null, "expires_at": 0, "replaces": null, "sequence": order.order.0,
        "time": 1_800_000_000_000_000_000_u64, "updated_sequence": order.order.0 + 1,
        "updated_time": 1_800_000_001_000_000_000_u64,
    })
}

async fn order(State(inner): Shared, Path(order): Path<u64>) -> Response {
    let kept = inner.state.lock().unwrap();
    match kept.engine.risk().order(OrderId(order)) {
        Some(order) => Json(order_json(&order)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(serde::Deserialize)]
struct List {
    account: u32,
    limit: usize,
    before: Option<u64>,
}

async fn orders(State(inner): Shared, Query(list): Query<List>) -> Json<Value> {
    let kept = inner.state.lock().unwrap();
    let mut orders: Vec<_> = kept.engine.risk().orders_of(AccountId(list.account)).collect();
    orders.retain(|order| list.before.is_none_or(|before| order.order.0 < before));
    orders.sort_by_key(|order| std::cmp::Reverse(order.order));
    let orders: Vec<Value> = orders.iter().take(list.limit).map(order_json).collect();
    Json(json!({ "orders": orders }))
}

async fn trades(Query(list): Query<List>) -> Json<Value> {
    let trades: Vec<Value> = (1..list.before.unwrap_or(4))
        .rev()
        .take(list.limit)
        .map(|trade| {
            json!({
                "trade": trade, "account": list.account, "instrument": 0, "order": 7, "side": "buy", "role": "maker",
                "price_ticks": 6_000_000, "quantity_lots": 5_000, "sequence": 9, "time": 1_800_000_000_000_000_000_u64,
            })
        })
        .collect();
    Json(json!({ "trades": trades }))
}

async fn markets(request: axum::extract::Request) -> Json<Value> {
    Json(json!({ "asked": request.uri().to_string() }))
}
