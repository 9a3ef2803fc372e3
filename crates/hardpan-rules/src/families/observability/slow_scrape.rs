//! HP-OBS-008: metrics are collected once a minute or less often.

use super::alloy;
use super::cursor::Cursor;
use super::mounts::{Setup, Text};
use super::scrape::{Collector, CollectorKind, Job, Section, collectors, milliseconds};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Repair, Safety, Scope, Verdicts};

/// See `rules/slow-scrape/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-008",
    name: "slow-scrape",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 003, section 2", "Prometheus 3, configuration, global"],
    doc: include_str!("../../../rules/slow-scrape/doc.md"),
    check,
};

/// What is expected to be newer than a minute is collected more often.
const INTERVAL_MS_MAX: u64 = 60_000;
/// What Prometheus, vmagent, Alloy and the collector of OpenTelemetry do where nothing is said.
const DEFAULT_INTERVAL_MS: u64 = 60_000;

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for collector in collectors(scope) {
        let Some(text) = collector.text() else {
            let must_have_jobs = matches!(collector.kind, CollectorKind::Prometheus | CollectorKind::VmAgent);
            if must_have_jobs && !matches!(collector.setup, Setup::Published) {
                verdicts.unknown(
                    collector.service,
                    collector.service.key,
                    "its scrape configuration is not among the files",
                );
            } else {
                verdicts.not_applicable(collector.service, "it has no scrape configuration of its own");
            }
            continue;
        };
        let before = verdicts.drafts.len();
        for section in collector.sections() {
            judge(&collector, &section, verdicts);
        }
        if collector.kind == CollectorKind::Alloy {
            alloy_intervals(&collector, text, verdicts);
        }
        if verdicts.drafts.len() == before {
            verdicts.satisfied(collector.service);
        }
    }
}

/// A duration with its place; none where it is not set.
fn duration(node: Option<Cursor<'_>>, key: &str) -> Option<(String, Option<u64>)> {
    let text = node?.get(key)?.text()?.to_owned();
    let value = milliseconds(&text);
    Some((text, value))
}

fn judge(collector: &Collector<'_, '_>, section: &Section<'_>, verdicts: &mut Verdicts<'_>) {
    let jobs = section.jobs();
    let global = duration(section.global, "scrape_interval");
    let inherits = |job: &Job<'_>| duration(job.node, "scrape_interval").is_none();
    if jobs.iter().any(inherits) {
        global_interval(collector, section, global.as_ref(), verdicts);
    }
    let general = global.as_ref().map_or(Some(DEFAULT_INTERVAL_MS), |(_, value)| *value);
    if let (Some(timeout), Some(interval), Some(node)) =
        (duration(section.global, "scrape_timeout"), general, section.global)
    {
        timeout_against(collector, node, &timeout, interval, verdicts);
    }
    for job in &jobs {
        let own = duration(job.node, "scrape_interval");
        if let (Some((text, value)), Some(node)) =
            (&own, job.node.and_then(|node| node.get("scrape_interval")))
        {
            interval(collector, node, text, *value, verdicts);
        }
        let interval = own.map_or(general, |(_, value)| value);
        if let (Some(timeout), Some(interval), Some(node)) =
            (duration(job.node, "scrape_timeout"), interval, job.node)
        {
            timeout_against(collector, node, &timeout, interval, verdicts);
        }
    }
}

fn global_interval(
    collector: &Collector<'_, '_>,
    section: &Section<'_>,
    global: Option<&(String, Option<u64>)>,
    verdicts: &mut Verdicts<'_>,
) {
    if let (Some((text, value)), Some(node)) =
        (global, section.global.and_then(|global| global.get("scrape_interval")))
    {
        interval(collector, node, text, *value, verdicts);
        return;
    }
    let key = section.root.key_span("global").filter(|_| section.global.is_some());
    let jobs = section.root.key_span("scrape_configs");
    let Some(place) = key.or(jobs) else { return };
    let draft = verdicts.violation(
        collector.service,
        Place::from(place),
        "metrics are collected once a minute: `scrape_interval` is not set, and the default is `1m`",
    );
    draft.help("set `scrape_interval: 15s` under `global`");
    if key.is_some() && section.root.is_own_text() {
        draft.fix(
            Safety::Unsafe,
            "collect metrics every 15 seconds",
            Repair::Set { path: "scrape_interval".to_owned(), value: "15s".to_owned() },
        );
    }
}

fn interval(
    collector: &Collector<'_, '_>,
    node: Cursor<'_>,
    text: &str,
    value: Option<u64>,
    verdicts: &mut Verdicts<'_>,
) {
    match value {
        Some(value) if value >= INTERVAL_MS_MAX => {
            let draft = verdicts.violation(
                collector.service,
                node.span(),
                format!("metrics are collected every `{text}`, expected less than `60s`"),
            );
            draft.help("write `15s`");
            if node.is_own_text() {
                draft.fix(
                    Safety::Unsafe,
                    "collect metrics every 15 seconds",
                    Repair::Replace { value: "15s".to_owned() },
                );
            }
        }
        Some(_) => {}
        None => {
            verdicts.unknown(
                collector.service,
                node.span(),
                format!("the interval `{text}` is no duration that can be read"),
            );
        }
    }
}

/// Prometheus refuses a configuration whose timeout is longer than the interval.
fn timeout_against(
    collector: &Collector<'_, '_>,
    node: Cursor<'_>,
    (text, value): &(String, Option<u64>),
    interval: u64,
    verdicts: &mut Verdicts<'_>,
) {
    let Some(place) = node.get("scrape_timeout").map(Cursor::span) else { return };
    if value.is_some_and(|timeout| timeout > interval) {
        let seconds = interval / 1000;
        verdicts
            .violation(
                collector.service,
                place,
                format!("scrape timeout `{text}` is longer than the interval of {seconds} s"),
            )
            .label("the configuration is refused")
            .help(format!("set it to at most `{seconds}s`"));
    }
}

fn alloy_intervals(collector: &Collector<'_, '_>, text: &Text, verdicts: &mut Verdicts<'_>) {
    let source = text.text();
    for component in alloy::components(source) {
        if component.kind != "prometheus.scrape" {
            continue;
        }
        let Some(range) = alloy::settings(source, &component.body, "scrape_interval").next() else {
            verdicts
                .violation(
                    collector.service,
                    Place::from(text.span(component.head.clone())),
                    "metrics are collected once a minute: `scrape_interval` is not set, and the default is `60s`",
                )
                .help("add `scrape_interval = \"15s\"`");
            continue;
        };
        let value = &source[range.clone()];
        if milliseconds(value).is_some_and(|interval| interval >= INTERVAL_MS_MAX) {
            verdicts
                .violation(
                    collector.service,
                    Place::from(text.span(range)),
                    format!("metrics are collected every `{value}`, expected less than `60s`"),
                )
                .help("write `15s`");
        }
    }
}
