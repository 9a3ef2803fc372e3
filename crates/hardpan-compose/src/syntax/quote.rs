//! Go's `%q`: a string in double quotes, as the reference prints names and numbers in its messages.
//!
//! This is not a YAML or JSON quoter; nothing reads the result back.

/// Quotes `text` as Go's `strconv.Quote` does: backslash escapes for control characters, `\u` for what cannot be
/// printed, everything else as it is.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Whether the character shows as itself. The standard library publishes no such test, but its debug escaping
/// contains one; a leading letter keeps combining marks, which Go prints, from being escaped.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return true;
    }
    let mut pair = String::from("a");
    pair.push(c);
    !pair.escape_debug().any(|escaped| escaped == '\\')
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn text_is_quoted_as_go_does() {
        // Compared with strconv.Quote of Go 1.26.
        let cases = [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("a\"\\", r#""a\"\\""#),
            ("\n\t\u{0}\u{7f}", r#""\n\t\x00\x7f""#),
            ("é e\u{301}", "\"é e\u{301}\""),
            ("\u{a0}\u{2003}", r#""\u00a0\u2003""#),
            ("\u{e0001}", r#""\U000e0001""#),
        ];
        for (text, expected) in cases {
            assert_eq!(quote(text), expected, "{text:?}");
        }
    }
}
