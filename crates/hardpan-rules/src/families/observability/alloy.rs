//! Reads as much of an Alloy configuration as is needed: components with their bodies, and settings in them.

use std::ops::Range;

use super::mounts::{Program, Setup, Text};
use super::names::mentions;
use super::scrape::Job;
use crate::{Scope, Service};
use hardpan_compose::NodeRef;

/// A component such as `prometheus.scrape "node" { … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Component<'t> {
    /// Its kind, such as `prometheus.scrape`.
    pub(super) kind: &'t str,
    /// Where kind and label are written.
    pub(super) head: Range<usize>,
    /// What stands in its braces.
    pub(super) body: Range<usize>,
}

/// Where an Alloy service has its configuration: the file after `run`.
pub(super) fn setup<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Setup {
    let words = service.words("command").into_iter().filter_map(NodeRef::as_str);
    let path = words.rev().find(|word| word.starts_with('/')).unwrap_or("/etc/alloy/config.alloy");
    let program = Program {
        options: &[],
        defaults: &[path],
        is_it: |text| text.path.ends_with(".alloy") || text.path.ends_with(".river"),
    };
    program.setup(scope, service)
}

/// The jobs of `prometheus.scrape` components. Their targets are the addresses in what they refer to, which may refer
/// to more.
pub(super) fn jobs(text: &Text) -> Vec<Job<'_>> {
    let source = text.text();
    let components = components(source);
    let mut jobs = Vec::new();
    for component in components.iter().filter(|component| component.kind == "prometheus.scrape") {
        let mut job = empty_job(&source[component.head.clone()]);
        let mut exporters = Vec::new();
        for origin in origins(source, &components, component) {
            let addresses = settings(source, &origin.body, "__address__");
            job.targets.extend(addresses.map(|range| (&source[range.clone()], text.span(range))));
            let place = text.span(origin.head.clone());
            if origin.kind == "prometheus.exporter.self" {
                job.targets.push(("localhost", place));
            } else if origin.kind.starts_with("prometheus.exporter.") {
                let mut exporter = empty_job(origin.kind);
                exporter.through = Some(("localhost", place));
                let body = &source[origin.body.clone()];
                exporter.targets = strings(body).map(|value| (value, place)).collect();
                exporters.push(exporter);
            } else if origin.kind.starts_with("discovery.") && origin.kind != "discovery.relabel" {
                job.discovery.push(origin.kind);
            }
        }
        jobs.push(job);
        jobs.extend(exporters);
    }
    jobs
}

fn empty_job(name: &str) -> Job<'_> {
    Job { name, node: None, targets: Vec::new(), through: None, is_relabelled: false, discovery: Vec::new() }
}

/// A component and all that it takes its input from.
fn origins<'c, 't>(
    source: &str,
    components: &'c [Component<'t>],
    first: &'c Component<'t>,
) -> Vec<&'c Component<'t>> {
    let mut origins = vec![first];
    let mut at = 0;
    while let Some(component) = origins.get(at).copied() {
        let body = &source[component.body.clone()];
        for other in components {
            let is_input =
                other.kind.starts_with("discovery.") || other.kind.starts_with("prometheus.exporter.");
            if is_input && !origins.contains(&other) && mentions(body, &name(source, other)) {
                origins.push(other);
            }
        }
        at += 1;
    }
    origins
}

/// How others refer to a component: `discovery.docker.linux`.
fn name(source: &str, component: &Component<'_>) -> String {
    let label = source[component.head.clone()].split('"').nth(1).unwrap_or_default();
    if label.is_empty() { component.kind.to_owned() } else { format!("{}.{label}", component.kind) }
}

/// The strings of a text.
fn strings(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// The texts that a key is set to (`key = "…"`, `"key" = "…"`) in a part of the source, as ranges.
pub(super) fn settings<'t>(
    source: &'t str,
    part: &Range<usize>,
    key: &'t str,
) -> impl Iterator<Item = Range<usize>> + 't {
    let part = part.clone();
    source[part.clone()].match_indices(key).filter_map(move |(at, _)| {
        let start = part.start + at;
        let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.');
        if source[..start].chars().next_back().is_some_and(is_part) {
            return None;
        }
        let rest = &source[start + key.len()..part.end];
        let rest = rest.strip_prefix('"').unwrap_or(rest).trim_start();
        let rest = rest.strip_prefix('=')?.trim_start().strip_prefix('"')?;
        let from = part.end - rest.len();
        let length = rest.find(['"', '\n'])?;
        Some(from..from + length)
    })
}

/// The components at the top of a text. Comments and strings are passed over; what is not closed reaches to the end.
pub(super) fn components(source: &str) -> Vec<Component<'_>> {
    let bytes = source.as_bytes();
    let mut components = Vec::new();
    let (mut at, mut depth, mut head) = (0, 0_usize, 0);
    let mut open: Option<Component<'_>> = None;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = end_of_line(source, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = source[at + 2..].find("*/").map_or(bytes.len(), |end| at + end + 4);
                if depth == 0 {
                    head = at;
                }
                continue;
            }
            b'"' => at = end_of_string(bytes, at),
            b'`' => at = source[at + 1..].find('`').map_or(bytes.len(), |end| at + end + 1),
            b'{' | b'[' | b'(' => {
                if depth == 0 && bytes[at] == b'{' {
                    let range = trim(source, head..at);
                    let kind = source[range.clone()].split([' ', '\t', '"']).next().unwrap_or_default();
                    open = Some(Component { kind, head: range, body: at + 1..bytes.len() });
                }
                depth += 1;
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some(mut component) = open.take()
                {
                    component.body.end = at;
                    components.push(component);
                    head = at + 1;
                }
            }
            _ => {}
        }
        if depth == 0 && bytes.get(at) == Some(&b'\n') {
            head = at + 1;
        }
        at += 1;
    }
    components.extend(open);
    components
}

fn end_of_line(source: &str, from: usize) -> usize {
    source[from..].find('\n').map_or(source.len(), |end| from + end)
}

fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\n') {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

fn trim(source: &str, range: Range<usize>) -> Range<usize> {
    let text = &source[range.clone()];
    let start = range.start + (text.len() - text.trim_start().len());
    start..start + text.trim().len()
}

#[cfg(test)]
mod tests {
    use super::{components, settings};

    #[test]
    fn components_are_found_beside_comments_and_strings() {
        let source = "// a {\nlogging {\n  level = \"info }\"\n}\n/* b { */\nprometheus.scrape \"x\" {\n  targets = [{\"__address__\" = \"a:1\", job = \"j\"}, {__address__ = \"b:2\"}]\n}\n";
        let found = components(source);
        let kinds: Vec<&str> = found.iter().map(|component| component.kind).collect();
        assert_eq!(kinds, ["logging", "prometheus.scrape"]);
        assert_eq!(&source[found[1].head.clone()], "prometheus.scrape \"x\"");
        let values: Vec<&str> =
            settings(source, &found[1].body, "__address__").map(|range| &source[range]).collect();
        assert_eq!(values, ["a:1", "b:2"]);
        assert_eq!(settings(source, &found[1].body, "ob").count(), 0);
    }

    #[test]
    fn what_a_component_takes_its_input_from_is_followed() {
        let source = "discovery.docker \"a\" {\n}\ndiscovery.relabel \"b\" {\n  targets = discovery.docker.a.targets\n}\ndiscovery.docker \"logs\" {\n}\nprometheus.scrape \"c\" {\n  targets = discovery.relabel.b.output\n}\n";
        let found = components(source);
        let kinds: Vec<String> = super::origins(source, &found, &found[3])
            .into_iter()
            .map(|other| super::name(source, other))
            .collect();
        assert_eq!(kinds, ["prometheus.scrape.c", "discovery.relabel.b", "discovery.docker.a"]);
    }

    #[test]
    fn what_is_not_closed_does_no_harm() {
        for source in ["a {", "a { \"", "}}}", "/*", "`", "a { [ } ", "\"\\", "é {é", "// é"] {
            let _ = components(source);
        }
    }
}
