//! Which service runs which program, told by its image: what it is called is the owner's choice.

use crate::artifacts::dockerfile;
use crate::artifacts::image::ImageRef;
use crate::{Scope, Service};

/// The last part of the image's name; of an image built here, also that of the image it is built on.
pub(super) fn families(scope: &Scope<'_>, service: &Service<'_>) -> Vec<String> {
    let mut families: Vec<String> = service.image().and_then(family).into_iter().collect();
    families.extend(base_image(scope, service).as_deref().and_then(family));
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

/// The image that the final stage of a build is made from.
fn base_image(scope: &Scope<'_>, service: &Service<'_>) -> Option<String> {
    let build = service.get("build")?;
    let text = |key: &str| build.get(key).and_then(hardpan_compose::NodeRef::as_str);
    if let Some(inline) = text("dockerfile_inline") {
        return base_of(inline, text("target"));
    }
    let name = text("dockerfile").unwrap_or("Dockerfile");
    let path = if name.starts_with('/') {
        name.to_owned()
    } else {
        format!("{}/{name}", text("context")?.trim_end_matches('/'))
    };
    base_of(scope.files.read(&path)?.text(), text("target"))
}

/// Parts of the names below. A Dockerfile without any of them is not worth reading.
const TELLING: &[&str] = &[
    "prom",
    "grafana",
    "loki",
    "tempo",
    "pyroscope",
    "alloy",
    "otel",
    "opentelemetry",
    "vmagent",
    "victoria",
    "alertmanager",
    "exporter",
    "cadvisor",
    "gateway",
];

fn base_of(text: &str, target: Option<&str>) -> Option<String> {
    if !TELLING.iter().any(|word| text.contains(word)) {
        return None;
    }
    let file = dockerfile::parse(text);
    let (base, _) = file.base_image(target, &dockerfile::BuildArguments::default())?;
    Some(base.text)
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
