//! The reader's state, blocks, lists and pipelines.

use std::ops::Range;

use super::tree::{AndOr, Block, Command, Connector, Pipeline, Script, Shebang};

/// How deep commands, substitutions and `${…}` may nest. A person nests five; the reader recurses per level, and this
/// many levels fit a thread's stack several times over. What lies deeper is skipped and the script is not complete.
pub const DEPTH_MAX: usize = 48;

/// Words that end a block when they stand where a command would begin.
const CLOSERS: [&[u8]; 8] = [b"then", b"do", b"done", b"fi", b"elif", b"else", b"esac", b"}"];

/// Reads a script. Never fails: see [`Script::complete`].
#[must_use]
pub fn parse(text: &str) -> Script {
    let mut reader = Reader::new(text);
    let shebang = reader.shebang();
    let mut body = reader.block();
    while reader.pos < reader.end {
        // A closer without its opener. Step over it and go on.
        reader.complete = false;
        reader.step_over_closer();
        let more = reader.block();
        body.items.extend(more.items);
    }
    if let (Some(first), Some(last)) = (body.items.first(), body.items.last()) {
        body.range = first.range.start..last.range.end;
    }
    Script { shebang, body, comments: reader.comments, complete: reader.complete }
}

/// The place in the text, and what has been noted on the way.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    /// Where to stop: the end of the text, of a backtick's or of a here-document's body. On a character boundary.
    pub(super) end: usize,
    pub(super) depth: usize,
    pub(super) complete: bool,
    pub(super) comments: Vec<Range<usize>>,
    /// The line end after which here-documents begin, and where the text goes on after them.
    pub(super) heredoc_line: Option<(usize, usize)>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            pos: 0,
            end: text.len(),
            depth: 0,
            complete: true,
            comments: Vec::new(),
            heredoc_line: None,
        }
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        let at = self.pos + ahead;
        if at < self.end { self.text.as_bytes().get(at).copied() } else { None }
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    pub(super) fn looking_at(&self, text: &[u8]) -> bool {
        self.text.as_bytes().get(self.pos..self.end).is_some_and(|rest| rest.starts_with(text))
    }

    /// Steps over one character, whatever its length.
    pub(super) fn step(&mut self) {
        self.pos += 1;
        while self.pos < self.end && !self.text.is_char_boundary(self.pos) {
            self.pos += 1;
        }
    }

    /// Runs `read` one level deeper, or skips the rest of what is being read when that is too deep.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= DEPTH_MAX {
            self.complete = false;
            self.pos = self.end;
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        Some(result)
    }

    fn shebang(&mut self) -> Option<Shebang> {
        if !self.looking_at(b"#!") {
            return None;
        }
        let end = self.text.find('\n').unwrap_or(self.text.len());
        self.pos = end;
        let line = self.slice(2..end);
        let mut words = line.split_ascii_whitespace();
        let mut program = base_name(words.next().unwrap_or_default());
        let mut flags: Vec<String> = words.map(str::to_owned).collect();
        if program == "env" {
            let at = flags.iter().position(|flag| !flag.starts_with('-') && !flag.contains('='))?;
            let rest = flags.split_off(at + 1);
            program = base_name(flags.last().map_or("", String::as_str));
            return Some(Shebang { range: 0..end, program: program.to_owned(), flags: rest });
        }
        Some(Shebang { range: 0..end, program: program.to_owned(), flags })
    }

    /// Skips blanks, continued lines and a comment.
    pub(super) fn blanks(&mut self) {
        let start = self.pos;
        loop {
            match self.peek(0) {
                Some(b' ' | b'\t') => self.pos += 1,
                Some(b'\r') if matches!(self.peek(1), Some(b'\n') | None) => self.pos += 1,
                Some(b'\\') if self.peek(1) == Some(b'\n') => self.pos += 2,
                Some(b'#') if self.pos > start || self.starts_token() => {
                    let rest = self.text.as_bytes().get(self.pos..self.end).unwrap_or_default();
                    let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    self.comments.push(self.pos..self.pos + length);
                    self.pos += length;
                }
                _ => return,
            }
        }
    }

    /// Whether a `#` here would begin a comment: the byte before cannot be part of a word.
    fn starts_token(&self) -> bool {
        match self.pos.checked_sub(1).and_then(|at| self.text.as_bytes().get(at)) {
            None => true,
            Some(byte) => matches!(
                byte,
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'(' | b')' | b'`' | b'<' | b'>'
            ),
        }
    }

    /// Skips blanks, comments and line ends, and the here-documents that follow those.
    pub(super) fn blank_lines(&mut self) {
        loop {
            self.blanks();
            if self.peek(0) != Some(b'\n') {
                return;
            }
            self.line_end();
        }
    }

    fn line_end(&mut self) {
        match self.heredoc_line {
            Some((line, resume)) if line == self.pos => self.pos = resume.min(self.end).max(self.pos + 1),
            _ => self.pos += 1,
        }
    }

    /// Whether exactly this word stands here, unquoted.
    pub(super) fn at_word(&self, word: &[u8]) -> bool {
        self.looking_at(word) && self.peek(word.len()).is_none_or(ends_word)
    }

    /// Takes a reserved word, or notes that it is missing.
    pub(super) fn expect_word(&mut self, word: &[u8]) -> bool {
        self.blank_lines();
        let found = self.at_word(word);
        if found {
            self.pos += word.len();
        } else {
            self.complete = false;
        }
        found
    }

    fn at_closer(&self) -> bool {
        self.peek(0) == Some(b')')
            || self.looking_at(b";;")
            || self.looking_at(b";&")
            || CLOSERS.iter().any(|closer| self.at_word(closer))
    }

    fn step_over_closer(&mut self) {
        match CLOSERS.iter().find(|closer| self.at_word(closer)) {
            Some(closer) => self.pos += closer.len(),
            None if self.looking_at(b";;") || self.looking_at(b";&") => self.pos += 2,
            None => self.step(),
        }
    }

    /// Lists until the end or until a word or sign that closes what surrounds them, which stays.
    pub(super) fn block(&mut self) -> Block {
        self.blank_lines();
        let start = self.pos;
        let mut items = Vec::new();
        loop {
            self.blank_lines();
            if self.pos >= self.end || self.at_closer() {
                break;
            }
            let before = self.pos;
            if let Some(item) = self.list() {
                items.push(item);
            }
            self.blanks();
            match self.peek(0) {
                Some(b';') if !self.at_closer() => self.pos += 1,
                Some(b'\n') => self.line_end(),
                Some(b'&') => {
                    self.pos += 1;
                    match items.last_mut() {
                        Some(item) if self.pos > before + 1 => item.background = true,
                        _ => self.complete = false,
                    }
                }
                _ => {}
            }
            if self.pos == before {
                // Something that begins no command, such as a stray `|`.
                self.complete = false;
                self.step();
            }
        }
        let range = match (items.first(), items.last()) {
            (Some(first), Some(last)) => first.range.start..last.range.end,
            _ => start..start,
        };
        Block { range, items }
    }

    /// A block and its `)`, stepping over closers of something else in between.
    pub(super) fn block_in_parentheses(&mut self) -> Block {
        let mut block = self.block();
        while self.pos < self.end && self.peek(0) != Some(b')') {
            self.complete = false;
            self.step_over_closer();
            block.items.extend(self.block().items);
        }
        if let (Some(first), Some(last)) = (block.items.first(), block.items.last()) {
            block.range = first.range.start..last.range.end;
        }
        if self.peek(0) == Some(b')') {
            self.pos += 1;
        } else {
            self.complete = false;
        }
        block
    }

    fn list(&mut self) -> Option<AndOr> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let connector = match (self.peek(0), self.peek(1)) {
                (Some(b'&'), Some(b'&')) => Connector::And,
                (Some(b'|'), Some(b'|')) => Connector::Or,
                _ => break,
            };
            self.pos += 2;
            self.blank_lines();
            match self.pipeline() {
                Some(pipeline) => rest.push((connector, pipeline)),
                None => self.complete = false,
            }
        }
        let end = rest.last().map_or(first.range.end, |(_, pipeline)| pipeline.range.end);
        Some(AndOr { range: first.range.start..end, first, rest, background: false })
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        self.blanks();
        let start = self.pos;
        let mut negated = false;
        while self.at_word(b"!") {
            negated = !negated;
            self.pos += 1;
            self.blanks();
        }
        let mut commands: Vec<Command> = self.command().into_iter().collect();
        loop {
            self.blanks();
            if self.peek(0) != Some(b'|') || self.peek(1) == Some(b'|') {
                break;
            }
            self.pos += if self.peek(1) == Some(b'&') { 2 } else { 1 };
            self.blank_lines();
            match self.command() {
                Some(command) => commands.push(command),
                None => self.complete = false,
            }
        }
        let end = commands.last()?.range.end;
        Some(Pipeline { range: start..end, negated, commands })
    }

    pub(super) fn command(&mut self) -> Option<Command> {
        if self.at_closer() {
            return None;
        }
        if let Some(kind) = self.compound() {
            let kind = kind?;
            let start = kind.0;
            let mut end = self.pos;
            let mut redirects = Vec::new();
            loop {
                self.blanks();
                let Some(redirect) = self.redirect() else { break };
                end = redirect.range.end;
                redirects.push(redirect);
            }
            return Some(Command { range: start..end, kind: kind.1, redirects });
        }
        self.simple()
    }
}

/// Whether an unquoted word ends before this byte.
pub(super) fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

/// What follows the last slash.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
