//! Host references in a text: the hosts of URLs, `host:port`, `@tcp(host:port)`, lists of brokers and bare names.

use std::ops::Range;

/// A host that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostRef {
    /// The bytes of the host, without user, port and brackets.
    pub(super) range: Range<usize>,
    pub(super) form: Form,
}

/// How a host is written, which says how sure it is that it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In a URL; the scheme in lower case.
    Url(String),
    /// With a port.
    HostPort(u16),
    /// Alone, as the whole value of a setting that takes a host.
    Bare,
}

/// Whether a single word may be a host. Only a setting whose name says so has bare hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BareWords {
    Hosts,
    Anything,
}

/// Every host that a text names.
pub(super) fn hosts(text: &str, bare: BareWords) -> Vec<HostRef> {
    let mut found = Vec::new();
    let mut gap = 0;
    while let Some(offset) = text[gap..].find("://") {
        let mark = gap + offset;
        let scheme = text[gap..mark]
            .rfind(|byte: char| !byte.is_ascii_alphanumeric() && !matches!(byte, '+' | '.' | '-' | '_'))
            .map_or(gap, |at| gap + at + text[gap + at..].chars().next().map_or(1, char::len_utf8));
        words(text, gap..scheme, &mut found);
        let start = mark + 3;
        let end = text[start..].find(ends_authority).map_or(text.len(), |length| start + length);
        gap = authority(text, &text[scheme..mark], start..end, &mut found);
    }
    words(text, gap..text.len(), &mut found);
    if found.is_empty() && bare == BareWords::Hosts {
        let mut start = 0;
        for part in text.split(',') {
            let word = part.trim();
            let at = start + (part.len() - part.trim_start().len());
            if is_host_name(word) {
                found.push(HostRef { range: at..at + word.len(), form: Form::Bare });
            }
            start += part.len() + 1;
        }
    }
    found
}

fn ends_authority(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>' | ')' | ';' | '|' | '\\')
}

/// The hosts of an authority, which may be a list (`a:1,b:2`); returns where the text after it begins. A part that
/// begins another URL (`A://a,B://b`) is left to the caller.
fn authority(text: &str, scheme: &str, range: Range<usize>, found: &mut Vec<HostRef>) -> usize {
    let mut start = range.start;
    for part in text[range.clone()].split(',') {
        let end = start + part.len();
        if text[end..].starts_with("//") && part.ends_with(':') {
            return start;
        }
        let host_start = start + part.rfind('@').map_or(0, |at| at + 1);
        // `user@tcp(host:port)` of Go's MySQL driver has no scheme; here is `tcp(` of `mysql://user@tcp(host:port)`.
        let host_start = if text[host_start..end].starts_with("tcp(") { host_start + 4 } else { host_start };
        let (host, port) = text[host_start..end].split_once(':').unwrap_or((&text[host_start..end], ""));
        // `user:$(cat file)@host` has its host behind the blank that ends this authority.
        if is_host_name(host) && !port.contains("$(") && !port.contains('`') {
            found.push(HostRef {
                range: host_start..host_start + host.len(),
                form: Form::Url(scheme.to_ascii_lowercase()),
            });
        }
        start = end + 1;
    }
    range.end
}

/// The `host:port` words of a part of the text, in which `=`, brackets and quotes end words too, and its `host=name`.
fn words(text: &str, range: Range<usize>, found: &mut Vec<HostRef>) {
    let ends_word = |character: char| {
        character.is_whitespace()
            || matches!(
                character,
                ',' | ';'
                    | '='
                    | '"'
                    | '\''
                    | '('
                    | ')'
                    | '['
                    | ']'
                    | '{'
                    | '}'
                    | '<'
                    | '>'
                    | '|'
                    | '`'
                    | '&'
                    | '?'
            )
    };
    let mut start = range.start;
    let mut before = "";
    for word in text[range].split(ends_word) {
        let end = start + word.len();
        let head = word.split('/').next().unwrap_or_default();
        let host_start = start + head.rfind('@').map_or(0, |at| at + 1);
        if let Some((host, port)) = text[host_start..start + head.len()].split_once(':')
            && let Ok(port) = port.parse::<u16>()
            && port >= 10
            && is_host_name(host)
        {
            found.push(HostRef { range: host_start..host_start + host.len(), form: Form::HostPort(port) });
        } else if before.trim_start_matches('-').eq_ignore_ascii_case("host")
            && text[..start].ends_with('=')
            && is_host_name(word)
        {
            found.push(HostRef { range: start..end, form: Form::Bare });
        }
        before = word;
        start = end + text[end..].chars().next().map_or(1, char::len_utf8);
    }
}

/// True for words that can be a host name and are no address.
pub(super) fn is_host_name(word: &str) -> bool {
    const LENGTH_MAX: usize = 253;
    word.len() <= LENGTH_MAX
        && word.starts_with(|first: char| first.is_ascii_alphanumeric())
        && word.ends_with(|last: char| last.is_ascii_alphanumeric())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// True for settings whose value is a host, with or without a port.
pub(super) fn takes_host(key: &str) -> bool {
    const WORDS: &[&str] = &[
        "host", "hosts", "hostname", "server", "servers", "addr", "address", "endpoint", "broker", "brokers",
        "node", "nodes", "seed", "seeds", "upstream", "peer", "peers",
    ];
    let last = key.rsplit(['_', '.', '-']).next().unwrap_or(key);
    WORDS.iter().any(|word| last.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::{BareWords, Form, hosts};

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> =
            hosts(text, BareWords::Hosts).into_iter().map(|one| &text[one.range]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn hosts_are_found_in_every_form() {
        check("postgres://user:pw@db:5432/app?sslmode=disable", &["db"]);
        check("jdbc:postgresql://db:5432/app", &["db"]);
        check("user:pw@tcp(db:3306)/app", &["db"]);
        check("kafka-1:9092,kafka-2:9092", &["kafka-1", "kafka-2"]);
        check("mongodb://a:1,b:2/app", &["a", "b"]);
        check("PLAINTEXT://kafka:9092,EXTERNAL://localhost:9094", &["kafka", "localhost"]);
        check("host=db port=5432 user=app", &["db"]);
        check("--brokers=kafka:9092 --web.listen-address=:9308", &["kafka"]);
        check("db", &["db"]);
        check("curl -fsS http://web:8080/health || exit 1", &["web"]);
        check("redis://:pw@cache:6379", &["cache"]);
        check("postgres://app:$(cat /run/secrets/pw)@db:5432/app", &["db"]);
        check("psql --host=db -U app", &["db"]);
    }

    #[test]
    fn what_is_no_host_is_left_alone() {
        for text in [
            "http://$HOST:80",
            "postgres:7",
            "/var/run:8080",
            "a b c",
            "",
            "://",
            "http://",
            "10.0.0.5:80",
            "12:30",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn a_scheme_is_kept() {
        assert_eq!(hosts("AMQP://mq", BareWords::Anything)[0].form, Form::Url("amqp".to_owned()));
    }
}
