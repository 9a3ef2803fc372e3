//! The requests of the API, as bytes, and what its answers say.
//!
//! Not responsible for sending them. A newcomer needs to know one thing: prices and quantities are decimal texts in whole units,
//! ids are texts of digits, and an answer that is no success is a problem with a stable code.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

use super::http::Target;

/// Somebody who asks: the parts of a head that stay the same.
#[derive(Debug, Clone)]
pub struct Trader {
    /// The account.
    pub account: u64,
    common: String,
}

/// An order as it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The symbol of the market.
    pub market: &'a str,
    /// `buy` or `sell`.
    pub side: &'a str,
    /// The limit price in hundredths of the quote asset's unit.
    pub price_cents: u64,
    /// The quantity in ten-thousandths of the base asset's unit.
    pub quantity: u64,
}

/// What the answer to an order says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Placed<'a> {
    /// The order's id: the position of the command in the log.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// `open`, `filled`, `cancelled` and so on; empty where the answer does not say.
    #[serde(borrow, default)]
    pub status: Cow<'a, str>,
}

impl Placed<'_> {
    /// Reads the answer to an order.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Placed<'_>> {
        serde_json::from_slice(body).ok()
    }

    /// The id as a number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.id.parse().ok()
    }
}

#[derive(Deserialize)]
struct Problem<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
}

/// What an answer that is no success is counted as: its status and the code of its problem.
#[must_use]
pub fn problem(status: u16, body: &[u8]) -> String {
    match serde_json::from_slice::<Problem<'_>>(body) {
        Ok(problem) => format!("{status} {}", problem.code),
        Err(_) => status.to_string(),
    }
}

impl Trader {
    /// One who asks with this token; without one where nobody looks for it.
    #[must_use]
    pub fn new(target: &Target, account: u64, token: Option<&str>) -> Self {
        let mut common = format!(" HTTP/1.1\r\nhost: {}\r\n", target.authority());
        if let Some(token) = token {
            common.push_str("authorization: Bearer ");
            common.push_str(token);
            common.push_str("\r\n");
        }
        Self { account, common }
    }

    /// A request without a body: `method` of `path`.
    pub fn ask(&self, method: &str, path: &str, key: Option<u128>, out: &mut Vec<u8>) {
        out.clear();
        let key = key.map_or_else(String::new, |key| format!("idempotency-key: {}\r\n", uuid(key)));
        for part in [method, " ", path, &self.common, &key, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }

    /// A request with a body of JSON.
    pub fn send(&self, method: &str, path: &str, key: Option<u128>, body: &str, out: &mut Vec<u8>) {
        out.clear();
        for part in [method, " ", path, &self.common, "content-type: application/json\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        let mut rest = String::with_capacity(96);
        if let Some(key) = key {
            let _ = write!(rest, "idempotency-key: {}\r\n", uuid(key));
        }
        let _ = write!(rest, "content-length: {}\r\n\r\n", body.len());
        out.extend_from_slice(rest.as_bytes());
        out.extend_from_slice(body.as_bytes());
    }

    /// A limit order that stays until it is cancelled.
    pub fn place(&self, order: &Order<'_>, key: Option<u128>, body: &mut String, out: &mut Vec<u8>) {
        let Order { market, side, price_cents, quantity } = order;
        body.clear();
        // Writing to a string does not fail.
        let _ = write!(
            body,
            r#"{{"market":"{market}","side":"{side}","type":"limit","price":"{}.{:02}","quantity":"{}.{:04}"}}"#,
            price_cents / 100,
            price_cents % 100,
            quantity / 10_000,
            quantity % 10_000,
        );
        self.send("POST", "/v1/orders", key, body, out);
    }

    /// A cancel.
    pub fn cancel(&self, order: u64, key: Option<u128>, path: &mut String, out: &mut Vec<u8>) {
        path.clear();
        // Writing to a string does not fail.
        let _ = write!(path, "/v1/orders/{order}");
        self.ask("DELETE", path, key, out);
    }
}

/// A key in the form of a UUID.
#[must_use]
pub fn uuid(key: u128) -> String {
    let digits = format!("{key:032x}");
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_request_with_decimal_texts() {
        let target: Target = "http://127.0.0.1:8080".parse().unwrap();
        let trader = Trader::new(&target, 7, Some("abc"));
        let order = Order { market: "BTC-USD", side: "buy", price_cents: 6_000_005, quantity: 25 };
        let (mut body, mut out) = (String::new(), Vec::new());
        trader.place(&order, Some(255), &mut body, &mut out);
        let text = String::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            body,
            r#"{"market":"BTC-USD","side":"buy","type":"limit","price":"60000.05","quantity":"0.0025"}"#
        );
        assert!(head.starts_with("POST /v1/orders HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n"), "{head}");
        assert!(head.contains("\r\nauthorization: Bearer abc\r\n"), "{head}");
        assert!(head.contains("\r\nidempotency-key: 00000000-0000-0000-0000-0000000000ff\r\n"), "{head}");
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
    }

    #[test]
    fn errors_are_counted_by_status_and_code() {
        assert_eq!(problem(429, br#"{"code":"rate-limited","status":429}"#), "429 rate-limited");
        assert_eq!(problem(502, b"<html>"), "502");
    }
}
