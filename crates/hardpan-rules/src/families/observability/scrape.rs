//! What collects metrics, and from where: the scrape configurations of Prometheus and of programs that read the same.

use hardpan_source::Span;

use super::cursor::Cursor;
use super::mounts::{Program, Setup, Text};
use super::names::{Names, Reach, host_and_port};
use super::{alloy, programs};
use crate::{Scope, Service};

/// A service that collects metrics.
pub(super) struct Collector<'s, 'p> {
    pub(super) service: &'s Service<'p>,
    pub(super) setup: Setup,
    pub(super) kind: CollectorKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CollectorKind {
    Prometheus,
    VmAgent,
    OpenTelemetry,
    Alloy,
}

/// A job: how often, and from whom.
pub(super) struct Job<'c> {
    pub(super) name: &'c str,
    /// The job's entries; none where it is not YAML.
    pub(super) node: Option<Cursor<'c>>,
    /// Addresses with their places. Where [`Job::through`] is set, they are what is asked for, not who is asked.
    pub(super) targets: Vec<(&'c str, Span)>,
    /// The address that relabelling puts in the place of every target, such as that of a prober.
    pub(super) through: Option<(&'c str, Span)>,
    /// True if relabelling makes other addresses of the targets in a way that is not followed.
    pub(super) is_relabelled: bool,
    /// How further targets are discovered, such as `docker_sd_configs`.
    pub(super) discovery: Vec<&'c str>,
}

/// The scrape part of a configuration.
pub(super) struct Section<'c> {
    /// The mapping that has `scrape_configs`.
    pub(super) root: Cursor<'c>,
    /// Its `global`.
    pub(super) global: Option<Cursor<'c>>,
}

fn has_key(text: &Text, keys: &[&str]) -> bool {
    text.roots().iter().any(|root| keys.iter().any(|key| root.get(key).is_some()))
}

const PROMETHEUS: Program<'_> = Program {
    options: &["--config.file", "-config.file"],
    defaults: &["/etc/prometheus/prometheus.yml", "/opt/bitnami/prometheus/conf/prometheus.yml"],
    is_it: |text| has_key(text, &["scrape_configs"]),
};
const VM_AGENT: Program<'_> = Program {
    options: &["--promscrape.config", "-promscrape.config"],
    defaults: &[],
    is_it: |text| has_key(text, &["scrape_configs"]),
};
const OPEN_TELEMETRY: Program<'_> = Program {
    options: &["--config"],
    defaults: &[
        "/etc/otelcol-contrib/config.yaml",
        "/etc/otelcol/config.yaml",
        "/etc/otel-collector-config.yaml",
        "/etc/otel/config.yaml",
    ],
    is_it: |text| has_key(text, &["receivers"]),
};

/// Every service that may collect metrics, in the order of the project.
pub(super) fn collectors<'s, 'p>(scope: &'s Scope<'p>) -> Vec<Collector<'s, 'p>> {
    let mut collectors = Vec::new();
    for service in scope.services() {
        let families = programs::families(scope, service);
        let runs = |names: &[&str]| families.iter().any(|family| names.contains(&family.as_str()));
        let found = if runs(programs::PROMETHEUS) {
            Some((CollectorKind::Prometheus, PROMETHEUS.setup(scope, service)))
        } else if runs(programs::VM_AGENT) {
            Some((CollectorKind::VmAgent, VM_AGENT.setup(scope, service)))
        } else if runs(programs::OTEL_COLLECTOR) {
            Some((CollectorKind::OpenTelemetry, OPEN_TELEMETRY.setup(scope, service)))
        } else if runs(programs::ALLOY) {
            Some((CollectorKind::Alloy, alloy::setup(scope, service)))
        } else {
            None
        };
        if let Some((kind, setup)) = found {
            collectors.push(Collector { service, setup, kind });
        }
    }
    collectors
}

impl<'s, 'p> Collector<'s, 'p> {
    /// The configuration, where it was read.
    pub(super) fn text(&self) -> Option<&Text> {
        match &self.setup {
            Setup::Read(text) => Some(text),
            _ => None,
        }
    }

    /// The mappings that have scrape jobs.
    pub(super) fn sections(&self) -> Vec<Section<'_>> {
        let Some(text) = self.text().filter(|_| self.kind != CollectorKind::Alloy) else { return Vec::new() };
        let mut sections = Vec::new();
        for root in text.roots() {
            if self.kind != CollectorKind::OpenTelemetry {
                sections.push(Section { root, global: root.get("global") });
                continue;
            }
            for (name, _, receiver) in root.get("receivers").map(Cursor::entries).unwrap_or_default() {
                let is_prometheus = name == "prometheus" || name.starts_with("prometheus/");
                if let Some(root) = receiver.get("config").filter(|_| is_prometheus) {
                    sections.push(Section { root, global: root.get("global") });
                }
            }
        }
        sections
    }

    /// Every job of the configuration.
    pub(super) fn jobs(&self) -> Vec<Job<'_>> {
        match (self.kind, self.text()) {
            (CollectorKind::Alloy, Some(text)) => alloy::jobs(text),
            (CollectorKind::OpenTelemetry, Some(text)) => {
                let jobs = self.sections().into_iter().flat_map(|section| section.jobs());
                jobs.chain(receivers(text)).collect()
            }
            _ => self.sections().iter().flat_map(Section::jobs).collect(),
        }
    }

    /// Whom a target of a job reaches.
    pub(super) fn reach(&self, names: &Names<'s, 'p>, target: &str) -> Reach<'s, 'p> {
        names.reach(self.service, host_and_port(target).0)
    }
}

/// Receivers of the OpenTelemetry collector that ask others, such as `redis`: each is a job that passes through the
/// collector.
fn receivers(text: &Text) -> Vec<Job<'_>> {
    let mut jobs = Vec::new();
    for root in text.roots() {
        for (name, span, receiver) in root.get("receivers").map(Cursor::entries).unwrap_or_default() {
            let kind = name.split('/').next().unwrap_or(name);
            if ["otlp", "prometheus", "httpcheck", "hostmetrics", "filelog"].contains(&kind) {
                continue;
            }
            let mut targets: Vec<(&str, Span)> = Vec::new();
            for key in ["endpoint", "endpoints", "hosts", "brokers", "datasource"] {
                let Some(value) = receiver.get(key) else { continue };
                targets.extend(value.texts());
                let inner = value.items().filter_map(|item| item.get("endpoint"));
                targets.extend(inner.filter_map(|value| Some((value.text()?, value.span()))));
            }
            jobs.push(Job {
                name,
                node: None,
                targets,
                through: Some(("localhost", span)),
                is_relabelled: false,
                discovery: Vec::new(),
            });
        }
    }
    jobs
}

impl<'c> Section<'c> {
    pub(super) fn jobs(&self) -> Vec<Job<'c>> {
        let jobs = self.root.get("scrape_configs").into_iter().flat_map(Cursor::items);
        jobs.filter(|job| job.is_mapping()).map(job).collect()
    }
}

fn job(node: Cursor<'_>) -> Job<'_> {
    let name = node.get("job_name");
    let mut discovery: Vec<&str> = Vec::new();
    for (key, _, value) in node.entries() {
        if key.ends_with("_sd_configs") && !value.is_null() {
            discovery.push(key);
        }
    }
    let (through, is_relabelled) = relabelling(node);
    Job {
        name: name.and_then(Cursor::text).unwrap_or_default(),
        node: Some(node),
        targets: static_targets(node),
        through,
        is_relabelled,
        discovery,
    }
}

/// The addresses of a job's `static_configs`.
pub(super) fn static_targets(node: Cursor<'_>) -> Vec<(&str, Span)> {
    let configs = node.get("static_configs").into_iter().flat_map(Cursor::items);
    configs.filter_map(|config| config.get("targets")).flat_map(Cursor::texts).collect()
}

/// What `relabel_configs` make of the address: one address for all, or something else.
fn relabelling(node: Cursor<'_>) -> (Option<(&str, Span)>, bool) {
    let (mut through, mut is_relabelled) = (None, false);
    for config in node.get("relabel_configs").into_iter().flat_map(Cursor::items) {
        if config.get("target_label").and_then(Cursor::text) != Some("__address__") {
            continue;
        }
        match config.get("replacement").and_then(|value| Some((value.text()?, value.span()))) {
            Some((text, span)) if !text.contains('$') => through = Some((text, span)),
            _ => is_relabelled = true,
        }
    }
    (through, is_relabelled)
}

/// Seconds of a duration as Prometheus writes it, such as `1m30s`.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(0);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let amount: u64 = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
        let units = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let factor = match rest.get(..units)? {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            _ => return None,
        };
        total = total.checked_add(amount.checked_mul(factor)?)?;
        rest = &rest[units..];
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        for (text, expected) in [
            ("15s", Some(15_000)),
            ("1m", Some(60_000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("0", Some(0)),
            ("", None),
            ("15", None),
            ("${X}", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
