//! Errors point at what is wrong and say what cures it.

use super::{parsed, slice};

/// Checks what the first error of a text points at, and a part of its help.
fn check(text: &str, pointed_at: &str, help: &str) {
    let stream = parsed(text);
    let error = stream.errors.first().unwrap_or_else(|| panic!("{text:?} is accepted"));
    assert_eq!(slice(text, error.span), pointed_at, "{error:?} for {text:?}");
    let found = error.help.as_deref().unwrap_or_default();
    assert!(found.contains(help), "{found:?} for {text:?}");
}

#[test]
fn tabs_are_pointed_at() {
    check("a:\n\tb: c\n", "\t", "indent with spaces");
    check("a:\n  b: c\n\td: e\n", "\t", "indent with spaces");
    check("a: |\n\tb\n", "\t", "indent with spaces");
    check("- a\n-\tb\n", "\t", "indent with spaces");
}

#[test]
fn a_merge_conflict_is_recognised_wherever_the_scanner_gives_up() {
    let help = "unresolved merge conflict";
    check("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", "<<<<<<< HEAD", help);
    check("a:\n  b: 1\n<<<<<<< HEAD\n  c: 1\n=======\n  c: 2\n>>>>>>> x\n", "<<<<<<< HEAD", help);
    check("a: 1\n=======\nb: 2\n", "=======", help);
    check("a: 1\n>>>>>>> x\nb: 2\n", ">>>>>>> x", help);
}

#[test]
fn an_unclosed_quote_or_bracket_is_pointed_at_where_it_opens() {
    check("a: b\nc: \"d\ne: f\n", "\"", "never closed");
    check("a: 'b\n---\nc: d\n", "'", "not closed");
    check("a: [b, c\n", "[", "never closed by `]`");
    check("a: {b: c\n", "{", "never closed by `}`");
    check("a: [b,\n", "[", "never closed");
    check("a: [b\nc: d\n", ":", "close what was opened in line 1 by `]`");
}

#[test]
fn characters_that_need_quotes_say_so() {
    check("a: @b\n", "@", "quote the value");
    check("a: `b`\n", "`", "quote the value");
    check("a: %b\n", "%", "quote the value");
    check("a: *.example.com\n", "*.", "quote the value");
    check("a: >=1.0\n", ">=", "quote the value");
    check("a: b: c\n", ":", "quote the whole value");
    check("a: \"b\" c\n", "c", "quote the whole value");
    check("a: 'it's'\n", "s", "quote the whole value");
    check("a: \"\\d\"\n", "\\d", "single quotes");
}

#[test]
fn odd_indentation_is_explained() {
    check(
        "a:\n  b: 1\n c: 2\n",
        "c",
        "indented by 1, but the mapping that begins in line 1 is indented by 0",
    );
    check("a:\n   b: 1\n  c: 2\n", "c", "indented by 2");
    check("  a: 1\nb: 2\n", "b", "indented less than the document begins");
    check("a: 1\n  b: 2\n", ":", "indented deeper than the key before it");
    check("- a\n- b\nc: d\n", "c", "does not belong to the list that begins in line 1");
    check("a: b\n- c\n", "-", "a list item cannot stand among the keys");
}

#[test]
fn a_missing_colon_or_space_is_explained() {
    check("a: b\nc\nd: e\n", "c", "add the colon");
    check("a: b\nc:d\ne: f\n", "c:d", "space behind the colon");
    check("a: b\n-c\nd: e\n", "-c", "space behind the dash");
}

#[test]
fn an_unknown_anchor_suggests_a_similar_one_and_reading_goes_on() {
    let text = "a: &default-restart x\nb: *defaults-restart\nc: *other\nd: *default-restart\n";
    check(text, "*defaults-restart", "there is an anchor `&default-restart`");
    let stream = parsed(text);
    let messages: Vec<&str> = stream.errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(
        messages,
        ["unknown anchor 'defaults-restart' referenced", "unknown anchor 'other' referenced"]
    );
    assert_eq!(stream.errors[1].help, None);
    assert_eq!(stream.documents.len(), 1);
}

#[test]
fn a_control_character_is_pointed_at_and_named() {
    check("a: b\u{7}\n", "\u{7}", "U+0007");
    check("a: \"b\0\"\n", "\0", "U+0000");
    check("a: b\nc: \u{FFFE}", "\u{FFFE}", "U+FFFE");
}

#[test]
fn an_error_before_a_control_character_comes_first_and_one_that_it_causes_not_at_all() {
    let messages =
        |text: &str| -> Vec<String> { parsed(text).errors.into_iter().map(|error| error.message).collect() };
    let control = "control characters are not allowed";
    assert_eq!(messages("a: b: c\nd: \u{7}"), ["mapping values are not allowed in this context", control]);
    assert_eq!(messages("a: [b\nd: \"\u{7}"), [control]);
}

#[test]
fn directives_are_explained() {
    check("%YAML 1.2\n---\na: b\n", "%YAML 1.2", "only `%YAML 1.1`");
    check("%a%: b\n", "%a%: b", "quote the text");
}
