//! Holds the tree of a plan to its shape: every problem has a place, and nothing is silently ignored.
//!
//! Not responsible for what belongs together across keys (an owner that is no role); the backends' plan files check that.
//! A newcomer needs to know one thing: no message repeats a value, because anything may have been typed in the wrong place.

use hardpan_diag::{Code, Diagnostic, did_you_mean};

use super::shape::{Field, Shape};
use super::tree::{Entry, Node, ScalarKind, Value};

/// Holds a value to a shape.
pub(super) fn hold(node: &Node, shape: Shape, problems: &mut Vec<Diagnostic>) {
    match (shape, &node.value) {
        (Shape::Object(fields) | Shape::Short(_, fields), Value::Map(entries)) => {
            object(node, entries, fields, problems);
        }
        (Shape::Object(fields), Value::Null) if !fields.iter().any(|field| field.required) => {}
        (Shape::List(_) | Shape::Map(..), Value::Null) => {}
        (Shape::List(inner), Value::List(items)) => {
            items.iter().for_each(|item| hold(item, *inner, problems));
        }
        (Shape::SomeOf(inner), Value::List(items)) if !items.is_empty() => {
            items.iter().for_each(|item| hold(item, *inner, problems));
        }
        (Shape::Map(key_shape, inner), Value::Map(entries)) => {
            for entry in entries {
                if !key_shape.accepts(&entry.key) {
                    let message = format!("the key has to be {}", key_shape.expected());
                    problems.push(
                        Diagnostic::error(Code("plan::invalid-value"), message).with_span(entry.key_span),
                    );
                }
                hold(&entry.node, *inner, problems);
            }
        }
        (_, Value::Scalar { text, kind }) if means(shape, *kind) && shape.accepts(text) => {}
        _ => problems.push(invalid(node, shape)),
    }
}

/// True if a scalar of this kind may stand for this shape. As in Compose, text that is meant as text has to be quoted
/// where YAML would take it for something else, and a variable becomes what its place wants.
fn means(shape: Shape, kind: ScalarKind) -> bool {
    match shape {
        Shape::Integer(..) => matches!(kind, ScalarKind::Integer | ScalarKind::Substituted),
        Shape::Bool => matches!(kind, ScalarKind::Bool | ScalarKind::Substituted),
        Shape::Setting => true,
        _ => matches!(kind, ScalarKind::Text | ScalarKind::Substituted),
    }
}

fn invalid(node: &Node, shape: Shape) -> Diagnostic {
    let message = format!("expected {}", shape.expected());
    let problem = Diagnostic::error(Code("plan::invalid-value"), message).with_span(node.span);
    match (shape, &node.value) {
        (Shape::Word(words), Value::Scalar { text, .. }) => match did_you_mean(text, words.iter().copied()) {
            Some(near) => problem.with_help(format!("did you mean `{near}`?")),
            None => problem,
        },
        (Shape::Endpoint, Value::Scalar { text, .. }) if text.starts_with("https://") => problem
            .with_help("connections are made inside the stack's own network, without TLS: use `http://`"),
        (_, Value::Scalar { text, kind }) if shape.accepts(text) && !means(shape, *kind) => {
            problem.with_help("put it in quotes")
        }
        _ => problem,
    }
}

/// Holds a mapping to its fields.
fn object(node: &Node, entries: &[Entry], fields: &[Field], problems: &mut Vec<Diagnostic>) {
    for entry in entries {
        match fields.iter().find(|field| field.key == entry.key) {
            Some(field) => hold(&entry.node, field.shape, problems),
            None => problems.push(unknown_key(entry, fields)),
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if !entries.iter().any(|entry| entry.key == field.key) {
            let message = format!("`{}` is missing", field.key);
            problems.push(
                Diagnostic::error(Code("plan::missing-key"), message)
                    .with_span(node.span)
                    .with_help(format!("add `{}:` with {}", field.key, field.shape.expected())),
            );
        }
    }
}

fn unknown_key(entry: &Entry, fields: &[Field]) -> Diagnostic {
    let known = fields.iter().map(|field| field.key);
    if let Some(file) = secret_form(&entry.key, fields) {
        return Diagnostic::error(
            Code("plan::literal-secret"),
            format!("a secret is not written into a plan: `{}` means nothing here", entry.key),
        )
        .with_span(entry.key_span)
        .with_help(format!("put it into a file below /run/secrets/ and name the file with `{file}`"));
    }
    let help = match did_you_mean(&entry.key, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are `{}`", known.collect::<Vec<_>>().join("`, `")),
    };
    Diagnostic::error(Code("plan::unknown-key"), format!("`{}` means nothing here", entry.key))
        .with_span(entry.key_span)
        .with_help(help)
}

/// The `_file` key that somebody means who wrote a secret itself, as `password:` or nearly so.
fn secret_form(key: &str, fields: &[Field]) -> Option<&'static str> {
    let forms = fields.iter().filter(|field| matches!(field.shape, Shape::SecretFile)).map(|field| field.key);
    let stem = |form: &'static str| form.strip_suffix("_file").unwrap_or(form);
    let of_stem = |wanted: &str| forms.clone().find(|form| stem(form) == wanted);
    of_stem(key).or_else(|| did_you_mean(key, forms.clone().map(stem)).and_then(of_stem)).or_else(|| {
        let lower = key.to_ascii_lowercase();
        let is_secret = ["password", "passwd", "secret", "token"].iter().any(|word| lower.contains(word));
        if is_secret && !lower.ends_with("_file") { forms.clone().next() } else { None }
    })
}
