//! The plan as a small tree of its own: aliases followed, merge keys merged, variables replaced, every value with its place.
//!
//! Not responsible for what the values mean. A newcomer needs to know one thing: a plan is small, so the tree is limited in
//! depth and size, and everything behind it may recurse without fear.

use std::collections::HashMap;

use hardpan_compose::syntax::interpolate::{Lookup as _, TemplateError, substitute};
use hardpan_diag::{Code, Diagnostic, did_you_mean};
use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, NodeIndex, Resolved, resolve_scalar};

/// Deeper than any plan: the vocabulary ends after about eight levels.
const DEPTH_MAX: usize = 32;

/// More values than any plan has, aliases counted each time; it bounds what aliases of aliases can grow to.
const NODES_MAX: usize = 100_000;

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Scalar { text: String, kind: ScalarKind },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// What the text of a scalar means where nothing else is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarKind {
    Text,
    /// Text that came out of a variable; like Compose, the reader casts it to what its place wants.
    Substituted,
    Bool,
    Integer,
    /// A number that is not whole.
    Number,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a key; none where the key is not there.
    pub(super) fn text_at(&self, key: &str) -> Option<String> {
        self.get(key).and_then(Self::text).map(str::to_owned)
    }

    /// The truth of a key; none where the key is not there.
    pub(super) fn bool_at(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Self::text).map(|text| text == "true")
    }

    /// The number of a key; none where the key is not there or is no number, which has been reported.
    pub(super) fn integer_at<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        self.get(key)?.text()?.parse::<i64>().ok().and_then(|number| T::try_from(number).ok())
    }

    /// The texts of a list below a key; empty where the key is not there.
    pub(super) fn texts_at(&self, key: &str) -> Vec<String> {
        self.items_at(key).filter_map(Self::text).map(str::to_owned).collect()
    }

    /// The items of a list below a key.
    pub(super) fn items_at(&self, key: &str) -> impl Iterator<Item = &Node> {
        self.get(key).map(Self::items).unwrap_or_default().iter()
    }

    /// The entries of a mapping below a key.
    pub(super) fn entries_at(&self, key: &str) -> impl Iterator<Item = &Entry> {
        self.get(key).map(Self::entries).unwrap_or_default().iter()
    }
}

/// Makes the tree of a document. What cannot be understood is reported and left out.
pub(super) fn build(
    document: &Document,
    variables: &HashMap<String, String>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let root = document.root()?;
    let mut builder = Builder { document, variables, problems, left: NODES_MAX };
    builder.node(root, 0)
}

struct Builder<'a> {
    document: &'a Document,
    variables: &'a HashMap<String, String>,
    problems: &'a mut Vec<Diagnostic>,
    left: usize,
}

impl Builder<'_> {
    fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.problems.push(Diagnostic::error(Code(code), message).with_span(span));
    }

    fn node(&mut self, index: NodeIndex, depth: usize) -> Option<Node> {
        let document = self.document;
        let node = document.node(index);
        if depth > DEPTH_MAX {
            self.error("plan::too-large", format!("values nest deeper than {DEPTH_MAX} levels"), node.span);
            return None;
        }
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => {
                let message = format!("the plan has more than {NODES_MAX} values");
                self.problems.push(Diagnostic::error(Code("plan::too-large"), message));
                return None;
            }
        };
        if let Some(tag) = &node.tag
            && !tag.name.starts_with("!!")
        {
            self.error("plan::tag", format!("the tag `{}` means nothing in a plan", tag.name), tag.span);
        }
        let value = match &node.kind {
            Kind::Alias { target: Some(target), .. } => {
                let target = self.node(*target, depth + 1)?;
                return Some(Node { span: node.span, ..target });
            }
            Kind::Alias { target: None, .. } => return None,
            Kind::Scalar(scalar) => {
                let tag = node.tag.as_ref().map(|tag| &*tag.name);
                let kind = match resolve_scalar(scalar, tag) {
                    Ok(Resolved::Null) => return Some(Node { span: node.span, value: Value::Null }),
                    Ok(Resolved::Bool(_)) => ScalarKind::Bool,
                    Ok(Resolved::Int(_) | Resolved::UInt(_)) => ScalarKind::Integer,
                    Ok(Resolved::Float(_)) => ScalarKind::Number,
                    Ok(_) => ScalarKind::Text,
                    Err(error) => {
                        self.error("plan::invalid-value", error.to_string(), node.span);
                        return None;
                    }
                };
                self.scalar(&scalar.text, kind, node.span)?
            }
            Kind::Sequence(items) => {
                Value::List(items.iter().filter_map(|&item| self.node(item, depth + 1)).collect())
            }
            Kind::Mapping(entries) => self.mapping(entries, depth)?,
        };
        Some(Node { span: node.span, value })
    }

    fn mapping(&mut self, entries: &[(NodeIndex, NodeIndex)], depth: usize) -> Option<Value> {
        let mut own: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut merged: Vec<Entry> = Vec::new();
        for &(key, value) in entries {
            let key = self.document.node(key);
            let Kind::Scalar(scalar) = &key.kind else {
                self.error("plan::invalid-value", "a key has to be text", key.span);
                continue;
            };
            let key_span = key.span;
            let is_merge = matches!(resolve_scalar(scalar, None), Ok(Resolved::Merge));
            let Some(node) = self.node(value, depth + 1) else { continue };
            if is_merge {
                let parts = if let Value::List(items) = node.value { items } else { vec![node] };
                for part in parts {
                    let span = part.span;
                    match part.value {
                        Value::Map(entries) => {
                            let fresh = |entry: &Entry| !merged.iter().any(|seen| seen.key == entry.key);
                            let fresh: Vec<Entry> = entries.into_iter().filter(fresh).collect();
                            merged.extend(fresh);
                        }
                        _ => self.error("plan::invalid-value", "only a mapping can be merged", span),
                    }
                }
                continue;
            }
            if let Some(first) = own.iter().find(|entry| entry.key == *scalar.text) {
                let problem = Diagnostic::error(
                    Code("plan::duplicate-key"),
                    format!("`{}` is there twice", scalar.text),
                );
                let problem = problem.with_span(key_span).with_related(first.key_span, "first here");
                self.problems.push(problem);
                continue;
            }
            own.push(Entry { key: scalar.text.to_string(), key_span, node });
        }
        merged.retain(|entry| !own.iter().any(|seen| seen.key == entry.key));
        own.append(&mut merged);
        Some(Value::Map(own))
    }

    /// A scalar with its variables replaced. Keys are never touched, as in Compose.
    fn scalar(&mut self, text: &str, kind: ScalarKind, span: Span) -> Option<Value> {
        if !text.contains('$') {
            return Some(Value::Scalar { text: text.to_owned(), kind });
        }
        match substitute(text, self.variables) {
            Ok(result) => {
                for name in result.unset() {
                    let message = format!("The {name:?} variable is not set. Defaulting to a blank string.");
                    let help = match did_you_mean(name, self.variables.keys().map(String::as_str)) {
                        Some(near) => format!("`{near}` is set: did you mean `${{{near}}}`?"),
                        None => {
                            format!("set it in the environment, or give it a default: `${{{name}:-value}}`")
                        }
                    };
                    let code = Code("plan::unset-variable");
                    self.problems.push(Diagnostic::warning(code, message).with_span(span).with_help(help));
                }
                let kind = if result.uses.is_empty() { kind } else { ScalarKind::Substituted };
                Some(Value::Scalar { text: result.text, kind })
            }
            Err(error) => {
                self.problems.push(self.template_error(&error, span));
                None
            }
        }
    }

    fn template_error(&self, error: &TemplateError, span: Span) -> Diagnostic {
        let (code, help) = match error {
            TemplateError::Required { name, .. } => {
                let near = did_you_mean(name, self.variables.keys().map(String::as_str));
                let near = near.filter(|near| self.variables.lookup(near).is_some());
                let help = match near {
                    Some(near) => format!("set `{name}`; `{near}` is set: did you mean that?"),
                    None => format!("set `{name}` in the environment"),
                };
                ("plan::required-variable", help)
            }
            _ => ("plan::invalid-template", "write `$$` for a literal `$`".to_owned()),
        };
        Diagnostic::error(Code(code), error.to_string()).with_span(span).with_help(help)
    }
}
