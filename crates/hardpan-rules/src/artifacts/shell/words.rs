//! Words: quotes, escapes and plain text. What begins with `$` is in `dollar`.

use super::parser::{Reader, ends_word};
use super::word::{Literal, Part, Substitution, SubstitutionKind, Word};

impl Reader<'_> {
    /// Whether `<(` or `>(` stands here.
    pub(super) fn at_process_substitution(&self) -> bool {
        matches!((self.peek(0), self.peek(1)), (Some(b'<' | b'>'), Some(b'(')))
    }

    /// The word that begins here; empty when none does.
    pub(super) fn word(&mut self) -> Word {
        let start = self.pos;
        let mut parts = Vec::new();
        if self.at_process_substitution() {
            self.pos += 2;
            self.substitution(start, SubstitutionKind::Process, false, &mut parts);
        }
        while let Some(byte) = self.peek(0) {
            if byte == b'(' && self.after_pattern_sign(start) {
                self.pattern_list(&mut parts);
                continue;
            }
            if ends_word(byte) {
                break;
            }
            match byte {
                b'\\' => self.escape(&mut parts),
                b'\'' => {
                    self.pos += 1;
                    self.single_quoted(&mut parts);
                }
                b'"' => {
                    self.pos += 1;
                    self.double_quoted(&mut parts);
                }
                b'$' => self.dollar(false, &mut parts),
                b'`' => self.backticks(false, &mut parts),
                _ => self.bare(&mut parts),
            }
        }
        let range = start..self.pos;
        Word::new(range.clone(), self.slice(range), parts)
    }

    /// Whether the byte before begins an extended pattern of bash, such as `@(a|b)`.
    fn after_pattern_sign(&self, start: usize) -> bool {
        self.pos > start && matches!(self.text.as_bytes().get(self.pos - 1), Some(b'@' | b'?' | b'*' | b'+'))
    }

    fn pattern_list(&mut self, parts: &mut Vec<Part>) {
        let start = self.pos;
        let mut open = 0_usize;
        while let Some(byte) = self.peek(0) {
            self.pos += 1;
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\n' => {
                    self.pos -= 1;
                    break;
                }
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
        self.complete &= open == 0;
        self.literal(start, parts);
    }

    /// Unquoted text up to whatever is special.
    fn bare(&mut self, parts: &mut Vec<Part>) {
        let start = self.pos;
        while let Some(byte) = self.peek(0) {
            if ends_word(byte) || matches!(byte, b'\\' | b'\'' | b'"' | b'$' | b'`') {
                break;
            }
            self.pos += 1;
        }
        self.literal(start, parts);
    }

    /// Pushes the text from `start` to here as it is written.
    pub(super) fn literal(&self, start: usize, parts: &mut Vec<Part>) {
        let text = self.slice(start..self.pos);
        if text.is_empty() {
            return;
        }
        if let Some(Part::Literal(last)) = parts.last_mut()
            && !last.quoted
            && last.range.end == start
        {
            last.text.push_str(text);
            last.range.end = self.pos;
            return;
        }
        parts.push(Part::Literal(Literal { range: start..self.pos, text: text.to_owned(), quoted: false }));
    }

    /// A backslash outside of quotes: nothing at a line's end, else the next character as it is.
    fn escape(&mut self, parts: &mut Vec<Part>) {
        let start = self.pos;
        self.pos += 1;
        match self.peek(0) {
            Some(b'\n') => self.pos += 1,
            None => self.literal(start, parts),
            Some(_) => {
                let from = self.pos;
                self.step();
                let text = self.slice(from..self.pos).to_owned();
                parts.push(Part::Literal(Literal { range: from..self.pos, text, quoted: true }));
            }
        }
    }

    fn single_quoted(&mut self, parts: &mut Vec<Part>) {
        let start = self.pos;
        let rest = self.text.as_bytes().get(start..self.end).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\'');
        self.complete &= length.is_some();
        let end = start + length.unwrap_or(rest.len());
        self.pos = (end + 1).min(self.end);
        parts.push(Part::Literal(Literal {
            range: start..end,
            text: self.slice(start..end).to_owned(),
            quoted: true,
        }));
    }

    fn double_quoted(&mut self, parts: &mut Vec<Part>) {
        let count = parts.len();
        let start = self.pos;
        self.quoted_text(Some(b'"'), parts);
        if parts.len() == count {
            // An empty pair of quotes is a part as well: it makes the word quoted.
            parts.push(Part::Literal(Literal { range: start..start, text: String::new(), quoted: true }));
        }
        if self.peek(0) == Some(b'"') {
            self.pos += 1;
        } else {
            self.complete = false;
        }
    }

    /// Text as in double quotes, up to `stop` or the end. The sign itself stays.
    pub(super) fn quoted_text(&mut self, stop: Option<u8>, parts: &mut Vec<Part>) {
        let mut start = self.pos;
        loop {
            let byte = self.peek(0);
            if byte.is_some_and(|byte| !matches!(byte, b'\\' | b'$' | b'`') && Some(byte) != stop) {
                self.pos += 1;
                continue;
            }
            match (byte, self.peek(1)) {
                (Some(b'\\'), Some(b'\n')) => {
                    self.quoted_literal(start, parts);
                    self.pos += 2;
                }
                (Some(b'\\'), Some(next)) if matches!(next, b'\\' | b'$' | b'`') || Some(next) == stop => {
                    // What is escaped begins a literal of its own, so that every literal is written as it reads.
                    self.quoted_literal(start, parts);
                    start = self.pos + 1;
                    self.pos += 2;
                    continue;
                }
                (Some(b'\\'), _) => {
                    self.pos += 1;
                    continue;
                }
                (Some(b'$'), _) => {
                    self.quoted_literal(start, parts);
                    self.dollar(true, parts);
                }
                (Some(b'`'), _) if stop != Some(b'`') => {
                    self.quoted_literal(start, parts);
                    self.backticks(true, parts);
                }
                _ => {
                    self.quoted_literal(start, parts);
                    return;
                }
            }
            start = self.pos;
        }
    }

    /// Pushes the quoted text from `start` to here, if there is any.
    fn quoted_literal(&self, start: usize, parts: &mut Vec<Part>) {
        let text = self.slice(start..self.pos);
        if !text.is_empty() {
            parts.push(Part::Literal(Literal {
                range: start..self.pos,
                text: text.to_owned(),
                quoted: true,
            }));
        }
    }

    /// `` `…` ``: read in place, with the closing backtick as the end.
    pub(super) fn backticks(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        let start = self.pos;
        let mut close = start + 1;
        let bytes = self.text.as_bytes();
        while close < self.end {
            match bytes.get(close) {
                Some(b'`') => break,
                Some(b'\\') => close += 2,
                _ => close += 1,
            }
        }
        let closed = close < self.end;
        let close = close.min(self.end);
        let end = std::mem::replace(&mut self.end, close);
        self.pos = start + 1;
        let body = self.deeper(|reader| {
            let mut block = reader.block();
            while reader.pos < reader.end {
                reader.complete = false;
                reader.step();
                block.items.extend(reader.block().items);
            }
            block
        });
        self.end = end;
        self.pos = (close + usize::from(closed)).min(self.end);
        self.complete &= closed;
        let range = start..self.pos;
        let body = body.unwrap_or_default();
        parts.push(Part::Substitution(Substitution {
            range,
            kind: SubstitutionKind::Backticks,
            quoted,
            body,
        }));
    }

    /// The opening sign has been read: the commands and their `)`.
    pub(super) fn substitution(
        &mut self,
        start: usize,
        kind: SubstitutionKind,
        quoted: bool,
        parts: &mut Vec<Part>,
    ) {
        let body = self.deeper(Self::block_in_parentheses).unwrap_or_default();
        parts.push(Part::Substitution(Substitution { range: start..self.pos, kind, quoted, body }));
    }
}
