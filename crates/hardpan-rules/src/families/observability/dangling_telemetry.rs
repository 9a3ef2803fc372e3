//! HP-OBS-007: a configuration of the observability programs names what does not exist.

use hardpan_source::Span;

use super::cursor::Cursor;
use super::grafana;
use super::logging::{publishes, scalar};
use super::modules::Modules;
use super::mounts::Setup;
use super::names::{Names, Reach, host_and_port, joins_foreign};
use super::programs;
use super::rule_files::{Found, patterns};
use super::scrape::{Collector, CollectorKind, collectors, static_targets};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Scope, Service, Verdicts};

/// See `rules/dangling-telemetry/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-007",
    name: "dangling-telemetry",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 003, section 1.5", "Prometheus 3, configuration", "Grafana 12, provisioning"],
    doc: include_str!("../../../rules/dangling-telemetry/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let names = Names::new(scope);
    let mut modules = Modules::default();
    for collector in collectors(scope) {
        let before = verdicts.drafts.len();
        judge(scope, &collector, &names, &mut modules, verdicts);
        if verdicts.drafts.len() == before {
            verdicts.satisfied(collector.service);
        }
    }
    grafana::judge(scope, &names, verdicts);
}

fn judge<'s, 'p>(
    scope: &'s Scope<'p>,
    collector: &Collector<'s, 'p>,
    names: &Names<'s, 'p>,
    modules: &mut Modules,
    verdicts: &mut Verdicts<'_>,
) {
    match &collector.setup {
        Setup::Read(_) | Setup::Published => {}
        Setup::Absent(path) => {
            let message = format!("its configuration `{}` is not there", scope.relative(path));
            verdicts.unknown(collector.service, collector.service.key, message);
            return;
        }
        Setup::Unknown => {
            verdicts.unknown(
                collector.service,
                collector.service.key,
                "its configuration is not among the files",
            );
            return;
        }
    }
    for job in collector.jobs() {
        if let Some((address, span)) = job.through {
            target(scope, collector, names, Kind::Prober, (address, span), modules, verdicts);
            continue;
        }
        if job.is_relabelled {
            continue;
        }
        for address in job.targets {
            target(scope, collector, names, Kind::Target, address, modules, verdicts);
        }
    }
    for section in collector.sections() {
        let managers = section.root.get("alerting").and_then(|alerting| alerting.get("alertmanagers"));
        for address in managers.into_iter().flat_map(Cursor::items).flat_map(static_targets) {
            target(scope, collector, names, Kind::Alertmanager, address, modules, verdicts);
        }
    }
    rule_files(scope, collector, verdicts);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Target,
    Prober,
    Alertmanager,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "scrape target",
            Self::Prober => "exporter",
            Self::Alertmanager => "Alertmanager",
        }
    }
}

fn target<'s, 'p>(
    scope: &'s Scope<'p>,
    collector: &Collector<'s, 'p>,
    names: &Names<'s, 'p>,
    kind: Kind,
    (address, span): (&str, Span),
    modules: &mut Modules,
    verdicts: &mut Verdicts<'_>,
) {
    let (host, port) = host_and_port(address);
    let what = kind.as_str();
    // A password may stand before the host.
    let shown = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let from = collector.service;
    match names.reach(from, host) {
        Reach::Service(service) => port_of(collector, service, kind, (&shown, port, span), verdicts),
        Reach::Itself => itself(collector, names, kind, (&shown, port, span), verdicts),
        Reach::Outside => {}
        Reach::Variable => {
            verdicts.unknown(from, span, format!("{what} `{shown}` is filled in later"));
        }
        Reach::Apart(service) => {
            verdicts
                .violation(from, span, format!("{what} `{shown}` shares no network with `{}`", from.name))
                .related(service.key, "the service that has the name")
                .help(format!("let both join one network, such as {}", network_of(service)));
        }
        Reach::Nameless(service) => {
            verdicts
                .violation(
                    from,
                    span,
                    format!(
                        "{what} `{shown}` has no name in any network: the service uses another's network"
                    ),
                )
                .related(service.get("network_mode").map_or(service.key, |mode| mode.origin().span), "here")
                .help("name the service whose network it uses, or `host.docker.internal` for the host's");
        }
        Reach::FromHost => {
            verdicts
                .violation(
                    from,
                    span,
                    format!(
                        "{what} `{shown}` cannot be resolved: `{}` runs in the host's network",
                        from.name
                    ),
                )
                .help("let it join a network of the project, or name a port published on `localhost`");
        }
        Reach::Nobody => nobody(scope, from, what, (&shown, host, span), modules, verdicts),
    }
}

/// The name belongs to nothing in the project. On a network that others share it may belong to one of them.
fn nobody(
    scope: &Scope<'_>,
    from: &Service<'_>,
    what: &str,
    (shown, host, span): (&str, &str, Span),
    modules: &mut Modules,
    verdicts: &mut Verdicts<'_>,
) {
    let module = modules.path_with(scope, host);
    if module.is_none() && joins_foreign(scope, from) {
        verdicts.unknown(
            from,
            span,
            format!(
                "{what} `{shown}` is no service of the project; another one on an external network may be"
            ),
        );
        return;
    }
    let draft = verdicts.violation(
        from,
        span,
        format!("{what} `{shown}` does not exist: no service is called `{host}`"),
    );
    let known = scope.services().iter().map(|service| service.name);
    match (module, hardpan_diag::did_you_mean(host, known)) {
        (Some(path), _) => draft.help(format!("`{path}` defines it: make it part of the project")),
        (None, Some(near)) => draft.help(format!("did you mean `{near}`?")),
        (None, None) => draft.help(format!("add a service `{host}`, or remove the {what}")),
    };
}

fn network_of(service: &Service<'_>) -> String {
    service
        .networks()
        .next()
        .map_or_else(|| "a network of its own".to_owned(), |(name, _)| format!("`{name}`"))
}

/// `localhost` is the container that asks, and there is nothing but the program itself and those that share its
/// network.
fn itself<'s, 'p>(
    collector: &Collector<'s, 'p>,
    names: &Names<'s, 'p>,
    kind: Kind,
    (shown, port, span): (&str, Option<&str>, Span),
    verdicts: &mut Verdicts<'_>,
) {
    if collector.kind != CollectorKind::Prometheus || names.has_company(collector.service) {
        return;
    }
    let listens = super::mounts::option(collector.service, &["--web.listen-address"]);
    let own = listens.as_deref().and_then(|address| address.rsplit(':').next()).unwrap_or("9090");
    if port.is_some_and(|port| port == own || port.contains('$')) && kind == Kind::Target {
        return;
    }
    verdicts
        .violation(
            collector.service,
            span,
            format!(
                "{} `{shown}` does not exist: `localhost` is the container of `{}` itself",
                kind.as_str(),
                collector.service.name
            ),
        )
        .help("name the service, or `host.docker.internal` for the host");
}

/// Protocols that are no HTTP, by the image that speaks them.
const NO_HTTP: &[(&str, &[&str])] = &[
    ("6379", &["redis", "valkey", "redis-stack-server", "keydb"]),
    ("5432", &["postgres", "postgresql", "postgis", "timescaledb", "pgvector"]),
    ("3306", &["mysql", "mariadb", "percona"]),
    ("27017", &["mongo", "mongodb"]),
    ("11211", &["memcached"]),
    ("9092", &["kafka", "cp-kafka"]),
    ("2181", &["zookeeper", "cp-zookeeper"]),
    ("5672", &["rabbitmq"]),
];

/// The port can be one that only the host knows, or one behind which no HTTP is spoken.
fn port_of(
    collector: &Collector<'_, '_>,
    service: &Service<'_>,
    kind: Kind,
    (shown, port, span): (&str, Option<&str>, Span),
    verdicts: &mut Verdicts<'_>,
) {
    let Some(port) = port else { return };
    if kind == Kind::Target && speaks_no_http(service, port) {
        verdicts
            .violation(
                collector.service,
                span,
                format!("scrape target `{shown}` offers no metrics: port {port} is not spoken to by HTTP"),
            )
            .severity(Severity::Medium)
            .help("run an exporter for it, and name the exporter");
        return;
    }
    if let Some(inside) = only_published(service, port) {
        verdicts
            .violation(
                collector.service,
                span,
                format!(
                    "{} `{shown}` does not answer: {port} is the host's port, inside it is {inside}",
                    kind.as_str()
                ),
            )
            .help(format!("name port {inside}"));
    } else if let Some(own) = own_port(service, port) {
        verdicts
            .violation(
                collector.service,
                span,
                format!("{} `{shown}` does not answer: `{}` listens on {own}", kind.as_str(), service.name),
            )
            .help(format!("name port {own}"));
    }
}

fn speaks_no_http(service: &Service<'_>, port: &str) -> bool {
    let Some((_, families)) = NO_HTTP.iter().find(|(known, _)| *known == port) else { return false };
    family(service).is_some_and(|family| families.contains(&family.as_str()))
}

fn family(service: &Service<'_>) -> Option<String> {
    let image = crate::artifacts::image::ImageRef::parse(service.image()?).ok()?;
    Some(image.family().to_owned())
}

/// The container's port, where a port is published as this one and nothing else speaks of it.
fn only_published(service: &Service<'_>, port: &str) -> Option<String> {
    let entries: Vec<(String, String)> = service
        .items("ports")
        .map(|entry| {
            let text = |key: &str| entry.get(key).map(scalar).unwrap_or_default();
            (text("published"), text("target"))
        })
        .collect();
    let (_, inside) = entries.iter().find(|(published, _)| published == port)?;
    (publishes(service, port) && !speaks_of_port(service, port) && inside != port).then(|| inside.clone())
}

/// Whether a service says that something inside listens on a port.
fn speaks_of_port(service: &Service<'_>, port: &str) -> bool {
    let targets = service.items("ports").filter_map(|entry| entry.get("target")).map(scalar);
    let exposed = service.items("expose").map(scalar);
    let is_listed = targets.chain(exposed).any(|listed| listed.split('/').next() == Some(port));
    let environment = service.environment().map(|(_, value)| value);
    let words = ["entrypoint", "command", "healthcheck.test"].into_iter();
    let words = words.flat_map(|attribute| service.words(attribute));
    is_listed || environment.chain(words).map(scalar).any(|text| super::names::mentions(&text, port))
}

/// The one port that a program serves its metrics on unless it is told otherwise on its command line.
const OWN_PORTS: &[(&str, &[&str])] = &[
    ("3000", programs::GRAFANA),
    ("8080", &["cadvisor"]),
    ("9090", programs::PROMETHEUS),
    ("9091", &["pushgateway"]),
    ("9093", programs::ALERTMANAGER),
    ("9100", &["node-exporter"]),
    ("9104", &["mysqld-exporter"]),
    ("9115", &["blackbox-exporter"]),
    ("9121", &["redis_exporter"]),
    ("9187", &["postgres-exporter"]),
    ("9308", &["kafka-exporter"]),
];

/// The port that the service's program listens on, where nothing speaks of the one asked for.
fn own_port(service: &Service<'_>, port: &str) -> Option<&'static str> {
    let family = family(service)?;
    let (own, _) = OWN_PORTS.iter().find(|(_, families)| families.contains(&family.as_str()))?;
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    (*own != port && is_number && !speaks_of_port(service, port)).then_some(*own)
}

fn rule_files<'p>(scope: &Scope<'p>, collector: &Collector<'_, 'p>, verdicts: &mut Verdicts<'_>) {
    for pattern in patterns(scope, collector) {
        let is_glob = pattern.text.contains(['*', '?', '[']);
        match pattern.found {
            Found::Files(_) => {}
            Found::NotThere(path) => {
                let path = scope.relative(&path);
                let message = if is_glob {
                    format!("rule files `{}` match no file: there is no `{path}`", pattern.text)
                } else {
                    format!("rule file `{}` does not exist: there is no `{path}`", pattern.text)
                };
                verdicts
                    .violation(collector.service, Place::from(pattern.span), message)
                    .help("add the file, or remove the entry");
            }
            Found::NotMounted => {
                verdicts
                    .violation(
                        collector.service,
                        Place::from(pattern.span),
                        format!("rule file `{}` does not exist: nothing is mounted there", pattern.text),
                    )
                    .related(collector.service.key, "the service lacks the mount")
                    .help("mount the rules there");
            }
            Found::Unknown => {
                verdicts.unknown(
                    collector.service,
                    Place::from(pattern.span),
                    format!("whether `{}` exists is not in the files", pattern.text),
                );
            }
        }
    }
}
