//! HP-OBS-011: log lines reach Loki without the labels that they are searched by.

use hardpan_source::Span;

use super::cursor::Cursor;
use super::log_labels::{self, WANTED};
use super::logging::{logs_to_loki, option, options_place, scalar};
use super::mounts::{Program, Setup, Text};
use super::{alloy, programs};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Scope, Service, Verdicts};

/// See `rules/unsearchable-log/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-011",
    name: "unsearchable-log",
    audience: Audience::House,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 004, AC-SPEC-02", "Loki 3, Promtail configuration", "Alloy 1, loki components"],
    doc: include_str!("../../../rules/unsearchable-log/doc.md"),
    check,
};

const PROMTAIL: Program<'_> = Program {
    options: &["-config.file", "--config.file"],
    defaults: &["/etc/promtail/config.yml", "/etc/promtail/promtail.yml", "/etc/promtail/promtail.yaml"],
    is_it: |text| text.roots().iter().any(|root| root.get("clients").is_some()),
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        if programs::runs(scope, service, programs::PROMTAIL) {
            agent(scope, service, verdicts);
        } else if programs::runs(scope, service, programs::ALLOY) {
            alloy_service(scope, service, verdicts);
        } else if logs_to_loki(service) {
            driver(service, verdicts);
        } else {
            verdicts.not_applicable(service, "it sends no logs to Loki");
        }
    }
}

fn report(service: &Service<'_>, place: Place, missing: &[String], help: &str, verdicts: &mut Verdicts<'_>) {
    if missing.is_empty() {
        verdicts.satisfied(service);
    } else {
        verdicts
            .violation(service, place, format!("log lines get no {}", log_labels::words(missing)))
            .help(help.to_owned());
    }
}

fn driver(service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    let node = option(service, "loki-external-labels");
    let missing = log_labels::missing(service, node.map(scalar).as_deref());
    let place = node.map_or_else(|| options_place(service), Place::from);
    report(service, place, &missing, "name both in `loki-external-labels`", verdicts);
}

fn unreadable(service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    verdicts.unknown(
        service,
        service.key,
        "which labels it gives is not in the files: its configuration is not there",
    );
}

fn agent<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) {
    let Setup::Read(text) = PROMTAIL.setup(scope, service) else {
        unreadable(service, verdicts);
        return;
    };
    for root in text.roots() {
        let clients = root.get("clients").into_iter().flat_map(Cursor::items);
        let everywhere: Vec<&str> = clients
            .filter_map(|client| client.get("external_labels"))
            .flat_map(Cursor::entries)
            .map(|(name, ..)| name)
            .collect();
        for job in root.get("scrape_configs").into_iter().flat_map(Cursor::items) {
            let mut labels = Labels { names: everywhere.clone(), is_open: false };
            labels.add_job(job);
            let place = Place::from(job.get("job_name").map_or(job.span(), Cursor::span));
            let missing = labels.missing();
            if labels.is_open && !missing.is_empty() {
                verdicts.unknown(
                    service,
                    place,
                    format!(
                        "whether log lines get the {} is decided while running",
                        log_labels::words(&missing)
                    ),
                );
                continue;
            }
            report(
                service,
                place,
                &missing,
                "set it with `static_configs.labels` or `relabel_configs`",
                verdicts,
            );
        }
    }
}

/// The labels that a job gives.
struct Labels<'t> {
    names: Vec<&'t str>,
    /// True if names of labels are made while running.
    is_open: bool,
}

impl<'t> Labels<'t> {
    fn add_job(&mut self, job: Cursor<'t>) {
        for config in job.get("static_configs").into_iter().flat_map(Cursor::items) {
            self.add_keys(config.get("labels"));
        }
        for source in ["journal", "syslog", "loki_push_api", "docker_sd_configs", "kafka", "gelf"] {
            self.add_keys(job.get(source).and_then(|source| source.get("labels")));
        }
        for config in job.get("relabel_configs").into_iter().flat_map(Cursor::items) {
            self.names.extend(config.get("target_label").and_then(Cursor::text));
            self.is_open |= config.get("action").and_then(Cursor::text) == Some("labelmap");
        }
        self.add_stages(job.get("pipeline_stages"), 0);
    }

    fn add_keys(&mut self, labels: Option<Cursor<'t>>) {
        self.names.extend(labels.map(Cursor::entries).unwrap_or_default().into_iter().map(|(name, ..)| name));
    }

    /// Stages may lie within a `match`.
    fn add_stages(&mut self, stages: Option<Cursor<'t>>, depth: usize) {
        const DEPTH_MAX: usize = 8;
        for stage in stages.into_iter().flat_map(Cursor::items) {
            self.add_keys(stage.get("labels"));
            self.add_keys(stage.get("static_labels"));
            if let Some(inner) = stage.get("match").filter(|_| depth < DEPTH_MAX) {
                self.add_stages(inner.get("stages"), depth + 1);
            }
        }
    }

    fn missing(&self) -> Vec<String> {
        WANTED.iter().filter(|name| !self.names.contains(name)).map(|&name| name.to_owned()).collect()
    }
}

/// Components hand lines on to one another, so a label may be set anywhere in the text.
fn alloy_service<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) {
    let Setup::Read(text) = alloy::setup(scope, service) else {
        unreadable(service, verdicts);
        return;
    };
    let source = text.text();
    let components = alloy::components(source);
    let Some(place) = log_source(&text, &components) else {
        verdicts.not_applicable(service, "it sends no logs to Loki");
        return;
    };
    let mut labels = Labels { names: Vec::new(), is_open: false };
    for component in &components {
        for name in WANTED {
            let is_target =
                alloy::settings(source, &component.body, "target_label").any(|range| &source[range] == name);
            let is_set = is_log_component(component.kind)
                && alloy::settings(source, &component.body, name).next().is_some();
            if is_target || is_set {
                labels.names.push(name);
            }
        }
        let body = &source[component.body.clone()];
        labels.is_open |= body.contains("labelmap") || component.kind.starts_with("import.");
    }
    let missing = labels.missing();
    if labels.is_open && !missing.is_empty() {
        verdicts.unknown(
            service,
            Place::from(place),
            format!("whether log lines get the {} is decided while running", log_labels::words(&missing)),
        );
        return;
    }
    report(
        service,
        Place::from(place),
        &missing,
        "set it with a `rule` of `discovery.relabel`, or with `external_labels` of `loki.write`",
        verdicts,
    );
}

fn is_log_component(kind: &str) -> bool {
    kind.starts_with("loki.") || kind.starts_with("local.file_match") || kind.starts_with("discovery.")
}

/// The first component that reads logs, or the one that writes them.
fn log_source(text: &Text, components: &[alloy::Component<'_>]) -> Option<Span> {
    let find = |prefix: &str| components.iter().find(|component| component.kind.starts_with(prefix));
    let component = find("loki.source.").or_else(|| find("loki.write"))?;
    Some(text.span(component.head.clone()))
}
