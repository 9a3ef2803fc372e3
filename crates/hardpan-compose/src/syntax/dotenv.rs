//! Dotenv files: `.env`, `--env-file` and `env_file:`.
//!
//! Their values are quoted, escaped and substituted; [`parse_raw`] reads the format that does none of this. The
//! parsers read text; which file it was, and in what order files are read, is the
//! caller's business.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use super::chars::is_letter;
use super::interpolate::{self, Lookup, TEXT_BYTES_MAX, TemplateError, Use};
use super::quote::quote;
pub use super::raw_env::parse_raw;

/// A variable that a file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub key: String,
    /// The value after removal of quotes and comments, escapes and substitution.
    pub value: String,
    /// The bytes of the name in the file.
    pub key_range: Range<usize>,
    /// The line of the name, from 1.
    pub line: u32,
    /// Whether the file has only the name, and the value is that of the lookup.
    pub inherited: bool,
    /// The references in the value. Their ranges are those in the value as it was before substitution.
    pub uses: Vec<Use>,
}

/// Why a file cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DotenvError {
    /// The line that the reference names, from 1; for a quote that is not closed that is the last one.
    pub line: u32,
    /// The bytes of the offending text in the file.
    pub range: Range<usize>,
    /// What is wrong.
    pub kind: DotenvErrorKind,
}

/// What is wrong with a dotenv file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DotenvErrorKind {
    /// A name contains a character that it cannot have.
    UnexpectedCharacter {
        /// The character.
        character: char,
        /// The line from the beginning of the name.
        text: String,
    },
    /// There is a space inside a name.
    SpaceInKey,
    /// A quote is opened and not closed.
    Unterminated {
        /// The first line of the value.
        text: String,
    },
    /// The file ends after `export`.
    NoKey,
    /// The value cannot be substituted.
    Template(TemplateError),
    /// A line of a raw file begins with `=`.
    RawNoName {
        /// The line.
        text: String,
    },
    /// A name in a raw file contains a space or tab.
    RawWhitespace {
        /// The name.
        key: String,
    },
    /// A line of a raw file is longer than the reference's buffer.
    RawTooLong,
}

impl fmt::Display for DotenvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match &self.kind {
            DotenvErrorKind::UnexpectedCharacter { character, text } => {
                let character = quote(character.encode_utf8(&mut [0; 4]));
                write!(f, "line {line}: unexpected character {character} in variable name {}", quote(text))
            }
            DotenvErrorKind::SpaceInKey => write!(f, "line {line}: key cannot contain a space"),
            DotenvErrorKind::Unterminated { text } => {
                write!(f, "line {line}: unterminated quoted value {text}")
            }
            DotenvErrorKind::NoKey => f.write_str("zero length string"),
            DotenvErrorKind::Template(error) => error.fmt(f),
            DotenvErrorKind::RawNoName { text } => write!(f, "no variable name on line '{text}'"),
            DotenvErrorKind::RawWhitespace { key } => write!(f, "variable '{key}' contains whitespaces"),
            DotenvErrorKind::RawTooLong => f.write_str("bufio.Scanner: token too long"),
        }
    }
}

impl std::error::Error for DotenvError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            DotenvErrorKind::Template(error) => Some(error),
            _ => None,
        }
    }
}

/// Reads a dotenv file (compose-go 2.9.1 `dotenv`). Values can refer to variables: `lookup` is asked first, then
/// `known`, to which every entry is added as it is read. Put the entries of earlier files into one or the other, as
/// the reference does at that place. A name alone takes its value from `lookup`, and gives no entry when it has none.
///
/// # Errors
/// [`DotenvError`], at the first thing that is wrong.
pub fn parse(
    src: &str,
    lookup: &dyn Lookup,
    known: &mut HashMap<String, String>,
) -> Result<Vec<Entry>, DotenvError> {
    let start = if src.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser { src, position: start, line: 1 };
    let mut entries = Vec::new();
    let mut total = 0_usize;
    while parser.skip_to_statement() {
        let key = parser.key()?;
        let (value, uses) = if key.inherited {
            match lookup.lookup(&src[key.range.clone()]) {
                Some(value) => (value.to_owned(), Vec::new()),
                None => continue,
            }
        } else {
            parser.value(&Chain { first: lookup, then: known })?
        };
        total = total.saturating_add(value.len());
        if total > TEXT_BYTES_MAX {
            let at = key.range.start;
            return Err(parser.error(key.range, DotenvErrorKind::Template(TemplateError::TooLong { at })));
        }
        let name = src[key.range.clone()].to_owned();
        known.insert(name.clone(), value.clone());
        entries.push(Entry {
            key: name,
            value,
            key_range: key.range,
            line: key.line,
            inherited: key.inherited,
            uses,
        });
    }
    Ok(entries)
}

struct Chain<'a> {
    first: &'a dyn Lookup,
    then: &'a HashMap<String, String>,
}

impl Lookup for Chain<'_> {
    fn lookup(&self, name: &str) -> Option<&str> {
        self.first.lookup(name).or_else(|| self.then.lookup(name))
    }
}

struct Key {
    range: Range<usize>,
    line: u32,
    inherited: bool,
}

/// The state of reading. `line` is counted as the reference counts it, which is not always right: it is what its
/// messages say.
struct Parser<'a> {
    src: &'a str,
    position: usize,
    line: u32,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.src[self.position..]
    }

    fn error(&self, range: Range<usize>, kind: DotenvErrorKind) -> DotenvError {
        DotenvError { line: self.line, range, kind }
    }

    /// Skips blank space, empty lines and comments. False at the end.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let blank = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
            self.count_lines(&rest[..blank]);
            self.position += blank;
            let rest = self.rest();
            if !rest.starts_with('#') {
                return !rest.is_empty();
            }
            self.position += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn count_lines(&mut self, text: &str) {
        let count = text.bytes().filter(|&byte| byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.position += rest.find(|c| !is_space(c)).unwrap_or(rest.len());
    }

    /// Reads a name and what separates it from its value.
    fn key(&mut self) -> Result<Key, DotenvError> {
        let line = self.line;
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with(['\t', '\n', '\u{c}', '\r', ' '])
        {
            self.position += "export".len();
            self.skip_spaces();
        }
        let start = self.position;
        let text = self.rest();
        if text.is_empty() {
            return Err(self.error(start..start, DotenvErrorKind::NoKey));
        }
        // A name that ends the file, without even a line break, is read as the value of an empty name.
        let mut key = Key { range: start..start, line, inherited: false };
        for (at, c) in text.char_indices() {
            if matches!(c, '=' | ':' | '\n') {
                key.range.end = start + text[..at].trim_end().len();
                key.inherited = c == '\n';
                self.position = start + at + 1;
                if key.inherited && !text[..at].contains(' ') {
                    self.line = self.line.saturating_add(1);
                }
                break;
            }
            if !is_space(c) && !is_key_char(c) {
                let text = text.split('\n').next().unwrap_or_default().to_owned();
                let range = start + at..start + at + c.len_utf8();
                return Err(self.error(range, DotenvErrorKind::UnexpectedCharacter { character: c, text }));
            }
        }
        self.skip_spaces();
        if self.src[key.range.clone()].contains(' ') {
            return Err(self.error(key.range, DotenvErrorKind::SpaceInKey));
        }
        Ok(key)
    }

    /// Reads a value.
    fn value(&mut self, lookup: &Chain<'_>) -> Result<(String, Vec<Use>), DotenvError> {
        let start = self.position;
        let rest = self.rest();
        let raw = match rest.as_bytes().first() {
            Some(b'\'') => return Ok((self.quoted('\'')?, Vec::new())),
            Some(b'"') => expand_escapes(&self.quoted('"')?),
            _ => {
                let line = rest.split('\n').next().unwrap_or_default();
                self.position += line.len();
                if self.position < self.src.len() {
                    self.position += 1;
                }
                self.line = self.line.saturating_add(1);
                line.split_once(" #").map_or(line, |(value, _)| value).trim_end().to_owned()
            }
        };
        if !raw.contains('$') {
            return Ok((raw, Vec::new()));
        }
        let substituted = interpolate::substitute(&raw, lookup)
            .map_err(|error| self.error(start..self.position, DotenvErrorKind::Template(error)))?;
        Ok((substituted.text, substituted.uses))
    }

    /// Reads a quoted value up to its closing quote, which a backslash keeps from closing.
    fn quoted(&mut self, delimiter: char) -> Result<String, DotenvError> {
        let start = self.position;
        let text = self.rest();
        let mut value = String::new();
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            if c == '\n' {
                self.line = self.line.saturating_add(1);
            }
            if escaped {
                escaped = false;
                if c != delimiter {
                    value.push('\\');
                }
                value.push(c);
            } else if c == '\\' {
                escaped = true;
            } else if c == delimiter {
                self.position = start + at + 1;
                return Ok(value);
            } else {
                value.push(c);
            }
        }
        let first_line = text.split('\n').next().unwrap_or_default().to_owned();
        let range = start..start + first_line.len();
        Err(self.error(range, DotenvErrorKind::Unterminated { text: first_line }))
    }
}

/// Replaces the escapes of a value in double quotes. `\$` becomes `$$`, which substitution turns into `$`.
fn expand_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let plain = match after.as_bytes().first() {
            Some(b'a') => Some("\u{7}"),
            Some(b'b') => Some("\u{8}"),
            Some(b'f') => Some("\u{c}"),
            Some(b'n') => Some("\n"),
            Some(b'r') => Some("\r"),
            Some(b't') => Some("\t"),
            Some(b'v') => Some("\u{b}"),
            Some(b'"') => Some("\""),
            Some(b'\\') => Some("\\"),
            Some(b'$') => Some("$$"),
            _ => None,
        };
        if let Some(plain) = plain {
            out.push_str(plain);
            rest = &after[1..];
        } else if let Some(digits) = after.strip_prefix('0') {
            let len = digits.bytes().take(3).take_while(u8::is_ascii_digit).count();
            match octal(&digits[..len]) {
                Some(c) => out.push(c),
                // The reference drops the zero even when the rest is no octal number.
                None => {
                    out.push('\\');
                    out.push_str(&digits[..len]);
                }
            }
            rest = &digits[len..];
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The character of three octal digits, up to `\377`.
fn octal(digits: &str) -> Option<char> {
    if digits.len() != 3 {
        return None;
    }
    u8::from_str_radix(digits, 8).ok().map(char::from)
}

/// Blank space other than a line break, as far as the reference cares.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

fn is_key_char(c: char) -> bool {
    matches!(c, '_' | '.' | '-' | '[' | ']') || is_letter(c) || c.is_numeric()
}
