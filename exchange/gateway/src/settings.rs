//! What the gateway reads from the environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use exchange_service::config::{Environment, Secret};
use exchange_service::http::{HEADER_BYTES_LEAST, Limits};
use exchange_service::markets::Markets;

use crate::api::ApiSettings;
use crate::auth::{DEFAULT_AUDIENCE, DEFAULT_ISSUER, PublicKeys, TokenSettings};
use crate::limits;
use crate::link::LinkSettings;
use crate::stream::StreamSettings;
use crate::upstream::{Addresses, UpstreamSettings};

/// What it reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the other services are.
    pub addresses: Addresses,
    /// Names and decimals, and what is listed on an empty venue.
    pub markets: Markets,
    /// Connections and heads of requests.
    pub http: Limits,
    /// Bodies.
    pub api: ApiSettings,
    /// The way to the venue.
    pub link: LinkSettings,
    /// Whose tokens hold. `None` only where an error was recorded.
    pub tokens: Option<TokenSettings>,
    /// How often somebody may ask.
    pub limits: limits::Settings,
    /// How patient it is with the others.
    pub upstream: UpstreamSettings,
    /// Live data.
    pub stream: StreamSettings,
}

impl Settings {
    /// Reads all variables.
    #[must_use]
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            listen: environment.listen("GATEWAY_LISTEN", "127.0.0.1:8080"),
            addresses: Addresses {
                persistence: environment.persistence(),
                risk_engine: environment.risk_engine(),
                matching_engine: environment.matching_engine(),
                market_data: environment.market_data(),
            },
            markets: environment.markets(),
            http: http_limits(environment),
            api: ApiSettings {
                body_bytes_max: environment.some(
                    "BODY_BYTES_MAX",
                    "16384",
                    "the longest body of a request, in bytes",
                ),
                body_timeout: environment.some("BODY_TIMEOUT", "10s", "how long a body may take to arrive"),
            },
            link: LinkSettings {
                order_timeout: environment.some(
                    "ORDER_TIMEOUT",
                    "5s",
                    "how long a request waits for the outcome of its command",
                ),
                in_flight_max: environment.some(
                    "ORDERS_IN_FLIGHT_MAX",
                    "10000",
                    "commands that wait for their outcomes at a time; further ones are refused",
                ),
                silence_max: environment.some(
                    "OUTCOME_SILENCE_MAX",
                    "5s",
                    "how long no outcome of any command may come before commands are refused: several times `TICK_INTERVAL`",
                ),
            },
            tokens: tokens(environment),
            limits: limits::Settings::read(environment),
            upstream: UpstreamSettings::read(environment),
            stream: StreamSettings::read(environment),
        }
    }
}

fn http_limits(environment: &mut Environment) -> Limits {
    let limits = Limits {
        connections_max: environment.some(
            "CONNECTIONS_MAX",
            "4096",
            "connections at a time; further ones wait in the system's queue",
        ),
        header_timeout: environment.some(
            "HEADER_TIMEOUT",
            "30s",
            "how long the head of a request may take to arrive; idle connections end after it",
        ),
        write_timeout: environment.some(
            "WRITE_TIMEOUT",
            "30s",
            "how long a client may read nothing of its answer before its connection is cut",
        ),
        header_bytes_max: environment.or(
            "HEADER_BYTES_MAX",
            "16384",
            "the longest head of a request, in bytes, at least 8192",
        ),
        drain: environment.or("DRAIN_TIMEOUT", "10s", "how long requests under way may take at the end"),
    };
    let found = limits.header_bytes_max;
    if found < HEADER_BYTES_LEAST {
        environment
            .report("HEADER_BYTES_MAX", format!("found {found}, expected at least {HEADER_BYTES_LEAST}"));
    }
    limits
}

fn tokens(environment: &mut Environment) -> Option<TokenSettings> {
    let name = "JWT_PUBLIC_KEY_FILE";
    let path: Option<PathBuf> = environment
        .required(name, "a PEM file with up to 4 Ed25519 public keys: tokens signed by any of them hold");
    let keys = path.and_then(|path| {
        let read = Secret::read(&path).and_then(|file| {
            PublicKeys::from_pem(file.expose())
                .map_err(|error| format!("the file `{}` holds no keys: {error}", path.display()))
        });
        read.map_err(|problem| environment.report(name, problem)).ok()
    });
    let issuer = environment.or("JWT_ISSUER", DEFAULT_ISSUER, "the `iss` that tokens must have");
    let audience =
        environment.or("JWT_AUDIENCE", DEFAULT_AUDIENCE, "the `aud` that tokens must have or list");
    let lifetime_max: Duration =
        environment.or("JWT_LIFETIME_MAX", "24h", "the longest time from now, or from `iat`, to `exp`");
    Some(TokenSettings { keys: keys?, issuer, audience, lifetime_max })
}

#[cfg(test)]
mod tests {
    use exchange_service::config::Environment;

    use super::Settings;

    #[test]
    fn what_would_let_nobody_in_is_said_at_start() {
        let names = [
            "BODY_BYTES_MAX",
            "BODY_TIMEOUT",
            "CONNECTIONS_MAX",
            "HEADER_BYTES_MAX",
            "HEADER_TIMEOUT",
            "ORDERS_IN_FLIGHT_MAX",
            "ORDER_TIMEOUT",
            "OUTCOME_SILENCE_MAX",
            "RATE_SHARE_INTERVAL",
            "STREAM_IDLE",
            "STREAM_PING",
            "STREAM_SLOW",
            "WRITE_TIMEOUT",
        ];
        let zero = |name: &str| if name.contains("MAX") && !name.contains("SILENCE") { "0" } else { "0s" };
        let pairs = names.map(|name| (name.to_owned(), zero(name).to_owned()));
        let mut environment = Environment::new(pairs);
        drop(Settings::read(&mut environment));
        let errors = environment.finish().unwrap_err().0;
        let mut found: Vec<&str> = errors.iter().map(|error| error.variable).collect();
        found.retain(|name| *name != "JWT_PUBLIC_KEY_FILE");
        found.sort_unstable();
        assert_eq!(found, names);
    }
}
