//! Whose address a request counts for.
//!
//! A proxy in front of the gateway appends to `X-Forwarded-For` the address it was asked from. Only that entry can be believed,
//! and only if the proxy is ours: so the list is read from its right end, over addresses of trusted proxies, to the first that is
//! none. Whatever stands further left was written by strangers.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use exchange_service::config::Parse;

/// The most entries of `X-Forwarded-For` that are looked at; no chain of our own proxies is as long.
const HOPS_MAX: usize = 16;

/// What counts as one address: an IPv4 address, or the /64 that a household gets of IPv6, as an IPv6 number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(pub(super) u128);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_ipv6_mapped().to_bits()),
            IpAddr::V6(address) => Self(address.to_bits() & !u128::from(u64::MAX)),
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = Ipv6Addr::from_bits(self.0);
        match address.to_ipv4_mapped() {
            Some(address) => address.fmt(formatter),
            None => write!(formatter, "{address}/64"),
        }
    }
}

/// Networks of proxies whose word is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies(Vec<Prefix>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Prefix {
    address: u128,
    mask: u128,
}

impl Parse for Proxies {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = || "`none`, or networks such as `10.0.0.0/8,fd00::/8,192.0.2.7`".to_owned();
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let prefix = |text: &str| {
            let (address, length) = match text.split_once('/') {
                Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
                None => (text, None),
            };
            let address: IpAddr = address.parse().ok()?;
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let length = length.unwrap_or(bits);
            // A shift by the whole width is no shift, so the longest host part is a case of its own.
            let mask = u128::MAX.checked_shl(bits.checked_sub(length)?).unwrap_or(0);
            Some(Prefix { address: number(address) & mask, mask })
        };
        let prefixes: Option<Vec<Prefix>> = text.split(',').map(|text| prefix(text.trim())).collect();
        prefixes.map(Self).ok_or_else(expected)
    }
}

impl Proxies {
    /// The address that a request comes from: the peer's, or what a trusted peer says.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let lines = headers.get_all("x-forwarded-for");
        let lines = lines.into_iter().collect::<Vec<_>>().into_iter().rev();
        let entries = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        let mut client = peer;
        for entry in entries.take(HOPS_MAX) {
            // What is no address ends what can be believed.
            let Some(address) = address(entry.trim()) else { break };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let number = number(address);
        self.0.iter().any(|prefix| number & prefix.mask == prefix.address)
    }
}

/// IPv4 addresses as IPv6 has them, so that both are compared alike; a mask of an IPv4 prefix leaves the 96 bits before it.
fn number(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// An address as proxies write it: plain, with a port, in brackets.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some(address.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{HeaderMap, HeaderValue};
    use exchange_service::config::Parse;

    use super::{Network, Proxies};

    fn client(proxies: &str, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        Proxies::parse(proxies).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("none", "198.51.100.1", &["1.1.1.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.0/8", "198.51.100.1", &["1.1.1.1"]), "198.51.100.1");
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_counts() {
        let proxies = "10.0.0.0/8, fd00::/8";
        for (lines, expected) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            (&["6.6.6.6, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            (&["6.6.6.6", "198.51.100.1, fd00::7"], "198.51.100.1"),
            (&["198.51.100.1", "10.2.3.4"], "198.51.100.1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["198.51.100.1, nonsense, 10.2.3.4"], "10.2.3.4"),
            (&[""], "10.1.1.1"),
            (&[], "10.1.1.1"),
        ] {
            assert_eq!(client(proxies, "10.1.1.1", lines), expected, "{lines:?}");
        }
        assert_eq!(client(proxies, "::ffff:10.1.1.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("0.0.0.0/0", "::1", &["1.1.1.1"]), "::1", "IPv4 prefixes are no IPv6 prefixes");
    }

    #[test]
    fn ipv6_counts_by_household_and_ipv4_by_address() {
        let network = |text: &str| Network::of(text.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1:2:3"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
        assert_eq!(network("192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(network("2001:db8::1").to_string(), "2001:db8::/64");
    }
}
