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
        name: "a collector",
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
    let missing: Vec<&Part> =
        PARTS.iter().filter(|part| !part.images.iter().any(|names| has(names))).collect();
    report(scope, &missing, verdicts);
    if data_sources(scope, &has, verdicts) && missing.is_empty() {
        verdicts.satisfied(Subject::Project);
    }
}

/// Reports all that is missing at once: the plane is one thing to add.
fn report(scope: &Scope<'_>, missing: &[&Part], verdicts: &mut Verdicts<'_>) {
    if missing.is_empty() {
        return;
    }
    let place = scope.entry().map_or(Place::Nowhere, Place::from);
    if scope.is_incomplete() {
        let message =
            format!("whether the project has {} is said in files that are missing", list(missing, "and"));
        verdicts.unknown(Subject::Project, place, message);
        return;
    }
    let message = match missing {
        [one] => format!("project has no {}", one.name.trim_start_matches("a ")),
        _ => format!("project has neither {}", list(missing, "nor")),
    };
    let images: Vec<String> = missing.iter().map(|part| format!("`{}`", part.images[0][0])).collect();
    verdicts
        .violation(Subject::Project, place, message)
        .help(format!("add services with images such as {}", images.join(", ")));
}

/// "Loki, Tempo and Pyroscope".
fn list(parts: &[&Part], word: &str) -> String {
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    match names.as_slice() {
        [others @ .., last] if !others.is_empty() => format!("{} {word} {last}", others.join(", ")),
        names => names.concat(),
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
