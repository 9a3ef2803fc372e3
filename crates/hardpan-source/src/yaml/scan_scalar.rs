//! The part of the scanner that reads plain and quoted scalars.

use crate::yaml::ScalarStyle;
use crate::yaml::cursor::Value;
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::scanner::Scanner;
use crate::yaml::token::TokenKind;

/// The white space between two words of a scalar, which folds into a space, into line feeds, or not at all.
#[derive(Default)]
struct Gap {
    /// Where the blanks are before the first line break; they count only when there is none.
    blanks: (usize, usize),
    has_break: bool,
    first_break: &'static str,
    more_breaks: String,
}

impl Gap {
    fn add_break(&mut self, meaning: &'static str) {
        if self.has_break {
            self.more_breaks.push_str(meaning);
        } else {
            self.has_break = true;
            self.first_break = meaning;
        }
    }

    fn fold_into(&mut self, value: &mut Value<'_>) {
        if !self.has_break {
            value.push(self.blanks.0, self.blanks.1);
        } else if self.first_break == "\n" {
            value.push_made(if self.more_breaks.is_empty() { " " } else { &self.more_breaks });
        } else {
            value.push_made(self.first_break);
            value.push_made(&self.more_breaks);
        }
        *self = Self::default();
    }
}

impl<'text> Scanner<'text> {
    pub(super) fn scan_plain_scalar(&mut self) -> Result<(), Fault> {
        let start = self.cursor.position();
        let content_indent = self.indent.map_or(0, |indent| indent + 1);
        let mut value = self.cursor.value();
        let mut gap = Gap::default();
        let mut end = start;
        loop {
            if self.cursor.is_document_indicator() || self.cursor.byte(0) == b'#' {
                break;
            }
            let word = self.cursor.position();
            self.pass_plain_word();
            if self.cursor.position() > word {
                gap.fold_into(&mut value);
                end = self.cursor.position();
                value.push(word, end);
            }
            if !self.cursor.is_blank() && !self.cursor.is_break() {
                break;
            }
            self.read_plain_gap(&mut gap, content_indent, start)?;
            if self.flow_level == 0 && gap.has_break && self.cursor.column() < content_indent {
                break;
            }
        }
        if gap.has_break {
            self.simple_key_allowed = true;
        }
        self.push_until(TokenKind::Scalar(ScalarStyle::Plain, value.finish()), start, end);
        Ok(())
    }

    /// Passes up to white space, a colon before white space, or an indicator of the flow collection around.
    fn pass_plain_word(&mut self) {
        let mut length = 0;
        loop {
            let byte = self.cursor.byte(length);
            let is_end = match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0 => true,
                b':' => self.cursor.is_space(length + 1),
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => self.flow_level > 0,
                0xC2 | 0xE2 => self.cursor.line_break(length) > 0,
                _ => false,
            };
            if is_end {
                break;
            }
            length += 1;
        }
        self.cursor.pass_bytes(length);
    }

    fn read_plain_gap(&mut self, gap: &mut Gap, content_indent: usize, scalar: usize) -> Result<(), Fault> {
        loop {
            if self.cursor.is_break() {
                let meaning = self.cursor.read_break();
                gap.add_break(meaning);
            } else if self.cursor.is_blank() && !gap.has_break {
                let start = self.cursor.position();
                self.cursor.pass_blanks();
                gap.blanks = (start, self.cursor.position());
            } else if self.cursor.is_blank() {
                if self.cursor.byte(0) == b'\t' && self.cursor.column() < content_indent {
                    return Err(self.fault(Problem::TabInPlainScalar, scalar));
                }
                self.cursor.pass_blank();
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn scan_quoted_scalar(&mut self) -> Result<(), Fault> {
        let start = self.cursor.position();
        let quote = self.cursor.byte(0);
        self.cursor.pass();
        let mut value = self.cursor.value();
        loop {
            if self.cursor.is_document_indicator() {
                return Err(self.fault(Problem::DocumentIndicatorInQuotes, start));
            }
            if self.cursor.is_at_end() {
                return Err(self.fault(Problem::QuoteUnclosed, start));
            }
            let mut gap =
                Gap { has_break: self.read_quoted_word(quote, start, &mut value)?, ..Gap::default() };
            if self.cursor.byte(0) == quote {
                break;
            }
            self.read_quoted_gap(&mut gap);
            gap.fold_into(&mut value);
        }
        self.cursor.pass();
        let style = if quote == b'"' { ScalarStyle::DoubleQuoted } else { ScalarStyle::SingleQuoted };
        self.push(TokenKind::Scalar(style, value.finish()), start);
        Ok(())
    }

    /// Reads up to white space or the closing quote; true where an escaped line break ended the word.
    fn read_quoted_word(
        &mut self,
        quote: u8,
        scalar: usize,
        value: &mut Value<'text>,
    ) -> Result<bool, Fault> {
        loop {
            let start = self.cursor.position();
            let length = self.quoted_piece_length(quote);
            self.cursor.pass_bytes(length);
            value.push(start, start + length);
            match self.cursor.byte(0) {
                b'\\' if quote == b'"' && self.cursor.line_break(1) > 0 => {
                    self.cursor.pass();
                    self.cursor.pass_break();
                    return Ok(true);
                }
                b'\\' if quote == b'"' => self.read_escape(scalar, value)?,
                b'\'' if quote == b'\'' && self.cursor.byte(1) == b'\'' => {
                    value.push_made("'");
                    self.cursor.pass_bytes(2);
                }
                _ => return Ok(false),
            }
        }
    }

    /// How many bytes ahead stand for themselves. Blanks do inside a line; taking them along spares most values the
    /// folding.
    fn quoted_piece_length(&self, quote: u8) -> usize {
        let mut length = 0;
        loop {
            match self.cursor.byte(length) {
                b' ' | b'\t' => {
                    let mut behind = length + 1;
                    while matches!(self.cursor.byte(behind), b' ' | b'\t') {
                        behind += 1;
                    }
                    if self.cursor.is_break_or_end(behind) {
                        return length;
                    }
                    length = behind;
                }
                b'\n' | b'\r' | 0 => return length,
                b'\\' if quote == b'"' => return length,
                byte if byte == quote => return length,
                0xC2 | 0xE2 if self.cursor.line_break(length) > 0 => return length,
                _ => length += 1,
            }
        }
    }

    fn read_quoted_gap(&mut self, gap: &mut Gap) {
        loop {
            if self.cursor.is_break() {
                let meaning = self.cursor.read_break();
                gap.add_break(meaning);
            } else if self.cursor.is_blank() {
                let start = self.cursor.position();
                self.cursor.pass_blanks();
                if !gap.has_break {
                    gap.blanks = (start, self.cursor.position());
                }
            } else {
                return;
            }
        }
    }

    fn read_escape(&mut self, scalar: usize, value: &mut Value<'text>) -> Result<(), Fault> {
        let digits = match self.cursor.byte(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            byte => {
                let made = simple_escape(byte).ok_or_else(|| self.fault(Problem::EscapeUnknown, scalar))?;
                value.push_made(made);
                self.cursor.pass_bytes(2);
                return Ok(());
            }
        };
        self.cursor.pass_bytes(2);
        let mut code = 0u32;
        for ahead in 0..digits {
            let digit = char::from(self.cursor.byte(ahead)).to_digit(16);
            code = code << 4 | digit.ok_or_else(|| self.fault(Problem::EscapeHex, scalar))?;
        }
        let character = char::from_u32(code).ok_or_else(|| self.fault(Problem::EscapeCode, scalar))?;
        value.push_character(character);
        self.cursor.pass_bytes(digits);
        Ok(())
    }
}

/// The escapes of one character. go-yaml takes `\'` and leaves `\/` out.
const fn simple_escape(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'0' => "\0",
        b'a' => "\u{7}",
        b'b' => "\u{8}",
        b't' | b'\t' => "\t",
        b'n' => "\n",
        b'v' => "\u{B}",
        b'f' => "\u{C}",
        b'r' => "\r",
        b'e' => "\u{1B}",
        b' ' => " ",
        b'"' => "\"",
        b'\'' => "'",
        b'\\' => "\\",
        b'N' => "\u{85}",
        b'_' => "\u{A0}",
        b'L' => "\u{2028}",
        b'P' => "\u{2029}",
        _ => return None,
    })
}
