//! What people see and do.

use std::time::Duration;

use crate::browser::{Browser, Screen};
use crate::server::Server;

const PHONE: Screen = Screen { width: 360, height: 740, mobile: true, dark: false };
const SMALL_PHONE: Screen = Screen { width: 320, height: 568, mobile: true, dark: true };
const TABLET: Screen = Screen { width: 820, height: 1_180, mobile: true, dark: false };
const DESK: Screen = Screen { width: 1_280, height: 800, mobile: false, dark: false };
const WIDE: Screen = Screen { width: 1_920, height: 1_080, mobile: false, dark: true };

/// The text of the first row of bids with a price in it.
const BEST_BID: &str = "document.querySelector('#bids tr td')?.textContent";
const BEST_ASK: &str = "document.querySelector('#asks tr:last-child td')?.textContent";
const FIRST_TRADE: &str = "document.querySelector('#trades tr')?.textContent";

/// Everything is there: book, trades, a chart with something drawn in it.
fn wait_until_filled(browser: &mut Browser) {
    browser.wait_for("document.querySelector('#connection').textContent === 'Live'");
    browser
        .wait_for(&format!("/^[\\d,]+\\.\\d\\d$/.test({BEST_BID}) && /^[\\d,]+\\.\\d\\d$/.test({BEST_ASK})"));
    browser.wait_for(&format!("/\\d\\d:\\d\\d:\\d\\d[\\d,]+\\.\\d\\d/.test({FIRST_TRADE})"));
    browser.wait_for(&format!("{} > 500", inked("#plot")));
    browser.wait_for("document.querySelector('#readout').textContent.includes('O 6')");
}

/// How many pixels of a canvas are not empty.
fn inked(canvas: &str) -> String {
    format!(
        "(() => {{ const c = document.querySelector('{canvas}'); \
         const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
         let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }})()"
    )
}

fn assert_fits(browser: &mut Browser, screen: Screen) {
    let width = browser.value("document.documentElement.scrollWidth");
    assert!(width.as_u64().unwrap() <= screen.width.into(), "{screen:?} scrolls: {width}");
    // Nothing but what is hidden on purpose sticks out of the window.
    let out = browser.value(
        "[...document.querySelectorAll('body *')].filter((node) => { const box = node.getBoundingClientRect(); \
         return box.width > 1 && box.right > innerWidth + 1; }).map((node) => node.outerHTML.slice(0, 90))",
    );
    assert_eq!(out, serde_json::json!([]), "{screen:?}");
}

fn assert_quiet(browser: &mut Browser) {
    // A last call, so that what was said until now has arrived.
    browser.value("1");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

fn shows(name: &str, screen: Screen) {
    let Some(mut browser) = Browser::start(&format!("the page on {}x{}", screen.width, screen.height)) else {
        return;
    };
    let server = Server::start();
    browser.screen(screen);
    browser.open(&format!("http://{}/", server.address));
    wait_until_filled(&mut browser);
    let layout = "JSON.stringify([...document.querySelectorAll('.panel, .top')].map((node) => { \
                  const box = node.getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; }))";
    let before = (browser.value(BEST_BID), browser.value(FIRST_TRADE), browser.value(layout));
    browser.wait_for(&format!("{BEST_BID} !== {} && {FIRST_TRADE} !== {}", before.0, before.1));
    assert_eq!(browser.value(layout), before.2, "nothing moves while numbers change");
    assert_fits(&mut browser, screen);
    browser.picture(name);
    if name == "phone" {
        browser.value("scrollTo(0, document.body.scrollHeight)");
        browser.picture("phone-below");
    }
    assert_quiet(&mut browser);
}

#[test]
fn it_is_live_on_a_phone() {
    shows("phone", PHONE);
}

#[test]
fn it_is_live_on_a_small_phone_in_the_dark() {
    shows("small-phone", SMALL_PHONE);
}

#[test]
fn it_is_live_on_a_tablet() {
    shows("tablet", TABLET);
}

#[test]
fn it_is_live_on_a_desk() {
    shows("desk", DESK);
}

#[test]
fn it_is_live_on_a_wide_screen_in_the_dark() {
    shows("wide", WIDE);
}

fn on_a_desk(test: &str) -> Option<(Browser, Server)> {
    let mut browser = Browser::start(test)?;
    let server = Server::start();
    browser.screen(DESK);
    browser.open(&format!("http://{}/", server.address));
    wait_until_filled(&mut browser);
    Some((browser, server))
}

/// Waits until the page shows what the server has, while the server says nothing more.
fn assert_same_book(browser: &mut Browser, server: &Server) {
    server.silence(true);
    let [bid, ask] = server.best(0);
    let plain = |expression: &str| format!("{expression}.replaceAll(',', '')");
    browser.wait_for(&format!("{} === '{bid}' && {} === '{ask}'", plain(BEST_BID), plain(BEST_ASK)));
    server.silence(false);
}

#[test]
fn a_gap_in_the_depth_is_noticed_and_healed() {
    let Some((mut browser, server)) = on_a_desk("the page after a gap") else { return };
    let before = server.snapshots();
    // Two markets take turns; each loses some.
    server.lose(6);
    browser.wait_for(&format!("{BEST_BID} !== ''"));
    let healed = || server.snapshots() > before;
    let start = std::time::Instant::now();
    while !healed() {
        assert!(start.elapsed() < Duration::from_secs(30), "no snapshot was asked for");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_same_book(&mut browser, &server);
    assert_quiet(&mut browser);
}

#[test]
fn a_connection_that_is_cut_comes_back() {
    let Some((mut browser, server)) = on_a_desk("the page after a cut") else { return };
    let before = server.snapshots();
    server.cut();
    browser.wait_for("document.querySelector('#connection').dataset.state === 'reconnecting'");
    browser.picture("reconnecting");
    browser.wait_for("document.querySelector('#connection').dataset.state === 'live'");
    assert!(server.snapshots() > before, "it began anew with a snapshot");
    assert_same_book(&mut browser, &server);
    assert_quiet(&mut browser);
}

#[test]
fn a_connection_that_says_nothing_is_called_stale() {
    let Some((mut browser, server)) = on_a_desk("the page in silence") else { return };
    server.silence(true);
    browser.wait_for("document.querySelector('#connection').dataset.state === 'stale'");
    server.silence(false);
    browser.wait_for("document.querySelector('#connection').dataset.state === 'live'");
    assert_quiet(&mut browser);
}

#[test]
fn markets_and_intervals_are_chosen_by_keyboard_and_mouse() {
    let Some((mut browser, _server)) = on_a_desk("choosing on the page") else { return };
    browser.value("document.querySelector('[data-interval=\"1m\"]').focus()");
    browser.press("ArrowRight");
    browser.wait_for("document.querySelector('[data-interval=\"5m\"]').ariaChecked === 'true'");
    browser.wait_for(&format!("{} > 500", inked("#plot")));
    // A crosshair under the mouse reads another candle than the last.
    let last = browser.value("document.querySelector('#readout').textContent");
    browser.point_at(260.0, 320.0);
    browser.wait_for(&format!(
        "document.querySelector('#readout').textContent.slice(0, 14) !== {last}.slice(0, 14)"
    ));
    browser.picture("crosshair");
    browser.value("document.querySelector('#plot').focus()");
    browser.press("ArrowLeft");
    browser.value(
        "(() => { const picker = document.querySelector('#market'); picker.value = 'ETH-USD'; \
         picker.dispatchEvent(new Event('change')); })()",
    );
    browser.wait_for(&format!("{BEST_BID}?.startsWith('3,') && {FIRST_TRADE}?.slice(8).startsWith('3,')"));
    browser.wait_for("document.title.endsWith('ETH-USD') && location.hash === '#ETH-USD'");
    assert_quiet(&mut browser);
}

#[test]
fn an_order_is_placed_and_cancelled_with_a_token() {
    let Some((mut browser, _server)) = on_a_desk("the account drawer") else { return };
    browser.value("document.querySelector('#account-button').click()");
    // {"sub":"7"}
    browser.value(
        "(() => { document.querySelector('#token').value = 'e30.eyJzdWIiOiI3In0.AA'; \
         document.querySelector('#token-form').requestSubmit(); })()",
    );
    browser.wait_for("document.querySelector('#balances').textContent.includes('87500.5')");
    assert_eq!(
        browser.value("document.querySelector('#token').value"),
        "",
        "the token is not left in the field"
    );
    browser.value("document.querySelector('#bids tr').click()");
    browser.wait_for("/^\\d+\\.\\d\\d$/.test(document.querySelector('#order-price').value)");
    browser.value(
        "(() => { document.querySelector('#order-quantity').value = '0.25'; \
         document.querySelector('#order-form').requestSubmit(); })()",
    );
    browser.wait_for("document.querySelector('#account-message').textContent === 'Order 4711 is open.'");
    browser.wait_for("document.querySelector('#orders').textContent.includes('buy BTC-USD')");
    browser.picture("account");
    browser.value("document.querySelector('#orders button').click()");
    browser.wait_for("document.querySelector('#orders').rows.length === 0");
    browser.value("document.querySelector('#forget').click()");
    browser.wait_for("document.querySelector('#account-body').hidden");
    let kept = browser.value("localStorage.length + sessionStorage.length + document.cookie.length");
    assert_eq!(kept, 0, "nothing is kept");
    browser.value("document.querySelector('#token').focus()");
    browser.press("Escape");
    browser.wait_for("document.querySelector('#account').hidden");
    browser.wait_for("document.querySelector('#connection').dataset.state === 'live'");
    assert_quiet(&mut browser);
}

#[test]
fn what_is_not_a_token_is_said() {
    let Some((mut browser, _server)) = on_a_desk("a wrong token") else { return };
    browser.value(
        "(() => { document.querySelector('#account-button').click(); \
         document.querySelector('#token').value = 'not a token'; \
         document.querySelector('#token-form').requestSubmit(); })()",
    );
    browser.wait_for("document.querySelector('#account-message').textContent === 'This is not a token.'");
    assert_quiet(&mut browser);
}
