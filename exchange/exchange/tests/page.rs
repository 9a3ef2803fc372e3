//! The page in a real browser, on a real exchange: what two accounts trade is seen as it happens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the page's own tests use more of the browser")]

#[path = "../../gateway/tests/page/browser.rs"]
mod browser;
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exchange_load::venue::Name;

use browser::{Browser, Screen};

const PHONE: Screen = Screen { width: 360, height: 740, mobile: true, dark: false };
const DESK: Screen = Screen { width: 1_280, height: 800, mobile: false, dark: true };

const BIDS: &str = "document.querySelector('#bids').innerText";
const TRADES: &str = "document.querySelector('#trades').innerText";
const READOUT: &str = "document.querySelector('#readout').textContent";

/// Sends an order and returns the status of the answer.
fn order(gateway: SocketAddr, token: &str, side: &str, cents: u64, lots: u64) -> u16 {
    let body = serde_json::json!({
        "market": "BTC-USD", "side": side, "type": "limit",
        "price": format!("{}.{:02}", cents / 100, cents % 100), "quantity": format!("0.{lots:04}"),
    })
    .to_string();
    let mut stream = TcpStream::connect(gateway).unwrap();
    write!(
        stream,
        "POST /v1/orders HTTP/1.1\r\nhost: {gateway}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn what_is_traded_is_seen_as_it_happens() {
    let Some(mut browser) = Browser::start("the page on a real exchange") else { return };
    let folder = tempfile::tempdir().unwrap();
    let venue = support::together(folder.path(), &[]);
    let gateway = venue.address(Name::Gateway);
    let traders = venue.open_accounts(2).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let trading = {
        let done = Arc::clone(&done);
        let tokens: Vec<String> =
            traders.iter().map(|trader| venue.keys().token(trader.account).unwrap()).collect();
        std::thread::spawn(move || {
            let mut step = 0_u64;
            while !done.load(Ordering::Relaxed) {
                step += 1;
                let middle = 6_000_000 + (step * 7) % 90;
                let away = 1 + step % 23;
                let status = match step % 5 {
                    0 => order(gateway, &tokens[0], "buy", middle + 40, 10 + step % 50),
                    1 | 3 => order(gateway, &tokens[1], "sell", middle + away, 20 + step % 300),
                    _ => order(gateway, &tokens[0], "buy", middle - away, 20 + step % 300),
                };
                assert_eq!(status, 201);
                std::thread::sleep(Duration::from_millis(10));
            }
        })
    };
    for (name, screen) in [("exchange-phone", PHONE), ("exchange-desk", DESK)] {
        browser.screen(screen);
        browser.open("about:blank");
        browser.open(&format!("http://{gateway}/"));
        browser.wait_for("document.querySelector('#connection').textContent === 'Live'");
        browser.wait_for(&format!(
            "/60,000\\.\\d\\d/.test({TRADES}) && /(59,999|60,000)\\.\\d\\d/.test({BIDS})"
        ));
        browser.wait_for(&format!("/O 60,000\\.\\d\\d/.test({READOUT})"));
        let before = [BIDS, TRADES, READOUT].map(|text| browser.value(text));
        for (text, before) in [BIDS, TRADES, READOUT].iter().zip(before) {
            browser.wait_for(&format!("{text} !== {before}"));
        }
        let width = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(width <= screen.width.into(), "{width}");
        browser.picture(name);
    }
    done.store(true, Ordering::Relaxed);
    trading.join().unwrap();
    // The page ends with the very book that is asked for.
    let depth = "fetch('/v1/markets/BTC-USD/depth?limit=1').then((answer) => answer.json()).then(({ bids }) => bids[0][0])";
    let best = "document.querySelector('#bids td').textContent.replaceAll(',', '')";
    let bid = browser.value(depth);
    browser.wait_for(&format!("{best} * 1 === {bid} * 1"));
    assert_eq!(browser.complaints, Vec::<String>::new());
    venue.stop().unwrap();
}
