//! Samples of everything that is said, letter by letter: `tests/golden`. `GOLDEN_WRITE=1` writes them anew, to be reviewed.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use exchange_service::markets::Markets;
use exchange_service::net::FEED;
use exchange_types::{
    AccountId, Amount, AssetId, Command, InstrumentId, NewOrder, OrderId, OrderType, Scope,
    SelfTradePrevention, Side, TimeInForce, TimestampNs, TradingState,
};

use crate::service::{DEADLINE, Running};
use crate::venue::Venue;

/// 2026-11-21 12:34:56 UTC.
const START_NS: u64 = 1_795_264_496_000_000_000;

fn compare(name: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{name}; GOLDEN_WRITE=1 writes it anew");
}

fn order(account: u32, side: Side, price: &str, quantity: &str) -> Command {
    let markets = Markets::embedded();
    let market = markets.by_symbol("BTC-USD").unwrap();
    Command::NewOrder(NewOrder {
        instrument: market.id(),
        account: AccountId(account),
        order: OrderId(0),
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::CancelTaker,
        price: market.parse_price(price).unwrap(),
        quantity: market.parse_quantity(quantity).unwrap(),
        expires_at: TimestampNs(0),
    })
}

/// The markets listed, and two accounts with money.
fn open(venue: &mut Venue) {
    let markets = Markets::embedded();
    let mut commands = vec![Command::DefineTier { tier: 0, limits: markets.tiers[2].limits }];
    for market in &markets.markets {
        commands.push(Command::ListInstrument(Box::new(market.instrument.spec().clone())));
    }
    for account in [AccountId(0), AccountId(1)] {
        commands.push(Command::OpenAccount { account, tier: 0 });
        for asset in [AssetId(0), AssetId(1)] {
            commands.push(Command::Deposit { account, asset, amount: Amount(1_000_000_000_000_000) });
        }
    }
    for command in commands {
        venue.command(Duration::ZERO, &command);
    }
}

#[tokio::test]
async fn what_is_said_is_what_was_always_said() {
    let mut venue = Venue::new(START_NS).await;
    open(&mut venue);
    let service =
        Running::start(&venue, &[("MARKET_DATA_INTERVAL", "1ms"), ("MARKET_DATA_LINGER", "0ms")]).await;
    service.caught_up(&venue).await;
    let mut link = service.client.stream(&service.address, FEED).await.unwrap();
    let mut said = String::new();
    let steps = [
        (1_000, order(0, Side::Buy, "59999.99", "0.5")),
        (1_250, order(0, Side::Buy, "60000", "1.25")),
        (1_500, order(0, Side::Sell, "60010.5", "2")),
        (2_000, order(1, Side::Sell, "60000", "0.0001")),
        (61_000, order(1, Side::Buy, "60011", "0.3")),
        (61_000, order(1, Side::Sell, "59990", "1.5")),
        (
            62_000,
            Command::SetTradingState {
                scope: Scope::Instrument(InstrumentId(1)),
                state: TradingState::Halted,
            },
        ),
    ];
    for (milliseconds, command) in &steps {
        venue.command(Duration::from_millis(*milliseconds), command);
        service.caught_up(&venue).await;
        // What is told seldom comes after what is told at once; this long after each step there is no more of it.
        let quiet = Duration::from_millis(60);
        while let Ok(frame) = tokio::time::timeout(quiet, link.reader.next()).await {
            let frame = frame.unwrap().expect("the connection stays");
            let (_, body) = frame.item().unwrap();
            writeln!(said, "{} {}", body[4], std::str::from_utf8(&body[5..]).unwrap()).unwrap();
        }
    }
    compare("stream.txt", &said);
    for (name, path) in [
        ("markets.json", "/internal/markets"),
        ("market.json", "/internal/markets/ETH-USD"),
        ("depth.json", "/internal/markets/BTC-USD/depth"),
        ("trades.json", "/internal/markets/BTC-USD/trades?limit=3"),
        ("candles.json", "/internal/markets/BTC-USD/candles?interval=1m"),
        ("unknown-market.json", "/internal/markets/DOGE-USD/depth"),
    ] {
        let answer = tokio::time::timeout(DEADLINE, service.get(path)).await.unwrap();
        // One object, as it is on the wire, and a line's end for people.
        answer.json();
        compare(name, &format!("{}\n", answer.body));
    }
}
