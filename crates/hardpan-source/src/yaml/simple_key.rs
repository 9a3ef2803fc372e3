//! The part of the scanner that knows where keys without `?` may begin, and how deep the block collections are.

use crate::yaml::cursor::characters;
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::scanner::{DEPTH_MAX, Scanner};
use crate::yaml::token::{Token, TokenKind};

/// A key without `?` must see its colon within this many characters, by the YAML specification.
const SIMPLE_KEY_LENGTH_MAX: usize = 1024;

/// A place where a key without `?` may have begun.
pub(super) struct SimpleKey {
    /// True while no key was noted since the level was opened.
    pub(super) is_none: bool,
    pub(super) is_possible: bool,
    /// True in a block mapping at its own indentation, where anything but a key is an error.
    pub(super) is_required: bool,
    /// True while its token must not be handed out because a colon may still claim it. go-yaml forgets about this for
    /// a collection like `{? a}` or `[]`, whose entries begin no key of their own, and then refuses `{? a}: b`.
    pub(super) is_awaited: bool,
    pub(super) token_number: usize,
    pub(super) position: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl SimpleKey {
    /// No key: `number` only keeps the order of token numbers.
    pub(super) const fn none(number: usize) -> Self {
        Self {
            is_none: true,
            is_possible: false,
            is_required: false,
            is_awaited: false,
            token_number: number,
            position: 0,
            line: 0,
            column: 0,
        }
    }
}

impl<'text> Scanner<'text> {
    pub(super) fn tip_may_be_key(&mut self) -> Result<bool, Fault> {
        let tip = self.handed_out;
        match self.simple_keys.binary_search_by_key(&tip, |key| key.token_number) {
            Ok(index) => Ok(self.simple_keys[index].is_awaited && self.is_valid(index)?),
            Err(_) => Ok(false),
        }
    }

    /// Opens a block collection where the column is deeper than the one around it.
    pub(super) fn roll_indent(
        &mut self,
        column: usize,
        number: usize,
        kind: TokenKind<'text>,
        at: usize,
    ) -> Result<(), Fault> {
        if self.flow_level > 0 || self.indent.is_some_and(|indent| indent >= column) {
            return Ok(());
        }
        self.indents.push(self.indent.replace(column));
        if self.indents.len() > DEPTH_MAX {
            return Err(self.fault(Problem::BlockTooDeep, at));
        }
        self.insert(number, Token { kind, start: at, end: at });
        Ok(())
    }

    /// Inserts a token before the one of this number; at the end where that one is gone (see `is_awaited`).
    pub(super) fn insert(&mut self, number: usize, token: Token<'text>) {
        let index = number.checked_sub(self.handed_out).unwrap_or(self.queue.len());
        self.queue.insert(index, token);
    }

    /// Closes the block collections that are indented deeper than the column, all of them where there is none.
    pub(super) fn unroll_indent(&mut self, column: Option<usize>) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            let start = self.cursor.position();
            self.push(TokenKind::BlockEnd, start);
            self.indent = self.indents.pop().flatten();
        }
    }

    /// Notes that a key may begin here, in place of what was noted before on this level.
    pub(super) fn save_simple_key(&mut self) -> Result<(), Fault> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        self.remove_simple_key()?;
        let column = self.cursor.column();
        let key = SimpleKey {
            is_none: false,
            is_possible: true,
            is_required: self.flow_level == 0 && self.indent == Some(column),
            is_awaited: true,
            token_number: self.next_token_number(),
            position: self.cursor.position(),
            line: self.cursor.line(),
            column,
        };
        if let Some(innermost) = self.simple_keys.last_mut() {
            *innermost = key;
        }
        Ok(())
    }

    pub(super) fn remove_simple_key(&mut self) -> Result<(), Fault> {
        let at = self.cursor.position();
        match self.simple_keys.last_mut() {
            Some(key) if key.is_possible && key.is_required => {
                Err(Fault { problem: Problem::ColonExpected, at, context: key.position })
            }
            Some(key) => {
                key.is_possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// True where the key can still find its colon: on its line, and not too far.
    pub(super) fn is_valid(&mut self, index: usize) -> Result<bool, Fault> {
        let (at, line) = (self.cursor.position(), self.cursor.line());
        let key = &self.simple_keys[index];
        if !key.is_possible {
            return Ok(false);
        }
        if key.line == line && !self.is_too_far(key.position, at) {
            return Ok(true);
        }
        if key.is_required {
            return Err(Fault { problem: Problem::ColonExpected, at, context: key.position });
        }
        self.simple_keys[index].is_possible = false;
        Ok(false)
    }

    fn is_too_far(&self, start: usize, at: usize) -> bool {
        let bytes = at - start;
        // A character is one to four bytes, so most distances need no counting.
        bytes > SIMPLE_KEY_LENGTH_MAX
            && (bytes > SIMPLE_KEY_LENGTH_MAX * 4
                || characters(self.cursor.slice(start, at).as_bytes()) > SIMPLE_KEY_LENGTH_MAX)
    }
}
