//! Reads as much of an Alloy configuration as is needed: components with their bodies, and settings in them.

use std::ops::Range;

use super::mounts::{Program, Setup, Text};
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

/// The jobs of `prometheus.scrape` components. Targets are the addresses written anywhere in the text: components
/// hand them on to one another.
pub(super) fn jobs(text: &Text) -> Vec<Job<'_>> {
    let source = text.text();
    let components = components(source);
    let mut jobs = Vec::new();
    for component in components.iter().filter(|component| component.kind == "prometheus.scrape") {
        let body = &source[component.body.clone()];
        jobs.push(Job {
            name: &source[component.head.clone()],
            node: None,
            targets: addresses(source, &component.body, text),
            through: None,
            is_relabelled: false,
            discovery: if body.contains("discovery.docker") { vec!["discovery.docker"] } else { Vec::new() },
        });
    }
    let elsewhere = components.iter().filter(|component| component.kind.starts_with("discovery."));
    for component in elsewhere {
        jobs.push(Job {
            name: &source[component.head.clone()],
            node: None,
            targets: addresses(source, &component.body, text),
            through: None,
            is_relabelled: false,
            discovery: if component.kind == "discovery.relabel" { Vec::new() } else { vec![component.kind] },
        });
    }
    jobs
}

fn addresses<'t>(source: &'t str, body: &Range<usize>, text: &Text) -> Vec<(&'t str, hardpan_source::Span)> {
    settings(source, body, "__address__").map(|range| (&source[range.clone()], text.span(range))).collect()
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
    fn what_is_not_closed_does_no_harm() {
        for source in ["a {", "a { \"", "}}}", "/*", "`", "a { [ } ", "\"\\", "é {é", "// é"] {
            let _ = components(source);
        }
    }
}
