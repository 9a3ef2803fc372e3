//! Reads the YAML of a policy file by its shape: problems have spans, and nothing is silently ignored.

use hardpan_diag::{Code, Diagnostic, did_you_mean};
use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, NodeIndex, Stream};

use super::shape::{Field, Shape};
use crate::codes;

/// A value of the policy: a node that stands for itself, aliases followed.
#[derive(Clone, Copy)]
pub(super) struct Value<'d> {
    document: &'d Document,
    node: NodeIndex,
}

impl<'d> Value<'d> {
    /// The top of the first document; none for an empty text.
    pub(super) fn root(stream: &'d Stream) -> Option<Self> {
        let document = stream.documents.first()?;
        Some(Self { document, node: document.root()? })
    }

    fn resolved(self) -> NodeIndex {
        match &self.document.node(self.node).kind {
            Kind::Alias { target: Some(target), .. } => *target,
            _ => self.node,
        }
    }

    fn kind(self) -> &'d Kind {
        &self.document.node(self.resolved()).kind
    }

    pub(super) fn span(self) -> Span {
        self.document.node(self.node).span
    }

    pub(super) fn text(self) -> Option<&'d str> {
        match self.kind() {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    pub(super) fn items(self) -> Vec<Self> {
        match self.kind() {
            Kind::Sequence(items) => items.iter().map(|&node| Self { node, ..self }).collect(),
            _ => Vec::new(),
        }
    }

    /// Keys that are text, with their places, and their values.
    pub(super) fn entries(self) -> Vec<(&'d str, Span, Self)> {
        let Kind::Mapping(entries) = self.kind() else { return Vec::new() };
        entries
            .iter()
            .map(|&(key, node)| {
                let key = Self { node: key, ..self };
                (key.text().unwrap_or_default(), key.span(), Self { node, ..self })
            })
            .collect()
    }

    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.entries().into_iter().find(|(name, ..)| *name == key).map(|(.., value)| value)
    }

    /// The texts of a list.
    pub(super) fn texts(self) -> Vec<String> {
        self.items().into_iter().filter_map(Self::text).map(str::to_owned).collect()
    }

    fn is_mapping(self) -> bool {
        matches!(self.kind(), Kind::Mapping(_))
    }

    fn is_list(self) -> bool {
        matches!(self.kind(), Kind::Sequence(_))
    }
}

/// Holds a value to a shape.
pub(super) fn hold(value: Value<'_>, shape: Shape, problems: &mut Vec<Diagnostic>) {
    match shape {
        Shape::Object(fields) if value.is_mapping() => object(value, fields, problems),
        Shape::List(inner) if value.is_list() => {
            for item in value.items() {
                hold(item, *inner, problems);
            }
        }
        Shape::AnyList if value.is_list() => {}
        Shape::ByRule(inner) if value.is_mapping() => {
            for (key, span, value) in value.entries() {
                if !Shape::Rule.accepts(key) {
                    problems.push(unknown_rule(key, span));
                }
                hold(value, *inner, problems);
            }
        }
        Shape::Rule if value.text().is_some_and(|text| !shape.accepts(text)) => {
            problems.push(unknown_rule(value.text().unwrap_or_default(), value.span()));
        }
        _ if value.text().is_some_and(|text| shape.accepts(text)) => {}
        _ => {
            let message = format!("expected {}", shape.expected());
            let mut problem =
                Diagnostic::error(Code("policy::invalid-value"), message).with_span(value.span());
            if let (Shape::Word(words), Some(text)) = (shape, value.text())
                && let Some(near) = did_you_mean(text, words.iter().copied())
            {
                problem = problem.with_help(format!("did you mean `{near}`?"));
            }
            problems.push(problem);
        }
    }
}

/// Holds a mapping to its fields.
pub(super) fn object(value: Value<'_>, fields: &[Field], problems: &mut Vec<Diagnostic>) {
    if !value.is_mapping() {
        let message = format!("expected {}", Shape::Object(&[]).expected());
        problems.push(Diagnostic::error(Code("policy::invalid-value"), message).with_span(value.span()));
        return;
    }
    let entries = value.entries();
    for (at, (key, span, inner)) in entries.iter().enumerate() {
        if let Some((_, first, _)) = entries[..at].iter().find(|(other, ..)| other == key) {
            problems.push(
                Diagnostic::error(Code("policy::duplicate-key"), format!("`{key}` is there twice"))
                    .with_span(*span)
                    .with_related(*first, "first here"),
            );
            continue;
        }
        match fields.iter().find(|field| field.key == *key) {
            Some(field) => hold(*inner, field.shape, problems),
            None => {
                let known = fields.iter().map(|field| field.key);
                let help = match did_you_mean(key, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are `{}`", known.collect::<Vec<_>>().join("`, `")),
                };
                problems.push(
                    Diagnostic::error(Code("policy::unknown-key"), format!("`{key}` means nothing here"))
                        .with_span(*span)
                        .with_help(help),
                );
            }
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if !entries.iter().any(|(key, ..)| *key == field.key) {
            let message = format!("`{}` is missing", field.key);
            problems.push(
                Diagnostic::error(Code("policy::missing-key"), message)
                    .with_span(value.span())
                    .with_help(format!("add `{}:` with {}", field.key, field.shape.expected())),
            );
        }
    }
}

fn unknown_rule(code: &str, span: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code("policy::unknown-rule"), format!("there is no rule `{code}`")).with_span(span);
    match did_you_mean(code, codes::all().map(|rule| rule.code)) {
        Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
        None => diagnostic.with_help("codes look like `HP-SEC-001`; `hardpan explain` lists them"),
    }
}
