//! Values as text, the way Go prints them (`fmt.Sprint`): the form they take inside `key=value` lists and as map values.

use std::fmt::Write as _;

use crate::syntax::gofloat::sprint_f64;
use crate::tree::{NodeId, Tree, Value};

/// The text of a value. Scalars are what matters; collections only ever appear in messages.
pub(crate) fn sprint(tree: &Tree, node: NodeId) -> String {
    match tree.value(node) {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Float(value) => sprint_f64(*value),
        Value::Str(text) | Value::Time(text) => text.to_string(),
        Value::Seq(items) => {
            let parts: Vec<String> = items.iter().map(|&item| sprint(tree, item)).collect();
            format!("[{}]", parts.join(" "))
        }
        Value::Map(map) => {
            let mut entries: Vec<_> =
                map.entries().iter().map(|entry| (tree.key_str(entry.key), entry.value)).collect();
            entries.sort_unstable();
            let mut text = String::from("map[");
            for (at, (key, value)) in entries.into_iter().enumerate() {
                let space = if at > 0 { " " } else { "" };
                let _ = write!(text, "{space}{key}:{}", sprint(tree, value));
            }
            text.push(']');
            text
        }
    }
}

/// The name of a value's type in Go, for messages.
pub(crate) const fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::UInt(_) => "uint64",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::Time(_) => "time.Time",
        Value::Seq(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}
