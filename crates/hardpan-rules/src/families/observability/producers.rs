//! Which programs produce which metrics, and which of them a Prometheus asks.

use super::mounts::Setup;
use super::names::{Names, Reach, host_and_port};
use super::scrape::{Collector, CollectorKind};
use super::{alloy, programs};
use crate::{Scope, Service};

/// The metrics whose names begin so come from one program only, which is told by these words in the name of a job, a
/// host or an image.
struct Family {
    prefixes: &'static [&'static str],
    words: &'static [&'static str],
    program: &'static str,
}

const fn family(
    prefixes: &'static [&'static str],
    words: &'static [&'static str],
    program: &'static str,
) -> Family {
    Family { prefixes, words, program }
}

const NODE_EXPORTER: &[&str] = &["node-exporter", "node_exporter", "nodeexporter", "exporter.unix"];
/// Names of jobs that ask node exporters.
const NODE_JOBS: &[&str] =
    &["node", "nodes", "host", "hosts", "linux", "server", "servers", "machines", "vm", "vms"];

const FAMILIES: &[Family] = &[
    family(&["container_", "machine_"], &["cadvisor", "kubelet"], "cAdvisor"),
    family(&["node_"], NODE_EXPORTER, "the node exporter"),
    family(
        &["kube_"],
        &["kube-state-metrics", "kube_state_metrics", "ksm", "kubernetes"],
        "kube-state-metrics",
    ),
    family(&["windows_"], &["windows"], "the Windows exporter"),
    family(&["probe_"], &["blackbox", "probe"], "the blackbox exporter"),
    family(
        &[
            "redis_up",
            "redis_memory_",
            "redis_connected_",
            "redis_commands_",
            "redis_keyspace_",
            "redis_config_",
        ],
        &["redis", "valkey", "keydb", "dragonfly"],
        "a Redis exporter",
    ),
    family(
        &["pg_up", "pg_stat_", "pg_settings_", "pg_replication_", "pg_database_", "pg_locks_"],
        &["postgres", "pg", "patroni"],
        "a PostgreSQL exporter",
    ),
    family(&["mysql_up", "mysql_global_"], &["mysql", "mariadb"], "a MySQL exporter"),
    family(&["mongodb_up", "mongodb_ss_", "mongodb_connections"], &["mongo"], "a MongoDB exporter"),
    family(&["DCGM_", "nvidia_smi_"], &["dcgm", "nvidia", "gpu"], "a GPU exporter"),
    family(&["alertmanager_"], &["alertmanager"], "Alertmanager"),
    family(&["loki_"], &["loki"], "Loki"),
    family(&["promtail_"], &["promtail"], "Promtail"),
    family(&["traefik_"], &["traefik"], "Traefik"),
    family(&["rabbitmq_"], &["rabbit"], "RabbitMQ"),
    family(&["haproxy_"], &["haproxy"], "HAProxy"),
];

/// Metrics that every Prometheus has, or that every program offers.
const EVERYWHERE: &[&str] =
    &["scrape_", "go_", "process_", "promhttp_", "prometheus_", "net_conntrack_", "ALERTS"];

/// Whether a metric can arrive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Somebody is asked who has it.
    Asked,
    /// Only this program has it, and it is not asked.
    NotAsked(&'static str),
    /// The name does not tell who has it.
    Unknown,
}

/// Whom a Prometheus asks, in words.
pub(super) struct Asked {
    words: Vec<String>,
    /// The names of the jobs; none where labels or relabelling make further ones.
    jobs: Option<Vec<String>>,
    /// True if more may arrive than the files tell.
    is_open: bool,
}

impl Asked {
    pub(super) fn new<'s, 'p>(
        scope: &'s Scope<'p>,
        prometheus: &Collector<'s, 'p>,
        all: &[Collector<'s, 'p>],
        names: &Names<'s, 'p>,
    ) -> Self {
        let mut asked = Self { words: Vec::new(), jobs: Some(Vec::new()), is_open: false };
        asked.add(scope, prometheus, names);
        if receives_writes(prometheus.service) {
            for other in all.iter().filter(|other| other.kind != CollectorKind::Prometheus) {
                match &other.setup {
                    Setup::Read(text) if other.kind == CollectorKind::Alloy => {
                        let components = alloy::components(text.text());
                        asked.words.extend(components.iter().map(|component| component.kind.to_owned()));
                        asked.add(scope, other, names);
                    }
                    _ => asked.is_open = true,
                }
            }
            asked.jobs = None;
        }
        asked
    }

    fn add<'s, 'p>(&mut self, scope: &'s Scope<'p>, collector: &Collector<'s, 'p>, names: &Names<'s, 'p>) {
        for job in collector.jobs() {
            let text = job.node.and_then(|node| node.get("metrics_path")?.text());
            let is_federation = text.is_some_and(|path| path.ends_with("/federate"));
            self.is_open |= !job.discovery.is_empty() || job.is_relabelled || is_federation;
            let mut answers = false;
            for (target, _) in job.targets.iter().copied().chain(job.through) {
                match collector.reach(names, target) {
                    Reach::Service(service) => {
                        answers = true;
                        self.words.push(host_and_port(target).0.to_ascii_lowercase());
                        self.words.extend(programs::families(scope, service));
                        self.is_open |= programs::runs(scope, service, programs::OTEL_COLLECTOR);
                    }
                    Reach::Itself | Reach::Outside | Reach::Variable => {
                        answers = true;
                        let (host, port) = host_and_port(target);
                        self.words.push(host.to_ascii_lowercase());
                        self.words.extend((port == Some("9100")).then(|| NODE_EXPORTER[0].to_owned()));
                    }
                    Reach::Apart(_) | Reach::Nameless(_) | Reach::FromHost | Reach::Nobody => {}
                }
            }
            if answers {
                let name = job.name.to_ascii_lowercase();
                let asks_nodes = NODE_JOBS.contains(&name.as_str());
                self.words.extend(asks_nodes.then(|| NODE_EXPORTER[0].to_owned()));
                self.words.push(name);
            }
            let sets_job = job.node.is_some_and(sets_job_label);
            match &mut self.jobs {
                Some(jobs) if !sets_job => jobs.push(job.name.to_owned()),
                jobs => *jobs = None,
            }
        }
        self.is_open |= matches!(collector.setup, Setup::Unknown | Setup::Absent(_));
    }

    /// Whether a metric of this name can arrive.
    pub(super) fn source(&self, metric: &str) -> Source {
        if metric == "up" || EVERYWHERE.iter().any(|prefix| metric.starts_with(prefix)) {
            return Source::Asked;
        }
        let family =
            FAMILIES.iter().find(|family| family.prefixes.iter().any(|prefix| metric.starts_with(prefix)));
        match family {
            None => Source::Unknown,
            Some(family) => {
                let is_asked =
                    self.words.iter().any(|word| family.words.iter().any(|known| word.contains(known)));
                if is_asked {
                    Source::Asked
                } else if self.is_open {
                    Source::Unknown
                } else {
                    Source::NotAsked(family.program)
                }
            }
        }
    }

    /// True if there certainly is no job of that name.
    pub(super) fn lacks_job(&self, name: &str) -> bool {
        !self.is_open && self.jobs.as_ref().is_some_and(|jobs| !jobs.iter().any(|job| job == name))
    }
}

/// True if a job's targets do not have the job's name as their `job`.
fn sets_job_label(job: super::cursor::Cursor<'_>) -> bool {
    use super::cursor::Cursor;
    let statics = job.get("static_configs").into_iter().flat_map(Cursor::items);
    let by_label =
        statics.filter_map(|config| config.get("labels")).any(|labels| labels.get("job").is_some());
    let by_relabelling = ["relabel_configs", "metric_relabel_configs"].iter().any(|key| {
        job.get(key).into_iter().flat_map(Cursor::items).any(|config| {
            config.get("target_label").and_then(Cursor::text) == Some("job")
                || config.get("action").and_then(Cursor::text) == Some("labelmap")
        })
    });
    by_label || by_relabelling || job.get("honor_labels").and_then(Cursor::text) == Some("true")
}

/// True if others may write into this Prometheus.
fn receives_writes(service: &Service<'_>) -> bool {
    service.words("command").into_iter().chain(service.words("entrypoint")).any(|word| {
        word.as_str().is_some_and(|word| {
            word.contains("web.enable-remote-write-receiver")
                || word.contains("remote-write-receiver")
                || word.contains("web.enable-otlp-receiver")
        })
    })
}
