//! An account's own part of the stream: who gets in, what is told, and what happens when the connection ends.

use crate::world::{Client, Said, World, seconds};
use serde_json::json;

const ORDERS: &str = r#"{"op":"subscribe","channel":"orders"}"#;
const ARM: &str = r#"{"op":"cancel_on_disconnect","enabled":true}"#;

#[tokio::test]
async fn each_update_of_the_account_comes_exactly_once_and_in_order() {
    let world = World::start(&[]).await;
    world.venue.deposit(7, 1);
    let (mut own, mut other) = (world.connect_as(7).await, world.connect_as(8).await);
    for client in [&mut own, &mut other] {
        client.say(ORDERS).await;
        let subscribed = client.message().await;
        assert_eq!((&subscribed["type"], &subscribed["channel"]), (&json!("subscribed"), &json!("orders")));
    }
    let commands: Vec<u64> = (1..=200).map(|amount| world.venue.deposit(7, amount)).collect();
    for (sequence, amount) in commands.iter().zip(1..) {
        for index in 0..2 {
            let message = own.message().await;
            assert_eq!(message["type"], "balance");
            assert_eq!(message["sequence"], sequence.to_string());
            assert_eq!(message["index"], index);
            assert_eq!(message["amount"], exchange_service::markets::format_decimal(amount, 6));
        }
    }
    own.hears_nothing().await;
    other.hears_nothing().await;
    own.say(r#"{"op":"unsubscribe","channel":"orders"}"#).await;
    own.message_of("unsubscribed").await;
    world.venue.deposit(7, 1);
    own.hears_nothing().await;
    world.end().await;
}

#[tokio::test]
async fn a_browser_authenticates_with_a_message() {
    let world = World::start(&[]).await;
    let mut client = world.connect().await;
    for private in [ORDERS, ARM] {
        client.say(private).await;
        assert_eq!(client.error().await, "token-missing");
    }
    client.say(r#"{"op":"authenticate","token":"a.b.c"}"#).await;
    assert_eq!(client.error().await, "token-malformed");
    client.say(&format!(r#"{{"op":"authenticate","token":"{}"}}"#, world.token(7))).await;
    assert_eq!(client.message_of("authenticated").await["account"], "7");
    client.say(&format!(r#"{{"op":"authenticate","token":"{}"}}"#, world.token(8))).await;
    assert_eq!(client.error().await, "account-forbidden", "a connection stays one account's");
    client.say(ORDERS).await;
    client.message_of("subscribed").await;
    let sequence = world.venue.deposit(7, 5);
    assert_eq!(client.message_of("balance").await["sequence"], sequence.to_string());
    client.say(ORDERS).await;
    assert_eq!(client.error().await, "already-subscribed");
    world.end().await;
}

#[tokio::test]
async fn an_expired_token_ends_the_private_part_and_nothing_else() {
    let world = World::start(&[]).await;
    let mut client = world.connect().await;
    let token = world.token_until(7, seconds() + 2);
    client.say(&format!(r#"{{"op":"authenticate","token":"{token}"}}"#)).await;
    client.message_of("authenticated").await;
    client.say(ORDERS).await;
    client.message_of("subscribed").await;
    client.subscribe("trades", "BTC-USD").await;
    client.message_of("trades").await;
    assert_eq!(client.error().await, "token-expired");
    world.venue.deposit(7, 5);
    let trade = world.market.trade();
    assert_eq!(client.message().await["id"], trade.to_string());
    client.say(ORDERS).await;
    assert_eq!(client.error().await, "token-missing");
    client.say(&format!(r#"{{"op":"authenticate","token":"{}"}}"#, world.token(7))).await;
    client.message_of("authenticated").await;
    client.say(ORDERS).await;
    client.message_of("subscribed").await;
    world.end().await;
}

async fn armed(world: &World, account: u32) -> Client {
    let mut client = world.connect_as(account).await;
    client.say(ARM).await;
    let answer = client.message_of("cancel_on_disconnect").await;
    assert_eq!((&answer["enabled"], &answer["account"]), (&json!(true), &json!(account.to_string())));
    client
}

#[tokio::test]
async fn orders_are_cancelled_however_the_connection_ends() {
    let world = World::start(&[]).await;
    // Cut without a word.
    drop(armed(&world, 1).await);
    world.until("the first account's orders end", || world.venue.mass_cancels(1) == 1).await;
    // Closed politely.
    let mut client = armed(&world, 2).await;
    client.socket.close(None).await.unwrap();
    world.until("the second account's orders end", || world.venue.mass_cancels(2) == 1).await;
    // Thrown out for a message that is too long.
    let mut client = armed(&world, 3).await;
    client.say(&"x".repeat(5_000)).await;
    world.until("the third account's orders end", || world.venue.mass_cancels(3) == 1).await;
    // Disarmed again.
    let mut client = armed(&world, 4).await;
    client.say(&ARM.replace("true", "false")).await;
    client.message_of("cancel_on_disconnect").await;
    drop(client);
    // Another connection of the account sees it.
    let mut watching = world.connect_as(5).await;
    watching.say(ORDERS).await;
    watching.message_of("subscribed").await;
    drop(armed(&world, 5).await);
    let cancelled = watching.message_of("order").await;
    assert_eq!((&cancelled["event"], &cancelled["cause"]), (&json!("cancelled"), &json!("mass-cancel")));
    world.until("only one is left", || world.metric("stream_clients") == 1).await;
    assert_eq!((world.venue.mass_cancels(4), world.venue.mass_cancels(5)), (0, 1));
    assert_eq!(world.metric("stream_cancels_on_disconnect_total"), 4);
    world.end().await;
}

#[tokio::test]
async fn a_gateway_that_ends_says_so_and_cancels_what_it_promised() {
    let world = World::start(&[]).await;
    let mut clients = vec![armed(&world, 1).await, armed(&world, 2).await, world.connect_as(3).await];
    clients[2].subscribe("trades", "BTC-USD").await;
    clients[2].message_of("trades").await;
    world.begin_drain();
    for client in &mut clients {
        let Said::Closed(code, _) = client.end().await else { panic!("it is closed with a frame") };
        assert_eq!(code, 1001);
    }
    let venue = world.venue.clone();
    world.end().await;
    assert_eq!([1, 2, 3].map(|account| venue.mass_cancels(account)), [1, 1, 0]);
}

#[tokio::test]
async fn a_client_that_has_gone_silent_is_given_up() {
    let world = World::start(&[("STREAM_PING", "50ms"), ("STREAM_IDLE", "500ms")]).await;
    // It neither reads nor writes, so it answers no ping; one that reads does.
    let silent = armed(&world, 1).await;
    let mut lively = world.connect().await;
    let listening = tokio::spawn(async move { lively.end().await });
    world.until("the silent one's orders end", || world.venue.mass_cancels(1) == 1).await;
    world.until("its place is free", || world.metric("stream_clients") == 1).await;
    assert!(!listening.is_finished());
    drop(silent);
    world.end().await;
    assert!(matches!(listening.await.unwrap(), Said::Closed(1001, _)));
}

#[tokio::test]
async fn connections_are_limited_by_account_and_by_address() {
    let variables = [("STREAM_CONNECTIONS_PER_ACCOUNT", "2"), ("STREAM_CONNECTIONS_PER_IP", "4")];
    let world = World::start(&variables).await;
    let authorization = format!("Bearer {}", world.token(1));
    let again = [("authorization", authorization.as_str())];
    let _kept = [world.connect_as(1).await, world.connect_as(1).await];
    assert_eq!(Client::connect(world.address, &again).await.err(), Some(429));
    let mut open = world.connect().await;
    open.say(&format!(r#"{{"op":"authenticate","token":"{}"}}"#, world.token(1))).await;
    assert_eq!(open.error().await, "too-many-connections");
    let fourth = world.connect().await;
    assert_eq!(Client::connect(world.address, &[]).await.err(), Some(429));
    drop(fourth);
    world.until("a place is free", || world.metric("stream_clients") == 3).await;
    world.connect().await;
    world.end().await;
}
