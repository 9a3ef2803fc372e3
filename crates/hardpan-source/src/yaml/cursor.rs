//! A place in the text that knows its line and column, and the classes of characters that YAML cares about.

use std::borrow::Cow;

/// Reads a text from front to back.
///
/// A byte past the end reads as NUL, which no text that reaches the scanner contains (see [`first_forbidden`]), so the
/// scanner needs no bounds of its own. The position always lies between characters.
pub(super) struct Cursor<'text> {
    text: &'text str,
    position: usize,
    line: usize,
    /// The column as of `column_position`; the rest of the way is counted when somebody asks. Counting from the start
    /// of the line each time would be quadratic on a long line.
    column: usize,
    column_position: usize,
    /// True while only blanks were read since the last line break: go-yaml looks for a comment behind a token only
    /// on the line of the token.
    on_fresh_line: bool,
}

impl<'text> Cursor<'text> {
    pub(super) fn new(text: &'text str, position: usize) -> Self {
        Self { text, position, line: 0, column: 0, column_position: position, on_fresh_line: false }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 0.
    pub(super) fn column(&mut self) -> usize {
        let passed = &self.text.as_bytes()[self.column_position..self.position];
        self.column += characters(passed);
        self.column_position = self.position;
        self.column
    }

    pub(super) fn on_fresh_line(&self) -> bool {
        self.on_fresh_line
    }

    /// The byte this far ahead; 0 past the end.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.position + ahead).copied().unwrap_or(0)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.text.len()
    }

    /// An empty value that pieces of the text can be appended to, the first of them from here.
    pub(super) fn value(&self) -> Value<'text> {
        Value { text: self.text, piece: (self.position, self.position), built: None }
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'text str {
        &self.text[start..end]
    }

    /// The length in bytes of the line break this far ahead; 0 where there is none.
    pub(super) fn line_break(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\n' => 1,
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\r' => 1,
            // The line breaks of YAML 1.1 beyond ASCII: U+0085, U+2028 and U+2029.
            0xC2 if self.byte(ahead + 1) == 0x85 => 2,
            0xE2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        matches!(self.byte(0), b' ' | b'\t')
    }

    pub(super) fn is_break(&self) -> bool {
        self.line_break(0) > 0
    }

    pub(super) fn is_break_or_end(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.line_break(ahead) > 0
    }

    /// True where a blank, a line break or the end is.
    pub(super) fn is_space(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            b' ' | b'\t' | 0 | b'\n' | b'\r' => true,
            0xC2 | 0xE2 => self.line_break(ahead) > 0,
            _ => false,
        }
    }

    /// True at `---` or `...` at the start of a line with white space behind it.
    pub(super) fn is_document_indicator(&mut self) -> bool {
        let is_indicator =
            matches!((self.byte(0), self.byte(1), self.byte(2)), (b'-', b'-', b'-') | (b'.', b'.', b'.'));
        is_indicator && self.is_space(3) && self.column() == 0
    }

    /// Passes over one ASCII character that is neither blank nor a line break.
    pub(super) fn pass(&mut self) {
        self.position += 1;
        self.on_fresh_line = false;
    }

    /// Passes over this many bytes of whole characters without a line break.
    pub(super) fn pass_bytes(&mut self, count: usize) {
        self.position += count;
        self.on_fresh_line &= count == 0;
    }

    /// Passes over one space or tab.
    pub(super) fn pass_blank(&mut self) {
        self.position += 1;
    }

    pub(super) fn pass_blanks(&mut self) {
        while self.is_blank() {
            self.pass_blank();
        }
    }

    /// Passes over one line break, if there is one.
    pub(super) fn pass_break(&mut self) {
        let length = self.line_break(0);
        if length > 0 {
            self.position += length;
            self.line += 1;
            self.column = 0;
            self.column_position = self.position;
            self.on_fresh_line = true;
        }
    }

    /// Passes over one line break and answers what it means in a value: every ordinary break is a line feed, the two
    /// Unicode separators stay themselves.
    pub(super) fn read_break(&mut self) -> &'static str {
        let meaning = match (self.line_break(0), self.byte(2)) {
            (0, _) => "",
            (3, 0xA8) => "\u{2028}",
            (3, _) => "\u{2029}",
            _ => "\n",
        };
        self.pass_break();
        meaning
    }

    /// Passes over the rest of the line, without its break, and answers it.
    pub(super) fn read_line(&mut self) -> &'text str {
        let start = self.position;
        let rest = &self.text.as_bytes()[start..];
        let mut length = 0;
        loop {
            let plain =
                rest[length..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r' | 0xC2 | 0xE2)).count();
            length += plain;
            if length >= rest.len() || self.line_break(length) > 0 {
                break;
            }
            length += 1;
        }
        self.pass_bytes(length);
        self.slice(start, start + length)
    }

    /// Ends the last line where the text does not, which is how go-yaml numbers the end of the stream.
    pub(super) fn force_new_line(&mut self) {
        if self.column() != 0 {
            self.line += 1;
            self.column = 0;
        }
    }
}

/// A value that is a piece of the text until folding or unescaping makes it something else.
pub(super) struct Value<'text> {
    text: &'text str,
    piece: (usize, usize),
    built: Option<String>,
}

impl<'text> Value<'text> {
    /// Appends a piece of the text.
    pub(super) fn push(&mut self, start: usize, end: usize) {
        match &mut self.built {
            Some(built) => built.push_str(&self.text[start..end]),
            None if start == self.piece.1 => self.piece.1 = end,
            None => self.push_made(&self.text[start..end]),
        }
    }

    /// Appends what is not in the text.
    pub(super) fn push_made(&mut self, made: &str) {
        if made.is_empty() {
            return;
        }
        let built = self.built.get_or_insert_with(|| self.text[self.piece.0..self.piece.1].to_owned());
        built.push_str(made);
    }

    pub(super) fn push_character(&mut self, character: char) {
        self.push_made(character.encode_utf8(&mut [0; 4]));
    }

    pub(super) fn finish(self) -> Cow<'text, str> {
        self.built.map_or(Cow::Borrowed(&self.text[self.piece.0..self.piece.1]), Cow::Owned)
    }
}

/// How many characters these bytes of UTF-8 begin.
pub(super) fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

/// Letters, digits, `_` and `-`: what names of anchors, directives and tag handles are made of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The first character that go-yaml's reader refuses wherever it stands, even in a comment.
pub(super) fn first_forbidden(text: &str) -> Option<usize> {
    // Nearly every byte is harmless by itself, so look for suspicious ones before decoding any character.
    let mut from = 0;
    while let Some(found) = text.as_bytes()[from..].iter().position(|&byte| is_suspicious(byte)) {
        let at = from + found;
        let character = text[at..].chars().next()?;
        let is_forbidden = match character {
            '\t' | '\n' | '\r' | '\u{85}' => false,
            '\u{0}'..='\u{1F}' | '\u{7F}'..='\u{9F}' => true,
            '\u{FFFE}' | '\u{FFFF}' => true,
            _ => false,
        };
        if is_forbidden {
            return Some(at);
        }
        from = at + character.len_utf8();
    }
    None
}

fn is_suspicious(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\n' | b'\t' | b'\r')) || matches!(byte, 0x7F | 0xC2 | 0xEF)
}
