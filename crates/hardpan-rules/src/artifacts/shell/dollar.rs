//! What begins with `$`: variables, `${…}`, `$(…)`, `$((…))` and `$'…'`.

use super::parser::Reader;
use super::word::{Arithmetic, Expansion, Literal, Part, SubstitutionKind, Word, is_name_byte};

/// What may follow the name in `${…}`, longest first.
const OPERATORS: [&str; 20] = [
    ":-", ":=", ":?", ":+", "##", "%%", "//", "/#", "/%", "^^", ",,", "-", "=", "?", "+", "#", "%", "/", "^",
    ",",
];

impl Reader<'_> {
    /// An expansion, or a `$` that stands for itself.
    pub(super) fn dollar(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        let start = self.pos;
        match self.peek(1) {
            Some(b'\'') if !quoted => {
                self.pos += 2;
                self.escaped_string(parts);
            }
            Some(b'"') if !quoted => self.pos += 1,
            Some(b'{') => self.braced(quoted, parts),
            Some(b'(') => {
                if self.peek(2) == Some(b'(') && self.arithmetic_end(3).is_some() {
                    self.pos += 1;
                    self.arithmetic(start, quoted, parts);
                } else {
                    self.pos += 2;
                    self.substitution(start, SubstitutionKind::Command, quoted, parts);
                }
            }
            Some(byte) if is_name_byte(byte, true) => {
                self.pos += 1;
                let name = self.name();
                self.push_variable(start, name, quoted, parts);
            }
            Some(byte) if is_parameter(byte) => {
                self.pos += 2;
                self.push_variable(start, char::from(byte).to_string(), quoted, parts);
            }
            _ => {
                self.pos += 1;
                if quoted {
                    parts.push(Part::Literal(Literal {
                        range: start..self.pos,
                        text: "$".to_owned(),
                        quoted,
                    }));
                } else {
                    self.literal(start, parts);
                }
            }
        }
    }

    fn name(&mut self) -> String {
        let start = self.pos;
        while self.peek(0).is_some_and(|byte| is_name_byte(byte, self.pos == start)) {
            self.pos += 1;
        }
        self.slice(start..self.pos).to_owned()
    }

    fn push_variable(&self, start: usize, name: String, quoted: bool, parts: &mut Vec<Part>) {
        let range = start..self.pos;
        parts.push(Part::Variable(Expansion {
            range,
            name,
            quoted,
            length: false,
            operator: None,
            operand: None,
        }));
    }

    /// `${…}`.
    fn braced(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        let start = self.pos;
        self.pos += 2;
        let mut length = false;
        // `${#}` and `${!}` are parameters, `${#NAME}` and `${!NAME}` are not.
        if self.peek(0) == Some(b'#') && self.peek(1).is_some_and(|byte| byte != b'}' && is_subject(byte)) {
            length = true;
            self.pos += 1;
        } else if self.peek(0) == Some(b'!') && self.peek(1).is_some_and(|byte| is_name_byte(byte, true)) {
            self.pos += 1;
        }
        let name = match self.peek(0) {
            Some(byte) if is_name_byte(byte, true) => self.name(),
            Some(byte) if byte.is_ascii_digit() => {
                let from = self.pos;
                while self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
                    self.pos += 1;
                }
                self.slice(from..self.pos).to_owned()
            }
            Some(byte) if is_parameter(byte) => {
                self.pos += 1;
                char::from(byte).to_string()
            }
            _ => {
                self.complete = false;
                String::new()
            }
        };
        if self.peek(0) == Some(b'[') {
            self.subscript();
        }
        let operator = OPERATORS.iter().find(|operator| self.looking_at(operator.as_bytes()));
        let operator = match (operator, self.peek(0)) {
            (Some(operator), _) => {
                self.pos += operator.len();
                Some((*operator).to_owned())
            }
            (None, Some(sign @ (b':' | b'@'))) => {
                self.pos += 1;
                Some(char::from(sign).to_string())
            }
            _ => None,
        };
        let operand = match self.peek(0) {
            Some(b'}') => None,
            _ => self.deeper(|reader| reader.operand(quoted)),
        };
        if self.peek(0) == Some(b'}') {
            self.pos += 1;
        } else {
            self.complete = false;
        }
        let range = start..self.pos;
        parts.push(Part::Variable(Expansion { range, name, quoted, length, operator, operand }));
    }

    /// `[index]`, stepped over.
    fn subscript(&mut self) {
        while let Some(byte) = self.peek(0) {
            if byte == b'}' || byte == b'\n' {
                return;
            }
            self.pos += 1;
            if byte == b']' {
                return;
            }
        }
    }

    /// What follows the operator, up to the brace that closes.
    fn operand(&mut self, quoted: bool) -> Word {
        let start = self.pos;
        let mut parts = Vec::new();
        while let Some(byte) = self.peek(0) {
            match byte {
                b'}' => break,
                b'\'' if !quoted => {
                    let from = self.pos + 1;
                    let rest = self.text.as_bytes().get(from..self.end).unwrap_or_default();
                    let length = rest.iter().position(|byte| *byte == b'\'').unwrap_or(rest.len());
                    let text = self.slice(from..from + length).to_owned();
                    self.complete &= length < rest.len();
                    self.pos = (from + length + 1).min(self.end);
                    parts.push(Part::Literal(Literal { range: from..from + length, text, quoted: true }));
                }
                b'"' => {
                    self.pos += 1;
                    self.quoted_text(Some(b'"'), &mut parts);
                    if self.peek(0) == Some(b'"') {
                        self.pos += 1;
                    } else {
                        self.complete = false;
                    }
                }
                b'$' => self.dollar(quoted, &mut parts),
                b'`' => self.backticks(quoted, &mut parts),
                b'\\' => {
                    self.pos += 1;
                    let from = self.pos;
                    if self.peek(0).is_some() {
                        self.step();
                    }
                    let text = self.slice(from..self.pos).to_owned();
                    parts.push(Part::Literal(Literal { range: from..self.pos, text, quoted: true }));
                }
                _ => {
                    let from = self.pos;
                    while self
                        .peek(0)
                        .is_some_and(|byte| !matches!(byte, b'}' | b'\'' | b'"' | b'$' | b'`' | b'\\'))
                    {
                        self.pos += 1;
                    }
                    if self.pos == from {
                        self.pos += 1;
                    }
                    self.literal(from, &mut parts);
                }
            }
        }
        let range = start..self.pos;
        Word::new(range.clone(), self.slice(range), parts)
    }

    /// Where the `))` is that closes an arithmetic whose text begins `ahead` bytes from here. `None` if the parentheses
    /// close singly, which makes it a subshell. An unclosed one reaches to the end.
    pub(super) fn arithmetic_end(&self, ahead: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut open = 0_usize;
        let mut at = self.pos + ahead;
        while at < self.end {
            match bytes.get(at)? {
                b'(' => open += 1,
                b')' if open > 0 => open -= 1,
                b')' => return (at + 1 < self.end && bytes.get(at + 1) == Some(&b')')).then_some(at),
                _ => {}
            }
            at += 1;
        }
        Some(self.end)
    }

    /// At `((`: the arithmetic as a part that begins at `start`.
    fn arithmetic(&mut self, start: usize, quoted: bool, parts: &mut Vec<Part>) {
        if let Some(word) = self.arithmetic_word() {
            let range = start..self.pos;
            parts.push(Part::Arithmetic(Arithmetic { range, text: word.raw, quoted, parts: word.parts }));
        }
    }

    /// At `((`: the text up to `))` with its expansions.
    pub(super) fn arithmetic_word(&mut self) -> Option<Word> {
        let close = self.arithmetic_end(2).unwrap_or(self.end);
        let from = (self.pos + 2).min(close);
        let end = std::mem::replace(&mut self.end, close);
        self.pos = from;
        let parts = self.deeper(|reader| {
            let mut parts = Vec::new();
            reader.quoted_text(None, &mut parts);
            parts
        });
        self.end = end;
        self.complete &= close < self.end;
        self.pos = (close + 2).min(self.end);
        Some(Word::new(from..close, self.slice(from..close), parts?))
    }

    /// `$'…'`, whose opening has been read.
    fn escaped_string(&mut self, parts: &mut Vec<Part>) {
        let start = self.pos;
        let mut text = String::new();
        let mut closed = false;
        while let Some(byte) = self.peek(0) {
            let from = self.pos;
            match byte {
                b'\'' => {
                    closed = true;
                    break;
                }
                b'\\' => {
                    self.pos += 1;
                    self.string_escape(&mut text);
                }
                _ => {
                    self.step();
                    text.push_str(self.slice(from..self.pos));
                }
            }
        }
        let range = start..self.pos;
        self.pos += usize::from(closed);
        self.complete &= closed;
        parts.push(Part::Literal(Literal { range, text, quoted: true }));
    }

    fn string_escape(&mut self, text: &mut String) {
        let from = self.pos;
        let Some(byte) = self.peek(0) else {
            text.push('\\');
            return;
        };
        self.step();
        let (radix, digits_max) = match byte {
            b'x' => (16, 2),
            b'u' => (16, 4),
            b'U' => (16, 8),
            b'0'..=b'7' => {
                self.pos = from;
                (8, 3)
            }
            _ => {
                match byte {
                    b'n' => text.push('\n'),
                    b't' => text.push('\t'),
                    b'r' => text.push('\r'),
                    b'a' => text.push('\u{7}'),
                    b'b' => text.push('\u{8}'),
                    b'e' | b'E' => text.push('\u{1b}'),
                    b'f' => text.push('\u{c}'),
                    b'v' => text.push('\u{b}'),
                    b'\\' | b'\'' | b'"' | b'?' => text.push(char::from(byte)),
                    _ => {
                        text.push('\\');
                        text.push_str(self.slice(from..self.pos));
                    }
                }
                return;
            }
        };
        let mut value = 0_u32;
        let mut digits = 0;
        while digits < digits_max
            && let Some(digit) = self.peek(0).and_then(|byte| char::from(byte).to_digit(radix))
        {
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.pos += 1;
            digits += 1;
        }
        text.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

fn is_parameter(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'?' | b'!' | b'#' | b'@' | b'*' | b'$' | b'-')
}

/// Whether `${#` followed by this is the length of something.
fn is_subject(byte: u8) -> bool {
    is_name_byte(byte, true) || byte.is_ascii_digit() || matches!(byte, b'@' | b'*' | b'?' | b'!' | b'$')
}
