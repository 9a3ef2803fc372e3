//! The files that Prometheus takes its rules from.

use hardpan_compose::PathKind;
use hardpan_source::Span;

use super::cursor::Cursor;
use super::mounts::{Content, Text, content, folder, join, mounted_files};
use super::programs;
use super::scrape::{Collector, CollectorKind};
use crate::{Scope, Service};

/// One entry of `rule_files`.
pub(super) struct Pattern<'c> {
    pub(super) text: &'c str,
    pub(super) span: Span,
    pub(super) found: Found,
}

/// What an entry leads to.
pub(super) enum Found {
    /// These files.
    Files(Vec<Text>),
    /// Nothing: nothing is mounted there.
    NotMounted,
    /// Nothing: this path of the host does not exist, or no file in it matches.
    NotThere(String),
    /// The files of the project do not say.
    Unknown,
}

/// The entries of a Prometheus configuration.
pub(super) fn patterns<'c, 'p>(scope: &Scope<'p>, collector: &'c Collector<'_, 'p>) -> Vec<Pattern<'c>> {
    let Some(text) = collector.text().filter(|_| collector.kind == CollectorKind::Prometheus) else {
        return Vec::new();
    };
    let roots = text.roots();
    let entries = roots.iter().filter_map(|root| root.get("rule_files")).flat_map(Cursor::texts);
    entries
        .map(|(pattern, span)| {
            let path = join(folder(&text.path), pattern);
            Pattern { text: pattern, span, found: find(scope, collector.service, &path) }
        })
        .collect()
}

fn find<'p>(scope: &Scope<'p>, service: &Service<'p>, path: &str) -> Found {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    if parent.contains(['*', '?', '[']) || path.contains(['$', '{']) {
        return Found::Unknown;
    }
    if name.contains(['*', '?', '[']) {
        return matching(scope, service, parent, name);
    }
    let content = content(scope, service, path);
    if let Some(text) = Text::read(scope, path, &content) {
        return Found::Files(vec![text]);
    }
    match content {
        Content::Host(source, _) if scope.files.kind(&source).is_none() => Found::NotThere(source),
        Content::Image if !programs::is_built(service) => Found::NotMounted,
        _ => Found::Unknown,
    }
}

fn matching<'p>(scope: &Scope<'p>, service: &Service<'p>, parent: &str, pattern: &str) -> Found {
    let files = files_in(scope, service, parent);
    let texts: Vec<Text> = files
        .into_iter()
        .filter(|(path, _)| path.rsplit('/').next().is_some_and(|name| matches(pattern, name)))
        .filter_map(|(path, content)| Text::read(scope, &path, &content))
        .collect();
    if !texts.is_empty() {
        return Found::Files(texts);
    }
    match content(scope, service, parent) {
        Content::Host(source, _) => Found::NotThere(join(&source, pattern)),
        Content::Image if !programs::is_built(service) => Found::NotMounted,
        _ => Found::Unknown,
    }
}

/// The files directly in a folder of a container, as far as mounts bring them.
pub(super) fn files_in<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    parent: &str,
) -> Vec<(String, Content<'p>)> {
    let mut files: Vec<(String, Content<'p>)> = mounted_files(scope, service)
        .into_iter()
        .filter(|(path, _)| folder(path) == parent.trim_end_matches('/'))
        .collect();
    if let Content::Host(source, node) = content(scope, service, parent) {
        for (name, kind) in scope.files.list(&source) {
            let path = join(parent, &name);
            if kind == PathKind::File && !files.iter().any(|(known, _)| *known == path) {
                files.push((path, Content::Host(join(&source, &name), node)));
            }
        }
    }
    files
}

/// Whether a name matches a pattern with `*` and `?`. Classes (`[…]`) match any one character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // After a `*`: where the pattern goes on, and how much of the name it has taken.
    let (mut at, mut from, mut retry) = (0, 0, None);
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, from));
                at += 1;
            }
            Some('[') => {
                at += pattern[at..].iter().position(|&character| character == ']').unwrap_or(0) + 1;
                from += 1;
            }
            Some(&character) if character == '?' || character == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match retry {
                Some((after, taken)) => {
                    retry = Some((after, taken + 1));
                    at = after;
                    from = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at.min(pattern.len())..].iter().all(|&character| character == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn names_match_patterns() {
        for (pattern, name) in [
            ("*.yml", "a.yml"),
            ("alert_rules.local.*.yml", "alert_rules.local.gpu.yml"),
            ("*", "x"),
            ("a?c", "abc"),
            ("*_[ab].yml", "x_a.yml"),
            ("a*b*c", "aXbYbZc"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.yml", "a.yaml"), ("a", "ab"), ("a*c", "ab"), ("", "a")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
