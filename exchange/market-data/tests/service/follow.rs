//! Whoever follows the stream has the book at every moment.

use std::time::Duration;

use proptest::prelude::*;

use crate::client::Watcher;
use crate::service::Running;
use crate::venue::Venue;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Action {
    /// So many commands, published in pieces of this size.
    Trade { commands: usize, piece: usize },
    /// The client reads what there is for it.
    Read,
    /// The client goes and comes back with its place.
    Resume,
    /// The client goes and begins anew.
    Reconnect,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (1_usize..120, 1_usize..40).prop_map(|(commands, piece)| Action::Trade { commands, piece }),
        3 => Just(Action::Read),
        1 => Just(Action::Resume),
        1 => Just(Action::Reconnect),
    ]
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_and_what_follows_are_the_book_at_every_moment(
        seed: u64, actions in prop::collection::vec(action(), 1..40),
    ) {
        block_on(async {
            let mut venue = Venue::with_traffic(seed, 2_000).await;
            let service = Running::start(&venue, &[("MARKET_DATA_INTERVAL", "1ms")]).await;
            service.wait_for("/ready", |answer| answer.status == 200).await;
            let mut watcher = Watcher::new(&service).await;
            for action in actions {
                match action {
                    Action::Trade { commands, piece } => {
                        for from in (0..commands).step_by(piece) {
                            venue.step(piece.min(commands - from));
                            tokio::task::yield_now().await;
                        }
                    }
                    Action::Read => assert!(watcher.catch_up(&venue).await, "nobody is that slow here"),
                    Action::Resume => {
                        let (position, before) = (watcher.position, std::mem::take(&mut watcher.trades));
                        watcher = Watcher::after(&service, Some(position)).await.unwrap();
                        watcher.position = position;
                        watcher.trades = before;
                    }
                    Action::Reconnect => watcher = Watcher::new(&service).await,
                }
            }
            venue.step(300);
            assert!(watcher.catch_up(&venue).await);
            service.end().await;
        });
    }
}

#[tokio::test]
async fn every_trade_is_told_once_and_in_order() {
    let mut venue = Venue::with_traffic(3, 4_000).await;
    let service = Running::start(&venue, &[]).await;
    service.wait_for("/ready", |answer| answer.status == 200).await;
    let mut watcher = Watcher::new(&service).await;
    while venue.has_more() {
        venue.step(37);
        watcher.catch_up(&venue).await;
    }
    let expected: Vec<u64> = venue.trades.iter().map(|print| print.id.0).collect();
    assert!(expected.len() > 100);
    assert_eq!(watcher.trades, expected);
}

#[tokio::test]
async fn updates_that_come_together_are_told_together() {
    let mut venue = Venue::with_traffic(5, 3_000).await;
    let service = Running::start(&venue, &[]).await;
    service.wait_for("/ready", |answer| answer.status == 200).await;
    let mut watcher = Watcher::new(&service).await;
    venue.step(2_000);
    let updates = venue.history.len() as u64;
    assert!(watcher.catch_up(&venue).await);
    assert!(watcher.applied > 0 && watcher.applied * 4 < updates, "{} of {updates}", watcher.applied);
}

#[tokio::test]
async fn candles_and_statistics_are_told_seldom() {
    let mut venue = Venue::with_traffic(7, 3_000).await;
    let service = Running::start(&venue, &[("MARKET_DATA_INTERVAL", "1h")]).await;
    service.wait_for("/ready", |answer| answer.status == 200).await;
    let mut watcher = Watcher::new(&service).await;
    while venue.has_more() {
        venue.step(50);
        assert!(watcher.catch_up(&venue).await);
    }
    let [_, trades, candles, statistics] = watcher.channels;
    assert!(trades > 50, "{trades}");
    // Two markets; five intervals. The log's second may end once, which closes a candle of each.
    assert!(candles <= 2 * 6 && statistics <= 2, "{candles} {statistics}");
}

#[tokio::test]
async fn a_slow_reader_is_cut_off_and_begins_anew() {
    let mut venue = Venue::with_traffic(11, 30_000).await;
    let service = Running::start(&venue, &[("MARKET_DATA_RING_BYTES", "4096")]).await;
    service.wait_for("/ready", |answer| answer.status == 200).await;
    let mut watcher = Watcher::new(&service).await;
    let place = watcher.position;
    // The service goes on while the reader reads nothing: what the connection holds is soon not in the ring any more.
    while venue.has_more() {
        venue.step(100);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    service.caught_up(&venue).await;
    assert!(!watcher.catch_up(&venue).await, "it was cut off, and what it got until then was right");
    assert_eq!(Watcher::after(&service, Some(place)).await.err(), Some(410));
    let mut watcher = Watcher::new(&service).await;
    assert!(watcher.catch_up(&venue).await);
}

#[tokio::test]
async fn a_place_that_was_never_reached_is_refused() {
    let venue = Venue::with_traffic(13, 10).await;
    let service = Running::start(&venue, &[]).await;
    service.wait_for("/ready", |answer| answer.status == 200).await;
    let watcher = Watcher::new(&service).await;
    for after in [watcher.position + 1, u64::MAX, 0, 1] {
        assert_eq!(Watcher::after(&service, Some(after)).await.err(), Some(410), "{after}");
    }
    assert!(Watcher::after(&service, Some(watcher.position)).await.is_ok());
    for query in ["after=x", "after=-1", "after=1&after=2", "other=1", "linger_us=1.5"] {
        let error = service.client.stream(&service.address, &format!("/internal/stream/feed?{query}")).await;
        assert_eq!(error.unwrap_err().status().unwrap().as_u16(), 400, "{query}");
    }
}
