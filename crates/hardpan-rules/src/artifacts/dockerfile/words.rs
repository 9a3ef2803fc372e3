//! Splitting an instruction's text: blanks with quotes kept together, and the JSON form.

use std::ops::Range;

/// A piece of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// As it is written, quotes included; for the JSON form without the quotes and with its escapes resolved.
    pub text: String,
    /// Where it is in the file.
    pub range: Range<usize>,
}

/// The words from `from` on: ranges in `text`. Quotes and escapes keep blanks inside a word.
pub(super) fn split(text: &str, from: usize, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, character) in text.char_indices().skip_while(|(at, _)| *at < from) {
        if start.is_none() {
            if character.is_ascii_whitespace() {
                continue;
            }
            start = Some(at);
        }
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, character) {
            (None | Some('"'), character) if character == escape => escaped = true,
            (Some(open), character) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, character) if character.is_ascii_whitespace() => {
                words.extend(start.take().map(|start| start..at));
            }
            _ => {}
        }
    }
    words.extend(start.map(|start| start..text.len()));
    words
}

/// The first word from `from` on without regard to quotes, and where the rest begins.
pub(super) fn first_word(text: &str, from: usize) -> (Range<usize>, usize) {
    let bytes = text.as_bytes();
    let skip = |mut at: usize, blank: bool| {
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_whitespace() == blank) {
            at += 1;
        }
        at
    };
    let start = skip(from, true);
    let end = skip(start, false);
    (start..end, skip(end, true))
}

/// The strings of a JSON list that is all of `text` from `from` on. `None` when it is not one, so that the builder would
/// take the shell form.
pub(super) fn json_list(text: &str, from: usize) -> Option<Vec<(String, Range<usize>)>> {
    let mut at = skip_blanks(text, from);
    let mut items = Vec::new();
    at = take(text, at, b'[')?;
    at = skip_blanks(text, at);
    if byte_at(text, at) == Some(b']') {
        at += 1;
    } else {
        loop {
            let start = take(text, skip_blanks(text, at), b'"')?;
            let (value, end) = json_string(text, start)?;
            items.push((value, start..end));
            at = skip_blanks(text, end + 1);
            match byte_at(text, at)? {
                b',' => at += 1,
                b']' => {
                    at += 1;
                    break;
                }
                _ => return None,
            }
        }
    }
    (skip_blanks(text, at) == text.len()).then_some(items)
}

fn byte_at(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

fn take(text: &str, at: usize, byte: u8) -> Option<usize> {
    (byte_at(text, at) == Some(byte)).then_some(at + 1)
}

fn skip_blanks(text: &str, mut at: usize) -> usize {
    while byte_at(text, at).is_some_and(|byte| byte.is_ascii_whitespace()) {
        at += 1;
    }
    at
}

/// The string whose opening quote is before `start`, and where its closing quote is.
fn json_string(text: &str, start: usize) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.get(start..)?.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, start + at)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                'b' => value.push('\u{8}'),
                'f' => value.push('\u{c}'),
                'u' => {
                    let mut code = 0;
                    for _ in 0..4 {
                        code = code * 16 + characters.next()?.1.to_digit(16)?;
                    }
                    value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                other @ ('"' | '\\' | '/') => value.push(other),
                _ => return None,
            },
            character if character.is_control() => return None,
            character => value.push(character),
        }
    }
    None
}
