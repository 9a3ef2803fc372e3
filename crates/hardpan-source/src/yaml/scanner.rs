//! Cuts a text into tokens. Follows go-yaml's scanner, itself libyaml's, rule by rule, because what is acceptable YAML
//! to the reference is whatever that scanner accepts.
//!
//! The thing to know: a key without `?` is only recognised at its colon, so `Key` and `BlockMappingStart` are inserted
//! *behind* the tip of the queue, and a token is handed out only when no colon can claim it any more.

use std::collections::VecDeque;

use crate::yaml::cursor::Cursor;
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::simple_key::SimpleKey;
use crate::yaml::token::{Token, TokenKind};

/// go-yaml refuses the 10,001st nested level of flow or of block collections, and so do we.
pub(super) const DEPTH_MAX: usize = 10_000;

/// How far go-yaml looks past blanks for a comment; beyond it, the blanks are read as if none followed.
const COMMENT_LOOKAHEAD: usize = 512;

pub(super) struct Scanner<'text> {
    pub(super) cursor: Cursor<'text>,
    pub(super) queue: VecDeque<Token<'text>>,
    /// How many tokens were handed out; tokens are numbered by this.
    pub(super) handed_out: usize,
    is_tip_ready: bool,
    is_at_end: bool,
    /// One per open flow collection, and one for the block context below them. Token numbers grow with the index.
    pub(super) simple_keys: Vec<SimpleKey>,
    pub(super) simple_key_allowed: bool,
    /// The column of the innermost block collection; none at the top of a document.
    pub(super) indent: Option<usize>,
    pub(super) indents: Vec<Option<usize>>,
    pub(super) flow_level: usize,
    /// The comments so far, as ranges of bytes.
    pub(super) comments: Vec<(usize, usize)>,
}

impl<'text> Scanner<'text> {
    /// Invariant: the text holds no character that [`first_forbidden`](super::cursor::first_forbidden) finds.
    pub(super) fn new(text: &'text str) -> Self {
        // A byte order mark is no part of the text. Columns count from behind it.
        let start = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        Self {
            cursor: Cursor::new(text, start),
            queue: VecDeque::new(),
            handed_out: 0,
            is_tip_ready: false,
            is_at_end: false,
            simple_keys: vec![SimpleKey::none(0)],
            simple_key_allowed: true,
            indent: None,
            indents: Vec::new(),
            flow_level: 0,
            comments: Vec::new(),
        }
    }

    /// The next token, which stays next until [`Scanner::take`]. After the end of the stream it is that end.
    pub(super) fn peek(&mut self) -> Result<&Token<'text>, Fault> {
        if !self.is_tip_ready {
            self.fetch_until_ready()?;
            self.is_tip_ready = true;
        }
        Ok(&self.queue[0])
    }

    /// Takes the token that [`Scanner::peek`] showed.
    pub(super) fn take(&mut self) -> Option<Token<'text>> {
        self.is_tip_ready = false;
        self.handed_out += 1;
        self.queue.pop_front()
    }

    fn fetch_until_ready(&mut self) -> Result<(), Fault> {
        loop {
            // go-yaml wants two more tokens than it hands out. That decides which of two errors it reports.
            if self.is_at_end || self.queue.len() > 2 {
                let is_claimable = self.tip_may_be_key()?;
                if self.is_at_end || !is_claimable {
                    return Ok(());
                }
            }
            self.fetch_token()?;
        }
    }

    fn fetch_token(&mut self) -> Result<(), Fault> {
        self.pass_to_next_token()?;
        let column = self.cursor.column();
        self.unroll_indent(Some(column));
        if self.cursor.is_at_end() {
            return self.fetch_stream_end();
        }
        let byte = self.cursor.byte(0);
        if column == 0 {
            if byte == b'%' {
                return self.fetch_directive();
            }
            if self.cursor.is_document_indicator() {
                let kind = if byte == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
                return self.fetch_document_indicator(kind);
            }
        }
        let is_block = self.flow_level == 0;
        let before_space = self.cursor.is_space(1);
        match byte {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart)?,
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart)?,
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd)?,
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd)?,
            b',' => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.push_character(TokenKind::FlowEntry);
            }
            // go-yaml looks for a comment behind every token but a dash.
            b'-' if before_space => return self.fetch_block_entry(),
            b'?' if !is_block || before_space => self.fetch_key()?,
            b':' if !is_block || before_space => self.fetch_value()?,
            b'*' | b'&' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.scan_anchor()?;
            }
            b'!' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.scan_tag()?;
            }
            b'|' | b'>' if is_block => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.scan_block_scalar()?;
            }
            b'\'' | b'"' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.scan_quoted_scalar()?;
            }
            _ if self.may_start_plain_scalar(byte) => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.scan_plain_scalar()?;
            }
            _ => return Err(self.fault(Problem::TokenStart, self.cursor.position())),
        }
        self.pass_comment_behind_token();
        Ok(())
    }

    fn may_start_plain_scalar(&self, byte: u8) -> bool {
        match byte {
            b'-' => !matches!(self.cursor.byte(1), b' ' | b'\t'),
            b'?' | b':' => self.flow_level == 0 && !self.cursor.is_space(1),
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' => false,
            _ => !self.cursor.is_space(0),
        }
    }

    /// Passes over white space, line breaks and comments. A tab is white space only where no key may start: behind
    /// an indicator, and in flow collections.
    fn pass_to_next_token(&mut self) -> Result<(), Fault> {
        loop {
            while self.cursor.byte(0) == b' '
                || self.cursor.byte(0) == b'\t' && (self.flow_level > 0 || !self.simple_key_allowed)
            {
                self.cursor.pass_blank();
            }
            if self.cursor.byte(0) == b'#' {
                self.pass_comments();
            }
            if !self.cursor.is_break() {
                return Ok(());
            }
            self.cursor.pass_break();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Passes over a comment and all that follow it, with whatever blanks are between them; tabs too.
    fn pass_comments(&mut self) {
        loop {
            self.pass_comment();
            let is_passable =
                |ahead: &usize| matches!(self.cursor.byte(*ahead), b' ' | b'\t' | b'\n' | b'\r');
            let ahead = 1 + (1..COMMENT_LOOKAHEAD).take_while(is_passable).count();
            if ahead == COMMENT_LOOKAHEAD || self.cursor.byte(ahead) != b'#' {
                return;
            }
            let next = self.cursor.position() + ahead;
            while self.cursor.position() < next {
                if self.cursor.is_blank() { self.cursor.pass_blank() } else { self.cursor.pass_break() }
            }
        }
    }

    fn pass_comment_behind_token(&mut self) {
        if self.cursor.on_fresh_line() {
            return;
        }
        let is_blank = |ahead: &usize| matches!(self.cursor.byte(*ahead), b' ' | b'\t');
        let ahead = (0..COMMENT_LOOKAHEAD).take_while(is_blank).count();
        if ahead < COMMENT_LOOKAHEAD && self.cursor.byte(ahead) == b'#' {
            self.cursor.pass_blanks();
            self.pass_comment();
        }
    }

    /// Passes over the comment that begins here, and notes it.
    pub(super) fn pass_comment(&mut self) {
        let start = self.cursor.position();
        self.cursor.read_line();
        self.comments.push((start, self.cursor.position()));
    }

    fn fetch_stream_end(&mut self) -> Result<(), Fault> {
        self.cursor.force_new_line();
        self.end_block_context()?;
        self.is_at_end = true;
        let end = self.cursor.position();
        self.push(TokenKind::StreamEnd, end);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind<'text>) -> Result<(), Fault> {
        self.end_block_context()?;
        let start = self.cursor.position();
        self.cursor.pass_bytes(3);
        self.push(kind, start);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Fault> {
        self.end_block_context()?;
        self.scan_directive()
    }

    fn end_block_context(&mut self) -> Result<(), Fault> {
        self.unroll_indent(None);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'text>) -> Result<(), Fault> {
        self.save_simple_key()?;
        // The number of the token after the bracket: no key of the new level can come earlier.
        self.simple_keys.push(SimpleKey::none(self.next_token_number() + 1));
        self.flow_level += 1;
        if self.flow_level > DEPTH_MAX {
            return Err(self.fault(Problem::FlowTooDeep, self.cursor.position()));
        }
        self.simple_key_allowed = true;
        self.push_character(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'text>) -> Result<(), Fault> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            let closed = self.simple_keys.pop();
            if let Some((closed, bracket)) = closed.zip(self.simple_keys.last_mut())
                && closed.is_none
                && closed.token_number == bracket.token_number + 1
            {
                bracket.is_awaited = false;
            }
        }
        self.simple_key_allowed = false;
        self.push_character(kind);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Fault> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.fault(Problem::EntryNotAllowed, self.cursor.position()));
            }
            let (column, position) = (self.cursor.column(), self.cursor.position());
            self.roll_indent(column, self.next_token_number(), TokenKind::BlockSequenceStart, position)?;
        }
        // In a flow collection the grammar refuses the dash; it can say more about where.
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_character(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Fault> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.fault(Problem::KeyNotAllowed, self.cursor.position()));
            }
            let (column, position) = (self.cursor.column(), self.cursor.position());
            self.roll_indent(column, self.next_token_number(), TokenKind::BlockMappingStart, position)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_character(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Fault> {
        let innermost = self.simple_keys.len() - 1;
        if self.is_valid(innermost)? {
            let key = &mut self.simple_keys[innermost];
            key.is_possible = false;
            let (number, position, column) = (key.token_number, key.position, key.column);
            let token = Token { kind: TokenKind::Key, start: position, end: position };
            self.insert(number, token);
            self.roll_indent(column, number, TokenKind::BlockMappingStart, position)?;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.fault(Problem::ValueNotAllowed, self.cursor.position()));
                }
                let (column, position) = (self.cursor.column(), self.cursor.position());
                self.roll_indent(column, self.next_token_number(), TokenKind::BlockMappingStart, position)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_character(TokenKind::Value);
        Ok(())
    }

    pub(super) fn next_token_number(&self) -> usize {
        self.handed_out + self.queue.len()
    }

    /// Appends the token from `start` to here.
    pub(super) fn push(&mut self, kind: TokenKind<'text>, start: usize) {
        self.queue.push_back(Token { kind, start, end: self.cursor.position() });
    }

    fn push_character(&mut self, kind: TokenKind<'text>) {
        let start = self.cursor.position();
        self.cursor.pass();
        self.push(kind, start);
    }

    /// Appends a token that ends before here.
    pub(super) fn push_until(&mut self, kind: TokenKind<'text>, start: usize, end: usize) {
        self.queue.push_back(Token { kind, start, end });
    }

    /// A problem here, in a construct that begins at `context`.
    pub(super) fn fault(&self, problem: Problem, context: usize) -> Fault {
        Fault { problem, at: self.cursor.position(), context }
    }
}
