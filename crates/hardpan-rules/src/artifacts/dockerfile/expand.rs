//! Variables in instructions, as the builder replaces them.

/// What a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It has this value.
    Known(String),
    /// It exists, but only the builder or the base image knows its value.
    Unknown,
    /// It is not set, and so stands for nothing.
    Unset,
}

/// A text after expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text, quotes and escapes removed. What is unresolved stands in it as written.
    pub text: String,
    /// The variables whose value is not known.
    pub unresolved: Vec<String>,
}

/// How deep defaults may nest: `${A:-${B:-${C}}}` has three. What lies deeper stays as written and is unresolved.
const DEPTH_MAX: usize = 16;

/// Replaces variables and removes quotes and escapes.
#[must_use]
pub fn expand(text: &str, escape: char, lookup: &dyn Fn(&str) -> Value) -> Expanded {
    let mut result = Expanded::default();
    expand_into(text, escape, lookup, 0, &mut result);
    result
}

fn expand_into(
    text: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Value,
    depth: usize,
    result: &mut Expanded,
) {
    let mut quote: Option<char> = None;
    let mut at = 0;
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let next = at + character.len_utf8();
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None | Some('"'), _) if character == escape => {
                let Some(escaped) = text.get(next..).and_then(|rest| rest.chars().next()) else {
                    result.text.push(character);
                    return;
                };
                if quote.is_some() && !matches!(escaped, '"' | '$') && escaped != escape {
                    result.text.push(character);
                }
                result.text.push(escaped);
                at = next + escaped.len_utf8();
                continue;
            }
            (None | Some('"'), '$') => {
                at = variable(text, at, escape, lookup, depth, result);
                continue;
            }
            _ => result.text.push(character),
        }
        at = next;
    }
}

/// Expands the variable whose `$` is at `at`; returns where the text goes on.
fn variable(
    text: &str,
    at: usize,
    escape: char,
    lookup: &dyn Fn(&str) -> Value,
    depth: usize,
    result: &mut Expanded,
) -> usize {
    let rest = text.get(at + 1..).unwrap_or_default();
    let name_length = |text: &str| {
        text.bytes().position(|byte| byte != b'_' && !byte.is_ascii_alphanumeric()).unwrap_or(text.len())
    };
    let Some(inner) = rest.strip_prefix('{') else {
        let name = rest.get(..name_length(rest)).unwrap_or_default();
        if name.is_empty() {
            result.text.push('$');
        } else {
            put(lookup(name), name, &format!("${name}"), result);
        }
        return at + 1 + name.len();
    };
    let name = inner.get(..name_length(inner)).unwrap_or_default();
    let close = closing_brace(inner).unwrap_or(inner.len());
    let end = (at + 2 + close + 1).min(text.len());
    let written = text.get(at..end).unwrap_or_default();
    let operation = inner.get(name.len().min(close)..close).unwrap_or_default();
    let (operator, word) = match operation.strip_prefix(':') {
        Some(rest) => (rest.chars().next(), rest.get(1..)),
        None => (operation.chars().next(), operation.get(1..)),
    };
    let word = word.unwrap_or_default();
    let value = lookup(name);
    let is_set = match &value {
        Value::Known(text) => !(operation.starts_with(':') && text.is_empty()),
        Value::Unset => false,
        Value::Unknown => {
            put(value, name, written, result);
            return end;
        }
    };
    match (operator, is_set) {
        _ if depth >= DEPTH_MAX => put(Value::Unknown, name, written, result),
        (None | Some('-' | '?'), true) | (None, false) => put(value, name, written, result),
        (Some('-'), false) | (Some('+'), true) => expand_into(word, escape, lookup, depth + 1, result),
        (Some('+'), false) => {}
        // A required variable that is not set, or a pattern, which is not applied here.
        _ => put(Value::Unknown, name, written, result),
    }
    end
}

fn put(value: Value, name: &str, written: &str, result: &mut Expanded) {
    match value {
        Value::Known(text) => result.text.push_str(&text),
        Value::Unset => {}
        Value::Unknown => {
            result.unresolved.push(name.to_owned());
            result.text.push_str(written);
        }
    }
}

/// Where the brace is that closes a `${` before `text`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}
