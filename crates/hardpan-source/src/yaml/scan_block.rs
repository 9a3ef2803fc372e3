//! The part of the scanner that reads block scalars.

use std::borrow::Cow;

use crate::yaml::ScalarStyle;
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::scanner::Scanner;
use crate::yaml::token::TokenKind;

/// What happens to the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

struct Header {
    chomping: Chomping,
    /// How much deeper than its parent the content is indented, where the header says so.
    increment: Option<usize>,
}

impl Scanner<'_> {
    pub(super) fn scan_block_scalar(&mut self) -> Result<(), Fault> {
        let start = self.cursor.position();
        let is_literal = self.cursor.byte(0) == b'|';
        let header = self.read_block_header(start)?;
        let mut end = self.cursor.position();
        self.finish_block_header(start)?;

        let mut indent = header.increment.map(|increment| self.indent.unwrap_or(0) + increment);
        let mut value = String::new();
        let mut line_break = "";
        let mut more_breaks = String::new();
        self.read_block_breaks(&mut indent, &mut more_breaks, start)?;
        let mut was_blank = false;
        while self.cursor.column() == indent.unwrap_or(0) && !self.cursor.is_at_end() {
            // Lines that begin with a blank are more indented: the breaks around them are not folded.
            let is_blank = self.cursor.is_blank();
            if !is_literal && !was_blank && !is_blank && line_break == "\n" {
                if more_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(line_break);
            }
            value.push_str(&more_breaks);
            more_breaks.clear();
            was_blank = is_blank;
            value.push_str(self.cursor.read_line());
            end = self.cursor.position();
            line_break = self.cursor.read_break();
            self.read_block_breaks(&mut indent, &mut more_breaks, start)?;
        }
        if header.chomping != Chomping::Strip {
            value.push_str(line_break);
        }
        if header.chomping == Chomping::Keep {
            value.push_str(&more_breaks);
        }
        let style = if is_literal { ScalarStyle::Literal } else { ScalarStyle::Folded };
        self.push_until(TokenKind::Scalar(style, Cow::Owned(value)), start, end);
        Ok(())
    }

    /// Reads `|` or `>` and the indicators behind it, which may come in either order.
    fn read_block_header(&mut self, start: usize) -> Result<Header, Fault> {
        self.cursor.pass();
        let mut header = Header { chomping: Chomping::Clip, increment: None };
        let (mut has_chomping, mut has_increment) = (false, false);
        loop {
            match self.cursor.byte(0) {
                b'+' if !has_chomping => header.chomping = Chomping::Keep,
                b'-' if !has_chomping => header.chomping = Chomping::Strip,
                b'0' if !has_increment => return Err(self.fault(Problem::BlockIndentZero, start)),
                digit @ b'1'..=b'9' if !has_increment => header.increment = Some(usize::from(digit - b'0')),
                _ => return Ok(header),
            }
            if self.cursor.byte(0).is_ascii_digit() {
                has_increment = true;
            } else {
                has_chomping = true;
            }
            self.cursor.pass();
        }
    }

    fn finish_block_header(&mut self, start: usize) -> Result<(), Fault> {
        self.cursor.pass_blanks();
        if self.cursor.byte(0) == b'#' {
            self.pass_comment();
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(self.fault(Problem::BlockHeader, start));
        }
        self.cursor.pass_break();
        Ok(())
    }

    /// Reads indentation and blank lines. Where the indentation is not known yet, the deepest of these lines and the
    /// first line of the content decide it.
    fn read_block_breaks(
        &mut self,
        indent: &mut Option<usize>,
        breaks: &mut String,
        start: usize,
    ) -> Result<(), Fault> {
        let mut deepest = 0;
        loop {
            while self.cursor.byte(0) == b' ' && self.is_left_of(*indent) {
                self.cursor.pass_blank();
            }
            deepest = deepest.max(self.cursor.column());
            if self.cursor.byte(0) == b'\t' && self.is_left_of(*indent) {
                return Err(self.fault(Problem::TabInBlockScalar, start));
            }
            if !self.cursor.is_break() {
                break;
            }
            breaks.push_str(self.cursor.read_break());
        }
        if indent.is_none() {
            let least = self.indent.map_or(0, |parent| parent + 1).max(1);
            *indent = Some(deepest.max(least));
        }
        Ok(())
    }

    fn is_left_of(&mut self, indent: Option<usize>) -> bool {
        indent.is_none_or(|indent| self.cursor.column() < indent)
    }
}
