//! How the text of a variable becomes a value.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::net::Address;

/// A value that a variable may hold.
pub trait Parse: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What was expected, to stand behind the word "expected".
    fn parse(text: &str) -> Result<Self, String>;
}

impl Parse for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Parse for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

impl Parse for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("`true` or `false`".into()),
        }
    }
}

macro_rules! whole_numbers {
    ($($type:ty),+) => {
        $(impl Parse for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| format!("a whole number from 0 to {}", <$type>::MAX))
            }
        })+
    };
}
whole_numbers!(u8, u16, u32, u64, usize);

/// A whole number with a unit: `250ms`, `30s`, `5m`, `24h`.
impl Parse for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = || "a time such as `250us`, `250ms`, `30s`, `5m` or `24h`".to_owned();
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| expected())?;
        let micros = match unit {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000_u64,
            _ => return Err(expected()),
        };
        number.checked_mul(micros).map(Self::from_micros).ok_or_else(expected)
    }
}

/// Where a service listens: `127.0.0.1:8080`. Listening needs an address of this machine, not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl Parse for Listen {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "an address and a port such as `127.0.0.1:8080`".into())
    }
}

impl Parse for Address {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "`http://host:port`".into())
    }
}
