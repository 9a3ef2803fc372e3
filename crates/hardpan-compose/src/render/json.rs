//! JSON as Go's `encoding/json` writes it.

use std::fmt::Write as _;

use super::layout::Out;
use crate::syntax::gofloat::{json_f32, json_f64};

/// Writes a value; with an indent of two spaces, or on one line.
pub(crate) fn write(value: &Out<'_>, indented: bool) -> String {
    let mut writer = Writer { text: String::new(), indented, depth: 0 };
    writer.value(value);
    writer.text
}

struct Writer {
    text: String,
    indented: bool,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Out<'_>) {
        match value {
            Out::Null => self.text.push_str("null"),
            Out::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Out::Int(value) => drop(write!(self.text, "{value}")),
            Out::UInt(value) => drop(write!(self.text, "{value}")),
            Out::Float(value) => self.text.push_str(&json_f64(*value)),
            Out::Float32(value) => self.text.push_str(&json_f32(*value)),
            Out::Str(text) | Out::Time(text) => self.string(text),
            Out::Seq(items) => {
                self.collection('[', ']', items, |writer, item| writer.value(item));
            }
            Out::Map(fields) => self.collection('{', '}', fields, |writer, (name, value)| {
                writer.string(name);
                writer.text.push(':');
                if writer.indented {
                    writer.text.push(' ');
                }
                writer.value(value);
            }),
        }
    }

    fn collection<T>(&mut self, open: char, close: char, items: &[T], print: impl Fn(&mut Self, &T)) {
        self.text.push(open);
        self.depth += 1;
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.line();
            print(self, item);
        }
        self.depth -= 1;
        if !items.is_empty() {
            self.line();
        }
        self.text.push(close);
    }

    fn line(&mut self) {
        if self.indented {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                // Go escapes what could end a script in a web page.
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                _ => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        let value = Out::Str("a\"\\\n<&>\u{1}\u{2028}é\u{7f}".into());
        assert_eq!(write(&value, false), "\"a\\\"\\\\\\n\\u003c\\u0026\\u003e\\u0001\\u2028é\u{7f}\"");
    }

    #[test]
    fn empty_collections_stay_on_one_line() {
        let value = Out::Map(vec![("a", Out::Seq(Vec::new())), ("b", Out::Map(vec![("c", Out::Int(1))]))]);
        assert_eq!(write(&value, true), "{\n  \"a\": [],\n  \"b\": {\n    \"c\": 1\n  }\n}");
        assert_eq!(write(&value, false), "{\"a\":[],\"b\":{\"c\":1}}");
    }
}
