//! The labels that the Loki log driver gives to lines: `name=template` pairs whose templates ask the container.

use super::logging::{option, scalar};
use crate::Service;

/// The fields and methods of what a template is filled from (`logger.Info` of Docker Engine 28).
const FIELDS: &[&str] = &[
    "ID",
    "FullID",
    "Name",
    "ImageID",
    "ImageFullID",
    "ImageName",
    "Command",
    "Hostname",
    "DaemonName",
    "Config",
    "LogPath",
    "ContainerID",
    "ContainerName",
    "ContainerEntrypoint",
    "ContainerArgs",
    "ContainerImageID",
    "ContainerImageName",
    "ContainerCreated",
    "ContainerEnv",
    "ContainerLabels",
    "ExtraAttributes",
];

/// The labels that the house searches by.
pub(super) const WANTED: [&str; 2] = ["job", "tier"];

/// A template that asks for what there is not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem<'t> {
    /// The template with its braces.
    pub(super) template: &'t str,
    /// What it asks for.
    pub(super) field: &'t str,
}

/// The templates of a text that ask for a field there is not.
pub(super) fn unknown_fields(text: &str) -> Vec<Problem<'_>> {
    let mut problems = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        let Some(close) = text[open..].find("}}").map(|close| open + close + 2) else { break };
        let template = &text[open..close];
        let found = fields(template).into_iter().find(|field| !FIELDS.contains(field));
        problems.extend(found.map(|field| Problem { template, field }));
        at = close;
    }
    problems
}

/// The fields that a template starts from: `.Name`, not `.b` in `.a.b`, and nothing in quotes.
fn fields(template: &str) -> Vec<&str> {
    let bytes = template.as_bytes();
    let mut fields = Vec::new();
    let (mut at, mut quote) = (0, None);
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), b'\\') => at += 1,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'`')) => quote = Some(byte),
            (None, b'.') => {
                let starts = at == 0
                    || !(bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'_' | b')'));
                let length = bytes[at + 1..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                if starts && length > 0 && bytes[at + 1].is_ascii_alphabetic() {
                    fields.push(&template[at + 1..=at + length]);
                }
                at += length;
            }
            _ => {}
        }
        at += 1;
    }
    fields
}

/// The names before the `=` of each pair.
fn names(text: &str) -> Vec<&str> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let mut pairs = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                pairs.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pairs.push(&text[start..]);
    for pair in pairs {
        names.extend(pair.split_once('=').map(|(name, _)| name.trim()));
    }
    names
}

/// Which of the wanted labels no option of the driver yields.
pub(super) fn missing(service: &Service<'_>, external: Option<&str>) -> Vec<String> {
    let given = external.map(names).unwrap_or_default();
    // Stages and relabelling are whole configurations of their own: a word is taken for the label.
    let further: Vec<String> = ["loki-pipeline-stages", "loki-relabel-config"]
        .iter()
        .filter_map(|name| option(service, name).map(scalar))
        .collect();
    let is_elsewhere = option(service, "loki-pipeline-stage-file").is_some();
    let is_given = |label: &str| {
        given.contains(&label)
            || is_elsewhere
            || further.iter().any(|text| super::names::mentions(text, label))
    };
    WANTED.iter().filter(|label| !is_given(label)).map(|&label| label.to_owned()).collect()
}

/// "label `job`" or "labels `job` and `tier`".
pub(super) fn words(names: &[String]) -> String {
    let noun = if names.len() == 1 { "label" } else { "labels" };
    format!("{noun} {}", crate::Names(names))
}

#[cfg(test)]
mod tests {
    use super::{fields, names, unknown_fields};

    #[test]
    fn only_fields_that_exist_pass() {
        for good in [
            "a={{.Name}}",
            "a={{ index .ContainerLabels \"hy-home.tier\" }}",
            "a={{.ContainerLabels.tier}},b={{.ID}}",
            "a={{ join (split .ImageName \":\") \".\" }}",
            "plain",
            "{{",
            "a={{ \"\\\".X\" }}",
        ] {
            assert!(unknown_fields(good).is_empty(), "{good}");
        }
        let found = unknown_fields("a={{.Name}},b={{.Label \"hy-home.tier\"}}");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].template, found[0].field), ("{{.Label \"hy-home.tier\"}}", "Label"));
        assert_eq!(fields("{{.A.B (.C).D .}}"), ["A", "C"]);
    }

    #[test]
    fn pairs_are_split_outside_templates() {
        assert_eq!(names("job=infra, tier={{index .ContainerLabels \"a,b=c\"}},x"), ["job", "tier"]);
        assert_eq!(names(""), [""; 0]);
    }
}
