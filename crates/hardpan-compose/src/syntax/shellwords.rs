//! Splitting a `command` or `entrypoint` string into words.
//!
//! This is not a shell: nothing is expanded or run. What looks like a command substitution stays text, and the first
//! unquoted `;`, `&`, `|`, `<` or `>` ends the command, so everything after it is silently lost. That loss is what
//! the reference does, and the reason why [`dropped_from`] exists.

use std::fmt;

/// Why a command line cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellwordsError {
    /// A quote, a backquote or `$(` is not closed, a backslash ends the line, or a parenthesis stands alone.
    Invalid,
}

impl fmt::Display for ShellwordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid command line string")
    }
}

impl std::error::Error for ShellwordsError {}

/// The quotes around the character at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

/// The command substitution around the character at hand. Quotes count inside backquotes, but not inside `$(…)`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Substitution {
    None,
    Backquotes,
    Dollar,
}

/// Splits a command line into words (compose-spec, services, command and entrypoint; mattn/go-shellwords without
/// environment and backtick parsing, as compose-go 2.9.1 uses it).
///
/// # Errors
/// [`ShellwordsError::Invalid`] when quoting is unbalanced or a parenthesis stands outside quotes and `$(…)`.
pub fn split(line: &str) -> Result<Vec<String>, ShellwordsError> {
    scan(line).map(|(words, _)| words)
}

/// The byte offset of the operator at which [`split`] stopped listening, when there is one.
///
/// # Errors
/// As [`split`].
pub fn dropped_from(line: &str) -> Result<Option<usize>, ShellwordsError> {
    scan(line).map(|(_, stopped_at)| stopped_at)
}

fn scan(line: &str) -> Result<(Vec<String>, Option<usize>), ShellwordsError> {
    use {Quotes as Q, Substitution as S};
    let mut words = Vec::new();
    let mut word = String::new();
    let mut in_word = false;
    let mut escaped = false;
    let mut quotes = Q::None;
    let mut substitution = S::None;
    let mut stopped_at = None;
    for (at, c) in line.char_indices() {
        if escaped {
            escaped = false;
            word.push(c);
            in_word = true;
            continue;
        }
        match (c, quotes, substitution) {
            ('\\', Q::None | Q::Double, _) => {
                escaped = true;
                continue;
            }
            (' ' | '\t' | '\r' | '\n', Q::None, S::None) => {
                if in_word {
                    words.push(std::mem::take(&mut word));
                    in_word = false;
                }
                continue;
            }
            ('"', Q::None, S::None | S::Backquotes) => {
                quotes = Q::Double;
                continue;
            }
            ('\'', Q::None, S::None | S::Backquotes) => {
                quotes = Q::Single;
                continue;
            }
            // An empty pair of quotes is a word too.
            ('"', Q::Double, _) | ('\'', Q::Single, _) => {
                quotes = Q::None;
                in_word = true;
                continue;
            }
            ('`', Q::None, S::None) => substitution = S::Backquotes,
            ('`', Q::None, S::Backquotes) | (')', Q::None, S::Dollar) => substitution = S::None,
            // The reference takes a lone closing parenthesis for an opening one.
            (')', Q::None, S::None) => substitution = S::Dollar,
            ('(', Q::None, S::None) if word.ends_with('$') => substitution = S::Dollar,
            ('(', Q::None, S::None | S::Dollar) => return Err(ShellwordsError::Invalid),
            (';' | '&' | '|' | '<' | '>', Q::None, S::None) => {
                // `2>file` redirects: the number belongs to the operator and is no word. The reference looks at the
                // first character only, and so loses `2nd>file` as well.
                if c == '>' && word.starts_with(|first: char| first.is_ascii_digit()) {
                    in_word = false;
                }
                stopped_at = Some(at);
                break;
            }
            _ => {}
        }
        word.push(c);
        in_word = true;
    }
    if escaped || quotes != Q::None || substitution != S::None {
        return Err(ShellwordsError::Invalid);
    }
    if in_word {
        words.push(word);
    }
    Ok((words, stopped_at))
}

#[cfg(test)]
mod tests {
    use super::{dropped_from, split};

    #[test]
    fn lines_are_split_as_the_reference_does() {
        // Compared with `command` in Docker Compose 2.40.3.
        let cases: &[(&str, Result<&[&str], &str>)] = &[
            ("a | b", Ok(&["a"])),
            ("a; b", Ok(&["a"])),
            ("a && b", Ok(&["a"])),
            ("a > b", Ok(&["a"])),
            ("(a)", Err("invalid command line string")),
            ("`a`", Ok(&["`a`"])),
            ("$(a)", Ok(&["$(a)"])),
            ("$(a b) c", Ok(&["$(a b)", "c"])),
            ("a # b", Ok(&["a", "#", "b"])),
            ("a 'b", Err("invalid command line string")),
            (r"a \", Err("invalid command line string")),
            ("", Ok(&[])),
            (" ", Ok(&[])),
            ("a\nb", Ok(&["a", "b"])),
            ("a\tb", Ok(&["a", "b"])),
            ("a\u{a0}b", Ok(&["a\u{a0}b"])),
            (r"a\nb", Ok(&["anb"])),
            (r#""a b" c"#, Ok(&["a b", "c"])),
            ("''", Ok(&[""])),
            (r#"a "" b"#, Ok(&["a", "", "b"])),
            ("2>x", Ok(&[])),
            ("2a>x", Ok(&[])),
            ("a2>x", Ok(&["a2"])),
            ("12>", Ok(&[])),
            ("2>", Ok(&[])),
            ("a)b", Err("invalid command line string")),
            ("a ) b", Err("invalid command line string")),
            ("a ) b)", Ok(&["a", ") b)"])),
            ("a ) b ) c", Ok(&["a", ") b )", "c"])),
            ("`a b` c", Ok(&["`a b`", "c"])),
            (r#""`a`""#, Ok(&["`a`"])),
            ("$((a))", Err("invalid command line string")),
            (r"a\;b", Ok(&["a;b"])),
            ("'a;b'", Ok(&["a;b"])),
            ("a\\\nb", Ok(&["a\nb"])),
            ("$(a", Err("invalid command line string")),
            (r#""$(a)""#, Ok(&["$(a)"])),
            ("`a'b`", Err("invalid command line string")),
            ("`a'b'`", Ok(&["`ab`"])),
            (r#"`a"b`"#, Err("invalid command line string")),
            (r#"$(a"b)"#, Ok(&[r#"$(a"b)"#])),
            (r#"$(a"b")"#, Ok(&[r#"$(a"b")"#])),
            (r"\$(a)", Ok(&["$(a)"])),
            ("$(a;b)", Ok(&["$(a;b)"])),
            ("`a;b`", Ok(&["`a;b`"])),
            (")", Err("invalid command line string")),
            ("))", Ok(&["))"])),
            ("`)`", Ok(&["`)`"])),
            ("`(`", Ok(&["`(`"])),
            ("$(`)", Ok(&["$(`)"])),
            (r"\(a\)", Ok(&["(a)"])),
            (r"$(a\)b)", Ok(&["$(a)b)"])),
            (r"`a\`b`", Ok(&["`a`b`"])),
            (">", Ok(&[])),
            ("a>", Ok(&["a"])),
            ("<", Ok(&[])),
            ("a<b", Ok(&["a"])),
            ("$ (a)", Err("invalid command line string")),
            ("$$(a)", Ok(&["$$(a)"])),
            ("a$(b)c d", Ok(&["a$(b)c", "d"])),
            (r#""'""#, Ok(&["'"])),
            (r#"'"'"#, Ok(&[r#"""#])),
            ("a\rb", Ok(&["a", "b"])),
            ("\u{2003}a", Ok(&["\u{2003}a"])),
            (r#""a\"b""#, Ok(&[r#"a"b"#])),
            (r"'a\'b", Ok(&[r"a\b"])),
            (r#""a\nb""#, Ok(&["anb"])),
            (r#"`"a` b""#, Err("invalid command line string")),
            ("x=`a` )y)", Ok(&["x=`a`", ")y)"])),
            (r#"` `b( )""`"#, Err("invalid command line string")),
            ("2`'` >", Err("invalid command line string")),
            ("&&", Ok(&[])),
            ("a|b", Ok(&["a"])),
            (r"a\ b", Ok(&["a b"])),
            (r#""a\\b""#, Ok(&[r"a\b"])),
        ];
        for (line, expected) in cases {
            let found = split(line).map_err(|error| error.to_string());
            let found = found.as_ref().map(|words| words.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(found.map_err(String::as_str), expected.map(<[&str]>::to_vec), "{line:?}");
        }
    }

    #[test]
    fn the_operator_that_ends_the_command_is_reported() {
        assert_eq!(dropped_from("a && b"), Ok(Some(2)));
        assert_eq!(dropped_from("a 2>x"), Ok(Some(3)));
        assert_eq!(dropped_from("a '&&' b"), Ok(None));
    }
}
