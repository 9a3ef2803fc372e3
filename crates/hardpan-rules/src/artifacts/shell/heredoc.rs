//! Here-documents. Their bodies are found as soon as the operator is read, by looking for the end of the line; the
//! reader jumps over them when it gets there.

use super::parser::Reader;
use super::tree::Heredoc;
use super::word::{Literal, Part, Word};

impl Reader<'_> {
    /// The body that belongs to the delimiter just read.
    pub(super) fn heredoc(&mut self, delimiter: &Word, strip_tabs: bool) -> Heredoc {
        let (line, body_start) = match self.heredoc_line {
            // Another one on the same line: its body follows the one before.
            Some((line, resume)) if line >= self.pos && resume <= self.end => (line, resume),
            _ => match self.end_of_logical_line() {
                Some(line) => (line, line + 1),
                None => (self.end, self.end),
            },
        };
        let quoted = delimiter.parts.iter().any(Part::quoted);
        let wanted = delimiter.plain.as_deref().unwrap_or(&delimiter.raw);
        let (body_end, resume) = self.find_delimiter(body_start, wanted, strip_tabs);
        self.heredoc_line = Some((line, resume));
        let body = self.heredoc_body(body_start, body_end, quoted);
        self.heredoc_line = Some((line, resume));
        Heredoc { body, quoted }
    }

    /// The line end at which the command's own line ends: not one inside of quotes.
    fn end_of_logical_line(&self) -> Option<usize> {
        let bytes = self.text.as_bytes().get(..self.end)?;
        let mut quote: Option<u8> = None;
        let mut at = self.pos;
        while let Some(byte) = bytes.get(at).copied() {
            match (quote, byte) {
                (None, b'\n') => return Some(at),
                (None, b'#') if matches!(bytes.get(at.wrapping_sub(1)), Some(b' ' | b'\t')) => {
                    return bytes.get(at..)?.iter().position(|byte| *byte == b'\n').map(|length| at + length);
                }
                (None, b'\'' | b'"') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None | Some(b'"'), b'\\') => at += 1,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Where the body ends and where the text goes on after the delimiter's line.
    fn find_delimiter(&mut self, start: usize, wanted: &str, strip_tabs: bool) -> (usize, usize) {
        let mut at = start;
        while at < self.end {
            let rest = self.slice(at..self.end);
            let length = rest.find('\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            let line = line.strip_suffix('\r').unwrap_or(line);
            let line = if strip_tabs { line.trim_start_matches('\t') } else { line };
            let next = (at + length + 1).min(self.end);
            if line == wanted {
                return (at, next);
            }
            at = next;
        }
        self.complete = false;
        (self.end, self.end)
    }

    fn heredoc_body(&mut self, start: usize, end: usize, quoted: bool) -> Word {
        let raw = self.slice(start..end);
        if quoted {
            let literal = Literal { range: start..end, text: raw.to_owned(), quoted: true };
            return Word::new(start..end, raw, vec![Part::Literal(literal)]);
        }
        let pos = std::mem::replace(&mut self.pos, start);
        let outer_end = std::mem::replace(&mut self.end, end);
        let parts = self.deeper(|reader| {
            let mut parts = Vec::new();
            reader.quoted_text(None, &mut parts);
            parts
        });
        self.pos = pos;
        self.end = outer_end;
        Word::new(start..end, raw, parts.unwrap_or_default())
    }
}
