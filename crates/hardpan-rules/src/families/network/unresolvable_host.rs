//! HP-NET-005: a setting names a host that the service cannot resolve.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use hardpan_source::Span;

use super::hosts::{BareWords, Form, HostRef, hosts, takes_host};
use super::reach::{Connection, Meaning, Reach, lends_network};
use super::texts::{self, Kind, Text};
use super::unregistered;
use crate::finding::Place;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, ServiceId, Verdicts};

/// See `rules/unresolvable-host/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-005",
    name: "unresolvable-host",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &[
        "document 002, section 4.1",
        "document 001, REQ-SPC-OPT-003",
        "compose-spec, services, networks",
    ],
    doc: include_str!("../../../rules/unresolvable-host/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let reach = Reach::new(scope);
    let mut cases = Vec::new();
    let mut resolved = HashSet::new();
    for service in scope.services() {
        if *reach.connection(service) == Connection::None {
            verdicts.not_applicable(service, "it has no network");
            continue;
        }
        collect(scope, &reach, service, &mut cases, &mut resolved);
    }
    // Many services may read one text, of which not all need what it says: one that can resolve the name is enough.
    let mut readers: HashMap<Key, usize> = HashMap::new();
    for case in &cases {
        *readers.entry(case.key.clone()).or_default() += 1;
    }
    let mut broken = HashSet::new();
    let mut seen = HashSet::new();
    let unregistered = OnceCell::new();
    for case in &cases {
        let is_shared = case.is_from_env_file && readers.get(&case.key).is_some_and(|count| *count > 1);
        if resolved.contains(&case.key) || is_shared {
            continue;
        }
        broken.insert(case.service);
        // One host is often named twice in one text.
        if seen.insert((case.service, case.key.clone())) {
            report(scope, &reach, case, &unregistered, verdicts);
        }
    }
    for service in scope.services() {
        if !broken.contains(&service.id) && *reach.connection(service) != Connection::None {
            verdicts.satisfied(service);
        }
    }
}

/// A name at a text.
type Key = (Option<Span>, String);

/// A name that a service cannot resolve.
struct Case {
    service: ServiceId,
    key: Key,
    place: Place,
    meaning: Meaning,
    is_from_env_file: bool,
    /// The operator may set another one: a variable brings it.
    is_open: bool,
}

/// Finds the names of one service that it cannot resolve, and notes those that it can.
fn collect<'p>(
    scope: &Scope<'p>,
    reach: &Reach<'p>,
    service: &Service<'p>,
    cases: &mut Vec<Case>,
    resolved: &mut HashSet<Key>,
) {
    let mounted = texts::mounted(scope, service);
    let defined = defined_names(&mounted);
    for text in texts::own(service).into_iter().chain(mounted) {
        if !is_connection(&text) {
            continue;
        }
        for host in hosts(&text.value, bare_words(&text)) {
            let name = &text.value[host.range.clone()];
            if is_no_name(name) || is_allowed(scope, name) || defined.contains(name) {
                continue;
            }
            let meaning = reach.meaning(scope, service, name);
            let is_from_env_file = text.is_from_env_file();
            let is_open = match meaning {
                Meaning::Unknown => {
                    if !is_missing(&text, &host, name) {
                        continue;
                    }
                    is_from_env_file || text.is_from_variable(scope, &host.range)
                }
                // The host resolves names of its own, such as the one it has itself.
                Meaning::OutOfReach(_)
                    if host.form == Form::Bare && *reach.connection(service) == Connection::Host =>
                {
                    continue;
                }
                _ => false,
            };
            let place = text.place(scope, host.range.clone());
            let span = match &place {
                Place::At { span, .. } => Some(*span),
                _ => None,
            };
            let key = (span, name.to_owned());
            if meaning == Meaning::Reachable {
                resolved.insert(key);
            } else {
                cases.push(Case { service: service.id, key, place, meaning, is_from_env_file, is_open });
            }
        }
    }
}

fn report(
    scope: &Scope<'_>,
    reach: &Reach<'_>,
    case: &Case,
    unregistered: &OnceCell<HashMap<String, Span>>,
    verdicts: &mut Verdicts<'_>,
) {
    let service = scope.service_of(case.service);
    let name = &case.key.1;
    let (message, help, other) = match case.meaning {
        Meaning::Reachable => return,
        Meaning::OutOfReach(id) => {
            let message = match reach.connection(service) {
                Connection::Host => format!("`{name}` does not resolve on the host's network"),
                Connection::Bridge => format!("`{name}` does not resolve on the engine's default bridge"),
                _ => format!("`{name}` is out of reach: no common network"),
            };
            (message, "let both join one network".to_owned(), Some(id))
        }
        Meaning::Nameless(id) => {
            let host = lends_network(scope.service_of(id)).unwrap_or_default();
            let message = format!("`{name}` has no name of its own: it uses the network of `{host}`");
            (message, format!("use `{host}` with the same port"), Some(id))
        }
        Meaning::OnlyHostname(id) => {
            let message = format!("`{name}` is only a `hostname`, which other containers do not resolve");
            let help = format!("use `{}`, or make it a network alias there", scope.service_of(id).name);
            (message, help, Some(id))
        }
        Meaning::Unknown => {
            let help = "name a service of the project, or list the host in `external_hosts` of the policy";
            (format!("`{name}` is no service of the project"), help.to_owned(), None)
        }
    };
    let is_incomplete = scope.is_incomplete();
    if case.meaning == Meaning::Unknown && (case.is_open || is_incomplete || reach.joins_external(service)) {
        // Another project may have it, but not where this repository has a service of that name and leaves it out.
        let left_out = unregistered.get_or_init(|| unregistered::services(scope));
        match left_out.get(&name.to_ascii_lowercase()) {
            Some(span) if !case.is_open => {
                verdicts
                    .violation(
                        service,
                        case.place.clone(),
                        format!("{message}: the file that has it is left out"),
                    )
                    .label("does not resolve")
                    .help("include the file, or remove what needs the service")
                    .related(*span, "defined here");
            }
            _ => {
                let why = match (case.is_open, is_incomplete) {
                    (true, _) => "a variable may bring another",
                    (false, true) => "a file that is missing may have it",
                    (false, false) => "another project may have it",
                };
                verdicts.unknown(service, case.place.clone(), format!("{message}; {why}")).help(help);
            }
        }
        return;
    }
    let draft = verdicts.violation(service, case.place.clone(), message);
    draft.label("does not resolve").help(help);
    if let Some(id) = other {
        draft.related(scope.service_of(id).key, "the name belongs to this service");
    }
}

/// Whether a word that stands alone in a text may be a host.
fn bare_words(text: &Text<'_>) -> BareWords {
    let is_host = match text.kind {
        Kind::Environment => takes_host(&text.key),
        Kind::Command | Kind::Healthcheck => matches!(&*text.key, "-h" | "-H" | "--host" | "--hostname"),
        _ => false,
    };
    if is_host { BareWords::Hosts } else { BareWords::Anything }
}

/// True for a name that nothing in the project has and that is a host beyond doubt.
fn is_missing(text: &Text<'_>, host: &HostRef, name: &str) -> bool {
    !name.contains('.') && is_surely_host(text, host) && !is_for_people(&text.key) && !is_example(name)
}

/// True for texts that a program connects by; most labels and the links of dashboards are for people.
fn is_connection(text: &Text<'_>) -> bool {
    match text.kind {
        Kind::Label => {
            let key = text.key.to_ascii_lowercase();
            key.starts_with("traefik.") && (key.ends_with(".url") || key.ends_with(".address"))
        }
        // `postgres:16` is an image there, not a host with a port.
        _ => !text.key.to_ascii_lowercase().contains("image"),
    }
}

/// True for what stands for the container, its host or any host.
fn is_no_name(name: &str) -> bool {
    const NAMES: &[&str] = &["localhost", "host", "docker", "kubernetes", "localdomain"];
    let lower = name.to_ascii_lowercase();
    NAMES.contains(&lower.as_str()) || lower.ends_with(".localhost") || lower.ends_with(".docker.internal")
}

fn is_allowed(scope: &Scope<'_>, name: &str) -> bool {
    let mut hosts = scope.policy.parameters.external_hosts.iter();
    hosts.any(|host| match host.strip_prefix("*.") {
        Some(domain) => name.to_ascii_lowercase().ends_with(&format!(".{}", domain.to_ascii_lowercase())),
        None => host.eq_ignore_ascii_case(name),
    })
}

/// Names that a configuration file gives to its own parts, as nginx does with `upstream name {`.
fn defined_names(texts: &[Text<'_>]) -> HashSet<String> {
    let lines = texts.iter().filter(|text| text.kind == Kind::Line);
    lines
        .filter(|text| matches!(&*text.key, "upstream" | "backend" | "frontend" | "listen"))
        .filter_map(|text| text.value.split_whitespace().nth(1))
        .map(|name| name.trim_end_matches('{').to_owned())
        .collect()
}

/// True if a word that no service has as its name is a host beyond doubt.
fn is_surely_host(text: &Text<'_>, host: &HostRef) -> bool {
    const SCHEMES: &[&str] = &[
        "amqp",
        "amqps",
        "clickhouse",
        "grpc",
        "http",
        "https",
        "influxdb",
        "ldap",
        "ldaps",
        "mariadb",
        "mongodb",
        "mqtt",
        "mssql",
        "mysql",
        "mysql2",
        "nats",
        "opensearch",
        "otlp",
        "plaintext",
        "postgres",
        "postgresql",
        "redis",
        "rediss",
        "sasl_plaintext",
        "sasl_ssl",
        "smtp",
        "smtps",
        "sqlserver",
        "tcp",
        "valkey",
        "ws",
        "wss",
    ];
    match &host.form {
        Form::Url(scheme) => {
            let base = scheme.split('+').next().unwrap_or(scheme);
            SCHEMES.contains(&base) && !names_listener(&text.key)
        }
        Form::HostPort(_) => match text.kind {
            Kind::Yaml => {
                matches!(
                    &*text.key,
                    "targets" | "endpoint" | "endpoints" | "replacement" | "brokers" | "url" | "address"
                )
            }
            Kind::Line => matches!(
                &*text.key,
                "server" | "proxy_pass" | "fastcgi_pass" | "uwsgi_pass" | "grpc_pass" | "reverse_proxy"
            ),
            _ => false,
        },
        Form::Bare => false,
    }
}

/// What a broker says of itself to the world outside.
fn names_listener(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.contains("listener") || key.contains("advertise")
}

/// True for settings with links that a browser follows, where the names are those of the network around.
fn is_for_people(key: &str) -> bool {
    const WORDS: &[&str] = &[
        "public",
        "external",
        "site",
        "base",
        "root",
        "domain",
        "cors",
        "origin",
        "origins",
        "redirect",
        "callback",
        "frontend",
        "web",
        "app",
        "browser",
        "href",
        "link",
        "title",
        "description",
        "next",
        "vite",
        "react",
        "allowed",
        "issuer",
        "audience",
    ];
    key.split(|character: char| !character.is_ascii_alphanumeric())
        .any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// True for words that say that something has to be put in their place.
fn is_example(name: &str) -> bool {
    const PARTS: &[&str] = &[
        "your",
        "example",
        "changeme",
        "change-me",
        "placeholder",
        "dummy",
        "xxx",
        "some",
        "foo",
        "replace",
    ];
    const WHOLE: &[&str] = &[
        "host",
        "hostname",
        "server",
        "domain",
        "ip",
        "user",
        "test",
        "unused",
        "none",
        "null",
        "undefined",
        "name",
        "address",
        "url",
        "my-host",
        "myhost",
        "bar",
        "fake",
        "unix",
        "service",
        "target",
        "proxy-host",
        "invalid",
    ];
    let lower = name.to_ascii_lowercase();
    PARTS.iter().any(|part| lower.contains(part)) || WHOLE.contains(&lower.as_str())
}
