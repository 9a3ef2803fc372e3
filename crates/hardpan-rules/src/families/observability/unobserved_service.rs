//! HP-OBS-006: nothing collects metrics of a service.

use std::collections::HashSet;

use hardpan_compose::NodeRef;

use super::logging::{scalar, speaks_of};
use super::mounts::Setup;
use super::names::{Names, Reach, host_and_port};
use super::programs;
use super::scrape::{Collector, collectors};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, ServiceId, ServiceKind, Verdicts};

/// See `rules/unobserved-service/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-006",
    name: "unobserved-service",
    audience: Audience::House,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 004, section 3", "OpenTelemetry, OTLP exporter configuration 1.0"],
    doc: include_str!("../../../rules/unobserved-service/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let collectors = collectors(scope);
    let names = Names::new(scope);
    let seen = Seen::new(scope, &collectors, &names);
    for service in scope.services() {
        if service.kind != ServiceKind::LongRunning {
            verdicts.not_applicable(service, "it does not run long enough to be asked for metrics");
        } else if seen.observes(scope, service, &names) {
            verdicts.satisfied(service);
        } else if let Some(reason) = seen.blind_spot {
            verdicts.unknown(
                service,
                service.key,
                format!("whether anything collects its metrics is not known: {reason}"),
            );
        } else {
            let message = if collectors.is_empty() {
                "nothing collects metrics of it: the project has no Prometheus or other collector"
            } else {
                "nothing collects metrics of it: no scrape target, no OTLP endpoint, no exporter"
            };
            verdicts
                .violation(service, service.key, message)
                .help("add its metrics endpoint, or that of an exporter for it, to the scrape targets");
        }
    }
}

/// What the collectors are known to ask.
struct Seen<'s, 'p> {
    /// The services that are asked themselves.
    scraped: HashSet<ServiceId>,
    /// Those among them that ask others.
    exporters: Vec<&'s Service<'p>>,
    /// Addresses that an exporter is told to ask.
    through_exporters: HashSet<ServiceId>,
    /// Where to push what cannot be asked.
    push_gateways: Vec<&'s Service<'p>>,
    /// Why there may be more targets than those.
    blind_spot: Option<&'static str>,
}

impl<'s, 'p> Seen<'s, 'p> {
    fn new(scope: &'s Scope<'p>, collectors: &[Collector<'s, 'p>], names: &Names<'s, 'p>) -> Self {
        let mut seen = Self {
            scraped: HashSet::new(),
            exporters: Vec::new(),
            through_exporters: HashSet::new(),
            push_gateways: Vec::new(),
            blind_spot: scope.is_incomplete().then_some("files of the project are missing or cannot be read"),
        };
        for collector in collectors {
            seen.add(scope, collector, names);
        }
        for service in scope.services().iter().filter(|service| seen.scraped.contains(&service.id)) {
            let families = programs::families(scope, service);
            let has = |word: &str| families.iter().any(|family| family.contains(word));
            if has("exporter") || service.name.contains("exporter") || has("cadvisor") {
                seen.exporters.push(service);
            }
            if has("pushgateway") {
                seen.push_gateways.push(service);
            }
        }
        seen
    }

    fn add(&mut self, scope: &'s Scope<'p>, collector: &Collector<'s, 'p>, names: &Names<'s, 'p>) {
        match &collector.setup {
            Setup::Read(_) => {}
            // The configuration in the image asks Prometheus itself.
            Setup::Published => {
                self.scraped.insert(collector.service.id);
            }
            Setup::Absent(_) => self.blind_spot = Some("the scrape configuration is not there"),
            Setup::Unknown => self.blind_spot = Some("the scrape configuration is not among the files"),
        }
        for job in collector.jobs() {
            let discovers = job.discovery.iter().any(|kind| !IRRELEVANT_DISCOVERY.contains(kind));
            if discovers {
                self.blind_spot = Some("targets are discovered while running");
            }
            if job.is_relabelled {
                self.blind_spot = Some("relabelling makes the addresses of targets");
            }
            let asked = match job.through {
                Some((address, _)) => {
                    if let Reach::Service(prober) = collector.reach(names, address) {
                        self.scraped.insert(prober.id);
                        // A probe tells that something answers, and nothing of its inside.
                        if programs::runs(scope, prober, &["blackbox-exporter", "blackbox_exporter"]) {
                            continue;
                        }
                    }
                    &mut self.through_exporters
                }
                None => &mut self.scraped,
            };
            for (target, _) in &job.targets {
                match collector.reach(names, target) {
                    Reach::Service(service) => {
                        asked.insert(service.id);
                    }
                    Reach::Itself => {
                        let company = scope.services().iter();
                        asked.extend(
                            company
                                .filter(|other| names.share_stack(collector.service, other))
                                .map(|other| other.id),
                        );
                    }
                    _ => {}
                }
            }
        }
    }

    fn observes(&self, scope: &Scope<'p>, service: &'s Service<'p>, names: &Names<'s, 'p>) -> bool {
        self.scraped.contains(&service.id)
            || self.through_exporters.contains(&service.id)
            || pushes_by_otlp(service)
            || self
                .exporters
                .iter()
                .any(|exporter| is_asked_by(service, exporter) || speaks_of(service, exporter.name))
            || self
                .push_gateways
                .iter()
                .any(|gateway| gateway.id != service.id && is_told_of(scope, service, gateway, names))
    }
}

/// Discovery that finds no containers of a Compose project.
const IRRELEVANT_DISCOVERY: &[&str] =
    &["kubernetes_sd_configs", "ec2_sd_configs", "azure_sd_configs", "gce_sd_configs"];

/// The exporter is told to ask the service.
fn is_asked_by(service: &Service<'_>, exporter: &Service<'_>) -> bool {
    let own = service.text("container_name");
    speaks_of(exporter, service.name)
        || own.is_some_and(|name| speaks_of(exporter, name))
        || exporter.depends_on().any(|dependency| dependency.service == service.name)
}

/// A variable of the service leads to the other one.
fn is_told_of<'s, 'p>(
    _: &Scope<'p>,
    service: &'s Service<'p>,
    other: &Service<'p>,
    names: &Names<'s, 'p>,
) -> bool {
    service.environment().filter_map(|(_, value)| value.as_str()).any(|value| {
        let host = host_and_port(value).0;
        matches!(names.reach(service, host), Reach::Service(target) if target.id == other.id)
    })
}

/// The variables of the OpenTelemetry SDKs send metrics, unless one of them says otherwise.
fn pushes_by_otlp(service: &Service<'_>) -> bool {
    let variable = |name: &str| {
        service
            .get("environment")
            .and_then(|environment| environment.get(name))
            .map(|value: NodeRef<'_>| scalar(value))
    };
    let has_endpoint = ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]
        .iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()));
    let is_off = variable("OTEL_METRICS_EXPORTER").as_deref() == Some("none")
        || variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    has_endpoint && !is_off
}
