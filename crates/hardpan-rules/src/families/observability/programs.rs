//! Which service runs which program, told by its image: what it is called is the owner's choice.

use crate::artifacts::image::ImageRef;
use crate::{Scope, Service};

/// The last part of the image's name; of an image built here, also that of the image it is built on.
pub(super) fn families(scope: &Scope<'_>, service: &Service<'_>) -> Vec<String> {
    let mut families: Vec<String> = service.image().and_then(family).into_iter().collect();
    if let Some(build) = scope.image_source(service).build() {
        families.extend(family(&build.image.base.text));
    }
    families
}

/// True if the image, or the one it is built on, has one of these names.
pub(super) fn runs(scope: &Scope<'_>, service: &Service<'_>, names: &[&str]) -> bool {
    families(scope, service).iter().any(|family| names.contains(&family.as_str()))
}

/// True if the image is made by the project, so that its content is not known from its name.
pub(super) fn is_built(service: &Service<'_>) -> bool {
    service.get("build").is_some()
}

/// A tag that a variable left empty is no obstacle.
fn family(image: &str) -> Option<String> {
    let image = image.trim_end_matches([':', '@']);
    match ImageRef::parse(image) {
        Ok(image) => Some(image.family().to_owned()),
        Err(_) => {
            let name = image.split(['$', '@']).next()?.rsplit('/').next()?;
            let name = name.split(':').next()?;
            (!name.is_empty()).then(|| name.to_ascii_lowercase())
        }
    }
}

pub(super) const PROMETHEUS: &[&str] = &["prometheus"];
pub(super) const VM_AGENT: &[&str] = &["vmagent", "victoria-metrics"];
pub(super) const ALERTMANAGER: &[&str] = &["alertmanager"];
pub(super) const GRAFANA: &[&str] = &["grafana", "grafana-oss", "grafana-enterprise"];
pub(super) const LOKI: &[&str] = &["loki", "enterprise-logs"];
pub(super) const PROMTAIL: &[&str] = &["promtail"];
pub(super) const ALLOY: &[&str] = &["alloy"];
pub(super) const TEMPO: &[&str] = &["tempo"];
pub(super) const PYROSCOPE: &[&str] = &["pyroscope"];
pub(super) const OTEL_COLLECTOR: &[&str] = &[
    "opentelemetry-collector",
    "opentelemetry-collector-contrib",
    "opentelemetry-collector-k8s",
    "otelcol",
    "otelcol-contrib",
    "otel-collector",
    "aws-otel-collector",
];
/// Grafana, Loki, Tempo, Pyroscope, Prometheus and a collector in one image.
pub(super) const ALL_IN_ONE: &[&str] = &["otel-lgtm"];
/// Other programs that pass logs, traces or metrics on.
pub(super) const FORWARDERS: &[&str] = &[
    "fluent-bit",
    "fluentd",
    "vector",
    "telegraf",
    "agent",
    "grafana-agent",
    "logstash",
    "filebeat",
    "beyla",
];
/// Where others keep traces.
pub(super) const TRACERS: &[&str] = &["jaeger", "jaeger-collector", "all-in-one", "zipkin"];
