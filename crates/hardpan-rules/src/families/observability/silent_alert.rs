//! HP-OBS-009: an alert cannot fire, or reaches nobody, or a priority has no alert.

use std::collections::HashSet;

use hardpan_source::Span;

use super::cursor::Cursor;
use super::mounts::{Program, Setup, Text};
use super::names::{Names, Reach, joins_foreign};
use super::producers::{Asked, Source};
use super::rule_files::{Found, patterns};
use super::scrape::{Collector, CollectorKind, collectors, static_targets};
use super::{programs, promql};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Scope, Service, Verdicts};

/// See `rules/silent-alert/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-009",
    name: "silent-alert",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &[
        "document 003, sections 1.5 and 2",
        "document 004, section 5",
        "Prometheus 3, alerting rules",
        "Alertmanager 0.28, configuration",
    ],
    doc: include_str!("../../../rules/silent-alert/doc.md"),
    check,
};

const PRIORITIES: [&str; 4] = ["P0", "P1", "P2", "P3"];

const ALERTMANAGER: Program<'_> = Program {
    options: &["--config.file", "-config.file"],
    defaults: &["/etc/alertmanager/alertmanager.yml", "/etc/alertmanager/config.yml"],
    is_it: |text| {
        text.roots().iter().any(|root| root.get("route").is_some() && root.get("receivers").is_some())
    },
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let names = Names::new(scope);
    let all = collectors(scope);
    for prometheus in all.iter().filter(|collector| collector.kind == CollectorKind::Prometheus) {
        let before = verdicts.drafts.len();
        if prometheus.text().is_none() && !matches!(prometheus.setup, Setup::Published) {
            verdicts.unknown(
                prometheus.service,
                prometheus.service.key,
                "its configuration, and with it the rules, is not among the files",
            );
            continue;
        }
        let asked = Asked::new(scope, prometheus, &all, &names);
        let rules = Rules::read(scope, prometheus);
        expressions(prometheus.service, &asked, &rules, verdicts);
        delivery(scope, prometheus, &names, &rules, verdicts);
        if scope.policy.house_rules {
            priorities(prometheus, &rules, verdicts);
        }
        if verdicts.drafts.len() == before {
            verdicts.satisfied(prometheus.service);
        }
    }
    let managers =
        scope.services().iter().filter(|service| programs::runs(scope, service, programs::ALERTMANAGER));
    for manager in managers {
        receivers(scope, manager, verdicts);
    }
}

/// Every rule file of a Prometheus that was read.
struct Rules {
    texts: Vec<Text>,
    /// True if there may be more.
    is_partial: bool,
}

/// One rule: an alert, or a recording rule.
struct Entry<'t> {
    node: Cursor<'t>,
    expression: Cursor<'t>,
}

impl Rules {
    fn read<'p>(scope: &Scope<'p>, prometheus: &Collector<'_, 'p>) -> Self {
        let mut rules = Self { texts: Vec::new(), is_partial: false };
        let mut seen: HashSet<String> = HashSet::new();
        for pattern in patterns(scope, prometheus) {
            match pattern.found {
                Found::Files(texts) => {
                    rules.texts.extend(texts.into_iter().filter(|text| seen.insert(text.path.clone())));
                }
                Found::Unknown | Found::NotThere(_) => rules.is_partial = true,
                Found::NotMounted => {}
            }
        }
        rules
    }

    fn of(text: &Text) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        for root in text.roots() {
            for group in root.get("groups").into_iter().flat_map(Cursor::items) {
                for node in group.get("rules").into_iter().flat_map(Cursor::items) {
                    entries.extend(node.get("expr").map(|expression| Entry { node, expression }));
                }
            }
        }
        entries
    }

    /// The names that recording rules give.
    fn recorded(&self) -> HashSet<&str> {
        let entries = self.texts.iter().flat_map(Self::of);
        entries.filter_map(|entry| entry.node.get("record")?.text()).collect()
    }

    fn has_alerts(&self) -> bool {
        self.texts.iter().flat_map(Self::of).any(|entry| entry.node.get("alert").is_some())
    }
}

fn expressions(service: &Service<'_>, asked: &Asked, rules: &Rules, verdicts: &mut Verdicts<'_>) {
    let recorded = rules.recorded();
    for text in &rules.texts {
        let mut open: Vec<String> = Vec::new();
        for entry in Rules::of(text).iter().filter(|entry| entry.node.get("alert").is_some()) {
            let Some(query) = entry.expression.text().and_then(promql::read) else { continue };
            let mut missing: Vec<(&'static str, Vec<String>)> = Vec::new();
            for metric in query.metrics.iter().filter(|metric| !recorded.contains(metric.as_str())) {
                match asked.source(metric) {
                    Source::Asked => {}
                    Source::Unknown if open.contains(metric) => {}
                    Source::Unknown if rules.is_partial && metric.contains(':') => {}
                    Source::Unknown => open.push(metric.clone()),
                    Source::NotAsked(program) => {
                        match missing.iter_mut().find(|(known, _)| *known == program) {
                            Some((_, metrics)) => metrics.push(metric.clone()),
                            None => missing.push((program, vec![metric.clone()])),
                        }
                    }
                }
            }
            for (program, metrics) in missing {
                verdicts
                    .violation(
                        service,
                        Place::from(entry.expression.span()),
                        format!("alert cannot fire: no job asks {program} for {}", crate::Names(&metrics)),
                    )
                    .help(format!("run {program} and add it to the scrape targets, or remove the alert"));
            }
            for job in query.jobs.iter().filter(|job| asked.lacks_job(job)) {
                verdicts
                    .violation(
                        service,
                        Place::from(entry.expression.span()),
                        format!("alert cannot fire: there is no job `{job}`"),
                    )
                    .help("name a job of the scrape configuration");
            }
        }
        if !open.is_empty() {
            verdicts.unknown(
                service,
                groups_place(text),
                format!("whether a target offers {} is not in the files", crate::Names(&open)),
            );
        }
    }
}

fn groups_place(text: &Text) -> Place {
    let span = text.roots().iter().find_map(|root| root.key_span("groups"));
    Place::from(span.unwrap_or_else(|| text.span(0..0)))
}

/// Where the alerting of a Prometheus is, or should be.
fn alerting_place(prometheus: &Collector<'_, '_>) -> Place {
    let roots = prometheus.text().map(Text::roots).unwrap_or_default();
    let span =
        ["alerting", "rule_files"].iter().find_map(|key| roots.iter().find_map(|root| root.key_span(key)));
    span.map_or_else(|| prometheus.service.key.into(), Place::from)
}

/// Alerts are worth nothing before they are sent somewhere.
fn delivery<'s, 'p>(
    scope: &'s Scope<'p>,
    prometheus: &Collector<'s, 'p>,
    names: &Names<'s, 'p>,
    rules: &Rules,
    verdicts: &mut Verdicts<'_>,
) {
    if !rules.has_alerts() && !scope.policy.house_rules {
        return;
    }
    let roots = prometheus.text().map(Text::roots).unwrap_or_default();
    let managers = roots.iter().filter_map(|root| root.get("alerting")?.get("alertmanagers"));
    let managers: Vec<Cursor<'_>> = managers.flat_map(Cursor::items).collect();
    let is_discovered =
        managers.iter().any(|manager| manager.entries().iter().any(|(key, ..)| key.ends_with("_sd_configs")));
    let targets: Vec<(&str, Span)> = managers.iter().copied().flat_map(static_targets).collect();
    if is_discovered {
        return;
    }
    if targets.is_empty() {
        verdicts
            .violation(
                prometheus.service,
                alerting_place(prometheus),
                "alerts reach nobody: no Alertmanager is configured",
            )
            .help("run an Alertmanager and name it under `alerting.alertmanagers`");
        return;
    }
    let reaches_nobody = |target: &str| {
        matches!(prometheus.reach(names, target), Reach::Apart(_) | Reach::Nameless(_) | Reach::FromHost)
            || matches!(prometheus.reach(names, target), Reach::Nobody)
                && !joins_foreign(scope, prometheus.service)
    };
    if targets.iter().all(|(target, _)| reaches_nobody(target)) {
        verdicts
            .violation(
                prometheus.service,
                Place::from(targets[0].1),
                "alerts reach nobody: the Alertmanager they are sent to does not exist",
            )
            .help("run an Alertmanager under that name in a network of Prometheus");
    }
}

fn priorities(prometheus: &Collector<'_, '_>, rules: &Rules, verdicts: &mut Verdicts<'_>) {
    if rules.is_partial {
        verdicts.unknown(
            prometheus.service,
            alerting_place(prometheus),
            "whether every priority has an alert is not in the files: not all rule files are there",
        );
        return;
    }
    let mut found: HashSet<String> = HashSet::new();
    for entry in rules.texts.iter().flat_map(Rules::of).filter(|entry| entry.node.get("alert").is_some()) {
        for (_, _, value) in entry.node.get("labels").map(Cursor::entries).unwrap_or_default() {
            found.extend(value.text().map(str::to_ascii_uppercase));
        }
    }
    let missing: Vec<String> =
        PRIORITIES.iter().filter(|name| !found.contains(**name)).map(|&name| name.to_owned()).collect();
    if missing.is_empty() {
        return;
    }
    let place = rules.texts.first().map_or_else(|| alerting_place(prometheus), groups_place);
    // All four are listed: the line would stop at three.
    let list = missing.join("`, `");
    verdicts
        .violation(prometheus.service, place, format!("no alert has the priority `{list}`"))
        .help("label each alert with its `priority`");
}

/// Routes lead to receivers that exist, and some receiver tells somebody.
fn receivers<'p>(scope: &Scope<'p>, manager: &Service<'p>, verdicts: &mut Verdicts<'_>) {
    let setup = ALERTMANAGER.setup(scope, manager);
    let Setup::Read(text) = setup else {
        if matches!(setup, Setup::Published) {
            verdicts
                .violation(
                    manager,
                    manager.key,
                    "alerts reach nobody: Alertmanager has no configuration of its own",
                )
                .help("mount a configuration with a receiver at `/etc/alertmanager/alertmanager.yml`");
        } else {
            verdicts.unknown(manager, manager.key, "its configuration is not among the files");
        }
        return;
    };
    let before = verdicts.drafts.len();
    for root in text.roots() {
        judge_routes(scope, manager, root, verdicts);
    }
    if verdicts.drafts.len() == before {
        verdicts.satisfied(manager);
    }
}

/// A route with the labels that lead to it.
struct Route<'t> {
    receiver: Option<Cursor<'t>>,
    node: Cursor<'t>,
    is_top: bool,
}

/// Routes do not nest deeper; a circle of aliases does.
const DEPTH_MAX: usize = 16;

fn add_routes<'t>(node: Cursor<'t>, depth: usize, routes: &mut Vec<Route<'t>>) {
    routes.push(Route { receiver: node.get("receiver"), node, is_top: depth == 0 });
    if depth < DEPTH_MAX {
        for child in node.get("routes").into_iter().flat_map(Cursor::items) {
            add_routes(child, depth + 1, routes);
        }
    }
}

fn judge_routes(scope: &Scope<'_>, manager: &Service<'_>, root: Cursor<'_>, verdicts: &mut Verdicts<'_>) {
    let Some(top) = root.get("route") else { return };
    let mut routes = Vec::new();
    add_routes(top, 0, &mut routes);
    let receivers: Vec<Cursor<'_>> = root.get("receivers").into_iter().flat_map(Cursor::items).collect();
    let named = |name: &str| {
        receivers.iter().copied().find(|receiver| receiver.get("name").and_then(Cursor::text) == Some(name))
    };
    let mut reached: Vec<(&Route<'_>, Cursor<'_>)> = Vec::new();
    for route in &routes {
        let Some((node, name)) = route.receiver.and_then(|node| Some((node, node.text()?))) else { continue };
        match named(name) {
            Some(receiver) => reached.push((route, receiver)),
            None => {
                verdicts
                    .violation(
                        manager,
                        Place::from(node.span()),
                        format!("alerts are routed to `{name}`, which is no receiver"),
                    )
                    .label("the configuration is refused")
                    .help("name one of the receivers, or add it");
            }
        }
    }
    let place = root.key_span("receivers").unwrap_or_else(|| top.span());
    let tells = |receiver: Cursor<'_>, kind: &str| {
        receiver.entries().iter().any(|(key, _, value)| key.ends_with(kind) && value.items().next().is_some())
    };
    if !reached.iter().any(|(_, receiver)| tells(*receiver, "_configs")) {
        verdicts
            .violation(manager, Place::from(place), "alerts reach nobody: no receiver sends them anywhere")
            .help("give the receiver `slack_configs`, `email_configs` or another way out");
    } else if scope.policy.house_rules {
        let covers = |route: &Route<'_>| route.is_top || speaks_of_infra(route.node);
        if !reached.iter().any(|(route, receiver)| covers(route) && tells(*receiver, "slack_configs")) {
            verdicts
                .violation(
                    manager,
                    Place::from(place),
                    "alerts of the tier `infra` do not reach Slack: no route for them has `slack_configs`",
                )
                .help("add `slack_configs` with `api_url_file` to the receiver of these alerts");
        }
    }
}

/// Whether a route takes the alerts of the tier `infra`.
fn speaks_of_infra(route: Cursor<'_>) -> bool {
    let by_text =
        route.get("matchers").into_iter().flat_map(Cursor::texts).any(|(text, _)| text.contains("infra"));
    let by_label = ["match", "match_re"].iter().any(|key| {
        let labels = route.get(key).map(Cursor::entries).unwrap_or_default();
        labels.iter().any(|(_, _, value)| value.text().is_some_and(|text| text.contains("infra")))
    });
    let takes_all = ["matchers", "match", "match_re"].iter().all(|key| route.get(key).is_none());
    by_text || by_label || takes_all
}
