//! Clients that do what they should not: each gets a specific answer, and nothing changes.

use crate::world::{Client, Said, World};
use axum::body::Bytes;
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

#[tokio::test]
async fn what_is_malformed_gets_its_code_and_changes_nothing() {
    let world = World::start(&[]).await;
    let mut client = world.connect().await;
    client.subscribe("trades", "BTC-USD").await;
    client.message_of("trades").await;
    for (text, code) in [
        ("", "malformed-message"),
        ("{", "malformed-message"),
        ("null", "malformed-message"),
        (r#"{"op":"subscribe","channel":"depth","market":"BTC-USD","extra":true}"#, "malformed-message"),
        (r#"{"op":"launch"}"#, "unknown-op"),
        (r#"{"op":"subscribe","channel":"gossip","market":"BTC-USD"}"#, "unknown-channel"),
        (r#"{"op":"subscribe","channel":"depth","market":"../../etc"}"#, "unknown-market"),
        (r#"{"op":"subscribe","channel":"candles","market":"BTC-USD","interval":"99y"}"#, "unknown-interval"),
        (r#"{"op":"subscribe","channel":"trades","market":"BTC-USD"}"#, "already-subscribed"),
        (r#"{"op":"unsubscribe","channel":"depth","market":"BTC-USD"}"#, "not-subscribed"),
    ] {
        client.say(text).await;
        assert_eq!(client.error().await, code, "{text}");
    }
    client.socket.send(Message::binary(vec![0, 1, 2])).await.unwrap();
    assert_eq!(client.error().await, "malformed-message");
    client.say(r#"{"op":"ping"}"#).await;
    client.message_of("pong").await;
    let trade = world.market.trade();
    assert_eq!(client.message().await["id"], trade.to_string());
    world.end().await;
}

#[tokio::test]
async fn whoever_goes_on_and_on_is_closed() {
    let world = World::start(&[("STREAM_MESSAGES", "1000")]).await;
    let mut client = world.connect().await;
    for _ in 0..25 {
        // It may be closed already.
        drop(client.socket.send(Message::text("{")).await);
    }
    let Said::Closed(code, reason) = client.end().await else { panic!("it is closed with a frame") };
    assert_eq!((code, reason.as_str()), (1008, "too many errors"));
    assert!(world.metric("stream_faults_total") >= 20);
    world.end().await;
}

#[tokio::test]
async fn messages_are_limited_by_connection_and_operations_by_class() {
    let world = World::start(&[("STREAM_MESSAGES", "2"), ("RATE_MARKET_DATA", "3/h")]).await;
    let mut client = world.connect().await;
    for _ in 0..4 {
        client.say(r#"{"op":"ping"}"#).await;
        client.message_of("pong").await;
    }
    client.say(r#"{"op":"ping"}"#).await;
    let error = client.message_of("error").await;
    assert_eq!(error["code"], "rate-limited");
    assert!(error["retry_after_ms"].as_u64().unwrap() <= 500, "{error}");

    // One of six tokens went with the upgrade, four with these; the next upgrade takes the sixth.
    let mut client = Client::connect(world.address, &[]).await.unwrap();
    for channel in ["depth", "trades", "statistics", "candles"] {
        client.subscribe(channel, "BTC-USD").await;
        client.message_of("subscribed").await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    client.subscribe("depth", "ETH-USD").await;
    assert_eq!(client.error().await, "rate-limited");
    assert_eq!(Client::connect(world.address, &[]).await.err(), Some(429));
    world.end().await;
}

#[tokio::test]
async fn subscriptions_of_one_connection_are_limited() {
    let world = World::start(&[("STREAM_SUBSCRIPTIONS_MAX", "2")]).await;
    let mut client = world.connect_as(1).await;
    client.subscribe("depth", "BTC-USD").await;
    client.message_of("subscribed").await;
    client.say(r#"{"op":"subscribe","channel":"orders"}"#).await;
    client.message_of("subscribed").await;
    client.subscribe("trades", "BTC-USD").await;
    assert_eq!(client.error().await, "too-many-subscriptions");
    client.say(r#"{"op":"unsubscribe","channel":"orders"}"#).await;
    client.message_of("unsubscribed").await;
    client.subscribe("trades", "BTC-USD").await;
    client.message_of("subscribed").await;
    world.end().await;
}

#[tokio::test]
async fn a_message_of_more_than_4_kib_ends_the_connection() {
    let world = World::start(&[]).await;
    let mut client = world.connect().await;
    client.say(&format!(r#"{{"op":"authenticate","token":"{}"}}"#, "a".repeat(4_000))).await;
    assert_eq!(client.error().await, "token-malformed", "one of 4 KiB does not");
    client.say(&"[".repeat(4_097)).await;
    let Said::Closed(code, _) = client.end().await else { panic!("it is closed with a frame") };
    assert_eq!(code, 1009);
    let mut client = world.connect().await;
    drop(client.socket.send(Message::text("[".repeat(1_000_000))).await);
    assert!(matches!(client.end().await, Said::Closed(1002, _) | Said::Cut));
    world.until("both are gone", || world.metric("stream_clients") == 0).await;
    world.end().await;
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection() {
    let world = World::start(&[]).await;
    let broken = [
        Frame::message(Bytes::from_static(&[0xff, 0xfe]), OpCode::Data(Data::Text), true),
        Frame::message(Bytes::from_static(b"x"), OpCode::Data(Data::Continue), true),
        Frame::message(Bytes::from_static(b"x"), OpCode::Data(Data::Reserved(5)), true),
    ];
    for frame in broken {
        let mut client = world.connect().await;
        let shown = format!("{frame:?}");
        drop(client.socket.send(Message::Frame(frame)).await);
        assert!(matches!(client.end().await, Said::Closed(1002, _) | Said::Cut), "{shown}");
    }
    // Bytes after the upgrade that are no frames at all, and a frame without a mask.
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x81, 0x01, b'x']] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let request = "GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(crate::world::PATIENCE, stream.read_to_end(&mut answer)).await;
        // A reset is an end as well.
        drop(read.expect("the connection ends"));
        assert!(answer.starts_with(b"HTTP/1.1 101"));
    }
    world.until("all are gone", || world.metric("stream_clients") == 0).await;
    world.end().await;
}

#[tokio::test]
async fn pages_of_strangers_and_bad_tokens_do_not_get_in() {
    let world = World::start(&[]).await;
    let own = format!("http://{}", world.address);
    assert!(Client::connect(world.address, &[("origin", &own)]).await.is_ok());
    let status = |headers: &'static [(&'static str, &'static str)]| {
        let address = world.address;
        async move { Client::connect(address, headers).await.err() }
    };
    assert_eq!(status(&[("origin", "https://evil.example")]).await, Some(403));
    assert_eq!(status(&[("authorization", "Bearer a.b.c")]).await, Some(401));
    assert_eq!(status(&[("authorization", "Basic abc")]).await.map(|status| status / 100), Some(4));

    // What asks for no upgrade is told that this is one.
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    assert!(answer.contains("\"code\":\"upgrade-required\""), "{answer}");
    assert!(answer.contains("x-ratelimit-remaining"), "{answer}");
    world.end().await;
}
