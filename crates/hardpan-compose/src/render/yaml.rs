//! YAML as go-yaml writes it with an indent of two: plain where possible, quoted where the text would mean something
//! else, literal blocks for text of several lines.

use std::fmt::Write as _;

use hardpan_source::yaml::{Resolved, Scalar, ScalarStyle, resolve_scalar};

use super::layout::Out;
use crate::syntax::gofloat::{json_f32, sprint_f64};

/// Writes a document.
pub(crate) fn write(value: &Out<'_>) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

/// A value that starts on a line of its own at this indent.
fn block(text: &mut String, value: &Out<'_>, indent: usize) {
    match value {
        Out::Map(fields) if !fields.is_empty() => {
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    pad(text, indent);
                }
                scalar(text, name, indent, true);
                text.push(':');
                after_key(text, value, indent);
            }
        }
        Out::Seq(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    pad(text, indent);
                }
                text.push_str("- ");
                block(text, item, indent + 2);
            }
        }
        _ => {
            inline(text, value, indent);
            text.push('\n');
        }
    }
}

fn after_key(text: &mut String, value: &Out<'_>, indent: usize) {
    let nested = match value {
        Out::Map(fields) => !fields.is_empty(),
        Out::Seq(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        text.push('\n');
        pad(text, indent + 2);
        block(text, value, indent + 2);
    } else {
        text.push(' ');
        inline(text, value, indent + 2);
        text.push('\n');
    }
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

fn inline(text: &mut String, value: &Out<'_>, indent: usize) {
    match value {
        Out::Null => text.push_str("null"),
        Out::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Out::Int(value) => drop(write!(text, "{value}")),
        Out::UInt(value) => drop(write!(text, "{value}")),
        Out::Float(value) => text.push_str(&match *value {
            number if number.is_nan() => ".nan".to_owned(),
            f64::INFINITY => ".inf".to_owned(),
            f64::NEG_INFINITY => "-.inf".to_owned(),
            number => sprint_f64(number),
        }),
        Out::Float32(value) => text.push_str(&json_f32(*value)),
        Out::Str(value) => scalar(text, value, indent, false),
        Out::Seq(_) => text.push_str("[]"),
        Out::Map(_) => text.push_str("{}"),
    }
}

fn scalar(text: &mut String, value: &str, indent: usize, is_key: bool) {
    let facts = analyze(value);
    if value.contains('\n') && !is_key && facts.block {
        return literal(text, value, indent);
    }
    let means_text = !value.contains('\n') && means_itself(value);
    if means_text && facts.plain {
        text.push_str(value);
    } else if means_text && facts.single_quoted {
        text.push('\'');
        text.push_str(&value.replace('\'', "''"));
        text.push('\'');
    } else {
        double_quoted(text, value);
    }
}

/// True where a plain scalar of this text is the text itself, for YAML 1.1 readers too.
fn means_itself(value: &str) -> bool {
    let plain = Scalar { style: ScalarStyle::Plain, text: value.into() };
    matches!(resolve_scalar(&plain, None), Ok(Resolved::Str)) && !is_base_60(value) && !is_old_bool(value)
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

/// The styles a text can have.
struct Facts {
    plain: bool,
    single_quoted: bool,
    block: bool,
}

/// Decides as libyaml's emitter does which styles can carry a text.
fn analyze(value: &str) -> Facts {
    let mut plain = !value.is_empty() && !value.starts_with("---") && !value.starts_with("...");
    let mut special = false;
    let mut space_before_break = false;
    let (mut previous_space, mut previous_break) = (false, false);
    let mut after_blank = true;
    let mut chars = value.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        let before_blank = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t' | '\n' | '\r'));
        match c {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`'
                if first =>
            {
                plain = false;
            }
            '?' if first && before_blank => plain = false,
            '-' if first && before_blank => plain = false,
            ':' if before_blank => plain = false,
            '#' if after_blank => plain = false,
            _ => {}
        }
        let is_break = matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        if !is_break && !is_printable(c) || c == '\t' && first {
            special = special || c != '\t';
        }
        if is_break {
            plain = false;
            space_before_break |= previous_space;
        }
        if c == ' ' && (first || chars.peek().is_none()) {
            plain = false;
        }
        if c == ' ' && previous_break {
            plain = false;
        }
        previous_space = c == ' ';
        previous_break = is_break;
        after_blank = matches!(c, ' ' | '\t' | '\n' | '\r');
        first = false;
    }
    let trailing_space = value.ends_with(' ');
    Facts {
        plain: plain && !special && !value.contains('\t'),
        single_quoted: !special && !space_before_break,
        block: !special && !space_before_break && !trailing_space && !value.contains('\r'),
    }
}

fn is_printable(c: char) -> bool {
    matches!(c, '\t' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn literal(text: &mut String, value: &str, indent: usize) {
    text.push('|');
    if value.starts_with([' ', '\n']) {
        text.push('2');
    }
    let body = value.trim_end_matches('\n');
    match value.len() - body.len() {
        0 => text.push('-'),
        1 if !body.is_empty() => {}
        _ => text.push('+'),
    }
    let lines = value.strip_suffix('\n').unwrap_or(value);
    for line in lines.split('\n') {
        text.push('\n');
        if !line.is_empty() {
            pad(text, indent);
            text.push_str(line);
        }
    }
}

fn double_quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\0' => text.push_str("\\0"),
            '\u{7}' => text.push_str("\\a"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{b}' => text.push_str("\\v"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '\u{1b}' => text.push_str("\\e"),
            '\u{85}' => text.push_str("\\N"),
            '\u{a0}' => text.push_str("\\_"),
            '\u{2028}' => text.push_str("\\L"),
            '\u{2029}' => text.push_str("\\P"),
            c if is_printable(c) => text.push(c),
            c if u32::from(c) <= 0xFF => drop(write!(text, "\\x{:02X}", u32::from(c))),
            c if u32::from(c) <= 0xFFFF => drop(write!(text, "\\u{:04X}", u32::from(c))),
            c => drop(write!(text, "\\U{:08X}", u32::from(c))),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: &str) {
        let mut text = String::new();
        scalar(&mut text, value, 2, false);
        assert_eq!(text, expected, "{value:?}");
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
            ("a:b", "a:b"),
            ("*", "'*'"),
            ("a\nb", "|-\n  a\n  b"),
            ("a\nb\n", "|\n  a\n  b"),
            ("a\n\n", "|+\n  a\n"),
            ("\u{1}", "\"\\x01\""),
        ] {
            check(value, expected);
        }
    }
}
