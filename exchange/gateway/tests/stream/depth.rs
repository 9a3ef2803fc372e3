//! Market data over the stream: one chain for every client, whatever happens to the feed or to the client.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::world::{Book, Client, Said, World};
use serde_json::json;

/// Changes the book as fast as it can be followed, until told otherwise; a small generator, so that a failure comes again.
async fn trade_wildly(market: crate::world::Market, time: Duration, cuts: u32) {
    let (start, mut seed) = (Instant::now(), 7_u64);
    let mut cut = 0;
    while start.elapsed() < time {
        for _ in 0..5 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (side, price, quantity) = (seed >> 63, (seed >> 40) % 50, (seed >> 50) % 4);
            let side = if side == 0 { "bids" } else { "asks" };
            market.set(side, &price.to_string(), &quantity.to_string());
        }
        if start.elapsed() > time * (cut + 1) / (cuts + 1) && cut < cuts {
            cut += 1;
            market.cut();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Follows the depth until it is the last one.
async fn follow(mut client: Client, last: tokio::sync::watch::Receiver<u64>) -> Book {
    let mut book = Book::default();
    client.subscribe("depth", "BTC-USD").await;
    loop {
        let message = client.message().await;
        book.apply(&message);
        if book.snapshots > 0 && book.sequence == *last.borrow() {
            return book;
        }
    }
}

#[tokio::test]
async fn every_client_rebuilds_the_book_whenever_it_comes_and_however_often_the_feed_breaks() {
    let world = World::start(&[]).await;
    for price in 0..20 {
        world.market.set("bids", &price.to_string(), "1");
    }
    let (last, watch) = tokio::sync::watch::channel(u64::MAX);
    let trading = tokio::spawn(trade_wildly(world.market.clone(), Duration::from_secs(3), 3));
    let mut clients = Vec::new();
    for _ in 0..12 {
        clients.push(tokio::spawn(follow(world.connect().await, watch.clone())));
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    trading.await.unwrap();
    // What was told while the feed was cut is made up for by a snapshot; one more message ends everybody's wait.
    let fed = world.metric("stream_feeds_total");
    assert!(fed >= 4, "{fed} connections to the feed");
    last.send_replace(world.market.book().sequence + 3);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.market.set("asks", "1000", "1");
    let expected = world.market.book();
    let mut snapshots = 0;
    for client in clients {
        let book = client.await.unwrap();
        snapshots = snapshots.max(book.snapshots);
        assert_eq!(book, Book { snapshots: book.snapshots, ..expected.clone() });
    }
    assert!(snapshots >= 3, "the feed broke three times and the first client got {snapshots} snapshots");
    world.end().await;
}

#[tokio::test]
async fn snapshots_that_are_wanted_together_are_fetched_once() {
    let world = World::start(&[]).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(world.connect().await);
    }
    for client in &mut clients {
        client.subscribe("depth", "BTC-USD").await;
    }
    for client in &mut clients {
        assert_eq!(client.message_of("depth_snapshot").await["sequence"], "0");
    }
    let queries = world.market.depth_queries.load(Ordering::Relaxed);
    assert!(queries < 10, "{queries} queries for 20 clients");
    world.end().await;
}

#[tokio::test]
async fn every_channel_begins_with_how_things_stand() {
    let world = World::start(&[]).await;
    let (first, second) = (world.market.trade(), world.market.trade());
    let mut client = world.connect().await;

    client.subscribe("trades", "BTC-USD").await;
    assert_eq!(
        client.message().await,
        json!({"type": "subscribed", "channel": "trades", "market": "BTC-USD"})
    );
    let trades = client.message_of("trades").await;
    assert_eq!(trades["trades"][0]["id"], second.to_string());
    assert_eq!(trades["trades"][1]["id"], first.to_string());
    let third = world.market.trade();
    assert_eq!(client.message_of("trade").await["id"], third.to_string());

    client.say(r#"{"op":"subscribe","channel":"candles","market":"BTC-USD","interval":"5m"}"#).await;
    client.message_of("candles").await;
    world.market.candle("1m");
    world.market.candle("5m");
    assert_eq!(client.message_of("candle").await["interval"], "5m");

    client.subscribe("statistics", "BTC-USD").await;
    assert_eq!(client.message_of("statistics").await["trades"], 1);
    world.market.statistics();
    assert_eq!(client.message_of("statistics").await["trades"], 9);

    client.say(r#"{"op":"unsubscribe","channel":"trades","market":"BTC-USD"}"#).await;
    client.message_of("unsubscribed").await;
    world.market.trade();
    client.hears_nothing().await;
    world.end().await;
}

#[tokio::test]
async fn while_market_data_does_not_answer_clients_are_told_and_then_served() {
    let world = World::start(&[("BREAKER_OPEN", "200ms"), ("RETRY_ATTEMPTS", "1")]).await;
    world.market.silent.store(true, Ordering::Relaxed);
    let mut client = world.connect().await;
    client.subscribe("depth", "BTC-USD").await;
    assert_eq!(client.error().await, "market-data-unavailable");
    world.market.set("bids", "5", "1");
    world.market.silent.store(false, Ordering::Relaxed);
    let mut book = Book::default();
    while book.sequence < world.market.book().sequence {
        book.apply(&client.message().await);
    }
    assert_eq!(book.bids["5"], "1");

    // The feed breaks: a word about it, and a new snapshot.
    world.market.cut();
    assert_eq!(client.error().await, "market-data-unavailable");
    client.message_of("depth_snapshot").await;
    world.end().await;
}

/// Tells as much as fills every buffer on the way to a client that does not read.
async fn flood(world: &World, messages: u32) {
    for at in 0..messages {
        world.market.set_padded("bids", &(at % 10).to_string(), "1", 20_000);
        if at % 16 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn a_client_that_falls_behind_goes_on_with_a_snapshot() {
    let world = World::start(&[("STREAM_QUEUE", "32"), ("STREAM_SLOW", "60s")]).await;
    let mut client = world.connect().await;
    client.subscribe("depth", "BTC-USD").await;
    let mut book = Book::default();
    book.apply(&client.message_of("depth_snapshot").await);
    let deadline = Instant::now() + crate::world::PATIENCE;
    while world.metric("stream_messages_dropped_total") == 0 {
        assert!(Instant::now() < deadline);
        flood(&world, 200).await;
    }
    world.market.set("asks", "77", "1");
    let expected = world.market.book();
    while book.sequence < expected.sequence {
        book.apply(&client.message().await);
    }
    assert_eq!(book, Book { snapshots: 2, ..expected });
    assert_eq!(world.metric("stream_conflations_total"), 1);
    world.end().await;
}

#[tokio::test]
async fn a_client_that_stays_behind_is_closed_and_hinders_nobody() {
    let world = World::start(&[("STREAM_QUEUE", "32"), ("STREAM_SLOW", "300ms")]).await;
    let (mut slow, mut quick) = (world.connect().await, world.connect().await);
    for client in [&mut slow, &mut quick] {
        client.subscribe("depth", "BTC-USD").await;
        client.message_of("depth_snapshot").await;
    }
    let reading = tokio::spawn(async move {
        let mut count = 0;
        while let Said::Message(message) = quick.next().await {
            count += u32::from(message["type"] == "depth");
        }
        count
    });
    let deadline = Instant::now() + crate::world::PATIENCE;
    while world.metric("stream_too_slow_total") == 0 {
        assert!(Instant::now() < deadline, "{}", world.metrics.exposition());
        flood(&world, 100).await;
    }
    world.until("its place is free", || world.metric("stream_clients") == 1).await;
    match slow.end().await {
        Said::Closed(code, reason) => assert_eq!((code, reason.as_str()), (1008, "too slow")),
        // It was cut in the middle of a message that it did not take.
        Said::Cut => {}
        Said::Message(_) => unreachable!("messages are passed over"),
    }
    world.end().await;
    assert!(reading.await.unwrap() > 0);
}
