//! The text of a YAML scalar as it is written, decoded byte for byte, so that a place in it leads back to its line.
//!
//! The resolved value is not enough: interpolation replaced parts of it, and rules want to know which. Here `$$` is one
//! dollar and a variable of Compose stays as it is written, with its place noted.

use std::ops::Range;

use hardpan_source::Span;

use crate::secret_names::expansion_end;

/// A decoded scalar.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// The text: quotes, indentation and escapes gone, `$$` made one dollar.
    pub(super) text: String,
    /// Where Compose puts in a variable, as ranges of the text with the name.
    pub(super) variables: Vec<(Range<usize>, String)>,
    /// For each byte of the text, and for its end, the offset in the source.
    offsets: Vec<u32>,
}

impl Written {
    /// Decodes the source of a scalar: block, quoted or plain.
    pub(super) fn decode(source: &str) -> Self {
        let mut written = Self::default();
        if let Some((text, start)) = as_it_stands(source) {
            written.text = text.to_owned();
            written.offsets = (small(start)..small(start + text.len() + 1)).collect();
            written.undouble();
            return written;
        }
        match source.bytes().next() {
            Some(b'|' | b'>') => written.block(source),
            Some(b'"') => written.double_quoted(source),
            Some(b'\'') => written.single_quoted(source),
            _ => written.folded(source, 0, |written, at, source| {
                written.push_from(source, at, at + char_len(source, at));
                at + char_len(source, at)
            }),
        }
        written.offsets.push(small(source.len()));
        written.undouble();
        written
    }

    /// The place in the source of a range of the text, with the scalar at `scalar`.
    pub(super) fn span(&self, scalar: Span, range: &Range<usize>) -> Span {
        let offset = |at: usize| self.offsets.get(at).or(self.offsets.last()).copied().unwrap_or(0);
        let start = scalar.start.saturating_add(offset(range.start)).min(scalar.end);
        // The end is right behind the last byte: what comes after it may be on another line.
        let end = match range.end {
            end if end > range.start => scalar.start.saturating_add(offset(end - 1) + 1),
            _ => start,
        };
        Span::new(scalar.file, start, end.clamp(start, scalar.end))
    }

    fn push(&mut self, byte: char, at: usize) {
        self.text.push(byte);
        self.offsets.resize(self.text.len(), small(at));
    }

    fn push_from(&mut self, source: &str, from: usize, to: usize) {
        for (at, letter) in source.get(from..to).unwrap_or_default().char_indices() {
            self.push(letter, from + at);
        }
    }

    fn block(&mut self, source: &str) {
        let is_folded = source.starts_with('>');
        let header = source.find('\n').map_or(source.len(), |at| at + 1);
        let body = &source[header..];
        let indent = body
            .lines()
            .find(|line| !line.trim().is_empty())
            .map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
        let mut at = header;
        let mut lines = body.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            let content = line.trim_end_matches(['\n', '\r']);
            let skip = content.len().min(indent).min(content.len() - content.trim_start_matches(' ').len());
            self.push_from(source, at + skip, at + content.len());
            if content.len() < line.len() {
                let is_deep =
                    |line: &str| line.get(indent..).is_none_or(|rest| rest.starts_with([' ', '\t']));
                let joins = is_folded
                    && !content.trim().is_empty()
                    && !is_deep(content)
                    && lines.peek().is_some_and(|next| !next.trim().is_empty() && !is_deep(next));
                self.push(if joins { ' ' } else { '\n' }, at + content.len());
            }
            at += line.len();
        }
    }

    /// Flow scalars: a line break with its indentation is a blank.
    fn folded(&mut self, source: &str, from: usize, step: impl Fn(&mut Self, usize, &str) -> usize) {
        let mut at = from;
        while at < source.len() {
            if source.as_bytes()[at] == b'\n' {
                self.push(' ', at);
                at += 1;
                while source.as_bytes().get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                continue;
            }
            let next = step(self, at, source);
            at = next.max(at + 1);
        }
    }

    fn single_quoted(&mut self, source: &str) {
        let source = source.strip_suffix('\'').filter(|rest| !rest.is_empty()).unwrap_or(source);
        self.folded(source, 1, |written, at, source| {
            let len = char_len(source, at);
            written.push_from(source, at, at + len);
            if source[at..].starts_with("''") { at + 2 } else { at + len }
        });
    }

    fn double_quoted(&mut self, source: &str) {
        let source = source.strip_suffix('"').filter(|rest| !rest.is_empty()).unwrap_or(source);
        self.folded(source, 1, |written, at, source| {
            let len = char_len(source, at);
            if source.as_bytes()[at] != b'\\' {
                written.push_from(source, at, at + len);
                return at + len;
            }
            let digits = |count: usize| {
                let code = source.get(at + 2..at + 2 + count)?;
                char::from_u32(u32::from_str_radix(code, 16).ok()?)
            };
            let (letter, width) = match source.as_bytes().get(at + 1) {
                Some(b'n') => (Some('\n'), 2),
                Some(b't') => (Some('\t'), 2),
                Some(b'r') => (Some('\r'), 2),
                Some(b'0') => (Some('\0'), 2),
                Some(b'e') => (Some('\u{1b}'), 2),
                Some(b'x') => (digits(2), 4),
                Some(b'u') => (digits(4), 6),
                Some(b'U') => (digits(8), 10),
                Some(b'\n') => {
                    let rest = &source[at + 2..];
                    return at + 2 + (rest.len() - rest.trim_start_matches([' ', '\t']).len());
                }
                Some(_) => {
                    let width = char_len(source, at + 1);
                    written.push_from(source, at + 1, at + 1 + width);
                    return at + 1 + width;
                }
                None => (None, 1),
            };
            if let Some(letter) = letter {
                written.push(letter, at);
            }
            let mut next = at + width;
            while !source.is_char_boundary(next.min(source.len())) {
                next += 1;
            }
            next
        });
    }

    /// Makes `$$` one dollar and notes what Compose replaces.
    fn undouble(&mut self) {
        if !self.text.contains('$') {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let offsets = std::mem::take(&mut self.offsets);
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            if rest.starts_with("$$") {
                self.keep(&text, &offsets, at..at + 1);
                at += 2;
                continue;
            }
            let is_variable = rest.starts_with('$')
                && rest[1..]
                    .starts_with(|sign: char| sign == '{' || sign == '_' || sign.is_ascii_alphabetic());
            let end = if is_variable { expansion_end(&text, at) } else { at + char_len(&text, at) };
            let start = self.text.len();
            self.keep(&text, &offsets, at..end);
            if is_variable {
                let name: String = rest[1..]
                    .trim_start_matches('{')
                    .chars()
                    .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                    .collect();
                self.variables.push((start..self.text.len(), name));
            }
            at = end;
        }
        self.offsets.extend(offsets.last());
    }

    fn keep(&mut self, text: &str, offsets: &[u32], range: Range<usize>) {
        self.text.push_str(&text[range.clone()]);
        self.offsets.extend_from_slice(&offsets[range]);
    }
}

/// The text of a scalar that needs no decoding, as most do not, and where it starts.
fn as_it_stands(source: &str) -> Option<(&str, usize)> {
    if source.contains('\n') {
        return None;
    }
    match source.bytes().next() {
        Some(b'|' | b'>') => None,
        Some(quote @ (b'"' | b'\'')) => {
            let inside = source.get(1..source.len().checked_sub(1)?)?;
            let is_plain = source.bytes().last() == Some(quote)
                && inside.bytes().all(|byte| byte != quote && byte != b'\\' && byte.is_ascii());
            is_plain.then_some((inside, 1))
        }
        _ => source.is_ascii().then_some((source, 0)),
    }
}

fn char_len(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Written;

    #[test]
    fn scalars_are_decoded_and_lead_back() {
        let check = |source: &str, text: &str, part: &str, expected: &str| {
            let written = Written::decode(source);
            assert_eq!(written.text, text);
            let at = written.text.find(part).unwrap_or(0);
            let mut files = hardpan_source::FileTable::default();
            let file = files.add("/x", source.to_owned());
            let whole = hardpan_source::Span::new(file, 0, u32::try_from(source.len()).unwrap_or(0));
            assert_eq!(files.text(written.span(whole, &(at..at + part.len()))), expected);
        };
        check("a $$B ${C}", "a $B ${C}", "$B", "$$B");
        check("'it''s $$B'", "it's $B", "s $B", "s $$B");
        check("\"a\\tb \\\"$$B\\\"\"", "a\tb \"$B\"", "B", "B");
        check("|\n   a $$B\n     c\n\n   d", "a $B\n  c\n\nd", "d", "d");
        check(">-\n  a\n  b\n\n  c\n    d\n  e", "a b\n\nc\n  d\ne", "e", "e");
        check("\"ü \\u00fc\\\n   x\"", "ü üx", "x", "x");
        check("a\n  b", "a b", "b", "b");
        check("", "", "", "");
    }

    #[test]
    fn odd_scalars_are_survived() {
        let source = "\"ü\\ué\\x4é\\\"' | > $${a $é ${ü \\\n$";
        let starts = || source.char_indices().map(|(at, _)| at);
        for from in starts() {
            for to in starts().filter(|to| *to >= from) {
                for before in ["", "\"", "'", "|\n ", ">\n "] {
                    let text = format!("{before}{}", &source[from..to]);
                    let written = Written::decode(&text);
                    assert_eq!(written.offsets.len(), written.text.len() + 1, "{text}");
                }
            }
        }
    }

    #[test]
    fn variables_of_compose_are_noted() {
        let written = Written::decode("x ${A:-b} $$C $D");
        let names: Vec<&str> = written.variables.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["A", "D"]);
    }
}
