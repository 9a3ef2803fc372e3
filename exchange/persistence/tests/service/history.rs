//! Orders and trades, to be asked for.

use std::collections::BTreeMap;
use std::net::TcpListener;

use axum::Router;
use axum::http::StatusCode;
use exchange_core::Engine;
use exchange_core::matching::BookMaker;
use exchange_service::net::{Address, Client, QueryError};
use exchange_types::{
    Command, CommandHeader, Event, EventBuffer, OrderId, Request, Trade, decode_frame, decode_request,
    encode_outcome,
};
use serde_json::Value;

use super::archive::log_all;
use super::support::{Served, block_on};
use super::venue::{ACCOUNTS, Flow, MARKETS};

/// A matching engine whose memory is always too short: whoever asks it has to go to the archive.
pub(crate) struct NoMatching {
    pub(crate) address: String,
    /// Dropped to end it.
    _end: tokio::sync::oneshot::Sender<()>,
}

pub(crate) fn never_has_anything() -> NoMatching {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (end, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let router = Router::new().fallback(async || StatusCode::GONE);
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            tokio::select! {
                _ = axum::serve(listener, router).into_future() => {}
                _ = ended => {}
            }
        });
    });
    NoMatching { address, _end: end }
}

/// What happened, counted in the plainest way.
#[derive(Default)]
struct Expected {
    /// By order: account, instrument, filled, remaining, status.
    orders: BTreeMap<u64, (u32, u32, u64, u64, &'static str)>,
    /// By account: instrument, trade, order.
    trades: BTreeMap<u32, Vec<(u32, u64, u64)>>,
    /// Outcomes of keyed commands that were carried out.
    outcomes: BTreeMap<u64, Vec<u8>>,
    repeated: usize,
}

async fn expected(address: &Address, last: u64) -> Expected {
    let mut link = Client::new().stream(address, "/internal/stream/commands?after=0").await.unwrap();
    let mut engine = Engine::new(BookMaker::fast());
    let mut expected = Expected::default();
    let mut events = EventBuffer::new();
    let mut position = 0;
    while position < last {
        let frame = link.reader.next().await.unwrap().unwrap();
        let Some((sequence, body)) = frame.item() else { continue };
        position = sequence;
        let record = decode_frame(body).unwrap();
        let header = CommandHeader { sequence: record.header.sequence, time: record.header.time };
        events.clear();
        engine.apply_encoded(&header, record.payload, &mut events);
        let outcome = engine.outcome(&events);
        let Request { key, command, .. } = decode_request(record.payload).unwrap();
        if events.iter().any(|event| matches!(event, Event::Repeated { .. })) {
            expected.repeated += 1;
        } else {
            if key.is_some() {
                let mut bytes = Vec::new();
                encode_outcome(&outcome, &events, &mut bytes);
                expected.outcomes.insert(sequence, bytes);
            }
            let rejected = events.iter().any(|event| matches!(event, Event::Rejected { .. }));
            let status = if rejected { "rejected" } else { "open" };
            let lots = |instrument: u32, quantity: u64| {
                let market =
                    exchange_service::markets::Markets::embedded().markets[instrument as usize].clone();
                quantity / market.instrument.spec().lot.0
            };
            match command {
                Command::NewOrder(new) => {
                    let lots = lots(new.instrument.0, new.quantity.0);
                    expected.orders.insert(sequence, (new.account.0, new.instrument.0, 0, lots, status));
                }
                Command::ReplaceOrder { order, quantity, .. } => {
                    if let Some((account, instrument, ..)) = expected.orders.get(&order.0).copied() {
                        let lots = lots(instrument, quantity.0);
                        expected.orders.insert(sequence, (account, instrument, 0, lots, status));
                    }
                }
                _ => {}
            }
        }
        for (number, event) in (outcome.first_event..).zip(&events) {
            expected.event(number, event);
        }
    }
    expected
}

impl Expected {
    fn event(&mut self, number: u64, event: &Event) {
        let mut change = |order: OrderId, filled: u64, remaining: u32, status: Option<&'static str>| {
            let row = self.orders.get_mut(&order.0).unwrap();
            row.2 += filled;
            row.3 = remaining.into();
            if let Some(status) = status {
                row.4 = status;
            } else if row.2 > 0 {
                row.4 = "partially-filled";
            }
        };
        match *event {
            Event::Trade(Trade { maker, taker, quantity, maker_remaining, taker_remaining, .. }) => {
                for (order, remaining) in [(maker, maker_remaining), (taker, taker_remaining)] {
                    change(order, quantity.0.into(), remaining.0, (remaining.0 == 0).then_some("filled"));
                }
            }
            Event::Rested { order, quantity, .. } => change(order, 0, quantity.0, None),
            Event::Reduced { order, remaining, .. } => change(order, 0, remaining.0, None),
            Event::Cancelled { order, quantity, .. } => change(order, 0, quantity.0, Some("cancelled")),
            _ => {}
        }
        if let Event::Trade(trade) = *event {
            for (account, order) in [(trade.maker_account, trade.maker), (trade.taker_account, trade.taker)] {
                self.trades.entry(account.0).or_default().push((trade.instrument.0, number, order.0));
            }
        }
    }
}

async fn get(served: &Served, path: &str) -> Result<Value, QueryError> {
    Client::new().get(&served.address, path).await
}

/// All pages of a list.
async fn pages(served: &Served, path: &str, list: &str, key: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let before = all.last().map_or(String::new(), |last| format!("&before={}", last[key]));
        let page = get(served, &format!("{path}{before}&limit=7")).await.unwrap();
        let page = page[list].as_array().unwrap().clone();
        let full = page.len() == 7;
        all.extend(page);
        if !full {
            return all;
        }
    }
}

fn orders_of(
    expected: &Expected,
    account: u32,
    market: Option<u32>,
    status: &str,
) -> Vec<(u64, u64, u64, String)> {
    let mut found: Vec<_> = expected
        .orders
        .iter()
        .filter(|(_, row)| row.0 == account && market.is_none_or(|market| market == row.1))
        .filter(|(_, row)| {
            let open = matches!(row.4, "open" | "partially-filled");
            status == "all" || open == (status == "open")
        })
        .map(|(order, row)| (*order, row.2, row.3, row.4.to_owned()))
        .collect();
    found.reverse();
    found
}

pub(crate) async fn check(served: &Served, last: u64) {
    let expected = expected(&served.address, last).await;
    assert!(expected.repeated > 5 && expected.outcomes.len() > 50, "the flow has what is looked for");
    for account in 0..ACCOUNTS {
        for market in [None].into_iter().chain((0..MARKETS).map(Some)) {
            for status in ["open", "closed", "all"] {
                let by_market = market.map_or(String::new(), |market| format!("&market={market}"));
                let path =
                    format!("/internal/orders?account={account}{by_market}&status={status}&at_least={last}");
                let found: Vec<_> = pages(served, &path, "orders", "order")
                    .await
                    .iter()
                    .map(|row| {
                        let number = |name: &str| row[name].as_u64().unwrap();
                        let status = row["status"].as_str().unwrap().to_owned();
                        (number("order"), number("filled_lots"), number("remaining_lots"), status)
                    })
                    .collect();
                assert_eq!(found, orders_of(&expected, account, market, status), "{path}");
            }
            let by_instrument = market.map_or(String::new(), |market| format!("&instrument={market}"));
            let path = format!("/internal/trades?account={account}{by_instrument}&at_least={last}");
            let found: Vec<_> = pages(served, &path, "trades", "trade")
                .await
                .iter()
                .map(|row| (row["trade"].as_u64().unwrap(), row["order"].as_u64().unwrap()))
                .collect();
            let mut wanted: Vec<_> = expected.trades[&account]
                .iter()
                .filter(|trade| market.is_none_or(|market| market == trade.0))
                .map(|trade| (trade.1, trade.2))
                .collect();
            wanted.reverse();
            assert_eq!(found, wanted, "{path}");
        }
    }
    for (sequence, bytes) in &expected.outcomes {
        let path = format!("/internal/outcomes/{sequence}");
        assert_eq!(Client::new().get_bytes(&served.address, &path).await.unwrap(), bytes);
    }
}

#[test]
fn orders_trades_and_outcomes_are_as_the_venue_made_them_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let matching = never_has_anything();
    let variables = [("MATCHING_ENGINE_URL", matching.address.as_str()), ("SNAPSHOT_EVENTS", "500")];
    let mut flow = Flow::new(7);
    for round in 0..3 {
        let served = Served::start(folder.path(), &variables);
        block_on(async {
            let last = log_all(&served.address, &flow.payloads(700)).await;
            check(&served, last).await;
        });
        served.wait("checkpoints were compared", || {
            served.metrics.exposition().contains("exchange_history_position")
        });
        served.end().unwrap();
        if round == 1 {
            // All of it is made again.
            std::fs::remove_file(folder.path().join("history.redb")).unwrap();
        }
    }
}

#[test]
fn a_query_waits_for_the_history_and_says_how_far_it_is_when_that_takes_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let matching = never_has_anything();
    let served = Served::start(folder.path(), &[("MATCHING_ENGINE_URL", matching.address.as_str())]);
    block_on(async {
        let last = log_all(&served.address, &Flow::new(9).payloads(100)).await;
        let order = get(&served, &format!("/internal/orders?account=0&at_least={last}")).await.unwrap();
        assert!(order["orders"].as_array().unwrap().len() > 1);
        let error = get(&served, "/internal/orders?account=0&at_least=101").await.unwrap_err();
        let QueryError::Refused { status, body, .. } = error else { panic!("{error}") };
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["position"], last);
        for (path, code) in [
            ("/internal/orders?account=0&limit=0", 400),
            ("/internal/orders?account=0&limit=1001", 400),
            ("/internal/orders?account=0&status=odd", 400),
            ("/internal/orders?market=0", 400),
            ("/internal/orders/x", 400),
            ("/internal/orders/1", 404),
            ("/internal/outcomes/1", 404),
        ] {
            let error = get(&served, path).await.unwrap_err();
            let QueryError::Refused { status, .. } = error else { panic!("{path}: {error}") };
            assert_eq!(status.as_u16(), code, "{path}");
        }
    });
}
