//! Literal IP addresses in a text: where they stand, and whether they are there to reach somebody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// A literal address in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    /// The bytes of the address, without brackets.
    pub(super) range: Range<usize>,
    pub(super) address: IpAddr,
    /// Something that only a destination has stands beside it: a port, `//` or `user@`.
    pub(super) is_destination: bool,
    /// A prefix length follows: a set of addresses.
    pub(super) is_block: bool,
    /// The bytes up to the address hold a scheme: it is the host of a URL.
    pub(super) in_url: bool,
}

impl Literal {
    pub(super) fn is_private(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => {
                let [first, second, ..] = address.octets();
                address.is_private() || (first == 100 && (64..128).contains(&second))
            }
            IpAddr::V6(address) => address.segments()[0] & 0xfe00 == 0xfc00,
        }
    }

    /// True for addresses that name nobody in particular, or the container itself.
    pub(super) fn is_harmless(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => {
                let [first, .., last] = address.octets();
                // The second part: network addresses and netmasks without a prefix length.
                first == 0
                    || address.is_loopback()
                    || address.is_link_local()
                    || first >= 224
                    || (last == 0 && !self.is_destination)
            }
            IpAddr::V6(address) => {
                address.is_unspecified()
                    || address.is_loopback()
                    || address.is_multicast()
                    || address.segments()[0] & 0xffc0 == 0xfe80
            }
        }
    }

    /// True for the resolvers that everybody knows by their address, because a resolver has no other name.
    pub(super) fn is_public_resolver(&self) -> bool {
        const RESOLVERS: &[Ipv4Addr] = &[
            Ipv4Addr::new(1, 0, 0, 1),
            Ipv4Addr::new(1, 1, 1, 1),
            Ipv4Addr::new(1, 1, 1, 2),
            Ipv4Addr::new(1, 1, 1, 3),
            Ipv4Addr::new(4, 2, 2, 2),
            Ipv4Addr::new(8, 8, 4, 4),
            Ipv4Addr::new(8, 8, 8, 8),
            Ipv4Addr::new(9, 9, 9, 9),
            Ipv4Addr::new(94, 140, 14, 14),
            Ipv4Addr::new(94, 140, 15, 15),
            Ipv4Addr::new(149, 112, 112, 112),
            Ipv4Addr::new(208, 67, 220, 220),
            Ipv4Addr::new(208, 67, 222, 222),
        ];
        matches!(self.address, IpAddr::V4(address) if RESOLVERS.contains(&address))
    }
}

/// Every literal address of a text.
pub(super) fn literals(text: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'['
            && let Some(length) = text[at..].find(']')
            && let Ok(address) = text[at + 1..at + length].parse::<Ipv6Addr>()
        {
            let range = at + 1..at + length;
            found.push(literal(text, range, at, at + length + 1, IpAddr::V6(address)));
            at += length + 1;
        } else if bytes[at].is_ascii_digit() && (at == 0 || !is_inner(bytes[at - 1])) {
            let length =
                bytes[at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
            // A full stop that ends a sentence is no part of the address.
            let run = text[at..at + length].trim_end_matches('.');
            let end = at + run.len();
            let ends = bytes.get(at + length).is_none_or(|&byte| !is_inner(byte));
            if ends && let Ok(address) = run.parse::<Ipv4Addr>() {
                found.push(literal(text, at..end, at, end, IpAddr::V4(address)));
            }
            at += length;
        } else {
            at += 1;
        }
    }
    let whole = text.trim();
    if found.is_empty()
        && whole.contains(':')
        && whole.bytes().any(|byte| byte.is_ascii_digit())
        && let Ok(address) = whole.parse::<Ipv6Addr>()
    {
        let start = text.len() - text.trim_start().len();
        found.push(literal(text, start..start + whole.len(), start, start + whole.len(), address.into()));
    }
    found
}

/// True for bytes that make a number beside them part of a longer word, such as a host name or a version.
fn is_inner(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

fn literal(text: &str, range: Range<usize>, start: usize, end: usize, address: IpAddr) -> Literal {
    let (before, after) = (&text[..start], &text[end..]);
    let in_url = before.ends_with("//") || before.ends_with('@');
    let digit_follows = |mark: char| {
        after.strip_prefix(mark).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    let is_block = !in_url && digit_follows('/');
    Literal { range, address, is_destination: in_url || digit_follows(':'), is_block, in_url }
}

#[cfg(test)]
mod tests {
    use super::literals;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = literals(text).into_iter().map(|one| &text[one.range]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn addresses_are_told_from_versions_and_names() {
        check("http://10.0.0.5:8080/x", &["10.0.0.5"]);
        check("10.0.0.5:6379,10.0.0.6:6379", &["10.0.0.5", "10.0.0.6"]);
        check("producer@172.18.0.4", &["172.18.0.4"]);
        check("it is 10.0.0.5.", &["10.0.0.5"]);
        check("[fd00::5]:80", &["fd00::5"]);
        check("fd00::5", &["fd00::5"]);
        for text in [
            "app.10.0.0.5.nip.io",
            "10.0.0.5.nip.io",
            "v1.2.3.4",
            "1.2.3.4-alpine",
            "25.8.28.10001.x",
            "12:30:45",
            "::",
            "a::b",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn blocks_are_no_destinations() {
        let found = literals("10.0.0.0/8");
        assert!(found[0].is_block && !found[0].is_destination);
    }
}
