//! Short syntax of `ports`: `[[host_ip:][published]:]target[/protocol]`, with ranges.
//!
//! One text can stand for several ports. They come in the order in which the reference prints them: sorted by the
//! text `target/protocol`, so that 100 precedes 99.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::chars::to_lower;

/// A published or exposed port in long syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The host address to bind; empty when none is given.
    pub host_ip: String,
    /// The port in the container.
    pub target: u32,
    /// The host port, or a range `8080-8081` to choose from; empty when none is given.
    pub published: String,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// Why a text is not a port.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortError {
    /// There is no container port.
    NoPort {
        /// The whole text.
        spec: String,
    },
    /// The container port is not a number up to 65535, or a range that runs backwards.
    ContainerPort {
        /// The container port.
        text: String,
    },
    /// The host port is not a number up to 65535, or a range that runs backwards.
    HostPort {
        /// The host port.
        text: String,
    },
    /// The ranges differ in length and the container's is not a single port.
    Ranges {
        /// The container range.
        container: String,
        /// The host range.
        host: String,
    },
    /// The protocol is none of `tcp`, `udp`, `sctp`.
    Protocol {
        /// The protocol, in lower case.
        text: String,
    },
    /// The host address is not an IP address.
    Address {
        /// The address.
        text: String,
    },
    /// The host address cannot even be split from a port: brackets are missing or misplaced.
    AddressShape {
        /// The address.
        text: String,
        /// What is wrong with it.
        reason: AddressShape,
    },
}

/// What is wrong with the brackets and colons of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressShape {
    /// An IPv6 address is not in brackets.
    TooManyColons,
    /// A bracket is opened and not closed.
    MissingBracket,
    /// Something stands between the closing bracket and the port.
    MissingPort,
    /// A second `[` or one that is not at the beginning.
    UnexpectedOpening,
    /// A `]` without its `[`.
    UnexpectedClosing,
}

impl AddressShape {
    fn as_str(self) -> &'static str {
        match self {
            Self::TooManyColons => "too many colons in address",
            Self::MissingBracket => "missing ']' in address",
            Self::MissingPort => "missing port in address",
            Self::UnexpectedOpening => "unexpected '[' in address",
            Self::UnexpectedClosing => "unexpected ']' in address",
        }
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPort { spec } => write!(f, "No port specified: {spec}<empty>"),
            Self::ContainerPort { text } => write!(f, "Invalid containerPort: {text}"),
            Self::HostPort { text } => write!(f, "Invalid hostPort: {text}"),
            Self::Ranges { container, host } => {
                write!(f, "Invalid ranges specified for container and host Ports: {container} and {host}")
            }
            Self::Protocol { text } => write!(f, "Invalid proto: {text}"),
            Self::Address { text } => write!(f, "Invalid ip address: {text}"),
            Self::AddressShape { text, reason } => {
                write!(f, "Invalid ip address {text}: address {text}:: {}", reason.as_str())
            }
        }
    }
}

impl std::error::Error for PortError {}

/// Parses the short syntax of a port (compose-spec, services, ports; compose-go 2.9.1 `types.ParsePortConfig` over
/// docker/go-connections `nat.ParsePortSpecs`). Never gives an empty list; at most 65536 ports.
///
/// # Errors
/// [`PortError`], by what is wrong, in the order in which the reference tests.
pub fn parse_ports(spec: &str) -> Result<Vec<Port>, PortError> {
    let (address, host, container) = split_spec(spec);
    let mut parts = container.split('/');
    let container = parts.next().unwrap_or_default();
    // What follows a second slash is ignored, as in the reference.
    let protocol = parts.next().filter(|protocol| !protocol.is_empty()).unwrap_or("tcp");
    let host_ip = parse_address(address)?;
    if container.is_empty() {
        return Err(PortError::NoPort { spec: spec.to_owned() });
    }
    let (first, last) =
        parse_range(container).ok_or_else(|| PortError::ContainerPort { text: container.to_owned() })?;
    let published = if host.is_empty() {
        None
    } else {
        Some(parse_range(host).ok_or_else(|| PortError::HostPort { text: host.to_owned() })?)
    };
    if let Some((host_first, host_last)) = published
        && host_last - host_first != last - first
        && first != last
    {
        return Err(PortError::Ranges { container: container.to_owned(), host: host.to_owned() });
    }
    let protocol = to_lower(protocol);
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(PortError::Protocol { text: protocol });
    }
    let mut ports: Vec<Port> = (first..=last)
        .map(|target| Port {
            host_ip: host_ip.to_owned(),
            target,
            published: match published {
                None => String::new(),
                Some((low, high)) if first == last && low != high => format!("{low}-{high}"),
                Some((low, _)) => (low + (target - first)).to_string(),
            },
            protocol: protocol.clone(),
        })
        .collect();
    if ports.len() > 1 {
        ports.sort_by_cached_key(|port| format!("{}/{}", port.target, port.protocol));
    }
    Ok(ports)
}

/// Host address, host port and container port; the last two colons separate, whatever the address contains.
fn split_spec(spec: &str) -> (&str, &str, &str) {
    let Some((rest, container)) = spec.rsplit_once(':') else {
        return ("", "", spec);
    };
    match rest.rsplit_once(':') {
        Some((address, host)) => (address, host, container),
        None => ("", rest, container),
    }
}

/// A port or a range of ports. What follows a second dash is ignored, as in the reference.
fn parse_range(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('-');
    let first = parse_port(parts.next()?)?;
    let last = match parts.next() {
        Some(part) => parse_port(part)?,
        None => first,
    };
    (first <= last).then_some((first, last))
}

fn parse_port(text: &str) -> Option<u32> {
    // The standard parser would take a leading plus sign, which the reference refuses.
    if text.starts_with('+') {
        return None;
    }
    text.parse::<u16>().ok().map(u32::from)
}

/// The address without its brackets.
fn parse_address(text: &str) -> Result<&str, PortError> {
    if text.is_empty() {
        return Ok(text);
    }
    let shape = |reason| PortError::AddressShape { text: text.to_owned(), reason };
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']').ok_or_else(|| shape(AddressShape::MissingBracket))?;
            if after.starts_with(':') {
                return Err(shape(AddressShape::TooManyColons));
            } else if !after.is_empty() {
                return Err(shape(AddressShape::MissingPort));
            } else if inner.contains('[') {
                return Err(shape(AddressShape::UnexpectedOpening));
            }
            inner
        }
        None if text.contains(':') => return Err(shape(AddressShape::TooManyColons)),
        None if text.contains('[') => return Err(shape(AddressShape::UnexpectedOpening)),
        None if text.contains(']') => return Err(shape(AddressShape::UnexpectedClosing)),
        None => text,
    };
    let is_address =
        address.is_empty() || address.parse::<Ipv4Addr>().is_ok() || address.parse::<Ipv6Addr>().is_ok();
    if is_address { Ok(address) } else { Err(PortError::Address { text: address.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::parse_ports;

    #[test]
    fn ports_are_read_as_the_reference_does() {
        // Compared with Docker Compose 2.40.3; a port is written `host_ip|published|target/protocol`.
        let cases: &[(&str, Result<&str, &str>)] = &[
            ("80", Ok("||80/tcp")),
            ("8080:80", Ok("|8080|80/tcp")),
            (":80", Ok("||80/tcp")),
            ("8080:", Err("No port specified: 8080:<empty>")),
            ("0:80", Ok("|0|80/tcp")),
            ("80/foo", Err("Invalid proto: foo")),
            ("70000", Err("Invalid containerPort: 70000")),
            ("65535", Ok("||65535/tcp")),
            ("65536", Err("Invalid containerPort: 65536")),
            ("9-8:9-8", Err("Invalid containerPort: 9-8")),
            ("9-10:9-11", Err("Invalid ranges specified for container and host Ports: 9-11 and 9-10")),
            ("9-10:80", Ok("|9-10|80/tcp")),
            ("127.0.0.1:80:80", Ok("127.0.0.1|80|80/tcp")),
            ("[::1]:80:80", Ok("::1|80|80/tcp")),
            ("::1:80:80", Err("Invalid ip address ::1: address ::1:: too many colons in address")),
            ("[::1:80:80", Err("Invalid ip address [::1: address [::1:: missing ']' in address")),
            ("x:80:80", Err("Invalid ip address: x")),
            ("127.0.0.1::80", Ok("127.0.0.1||80/tcp")),
            ("80/UDP", Ok("||80/udp")),
            ("80/", Ok("||80/tcp")),
            ("a", Err("Invalid containerPort: a")),
            ("", Err("No port specified: <empty>")),
            ("99-101", Ok("||100/tcp ||101/tcp ||99/tcp")),
            ("80-81-82", Ok("||80/tcp ||81/tcp")),
            ("1-3:80/udp", Ok("|1-3|80/udp")),
            ("+80", Err("Invalid containerPort: +80")),
            ("0.0.0.0:80:80", Ok("0.0.0.0|80|80/tcp")),
            (" 80", Err("Invalid containerPort:  80")),
            ("[::]:8080:80", Ok("::|8080|80/tcp")),
            ("[fe80::1%eth0]:80:80", Err("Invalid ip address: fe80::1%eth0")),
            ("300.1.1.1:1:1", Err("Invalid ip address: 300.1.1.1")),
            ("-1", Err("Invalid containerPort: -1")),
            ("80-", Err("Invalid containerPort: 80-")),
            ("080:0080", Ok("|80|80/tcp")),
            ("80/udp/x", Ok("||80/udp")),
            ("/udp", Err("No port specified: /udp<empty>")),
            ("8080:/udp", Err("No port specified: 8080:/udp<empty>")),
            ("8080:80/sctp", Ok("|8080|80/sctp")),
            ("8080-8082:80-82/tcp", Ok("|8080|80/tcp |8081|81/tcp |8082|82/tcp")),
            ("a:80", Err("Invalid hostPort: a")),
            ("80:a", Err("Invalid containerPort: a")),
            ("1.2.3.4:a:80", Err("Invalid hostPort: a")),
            ("01.2.3.4:80:80", Err("Invalid ip address: 01.2.3.4")),
            ("[1.2.3.4]:80:80", Ok("1.2.3.4|80|80/tcp")),
            ("[]:80:80", Ok("|80|80/tcp")),
            ("[::1]x:80:80", Err("Invalid ip address [::1]x: address [::1]x:: missing port in address")),
            ("[::1]]:80:80", Err("Invalid ip address [::1]]: address [::1]]:: missing port in address")),
            ("[[::1]:80:80", Err("Invalid ip address [[::1]: address [[::1]:: unexpected '[' in address")),
            (
                "[::1]:80:80:80",
                Err("Invalid ip address [::1]:80: address [::1]:80:: too many colons in address"),
            ),
            (
                "::ffff:1.2.3.4:80:80",
                Err("Invalid ip address ::ffff:1.2.3.4: address ::ffff:1.2.3.4:: too many colons in address"),
            ),
            ("[::ffff:1.2.3.4]:80:80", Ok("::ffff:1.2.3.4|80|80/tcp")),
            ("[::1]::80", Ok("::1||80/tcp")),
            ("[::1]:80", Err("Invalid ip address [:: address [::: missing ']' in address")),
            ("1:2:3:4", Err("Invalid ip address 1:2: address 1:2:: too many colons in address")),
            (":::", Err("Invalid ip address :: address ::: too many colons in address")),
            ("::80", Ok("||80/tcp")),
            ("1.2.3.4:80", Err("Invalid hostPort: 1.2.3.4")),
            ("1.2.3.4::80/udp", Ok("1.2.3.4||80/udp")),
            ("80/tcp ", Err("Invalid proto: tcp ")),
            ("8-9:80-80", Ok("|8-9|80/tcp")),
            ("80-80", Ok("||80/tcp")),
            ("80-80:1-5", Err("Invalid ranges specified for container and host Ports: 1-5 and 80-80")),
            ("x[:1:1", Err("Invalid ip address x[: address x[:: unexpected '[' in address")),
            ("]:1:1", Err("Invalid ip address ]: address ]:: unexpected ']' in address")),
            ("a]b:1:1", Err("Invalid ip address a]b: address a]b:: unexpected ']' in address")),
            ("80/SCTP", Ok("||80/sctp")),
            ("80/tcp,udp", Err("Invalid proto: tcp,udp")),
            ("8080 :80", Err("Invalid hostPort: 8080 ")),
            ("1_0", Err("Invalid containerPort: 1_0")),
            ("0x50", Err("Invalid containerPort: 0x50")),
            ("1e2", Err("Invalid containerPort: 1e2")),
            ("[1:2:3:4:5:6:7:8]:1:1", Ok("1:2:3:4:5:6:7:8|1|1/tcp")),
            ("[1:2:3:4:5:6:7::]:1:1", Ok("1:2:3:4:5:6:7::|1|1/tcp")),
            ("[::2:3:4:5:6:7:8]:1:1", Ok("::2:3:4:5:6:7:8|1|1/tcp")),
            ("[1::2::3]:1:1", Err("Invalid ip address: 1::2::3")),
            ("[12345::]:1:1", Err("Invalid ip address: 12345::")),
            ("[::1.2.3]:1:1", Err("Invalid ip address: ::1.2.3")),
            (
                "998-1002:998-1002",
                Ok("|1000|1000/tcp |1001|1001/tcp |1002|1002/tcp |998|998/tcp |999|999/tcp"),
            ),
            ("9998-10001/udp", Ok("||10000/udp ||10001/udp ||9998/udp ||9999/udp")),
        ];
        for (spec, expected) in cases {
            let found = parse_ports(spec).map_err(|error| error.to_string()).map(|ports| {
                let ports = ports.iter().map(|port| {
                    format!("{}|{}|{}/{}", port.host_ip, port.published, port.target, port.protocol)
                });
                ports.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(found.as_deref().map_err(String::as_str), *expected, "{spec:?}");
        }
    }

    #[test]
    fn port_zero_is_left_to_the_caller() {
        // The reference complains about a missing target port later on.
        assert_eq!(parse_ports("0-2").map(|ports| ports.len()), Ok(3));
    }
}
