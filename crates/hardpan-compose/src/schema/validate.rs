//! Judging a model by the tables, all problems at once, each at the text it is about.

use std::collections::HashMap;

use hardpan_diag::{Code, Diagnostic, did_you_mean};
use hardpan_source::Span;

use super::compose::COMPOSE;
use super::rule::{Object, Others, Rule, Types};
use crate::path::Trail;
use crate::session::Session;
use crate::syntax::gofloat::{atoi, parse_f64};
use crate::tree::{NodeId, Tree, Value};

/// Checks the model against the schema; problems go to the session's diagnostics.
pub(crate) fn validate(session: &mut Session<'_>, root: NodeId) {
    let mut walk = Walk { tree: &session.tree, trail: Trail::default(), found: Vec::new() };
    walk.object(root, &COMPOSE);
    for diagnostic in walk.found {
        session.diagnostics.push(diagnostic);
    }
}

struct Walk<'t> {
    tree: &'t Tree,
    trail: Trail,
    found: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn problem(&mut self, code: &'static str, span: Span, what: &str) -> &mut Diagnostic {
        let path = self.trail.as_str();
        let space = if path.is_empty() { "" } else { " " };
        self.found.push(Diagnostic::error(Code(code), format!("{path}{space}{what}")).with_span(span));
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    fn node(&mut self, node: NodeId, rule: &Rule) {
        let span = self.tree.span(node);
        if let Value::Time(text) = self.tree.value(node) {
            let help = format!("quote the date: \"{text}\"");
            self.problem("schema::date", span, "invalid jsonType time.Time").help = Some(help);
            return;
        }
        match rule {
            Rule::OneOf(rules) => self.one_of(node, rules),
            _ if !types(rule).meets(type_of(self.tree.value(node))) => self.wrong_type(node, types(rule)),
            Rule::Types(_) => {}
            Rule::Enum(words) => self.word(node, words),
            Rule::Matches(holds, pattern) => {
                let text = self.tree.str(node).unwrap_or_default();
                if !holds(text) {
                    let what = format!("'{text}' does not match pattern '{pattern}'");
                    self.problem("schema::pattern", span, &what);
                }
            }
            Rule::Min(min) => self.range(node, *min, None),
            Rule::Range(min, max) => self.range(node, *min, Some(*max)),
            Rule::List(item) => self.list(node, item),
            Rule::UniqueList(item) => {
                self.list(node, item);
                self.unique(node);
            }
            Rule::Object(object) => self.object(node, object),
        }
    }

    fn one_of(&mut self, node: NodeId, rules: &[Rule]) {
        let found = type_of(self.tree.value(node));
        match rules.iter().find(|rule| types(rule).meets(found)) {
            Some(rule) => self.node(node, rule),
            None => {
                let wanted = rules.iter().fold(Types(0), |all, rule| all.or(types(rule)));
                self.wrong_type(node, wanted);
            }
        }
    }

    fn wrong_type(&mut self, node: NodeId, wanted: Types) {
        let words = wanted.words().join(" or ");
        let found = self.tree.value(node).kind();
        let span = self.tree.span(node);
        let help = match self.tree.value(node) {
            Value::Null => Some("give it a value, or remove the key".to_owned()),
            Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_)
                if wanted.meets(Types::STRING) =>
            {
                Some("put the value in quotes".to_owned())
            }
            _ => None,
        };
        let diagnostic = self.problem("schema::type", span, &format!("must be a {words}"));
        if let Some(primary) = &mut diagnostic.primary {
            primary.text =
                format!("found {} {found}", if found.starts_with(['a', 'i']) { "an" } else { "a" });
        }
        diagnostic.help = help;
    }

    fn word(&mut self, node: NodeId, words: &'static [&'static str]) {
        let text = self.tree.str(node).unwrap_or_default();
        if words.contains(&text) {
            return;
        }
        let list: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let what = match list.as_slice() {
            [one] => format!("value must be {one}"),
            _ => format!("value must be one of {}", list.join(", ")),
        };
        let help = did_you_mean(text, words.iter().copied()).map(|word| format!("did you mean `{word}`?"));
        let span = self.tree.span(node);
        self.problem("schema::enum", span, &what).help = help;
    }

    fn range(&mut self, node: NodeId, min: i64, max: Option<i64>) {
        let span = self.tree.span(node);
        let number = match *self.tree.value(node) {
            Value::Int(number) => number as f64,
            Value::UInt(number) => number as f64,
            Value::Float(number) => number,
            _ => return,
        };
        let what = match max {
            _ if number < min as f64 => format!("must be greater than or equal to {min}"),
            Some(max) if number > max as f64 => format!("must be less than or equal to {max}"),
            _ => return,
        };
        self.problem("schema::range", span, &what);
    }

    fn list(&mut self, node: NodeId, item: &Rule) {
        for (at, &id) in self.tree.items(node).iter().enumerate() {
            self.trail.push(&at.to_string());
            self.node(id, item);
            self.trail.pop();
        }
    }

    fn unique(&mut self, node: NodeId) {
        let tree = self.tree;
        let items = tree.items(node);
        let mut texts: HashMap<&str, usize> = HashMap::new();
        let reads_text = items.len() <= UNHASHED_MAX;
        for (at, &item) in items.iter().enumerate() {
            // Text is compared by hash; the few other items one by one.
            let first = match tree.str(item) {
                Some(text) => match texts.get(text) {
                    Some(&first) => Some(first),
                    None => {
                        texts.insert(text, at);
                        None
                    }
                },
                None => items[..at].iter().position(|&other| same(tree, item, other, reads_text)),
            };
            if let Some(first) = first {
                let what = format!("items at {first} and {at} are equal");
                let diagnostic = self.problem("schema::repeated", tree.span(item), &what);
                diagnostic.help = Some("remove one of the two".to_owned());
                let span = tree.span(items[first]);
                diagnostic.related.push(hardpan_diag::Label { span, text: "the same as this".to_owned() });
                return;
            }
        }
    }

    fn object(&mut self, node: NodeId, object: &'static Object) {
        let Some(map) = self.tree.map(node) else {
            self.wrong_type(node, Types::OBJECT);
            return;
        };
        for entry in map.entries() {
            let key = self.tree.key_str(entry.key);
            let rule = match field(object, key) {
                Some(rule) => rule,
                None => match &object.others {
                    Others::Extensions if key.starts_with("x-") => continue,
                    Others::Anything => continue,
                    Others::Named { key: holds, rule, .. } if holds(key) => rule,
                    Others::Named { open: true, .. } => continue,
                    _ => {
                        self.unknown_key(key, entry.key_span, object);
                        continue;
                    }
                },
            };
            self.trail.push(key);
            self.node(entry.value, rule);
            self.trail.pop();
        }
        for required in object.required {
            if !map.entries().iter().any(|entry| self.tree.key_str(entry.key) == *required) {
                let span = self.tree.span(node);
                self.problem("schema::missing", span, &format!("missing property '{required}'"));
            }
        }
    }

    fn unknown_key(&mut self, key: &str, span: Span, object: &'static Object) {
        let names = object.fields.iter().map(|&(name, _)| name);
        let help = match did_you_mean(key, names) {
            Some(name) => Some(format!("did you mean `{name}`?")),
            None if matches!(object.others, Others::Extensions) => {
                Some("remove it, or prefix it with `x-` to keep it as an extension".to_owned())
            }
            None if matches!(object.others, Others::Named { .. }) => {
                Some("names consist of letters, digits, `.`, `_` and `-`".to_owned())
            }
            None => None,
        };
        self.problem("schema::unknown-key", span, &format!("additional properties '{key}' not allowed"))
            .help = help;
    }
}

/// The rule of a field. Tables above [`SCAN_MAX`] are sorted by name, which a test holds them to.
fn field(object: &'static Object, key: &str) -> Option<&'static Rule> {
    let fields = object.fields;
    let at = if fields.len() <= SCAN_MAX {
        fields.iter().position(|&(name, _)| name == key)?
    } else {
        fields.binary_search_by_key(&key, |&(name, _)| name).ok()?
    };
    Some(&fields[at].1)
}

/// Up to this many fields a table is scanned.
const SCAN_MAX: usize = 16;

/// The types a rule takes.
fn types(rule: &Rule) -> Types {
    match rule {
        Rule::Types(types) => *types,
        Rule::Enum(_) | Rule::Matches(..) => Types::STRING,
        Rule::Min(_) | Rule::Range(..) => Types::INTEGER,
        Rule::List(_) | Rule::UniqueList(_) => Types::ARRAY,
        Rule::Object(_) => Types::OBJECT,
        Rule::OneOf(rules) => rules.iter().fold(Types(0), |all, rule| all.or(types(rule))),
    }
}

/// The type of a value; a float without fraction is an integer to JSON Schema.
fn type_of(value: &Value) -> Types {
    match value {
        Value::Null => Types::NULL,
        Value::Bool(_) => Types::BOOLEAN,
        Value::Int(_) | Value::UInt(_) => Types::INTEGER,
        Value::Float(number) if number.fract() == 0.0 => Types::INTEGER,
        Value::Float(_) => Types(8),
        Value::Str(_) | Value::Time(_) => Types::STRING,
        Value::Seq(_) => Types::ARRAY,
        Value::Map(_) => Types::OBJECT,
    }
}

/// Up to how many items the reference compares each with each. Of more it compares only those with one hash, and a
/// number never has the hash of a text.
const UNHASHED_MAX: usize = 20;

/// Equality of JSON values: `1` and `1.0` are the same. With `reads_text` a number is also the same as a text before it
/// that says so: the reference reads both as numbers once the later one is a number, and not the other way round.
fn same(tree: &Tree, later: NodeId, earlier: NodeId, reads_text: bool) -> bool {
    match (tree.value(later), tree.value(earlier)) {
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::Int(number), Value::Str(text)) if reads_text => {
            atoi(text).map_or_else(|_| reads_as(text, *number as f64), |value| value == *number)
        }
        (Value::Float(number), Value::Str(text)) if reads_text => reads_as(text, *number),
        (Value::Seq(a), Value::Seq(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| same(tree, a, b, reads_text))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.entries().iter().all(|entry| {
                    b.get(entry.key).is_some_and(|other| same(tree, entry.value, other.value, reads_text))
                })
        }
        _ => tree.equal(later, earlier),
    }
}

fn reads_as(text: &str, number: f64) -> bool {
    number.is_finite() && parse_f64(text).is_ok_and(|value| value == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn large_tables_are_sorted(object: &Object, seen: &mut usize) {
        if object.fields.len() > SCAN_MAX {
            assert!(object.fields.is_sorted_by_key(|&(name, _)| name), "{:?}", object.fields[0].0);
            *seen += 1;
        }
        for (_, rule) in object.fields {
            descend(rule, seen);
        }
        if let Others::Named { rule, .. } = &object.others {
            descend(rule, seen);
        }
    }

    fn descend(rule: &Rule, seen: &mut usize) {
        match rule {
            Rule::Object(object) => large_tables_are_sorted(object, seen),
            Rule::List(item) | Rule::UniqueList(item) => descend(item, seen),
            Rule::OneOf(rules) => rules.iter().for_each(|rule| descend(rule, seen)),
            _ => {}
        }
    }

    #[test]
    fn tables_that_are_searched_are_sorted() {
        let mut seen = 0;
        large_tables_are_sorted(&COMPOSE, &mut seen);
        assert_eq!(seen, 2, "the tables of a service and of build");
    }
}
