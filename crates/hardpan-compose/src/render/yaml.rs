//! YAML as go-yaml writes it with an indent of two: plain where possible, quoted where the text would mean something
//! else, literal blocks for text of several lines.
//!
//! go-yaml descends from libyaml, whose emitter decides about line breaks by where it stands: at a column, after white
//! space, or with nothing but indentation and indicators on the line so far. [`Emitter`] keeps the same three facts.

use std::borrow::Cow;

use hardpan_source::yaml::{Resolved, Scalar, ScalarStyle, resolve_scalar};

use super::layout::Out;
use super::scalar::{Facts, is_break, is_printable};
use crate::syntax::gofloat::{sprint_f32, sprint_f64};

/// Spaces per level.
const INDENT: usize = 2;

/// A key of more bytes is written as `? key`, on a line of its own.
const SIMPLE_KEY_BYTES_MAX: usize = 128;

/// Writes a document.
pub(crate) fn write(value: &Out<'_>) -> String {
    let mut emitter = Emitter { text: String::new(), column: 0, whitespace: true, indention: true };
    emitter.node(value, 0);
    emitter.line(0);
    emitter.text
}

struct Emitter {
    text: String,
    column: usize,
    /// The last character was white space that separates.
    whitespace: bool,
    /// There is nothing but indentation and indicators on the line.
    indention: bool,
}

/// What surrounds a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    /// A key on one line with its value.
    SimpleKey,
    Other,
}

impl Emitter {
    /// A value; where it is a block, its lines stand at this indent.
    fn node(&mut self, value: &Out<'_>, indent: usize) {
        match value {
            Out::Map(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    self.line(indent);
                    self.key(name, indent);
                    self.node(value, indent + INDENT);
                }
            }
            Out::Seq(items) if !items.is_empty() => {
                for item in items {
                    self.line(indent);
                    self.block_indicator('-');
                    self.node(item, indent + INDENT);
                }
            }
            Out::Map(_) => self.plain("{}"),
            Out::Seq(_) => self.plain("[]"),
            Out::Null => self.plain("null"),
            Out::Bool(value) => self.plain(if *value { "true" } else { "false" }),
            Out::Int(value) => self.plain(&value.to_string()),
            Out::UInt(value) => self.plain(&value.to_string()),
            Out::Float(value) => self.plain(&float(*value, sprint_f64(*value))),
            Out::Float32(value) => self.plain(&float(f64::from(*value), sprint_f32(*value))),
            Out::Time(text) => self.plain(text),
            Out::Str(value) => self.string(value, indent, Context::Other),
        }
    }

    fn key(&mut self, name: &str, indent: usize) {
        if name.len() <= SIMPLE_KEY_BYTES_MAX && !Facts::of(name).multiline {
            self.string(name, indent + INDENT, Context::SimpleKey);
            self.put(':');
            self.whitespace = false;
            self.indention = false;
        } else {
            self.block_indicator('?');
            self.string(name, indent + INDENT, Context::Other);
            self.line(indent);
            self.block_indicator(':');
        }
    }

    fn string(&mut self, value: &str, indent: usize, context: Context) {
        let facts = Facts::of(value);
        if value.contains('\n') {
            if facts.block && context == Context::Other {
                self.literal(value, indent);
            } else {
                self.double_quoted(value);
            }
        } else if !means_itself(value) {
            self.double_quoted(value);
        } else if facts.plain {
            self.plain(value);
        } else if facts.single_quoted {
            self.single_quoted(value, indent);
        } else {
            self.double_quoted(value);
        }
    }

    /// Starts a line at this indent, unless the emitter stands at its start already.
    fn line(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
    }

    fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.text.push('\n');
        self.column = 0;
        self.indention = true;
    }

    fn space(&mut self) {
        if !self.whitespace {
            self.put(' ');
        }
    }

    /// `-`, `?` or `:` at the start of a block; more of them may follow on the line.
    fn block_indicator(&mut self, indicator: char) {
        self.space();
        self.put(indicator);
        self.whitespace = false;
    }

    fn plain(&mut self, text: &str) {
        self.space();
        self.text.push_str(text);
        self.column += text.chars().count();
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, value: &str, indent: usize) {
        self.space();
        self.put('\'');
        self.whitespace = false;
        self.indention = false;
        let mut after_break = false;
        for c in value.chars() {
            if is_break(c) {
                // Only separators of Unicode come here: text with a line feed is never single-quoted.
                self.text.push(c);
                self.column = 0;
                self.indention = true;
                after_break = true;
                continue;
            }
            if after_break && c != ' ' {
                self.line(indent);
                after_break = false;
            }
            if c == '\'' {
                self.put('\'');
            }
            self.put(c);
            if c != ' ' {
                self.indention = false;
            }
        }
        self.put('\'');
        self.whitespace = false;
        self.indention = false;
    }

    fn literal(&mut self, value: &str, indent: usize) {
        self.space();
        self.put('|');
        self.indention = false;
        if value.starts_with([' ', '\n', '\u{2028}', '\u{2029}']) {
            self.put('2');
        }
        let mut backwards = value.chars().rev();
        match backwards.next().is_some_and(is_break) {
            false => self.put('-'),
            true if backwards.next().is_none_or(is_break) => self.put('+'),
            true => {}
        }
        self.line_break();
        self.whitespace = true;
        let mut after_break = true;
        for c in value.chars() {
            if is_break(c) {
                self.text.push(c);
                self.column = 0;
                self.indention = true;
                after_break = true;
                continue;
            }
            if after_break {
                self.line(indent);
                after_break = false;
            }
            self.put(c);
            self.indention = false;
        }
    }

    fn double_quoted(&mut self, value: &str) {
        self.space();
        self.put('"');
        // go-yaml looks for a byte order mark at the start of the text each time it looks at a character.
        let all = value.starts_with('\u{feff}');
        for c in value.chars() {
            match escape(c, all) {
                Some(escape) => escape.chars().for_each(|c| self.put(c)),
                None => self.put(c),
            }
        }
        self.put('"');
        self.whitespace = false;
        self.indention = false;
    }
}

/// How a character is written between double quotes, if not as itself. `all`: no character is.
fn escape(c: char, all: bool) -> Option<Cow<'static, str>> {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{1b}' => "\\e",
        '\u{85}' => "\\N",
        '\u{a0}' if all => "\\_",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        c if is_printable(c) && !all => return None,
        c => {
            let code = u32::from(c);
            return Some(Cow::Owned(match code {
                0..=0xFF => format!("\\x{code:02X}"),
                0x100..=0xFFFF => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            }));
        }
    };
    Some(Cow::Borrowed(short))
}

/// A float as YAML spells it.
fn float(value: f64, text: String) -> String {
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() }
    } else {
        text
    }
}

/// True where a plain scalar of this text is the text itself, for YAML 1.1 readers too.
fn means_itself(value: &str) -> bool {
    let plain = Scalar { style: ScalarStyle::Plain, text: value.into() };
    (value == "<<" || matches!(resolve_scalar(&plain, None), Ok(Resolved::Str)))
        && !is_base_60(value)
        && !is_old_bool(value)
}

fn is_old_bool(value: &str) -> bool {
    matches!(
        value,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// `1:30` and the like were numbers in YAML 1.1: `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`.
fn is_base_60(value: &str) -> bool {
    let rest = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, fraction) = rest.split_once('.').map_or((rest, ""), |(whole, fraction)| (whole, fraction));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let sixties: Vec<&str> = parts.collect();
    !sixties.is_empty()
        && first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && sixties
            .iter()
            .all(|part| digits(part) && (part.len() == 1 || (part.len() == 2 && part.as_bytes()[0] < b'6')))
        && fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `value` as the value of a key at the margin.
    fn check(value: &str, expected: &str) {
        let text = write(&Out::Map(vec![("k", Out::Str(value.into()))]));
        assert_eq!(text, format!("k: {expected}\n"), "{value:?}");
    }

    #[test]
    fn strings_are_quoted_as_go_yaml_quotes_them() {
        for (value, expected) in [
            ("abc", "abc"),
            ("a b", "a b"),
            ("", "\"\""),
            ("1", "\"1\""),
            ("true", "\"true\""),
            ("y", "\"y\""),
            ("null", "\"null\""),
            ("1:30", "\"1:30\""),
            ("2020-01-01", "\"2020-01-01\""),
            ("#x", "'#x'"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("it's", "it's"),
            ("'x", "'''x'"),
            ("- a", "'- a'"),
            ("-a", "-a"),
            (" a", "' a'"),
            ("a ", "'a '"),
            ("a:b", "a:b"),
            ("*", "'*'"),
            ("---", "'---'"),
            ("a\tb", "\"a\\tb\""),
            ("a\rb", "\"a\\rb\""),
            ("\u{1}", "\"\\x01\""),
            ("\u{1f600}", "\"\\U0001F600\""),
            ("\u{feff}a", "\"\\uFEFF\\x61\""),
        ] {
            check(value, expected);
        }
    }

    #[test]
    fn text_of_several_lines_is_a_literal_block() {
        for (value, expected) in [
            ("a\nb", "|-\n  a\n  b"),
            ("a\nb\n", "|\n  a\n  b"),
            ("a\n\n", "|+\n  a\n"),
            ("\na", "|2-\n\n  a"),
            (" a\n", "|2\n   a"),
            ("a\n\tb", "|-\n  a\n  \tb"),
            ("a \nb", "\"a \\nb\""),
            ("a\n ", "\"a\\n \""),
        ] {
            check(value, expected);
        }
    }

    #[test]
    fn keys_of_several_lines_and_long_keys_stand_alone() {
        let long = "k".repeat(129);
        for (key, expected) in
            [("a\nb", "? |-\n  a\n  b\n: c: 1\n".to_owned()), (&long, format!("? {long}\n: c: 1\n"))]
        {
            let text = write(&Out::Map(vec![(key, Out::Map(vec![("c", Out::Int(1))]))]));
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn lists_in_lists_start_on_one_line() {
        let inner = Out::Seq(vec![Out::Int(1), Out::Map(vec![("a", Out::Null)])]);
        assert_eq!(write(&Out::Seq(vec![inner, Out::Seq(Vec::new())])), "- - 1\n  - a: null\n- []\n");
    }
}
