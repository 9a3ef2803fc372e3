//! What the stream puts up with, as the environment says it.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use exchange_service::config::{Environment, Parse};

/// What the stream puts up with.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// Connections at a time, of everybody.
    pub connections_max: usize,
    /// Connections at a time of one account.
    pub per_account_max: usize,
    /// Connections at a time from one address.
    pub per_address_max: usize,
    /// Subscriptions of one connection at a time.
    pub subscriptions_max: usize,
    /// Messages that a client may send in a second; twice as many at once.
    pub messages_per_second: u32,
    /// Messages that wait for a client at most.
    pub queue_max: usize,
    /// How often a client that is silent is asked whether it is there.
    pub ping_every: Duration,
    /// How long a client may say nothing at all.
    pub idle_max: Duration,
    /// How long a client's queue may stay full.
    pub slow_max: Duration,
    /// Which pages may connect.
    pub origins: Origins,
}

impl StreamSettings {
    /// Reads all variables.
    #[must_use]
    pub fn read(environment: &mut Environment) -> Self {
        let mut number = |name, default, meaning| {
            let number: u32 = environment.or(name, default, meaning);
            if number == 0 {
                environment.report(name, "found 0, expected at least 1".into());
            }
            number.max(1)
        };
        let mut size = |name, default, meaning| number(name, default, meaning) as usize;
        let connections_max = size("STREAM_CONNECTIONS_MAX", "1000", "stream connections at a time");
        let per_account_max =
            size("STREAM_CONNECTIONS_PER_ACCOUNT", "20", "stream connections of one account at a time");
        let per_address_max =
            size("STREAM_CONNECTIONS_PER_IP", "50", "stream connections from one address at a time");
        let subscriptions_max =
            size("STREAM_SUBSCRIPTIONS_MAX", "100", "subscriptions of one stream connection at a time");
        let queue_max = size("STREAM_QUEUE", "1024", "messages that wait for one client at most");
        let messages_per_second = number(
            "STREAM_MESSAGES",
            "20",
            "messages that a client may send in a second; twice as many after a pause",
        );
        Self {
            connections_max,
            per_account_max,
            per_address_max,
            subscriptions_max,
            messages_per_second,
            queue_max,
            ping_every: environment.some("STREAM_PING", "15s", "how often a silent client is asked whether it is there"),
            idle_max: environment.some("STREAM_IDLE", "30s", "how long a client may say nothing, not even a pong"),
            slow_max: environment.some("STREAM_SLOW", "5s", "how long the queue of a client may stay full"),
            origins: environment.or(
                "ALLOWED_ORIGINS",
                "same",
                "pages that may open the stream: `same` (those of the host that is asked), `*`, or origins such as `https://trade.example,https://desk.example`",
            ),
        }
    }
}

/// Which pages may connect. Programs that are no browser send no `Origin` and are not concerned: the check protects people whose
/// browser is told by a foreign page to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Pages of the host that is asked.
    Same,
    /// All pages.
    Any,
    /// Pages of these origins.
    Only(Vec<String>),
}

impl Parse for Origins {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "same" => return Ok(Self::Same),
            "*" => return Ok(Self::Any),
            _ => {}
        }
        let origin = |text: &str| {
            let text = text.trim();
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
            let plain = !host.is_empty() && !host.contains(['/', '?', '#', '@', '*', ' ']);
            plain.then(|| text.to_ascii_lowercase())
        };
        let origins: Option<Vec<String>> = text.split(',').map(origin).collect();
        origins
            .map(Self::Only)
            .ok_or_else(|| "`same`, `*`, or origins such as `https://trade.example`, without a path".into())
    }
}

impl Origins {
    /// Whether a request may open the stream.
    #[must_use]
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if origins.next().is_some() {
            return false;
        }
        let origin = origin.to_ascii_lowercase();
        match self {
            Self::Any => true,
            Self::Only(allowed) => allowed.contains(&origin),
            Self::Same => {
                let host = headers.get(HOST).and_then(|host| host.to_str().ok());
                // The scheme is that of whatever ends TLS in front of the gateway, so it is not compared.
                let asked = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
                asked.zip(host).is_some_and(|(asked, host)| asked.eq_ignore_ascii_case(host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use exchange_service::config::{Environment, Parse};

    use super::{Origins, StreamSettings};

    fn allowed(origins: &str, host: &str, sent: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_str(host).unwrap());
        for origin in sent {
            headers.append("origin", HeaderValue::from_str(origin).unwrap());
        }
        Origins::parse(origins).unwrap().allow(&headers)
    }

    #[test]
    fn pages_of_the_same_host_and_programs_may_connect() {
        assert!(allowed("same", "trade.example:8080", &[]));
        assert!(allowed("same", "trade.example:8080", &["http://trade.example:8080"]));
        assert!(allowed("same", "Trade.example", &["https://trade.Example"]));
        for foreign in ["https://evil.example", "https://trade.example.evil", "null", "", "trade.example"] {
            assert!(!allowed("same", "trade.example", &[foreign]), "{foreign}");
        }
        assert!(!allowed("same", "trade.example", &["https://trade.example", "https://trade.example"]));
    }

    #[test]
    fn a_list_allows_what_it_names_and_nothing_else() {
        let list = "https://trade.example, https://desk.example:8443";
        assert!(allowed(list, "api.example", &["https://desk.example:8443"]));
        assert!(!allowed(list, "api.example", &["http://trade.example"]));
        assert!(!allowed(list, "api.example", &["https://api.example"]));
        assert!(allowed("*", "api.example", &["null"]));
    }

    #[test]
    fn every_variable_that_is_wrong_is_named() {
        let wrong = [("STREAM_QUEUE", "0"), ("STREAM_PING", "15"), ("ALLOWED_ORIGINS", "trade.example")];
        let pairs = wrong.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut environment = Environment::new(pairs);
        let _ = StreamSettings::read(&mut environment);
        let errors = environment.finish().unwrap_err().0;
        let names: Vec<&str> = errors.iter().map(|error| error.variable).collect();
        assert_eq!(names, wrong.map(|(name, _)| name));
    }
}
