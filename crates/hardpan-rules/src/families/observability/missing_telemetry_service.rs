//! HP-OBS-010: a part of the observability plane is missing.

use super::grafana::{Provisioning, grafanas};
use super::programs;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Scope, Subject, Verdicts};

/// See `rules/missing-telemetry-service/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-010",
    name: "missing-telemetry-service",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 004, section 5", "Grafana 12, provisioning"],
    doc: include_str!("../../../rules/missing-telemetry-service/doc.md"),
    check,
};

/// A part of the plane: what it is called, the images that are it, and the data source that shows it.
struct Part {
    name: &'static str,
    images: &'static [&'static [&'static str]],
    data_source: Option<&'static str>,
}

const PARTS: [Part; 5] = [
    Part { name: "Loki", images: &[programs::LOKI], data_source: Some("loki") },
    Part { name: "Grafana", images: &[programs::GRAFANA], data_source: None },
    Part { name: "Tempo", images: &[programs::TEMPO], data_source: Some("tempo") },
    Part {
        name: "Pyroscope",
        images: &[programs::PYROSCOPE],
        data_source: Some("grafana-pyroscope-datasource"),
    },
    Part {
        name: "collector",
        images: &[programs::ALLOY, programs::OTEL_COLLECTOR, programs::PROMTAIL, programs::FORWARDERS],
        data_source: None,
    },
];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    if scope.services().is_empty() {
        verdicts.not_applicable(Subject::Project, "the project has no services");
        return;
    }
    let families: Vec<String> =
        scope.services().iter().flat_map(|service| programs::families(scope, service)).collect();
    let has = |names: &[&str]| families.iter().any(|family| names.contains(&family.as_str()));
    if has(programs::ALL_IN_ONE) {
        verdicts.satisfied(Subject::Project);
        return;
    }
    let place = || {
        let services = scope.project.root().key_span("services");
        services.map_or(Place::Nowhere, Place::from)
    };
    let mut is_complete = true;
    for part in &PARTS {
        if !part.images.iter().any(|names| has(names)) {
            is_complete = false;
            let images = part.images.iter().map(|names| names[0]).collect::<Vec<_>>().join("`, `");
            let message = match part.name {
                "collector" => "project has no collector of logs, traces and metrics".to_owned(),
                name => format!("project has no {name}"),
            };
            verdicts
                .violation(Subject::Project, place(), message)
                .help(format!("add a service with one of the images `{images}`"));
        }
    }
    if data_sources(scope, &has, verdicts) && is_complete {
        verdicts.satisfied(Subject::Project);
    }
}

/// Grafana shows the parts that are there. True if nothing is missing.
fn data_sources(scope: &Scope<'_>, has: &dyn Fn(&[&str]) -> bool, verdicts: &mut Verdicts<'_>) -> bool {
    let mut is_complete = true;
    for grafana in grafanas(scope) {
        let provisioning = Provisioning::read(scope, grafana);
        let sources = provisioning.sources();
        if sources.is_empty() && provisioning.is_hidden {
            is_complete = false;
            verdicts.unknown(grafana, grafana.key, "its data sources are not among the files");
            continue;
        }
        let file = provisioning.data_sources.first();
        let span = file.and_then(|text| text.roots().iter().find_map(|root| root.key_span("datasources")));
        for part in &PARTS {
            let Some(kind) = part.data_source else { continue };
            if !part.images.iter().any(|names| has(names)) || sources.iter().any(|source| source.kind == kind)
            {
                continue;
            }
            is_complete = false;
            let place = span.map_or_else(|| Place::from(grafana.key), Place::from);
            verdicts
                .violation(grafana, place, format!("Grafana has no data source for {}", part.name))
                .help(format!("provision a data source of the type `{kind}`"));
        }
    }
    is_complete
}
